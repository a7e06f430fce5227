"""How a log is divided so that each part holds whole users.

This module owns the division by ranges of user ids. It refuses to look at anything but the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.dataset.store.staging import collected

__all__ = ["by_range", "divide", "range_beginnings"]

_PART: Final = "_part"


def range_beginnings(rows: pl.LazyFrame, *, n_parts: int) -> list[str]:
    """The user id with which each part but the first begins, so that all hold about as many rows.

    Example:
        >>> range_beginnings(pl.LazyFrame({"user_id": ["a", "b", "b", "c"]}), n_parts=2)
        ['c']
    """
    if n_parts < 2:
        return []
    users = collected(rows.filter(pl.col(columns.USER_ID).is_not_null()).group_by(columns.USER_ID).len())
    users = users.sort(columns.USER_ID).with_columns(pl.col("len").cum_sum().shift(1, fill_value=0).alias("before"))
    total = int(users["len"].sum())
    share = (pl.col("before") * n_parts // max(total, 1)).alias(_PART)
    first = users.with_columns(share).group_by(_PART).agg(pl.col(columns.USER_ID).min()).sort(_PART)
    return [str(user) for user in first[columns.USER_ID][1:]]


def by_range(beginnings: Sequence[str]) -> pl.Expr:
    """The number of a user's part; rows without a user are in the first."""
    user = pl.col(columns.USER_ID)
    reached = [(user >= beginning).fill_null(value=False).cast(pl.Int32) for beginning in beginnings]
    return pl.sum_horizontal(pl.lit(0, dtype=pl.Int32), *reached)


def divide(rows: pl.LazyFrame, *, part: pl.Expr, n_parts: int, folder: Path) -> list[pl.LazyFrame]:
    """Write rows into one uncompressed Arrow file a part, in one pass, and scan them.

    Args:
        rows: What to divide, lazily.
        part: The number of a row's part.
        n_parts: How many there are.
        folder: Where the files go.
    """
    if n_parts == 1:
        folder.mkdir(parents=True, exist_ok=True)
        rows.sink_ipc(folder / "part-0000.arrow", compression="uncompressed", engine="streaming")
        return [pl.scan_ipc(folder / "part-0000.arrow")]
    target = pl.PartitionBy(folder, key={_PART: part}, include_key=False, approximate_bytes_per_file=None)
    rows.sink_ipc(target, compression="uncompressed", mkdir=True, engine="streaming")
    empty = rows.collect_schema().to_frame(eager=False)
    found = [sorted((folder / f"{_PART}={number}").glob("*")) for number in range(n_parts)]
    return [pl.scan_ipc(files) if files else empty for files in found]
