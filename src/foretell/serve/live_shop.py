"""The shop as a running service knows it: every customer's history, the items' counters, what was shown.

This module owns how these grow by events and how one customer's view is cut out of them, all parts from the same
moment. It refuses duplicates only by asking that rows be new; finding them is the store's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.history import HISTORY_SCHEMA, History
from foretell.core.time import DAY
from foretell.predictor.moment import Span
from foretell.predictor.view import ShopView
from foretell.serve.cleaning import rows_frame
from foretell.tasks.ad import exposures

__all__ = ["LiveShop", "UserView"]

_MOST_CHUNKS: Final = 64
_MOST_REMEMBERED: Final = 256


@dataclass(frozen=True)
class UserView:
    """One customer's part of the shop, with what the whole shop shares.

    Attributes:
        history: The customer's events.
        view: The same as the predictor takes it.
        span: What time the shop's events tell of; it ends with the default cutoff.
    """

    history: History
    view: ShopView
    span: Span


class LiveShop:
    """Histories, counters and exposures of a shop, growing event by event.

    The log is kept as one sorted frame; only customers with new events have a ``History`` of their own.

    Args:
        log: The clean log the service starts from.

    Example:
        >>> log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [5], "action": ["view"]}))
        >>> shop = LiveShop(log)
        >>> shop.append([{"user_id": "a", "time": 9, "action": "view"}])
        >>> len(shop.look("a").history), len(shop.look("b").history), shop.look("a").span.last
        (2, 0, 9)
    """

    def __init__(self, log: EventLog) -> None:
        view = ShopView.of(log)
        self._lock = Lock()
        self._base = view.histories.rechunk()
        runs = self._base[columns.USER_ID].rle().struct
        self._users: pl.Series = runs.field("value").rechunk()
        self._offsets: NDArray[np.int64] = np.concatenate([[0], np.cumsum(runs.field("len").to_numpy())]).astype(
            np.int64
        )
        self._grown: dict[str, History] = {}
        self._statistics = view.statistics
        self._tables = dict(view.tables)
        table = log.table("exposures")
        self._shows_by_event = table is None or not table.height
        self._span = Span.of(log)
        self._memo: dict[tuple[object, ...], Any] = {}

    @property
    def last_time(self) -> int:
        """The last moment anything is known of, int64 microseconds: the default cutoff."""
        return self._span.last

    @property
    def n_users(self) -> int:
        """How many customers have a history."""
        with self._lock:
            return len(self._users) + sum(not len(self._slice(user)) for user in self._grown)

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take in new clean rows; predictions see all of them or none.

        Args:
            rows: Canonical rows with at least ``user_id``, ``time`` and ``action``.

        Raises:
            SchemaError: If a value has the wrong type; then nothing has changed.
        """
        if not rows:
            return
        by_user: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_user.setdefault(row[columns.USER_ID], []).append(row)
        # Appends are serialised by the caller, so what is read here cannot change before it is replaced below.
        grown = {user: self._history(user).append(added) for user, added in by_user.items()}
        own = [row for row in rows if row[columns.ACTION] not in columns.PASSIVE_ACTIONS]
        statistics = self._statistics.append(rows_frame(own, schema=HISTORY_SCHEMA)) if own else self._statistics
        shown = self._shown_after(rows)
        first_day = min(row[columns.TIME] for row in rows) // DAY
        with self._lock:
            # A copy, because readers add to the memo they were given without holding the lock.
            memo = self._memo.copy()
            self._memo = {key: memo[key] for key in memo if _still_holds(key, first_day=first_day, shown=shown)}
            self._grown |= {user: history for user, history in grown.items() if len(history)}
            self._statistics = statistics
            self._span = self._span.grown(rows)
            if shown is not None:
                self._tables = {**self._tables, "exposures": shown}

    def look(self, user_id: str) -> UserView:
        """One customer's view, known or not, all parts from the same moment."""
        with self._lock:
            if len(self._memo) > _MOST_REMEMBERED:
                self._memo = {}
            history = self._history(user_id)
            view = ShopView(history.events, self._statistics, self._tables, self._memo)
            return UserView(history, view, self._span)

    def _history(self, user_id: str) -> History:
        grown = self._grown.get(user_id)
        return grown if grown is not None else History(user_id, self._slice(user_id))

    def _slice(self, user_id: str) -> pl.DataFrame:
        """The customer's part of the log's own frame, without a copy."""
        at = int(self._users.search_sorted(user_id)) if len(self._users) else 0
        if at == len(self._users) or self._users[at] != user_id:
            return self._base.clear()
        start = int(self._offsets[at])
        return self._base.slice(start, int(self._offsets[at + 1]) - start)

    def _shown_after(self, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame | None:
        """The exposures with the impressions among ``rows``; None where nothing changes.

        A shop that brought a table of exposures goes by that table, live as in batch.
        """
        shown = [row for row in rows if row[columns.ACTION] == columns.IMPRESSION] if self._shows_by_event else []
        if not shown:
            return None
        added = exposures(EventLog(rows_frame(shown)))
        known = self._tables.get("exposures")
        if known is None:
            return added
        return pl.concat([known, added], rechunk=known.n_chunks() >= _MOST_CHUNKS)


def _still_holds(key: tuple[object, ...], *, first_day: int, shown: pl.DataFrame | None) -> bool:
    """Whether what was remembered under ``key`` survives events from ``first_day`` on (see ``ShopView.memo``)."""
    if key[0] == "day":
        return int(str(key[1])) < first_day
    return key[0] == "shown" and shown is None
