"""A log in canonical columns, written out in every dialect: for the golden samples and for logs to train on.

Each writer follows the published schema of its dialect; ``WRITTEN`` says which actions and columns the dialect can
carry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from nested_writers import (
    RETAIL_NAMES,
    SNOWPLOW_NAMES,
    write_ga4,
    write_ga4_flat,
    write_google_retail,
    write_segment,
    write_snowplow,
)
from table_writers import (
    write_canonical,
    write_cdnow,
    write_invoices,
    write_personalize,
    write_rees46,
    write_retailrocket,
    write_sequences,
    write_session_lists,
    write_taobao,
)

SECOND = 1_000_000
ALL = ("user_id", "time", "action", "item_id")


@dataclass(frozen=True)
class Written:
    """One way to write a log.

    ``file`` is its name, ``unit`` to how many microseconds times are kept, ``actions`` what can be said (None: all),
    ``keeps`` the columns that come back as they were.
    """

    dialect: str
    file: str
    write: Callable[[pl.DataFrame, pl.DataFrame, Path], None]
    keeps: tuple[str, ...]
    actions: tuple[str, ...] | None = None
    unit: int = 1


BROWSING = ("impression", "click", "view", "search", "cart", "uncart", "favourite", "purchase", "refund")
MONEY = ("price", "quantity", "value", "order_id")
VISIT = ("session_id", "channel")
RETAIL = (*ALL, "query", *MONEY, "currency", "session_id")
SNOWPLOW = (*ALL, "value", "currency", "order_id", "list_id", "position", "session_id", "received_time")
NESTED = (*ALL, "query", *MONEY, "currency", "list_id", "position")

WRITTEN = (
    Written("canonical", "canonical.csv", write_canonical, (*NESTED, *VISIT, "event_id", "received_time")),
    Written("ga4", "ga4.jsonl", write_ga4, NESTED, BROWSING),
    Written("ga4", "ga4.parquet", write_ga4, NESTED, BROWSING),
    Written("ga4-flat", "ga4_flat.csv", write_ga4_flat, NESTED, BROWSING),
    Written("segment", "segment.jsonl", write_segment, (*NESTED, *VISIT, "received_time"), (*BROWSING, "review")),
    Written(
        "personalize", "personalize.csv", write_personalize, ALL,
        ("click", "view", "cart", "uncart", "favourite", "purchase"), SECOND,
    ),
    Written(
        "google-retail", "google_retail.jsonl", write_google_retail, RETAIL,
        tuple(RETAIL_NAMES),
    ),
    Written(
        "google-retail", "google_retail_snake.jsonl", write_google_retail, RETAIL,
        tuple(RETAIL_NAMES),
    ),
    Written(
        "snowplow", "snowplow.jsonl", write_snowplow, SNOWPLOW,
        tuple(SNOWPLOW_NAMES),
    ),
    Written(
        "snowplow", "snowplow.tsv", write_snowplow, SNOWPLOW,
        tuple(SNOWPLOW_NAMES),
    ),
    Written(
        "retailrocket", "retailrocket.csv", write_retailrocket, (*ALL, "order_id"), ("view", "cart", "purchase"), 1000
    ),
    Written(
        "rees46", "rees46.csv", write_rees46, (*ALL, "price", "session_id"), ("view", "cart", "uncart", "purchase"),
        SECOND,
    ),
    Written("taobao", "taobao.csv", write_taobao, ALL, ("view", "cart", "favourite", "purchase"), SECOND),
    Written("sequences", "sequences.txt", write_sequences, ("user_id", "item_id"), ("purchase",), 0),
    Written("sequences", "sequences_gaps.txt", write_sequences, ("user_id", "item_id"), ("purchase",), 0),
    Written("session-lists", "session_lists.parquet", write_session_lists, ("session_id", "item_id"), ("view",), 0),
    Written(
        "invoices", "invoices.csv", write_invoices, (*ALL, "price", "quantity", "value"), ("purchase", "refund"), SECOND
    ),
    Written("cdnow", "cdnow.txt", write_cdnow, ("user_id", "quantity", "value"), ("purchase",), 86_400 * SECOND),
)  # fmt: skip


def sayable(written: Written, events: pl.DataFrame) -> pl.DataFrame:
    """The rows a dialect has words for."""
    rows = events if written.actions is None else events.filter(pl.col("action").is_in(written.actions))
    if written.dialect in ("sequences", "taobao", "personalize", "retailrocket", "rees46", "session-lists", "invoices"):
        rows = rows.drop_nulls("item_id")
    return rows
