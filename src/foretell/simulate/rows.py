"""The rows of one day as plain NumPy columns, before anybody needs text.

This module owns the layout of a day's rows, their order and their times within sessions. It refuses strings:
users, items, queries and texts are numbers here and become ids in ``frames``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foretell.core import columns
from foretell.core.time import SECOND

__all__ = ["ROLE_SEARCH", "ROLE_VIEW", "Block", "Rows", "concatenate"]

Block = dict[str, NDArray[np.generic]]

ROLE_SEARCH: Final = 1
ROLE_VIEW: Final = 2
"""Roles of the two events of an intent pattern, carried into the truth and not into the log."""

_DEFAULTS: Final[dict[str, np.generic]] = {
    "user": np.int32(-1),
    columns.TIME: np.int64(0),
    columns.ACTION: np.int8(-1),
    "item": np.int32(-1),
    "session": np.int64(-1),
    "key": np.float32(0),
    columns.QUERY: np.int32(-1),
    columns.PRICE: np.float64(np.nan),
    columns.QUANTITY: np.float32(np.nan),
    columns.VALUE: np.float64(np.nan),
    columns.DISCOUNT: np.float64(np.nan),
    "order": np.int64(-1),
    "campaign": np.int16(-1),
    columns.POSITION: np.int8(-1),
    "list": np.int64(-1),
    columns.RATING: np.float32(np.nan),
    columns.TEXT: np.int16(-1),
    columns.CHANNEL: np.int8(-1),
    "chance": np.float64(np.nan),
    "role": np.int8(0),
}


class Rows:
    """Collects the rows of one day in any order and sorts them by time.

    Rows of a session are added with its number within the day and a sort key; ``finish`` gives them times,
    one instant for each distinct key. Other rows bring their own time.

    Example:
        >>> rows = Rows()
        >>> rows.add(columns.VIEW, user=[3, 3], session=[0, 0], key=[2, 1], item=[7, 8])
        >>> block = rows.finish(np.array([5 * SECOND]), rng=np.random.default_rng(0))
        >>> block["item"].tolist(), int(block["time"][0]) == 5 * SECOND
        ([8, 7], True)
    """

    def __init__(self) -> None:
        self._parts: list[Block] = []

    def add(self, action: str, *, user: ArrayLike, **values: ArrayLike) -> None:
        """Add one row for each entry of ``user``; columns not named keep their empty value."""
        n = len(np.asarray(user))
        given = {"user": user, columns.ACTION: columns.ACTIONS.index(action), **values}
        self._parts.append(
            {
                name: np.broadcast_to(np.asarray(given.get(name, default), dtype=default.dtype), (n,))
                for name, default in _DEFAULTS.items()
            }
        )

    def finish(self, session_start: NDArray[np.int64], *, rng: np.random.Generator) -> Block:
        """All rows by time; ``session_start`` ``[S]`` is the first moment of each session of the day."""
        if not self._parts:
            return {name: np.empty(0, dtype=default.dtype) for name, default in _DEFAULTS.items()}
        block = concatenate(self._parts)
        inside = block["session"].astype(np.int64) >= 0
        order = np.lexsort((block["key"], block["session"]))
        block = {name: column[order] for name, column in block.items()}
        inside = inside[order]
        session, key = block["session"][inside].astype(np.int64), block["key"][inside]
        if len(session):
            times = block[columns.TIME].astype(np.int64)
            times[inside] = _session_times(session, key, session_start, rng)
            block[columns.TIME] = times
        by_time = np.argsort(block[columns.TIME], kind="stable")
        return {name: column[by_time] for name, column in block.items()}


def concatenate(parts: list[Block]) -> Block:
    """Several blocks as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _session_times(
    session: NDArray[np.int64],
    key: NDArray[np.generic],
    session_start: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Times of rows sorted by session and key: some seconds between keys, none between rows of one key."""
    first = np.append(True, session[1:] != session[:-1])
    same = np.append(False, (session[1:] == session[:-1]) & (key[1:] == key[:-1]))
    gaps = np.minimum(2 + rng.exponential(18, len(session)), 80) * SECOND
    gaps = np.where(first | same, 0, gaps.astype(np.int64))
    elapsed = np.cumsum(gaps)
    begin = elapsed[first][np.cumsum(first) - 1]
    times: NDArray[np.int64] = session_start[session] + elapsed - begin
    return times
