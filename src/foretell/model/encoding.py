"""Histories as integer sequences: what the embedding reads at each event.

This module owns the fields of an encoded event (item, content, action, price, gap, calendar, order start) and
the packed batches made of them. It refuses to learn anything: buckets are fixed, codes come from the vocabulary.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.core.time import DAY, HOUR
from foretell.model.vocabulary import Vocabulary

__all__ = [
    "CALENDAR_BUCKETS",
    "GAP_BUCKETS",
    "encode_histories",
    "gap_bucket",
    "last_event_before",
    "recent_items",
]

# Gaps to the previous event, in seconds: doubling from a minute to about two years, 0 for "same moment".
_GAP_EDGES_SECONDS: Final = np.concatenate([[1.0], 60.0 * 2.0 ** np.arange(0, 21)])
GAP_BUCKETS: Final = len(_GAP_EDGES_SECONDS) + 2  # one more for "no previous event"
CALENDAR_BUCKETS: Final = 7 * 8  # weekday x three-hour part of the day, UTC


def gap_bucket(gap_seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bucket of each gap; NaN (no previous event) has a bucket of its own.

    Example:
        >>> gap_bucket(np.array([0.0, 90.0, np.nan])).tolist()
        [0, 2, 23]
    """
    buckets = np.searchsorted(_GAP_EDGES_SECONDS, gap_seconds, side="right")
    return np.where(np.isnan(gap_seconds), GAP_BUCKETS - 1, buckets).astype(np.int64)


def encode_histories(histories: pl.DataFrame, *, vocabulary: Vocabulary) -> tuple[pl.DataFrame, Batch]:
    """Encode a ``history_frame`` (sorted by user, then time) into one packed batch, a sequence a user.

    Returns:
        The users in order (``user_id``, ``start``, ``stop``: their rows) and the batch, whose values are
        ``item, content ([N, F] flattened per field), action, price, gap, calendar, order_start`` and the raw
        ``time`` in microseconds.
    """
    users = (
        histories.with_row_index("row")
        .group_by(columns.USER_ID, maintain_order=True)
        .agg(pl.col("row").min().cast(pl.Int64).alias("start"), (pl.col("row").max() + 1).cast(pl.Int64).alias("stop"))
    )
    offsets = np.concatenate([[0], users["stop"].to_numpy()]).astype(np.int64)
    times = histories[columns.TIME].to_numpy()
    first = np.zeros(len(times), dtype=bool)
    first[offsets[:-1]] = True
    gaps = np.empty(len(times), dtype=np.float64)
    gaps[1:] = np.diff(times) / 1e6
    gaps[first] = np.nan
    items = vocabulary.item_codes(histories[columns.ITEM_ID])
    content = vocabulary.content_codes(histories[columns.ITEM_ID])
    values: dict[str, NDArray[np.generic]] = {
        "item": items,
        "action": vocabulary.action_codes(histories[columns.ACTION]),
        "price": vocabulary.price_buckets(histories[columns.PRICE]),
        "gap": gap_bucket(gaps),
        "calendar": ((times // DAY + 3) % 7) * 8 + (times % DAY) // (3 * HOUR),
        "order_start": (first | (gaps > 0)).astype(np.int64),
        "time": times,
    }
    for field in range(content.shape[1]):
        values[f"content_{field}"] = content[:, field]
    return users, Batch(values, offsets)


def last_event_before(points: pl.DataFrame, *, histories: pl.DataFrame) -> NDArray[np.int64]:
    """For each point (``user_id``, ``cutoff``) the row of the user's last event at or before the cutoff.

    Returns:
        int64 ``[n]`` rows into ``histories``; -1 where the user has no event by then.
    """
    rows = histories.select(columns.USER_ID, columns.TIME).with_row_index("row")
    # A backward as-of join keeps the last of several rows at the same time.
    found = (
        points.select(columns.USER_ID, columns.CUTOFF)
        .with_row_index("point")
        .sort(columns.CUTOFF)
        .join_asof(
            rows.sort(columns.TIME, maintain_order=True),
            left_on=columns.CUTOFF,
            right_on=columns.TIME,
            by=columns.USER_ID,
            strategy="backward",
            check_sortedness=False,
        )
        .sort("point")
    )
    return found["row"].cast(pl.Int64).fill_null(-1).to_numpy()


def recent_items(histories: pl.DataFrame, rows: NDArray[np.int64], *, vocabulary: Vocabulary, most: int) -> Batch:
    """The codes of the last items up to given events, a sequence an event.

    Args:
        histories: A ``history_frame``.
        rows: Rows of the frame ``[n]``; -1 gives an empty sequence.
        vocabulary: Gives the codes; events without an item have code 0.
        most: How many events to look back at, the row's own included.

    Returns:
        ``item`` codes of n sequences.
    """
    users = histories[columns.USER_ID].rle_id().to_numpy()
    begins = np.flatnonzero(np.append(True, users[1:] != users[:-1])) if len(users) else np.empty(0, dtype=np.int64)
    known = rows >= 0
    first = np.where(known, rows, 0)
    if len(users):
        first = np.maximum(begins[users[first]], rows - most + 1)
    lengths = np.where(known, rows - first + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    index = np.repeat(first - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Batch({"item": vocabulary.item_codes(histories[columns.ITEM_ID][index])}, offsets)
