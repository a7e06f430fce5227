"""The service without its wire: events in, answers out, as Python values.

This module owns the order of things (checked, stored, taken in, acknowledged) and which questions are allowed. It
refuses to know HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import InputError, UnknownNameError
from foretell.core.events import EventLog, in_event_order
from foretell.core.time import DAY, from_microseconds, parse_time, to_microseconds
from foretell.dataset.log_folder import load_log
from foretell.predictor.answers import ANY_HORIZON_ANSWERS, NEW_ONLY_ANSWERS
from foretell.predictor.moment import Span, check_moment, notes_on
from foretell.predictor.predictor import Predictor, check_horizon
from foretell.prepare.currency import own_currency
from foretell.serve.answers import ABOUT_USERS, answer_user, own_id
from foretell.serve.cleaning import rows_frame, rules_of
from foretell.serve.events import parse_events
from foretell.serve.known_rows import KnownRows
from foretell.serve.live_shop import LiveShop
from foretell.serve.state import EventStore

__all__ = ["LiveService"]

_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_FURTHEST_AHEAD: Final = 366 * DAY
_MOST_DIGITS: Final = 9
_LONGEST_LIST: Final = 1000
_TRUTHS: Final = {"true": True, "false": False}


class LiveService:
    """A trained run that takes events and answers for single customers.

    Args:
        run: The folder of a finished run.
        state: The file of the stored events; by default ``RUN/live/state.sqlite``.

    Raises:
        RunError: If there is no finished run, or the state cannot be used.
    """

    def __init__(self, run: Path, *, state: Path | None = None) -> None:
        self._started = time.monotonic()
        self.predictor = Predictor.load(run)
        log = load_log(run / "data")
        self._known = KnownRows.of(log.events)
        self._store = EventStore(state if state is not None else run / "live" / "state.sqlite")
        self._writing = Lock()
        self._shop = LiveShop(_with_stored(log, self._store, known=self._known))
        rules = rules_of(run)
        # What the log names its amounts in is what live amounts have to be in.
        self._rules = rules.model_copy(update={"currency": own_currency(log.events, rules)})
        # What the whole shop shares is worked out by the first question; nobody should have to wait for it.
        self.predictions("nobody")

    def close(self) -> None:
        """Let the state file go."""
        with self._writing:
            self._store.close()

    def take(self, events: Sequence[object]) -> dict[str, Any]:
        """Check, store and take in events; when this returns the accepted ones are on disk and in the answers.

        Returns:
            Counts of ``accepted`` and ``duplicates``, and the list ``rejected`` with a reason for each.

        Raises:
            RunError: If the state cannot be written; then none of the events is stored.
        """
        now = datetime.now(tz=UTC) + _CLOCKS_DIFFER
        parsed = parse_events(events, rules=self._rules.model_copy(update={"now": now}))
        accepted = 0
        if parsed.rows:
            held = self._known.holds(rows_frame(parsed.rows))
            rows = [row for row, is_held in zip(parsed.rows, held, strict=True) if not is_held]
            with self._writing:
                is_new = self._store.append(rows)
                fresh = [row for row, new in zip(rows, is_new, strict=True) if new]
                self._shop.append(fresh)
            accepted = len(fresh)
        return {"accepted": accepted, "duplicates": len(parsed.rows) - accepted, "rejected": parsed.rejected}

    def predictions(
        self,
        user_id: str,
        *,
        tasks: Sequence[str] = (),
        at: str | None = None,
        limit: str | None = None,
        new_only: str | None = None,
        horizon_days: str | None = None,
    ) -> dict[str, Any]:
        """Every asked task's answer for one customer, known or not.

        Args:
            user_id: The customer, in the shop's own id.
            tasks: Names of tasks; none asks all that are about customers.
            at: The cutoff, ISO 8601; by default the last moment anything is known of.
            limit: At most so many entries of each list.
            new_only: ``true`` recommends only items the customer has not bought.
            horizon_days: Another horizon for the tasks that can be asked so; the others keep their own.

        Raises:
            UnknownNameError: If a task was not trained.
            InputError: If no user is named, a task is not about customers, ``at``, ``limit``, ``new_only`` or
                ``horizon_days`` cannot be used, or no task asked can heed the filter or the horizon.
        """
        if not user_id.strip():
            raise InputError("No user is named.", received=repr(user_id), remedy="Ask /v1/users/ID/predictions.")
        names = self._asked(tasks)
        n_entries = None if limit is None else _whole(limit)
        is_new_only = new_only is not None and self._new_only(new_only, tasks=names)
        within = None if horizon_days is None else self._horizon(horizon_days, tasks=names)
        seen = self._shop.look(user_id)
        cutoff = seen.span.last if at is None else self._moment(at, span=seen.span)
        known = seen.history.until(cutoff)
        answers, unanswered = answer_user(
            self.predictor,
            seen.view,
            user_id=user_id,
            cutoff=cutoff,
            tasks=names,
            limit=n_entries,
            new_only=is_new_only,
            horizon_days=within,
        )
        notes = [
            note
            for name in names
            for note in notes_on(
                cutoff, span=seen.span, task=self.predictor.tasks[name].task, windows=self.predictor.windows
            )
        ]
        return {
            columns.USER_ID: own_id(user_id, self.predictor.id_types.get(columns.USER_ID)),
            "known": len(known) > 0,
            "events": len(known),
            columns.CUTOFF: from_microseconds(cutoff).isoformat(),
            columns.MODEL_VERSION: self.predictor.version,
            "predictions": answers,
            "unanswered": unanswered,
            "notes": notes,
        }

    def health(self) -> dict[str, Any]:
        """Whether the service is up, and what it holds."""
        return {
            "status": "ok",
            columns.MODEL_VERSION: self.predictor.version,
            "tasks": list(self.predictor.tasks),
            "events_stored": len(self._store),
            "last_event": from_microseconds(self._shop.last_time).isoformat(),
            "uptime_seconds": round(time.monotonic() - self._started, 1),
        }

    def model(self) -> dict[str, Any]:
        """What was trained, on which windows."""
        reader = self.predictor.reader
        return {
            columns.MODEL_VERSION: self.predictor.version,
            "size": reader.encoder.model.size_name,
            "backbone": reader.encoder.model.backbone_name,
            "parameters": reader.encoder.model.n_parameters(),
            "features": len(reader.names),
            "items": len(reader.encoder.vocabulary.items),
            "windows": dict(self.predictor.windows),
            "tasks": {
                name: {
                    "kind": fitted.task.kind,
                    columns.HORIZON_DAYS: fitted.task.horizon_days,
                    "about": "users" if fitted.task.kind in ABOUT_USERS else "items",
                }
                for name, fitted in self.predictor.tasks.items()
            },
        }

    def _asked(self, tasks: Sequence[str]) -> list[str]:
        about_users = [name for name, fitted in self.predictor.tasks.items() if fitted.task.kind in ABOUT_USERS]
        for name in tasks:
            if name not in self.predictor.tasks:
                raise UnknownNameError.among("trained task", name, self.predictor.tasks)
            if name not in about_users:
                raise InputError(
                    f"The task {name!r} asks about items, not about customers.",
                    received=name,
                    remedy=f"Ask one of {', '.join(about_users)}; foretell predict answers {name!r} for all items.",
                )
        return list(dict.fromkeys(tasks)) or about_users

    def _new_only(self, text: str, *, tasks: Sequence[str]) -> bool:
        if text not in _TRUTHS:
            raise InputError(
                "The filter new_only is not usable.", received=repr(text), remedy=f"Write {' or '.join(_TRUTHS)}."
            )
        able = [name for name, fitted in self.predictor.tasks.items() if fitted.task.kind in NEW_ONLY_ANSWERS]
        if _TRUTHS[text] and not set(able) & set(tasks):
            raise InputError(
                "Only recommendations can be asked for new items alone.",
                received=f"new_only={text} for {', '.join(tasks)}",
                remedy=f"Leave new_only out, or ask one of: {', '.join(able) or 'none was trained'}.",
            )
        return _TRUTHS[text]

    def _horizon(self, text: str, *, tasks: Sequence[str]) -> int:
        able = [name for name in tasks if self.predictor.tasks[name].task.kind in ANY_HORIZON_ANSWERS]
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise InputError(
                "The horizon is not usable.", received=text, remedy="Give a whole number of days from 1 to 366."
            )
        check_horizon(int(text), task=self.predictor.tasks[(able or list(tasks))[0]].task)
        return int(text)

    def _moment(self, at: str, *, span: Span) -> int:
        cutoff = parse_time(at)
        latest = max(span.last, to_microseconds(datetime.now(tz=UTC))) + _FURTHEST_AHEAD
        if cutoff > latest:
            raise InputError(
                "The cutoff lies too far from the log.",
                received=at,
                remedy="Give a moment between the start of the log and a year from now.",
            )
        check_moment(cutoff, span=span)
        return cutoff


def _with_stored(log: EventLog, store: EventStore, *, known: KnownRows) -> EventLog:
    """The log with the stored events the log does not hold itself: the same as appending them one by one."""
    rows = rows_frame(list(store.rows()))
    if not rows.height:
        return log
    added = rows.filter(~pl.Series(known.holds(rows)))
    return log.with_events(in_event_order(pl.concat([log.events, added], how="diagonal")))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LONGEST_LIST):
        raise InputError(
            "The limit is not usable.", received=text, remedy=f"Give a whole number from 1 to {_LONGEST_LIST:,}."
        )
    return int(text)
