"""The files of a part: written sorted by user, read by mapping them into memory.

This module owns the bytes of a part. It refuses to decide what is in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa

from foretell.core import columns
from foretell.core.events import in_event_order
from foretell.core.history import history_rows
from foretell.dataset.store.manifest import PartFiles
from foretell.prepare.group_rule import ROW
from foretell.prepare.rules import CleaningRules
from foretell.prepare.sessions import with_sessions

__all__ = [
    "GIVEN_SESSION",
    "alike",
    "as_read",
    "beside",
    "has_passive",
    "in_sessions",
    "mapped",
    "merged",
    "runs_of",
    "write_part",
]

GIVEN_SESSION: Final = "_given_session"
"""The session id that the shop gave, where the store keeps a derived one beside it."""


def mapped(path: Path) -> pl.DataFrame:
    """An Arrow file as a frame whose columns are the file's own pages, brought in as they are touched."""
    with pa.memory_map(str(path)) as source:
        frame = pl.from_arrow(pa.ipc.open_file(source).read_all(), rechunk=False)
    assert isinstance(frame, pl.DataFrame)
    return frame


def write_part(events: pl.DataFrame, folder: Path, files: PartFiles) -> None:
    """Write sorted rows, whose they are, and the histories they make where those are not the rows themselves."""
    _write(events, folder / files.events)
    _write(runs_of(events), folder / files.users)
    if files.histories is not None:
        _write(history_rows(events), folder / files.histories)


def _write(frame: pl.DataFrame, path: Path) -> None:
    """One Arrow file of one batch, so that a column is one piece of memory."""
    newest, rows = pl.CompatLevel.newest(), max(frame.height, 1)
    frame.write_ipc(path, compression="uncompressed", compat_level=newest, record_batch_size=rows)


def has_passive(events: pl.DataFrame) -> bool:
    """Whether there are rows that no history holds."""
    return bool(events[columns.ACTION].is_in(columns.PASSIVE_ACTIONS).any())


def beside(frame: pl.DataFrame, path: Path) -> None:
    """Write rows that are seldom read."""
    frame.write_parquet(path)


def in_sessions(rows: pl.DataFrame, rules: CleaningRules, *, has_sessions: bool) -> pl.DataFrame:
    """Rows of users in event order, in sessions, with the session id that the shop gave beside a derived one."""
    rows = rows.sort(ROW)
    if has_sessions:
        rows = rows.with_columns(pl.col(columns.SESSION_ID).alias(GIVEN_SESSION))
    if rules.session_gap_minutes is not None:
        rows = with_sessions(nw.from_native(rows.lazy()), gap_minutes=rules.session_gap_minutes).to_native().collect()
    return in_event_order(rows.sort(ROW))


def as_read(rows: pl.DataFrame) -> pl.DataFrame:
    """Stored rows with the sessions they came with."""
    if GIVEN_SESSION in rows.columns:
        return rows.with_columns(pl.col(GIVEN_SESSION).alias(columns.SESSION_ID)).drop(GIVEN_SESSION)
    return rows.drop(columns.SESSION_ID, strict=False)


def runs_of(events: pl.DataFrame) -> pl.DataFrame:
    """``user_id``, ``begin`` and ``end`` of rows that are sorted by user."""
    users = events[columns.USER_ID]
    if users.is_empty():
        return pl.DataFrame(schema={columns.USER_ID: pl.String, "begin": pl.Int64, "end": pl.Int64})
    runs = users.rle().struct.unnest()
    end = runs["len"].cast(pl.Int64).cum_sum()
    return pl.DataFrame({columns.USER_ID: runs["value"], "begin": end - runs["len"].cast(pl.Int64), "end": end})


def merged(old: pl.DataFrame, *, runs: pl.DataFrame, moved: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """The old rows of users who did not move, and fresh rows of those who did, sorted by user; nothing is compared.

    Args:
        old: Rows sorted by user.
        runs: Their ``runs_of``.
        moved: ``user_id`` of everybody whose old rows are replaced.
        fresh: Rows sorted by user, of those users.
    """
    stay = runs.join(moved, on=columns.USER_ID, how="anti")
    come = runs_of(fresh).with_columns(pl.col("begin", "end") + old.height)
    order = pl.concat([stay, come]).sort(columns.USER_ID)
    lengths = (order["end"] - order["begin"]).to_numpy()
    before = np.cumsum(lengths) - lengths
    rows = np.repeat(order["begin"].to_numpy() - before, lengths) + np.arange(int(lengths.sum()))
    return pl.concat([old, fresh], how="diagonal_relaxed")[rows]


def alike(plans: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """The plans with all columns that any has, in one order."""
    schemas = [plan.collect_schema() for plan in plans]
    kinds = {name: kind for schema in schemas for name, kind in schema.items()}
    for schema in schemas:  # a column of nothing has no type of its own
        kinds |= {name: kind for name, kind in schema.items() if kinds[name] == pl.Null}
    return [
        plan.select(pl.col(n).cast(k) if n in schema else pl.lit(None, dtype=k).alias(n) for n, k in kinds.items())
        for plan, schema in zip(plans, schemas, strict=True)
    ]
