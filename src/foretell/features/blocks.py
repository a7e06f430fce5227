"""Histories in blocks of whole users, so that a large log is worked on a part at a time.

This module owns that division. It refuses to know what is done with a block: what is asked of one user depends on no
other, so blocks change no answer.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features.ledger import in_order

__all__ = ["blocks_of_users"]


def blocks_of_users(
    histories: pl.DataFrame, *, points: pl.DataFrame, block_rows: int
) -> Iterator[tuple[pl.DataFrame, NDArray[np.int64] | None]]:
    """Whole users in blocks of about ``block_rows`` events, each with the numbers of its points; None means all.

    Example:
        >>> histories = pl.DataFrame({"user_id": ["a", "a", "b", "c"], "time": [1, 2, 1, 1]})
        >>> points = pl.DataFrame({"user_id": ["c", "a", "nobody"]})
        >>> found = blocks_of_users(histories, points=points, block_rows=3)
        >>> [(events["user_id"].to_list(), rows.tolist()) for events, rows in found]
        [(['a', 'a', 'b'], [1]), (['c'], [0, 2])]
    """
    if histories.height <= block_rows:
        yield histories, None
        return
    ordered = in_order(histories)
    users = ordered[columns.USER_ID]
    point_users = points[columns.USER_ID].cast(pl.String)
    start = 0
    unserved = np.ones(points.height, dtype=np.bool_)
    while start < ordered.height:
        tail = users[min(start + block_rows, ordered.height) - 1]
        end = int(users.search_sorted(tail, side="right"))
        inside = unserved & (point_users <= tail).fill_null(False).to_numpy() if end < ordered.height else unserved
        rows = np.flatnonzero(inside)
        unserved = unserved & ~inside
        yield ordered[start:end], rows
        start = end
