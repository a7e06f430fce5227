"""The moment a question is asked about, beside the log it is asked of and the time the model has learned from.

This module owns what is refused (a time before the log) and what is said of an answer that is not what it seems (far
after the log, or from a time the model has seen). It refuses to change any answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY, from_microseconds, parse_time

__all__ = ["Span", "check_moment", "notes_on"]


@dataclass(frozen=True)
class Span:
    """What time a log tells of, int64 microseconds.

    Attributes:
        first: The first moment a customer did something; None where none did.
        last: The last moment anything is known of, the default cutoff.

    Example:
        >>> import polars as pl
        >>> log = EventLog(pl.DataFrame({"user_id": ["a", "a"], "time": [3, 5], "action": ["coupon_sent", "view"]}))
        >>> Span.of(log)
        Span(first=5, last=5)
    """

    first: int | None
    last: int

    @classmethod
    def of(cls, log: EventLog) -> Span:
        """The span of a log; one without events ends at 0."""
        times = log.events[columns.TIME]
        own = times.filter(~log.events[columns.ACTION].is_in(columns.SHOP_ACTIONS))
        return cls(int(str(own.min())) if len(own) else None, int(str(times.max())) if len(times) else 0)

    def grown(self, rows: Sequence[Mapping[str, Any]]) -> Span:
        """The span after more events: mappings with ``time`` and ``action``."""
        own = [row[columns.TIME] for row in rows if row[columns.ACTION] not in columns.SHOP_ACTIONS]
        first = min(own, default=self.first) if self.first is None else min([self.first, *own])
        return Span(first, max([self.last, *(row[columns.TIME] for row in rows)]))


def check_moment(cutoff: int, *, span: Span) -> None:
    """Go on if something may be known at ``cutoff``.

    Raises:
        InsufficientDataError: If it lies before the first event.

    Example:
        >>> check_moment(DAY, span=Span(2 * DAY, 9 * DAY))
        Traceback (most recent call last):
        foretell.core.errors.InsufficientDataError: Nothing is known yet at the time asked about.
        Received: 1970-01-02T00:00:00+00:00; the log tells of 1970-01-03T00:00:00+00:00 to 1970-01-10T00:00:00+00:00
        What to do: Ask about a time within the log, or leave it out to ask about the log's end.
    """
    if span.first is not None and cutoff < span.first:
        raise InsufficientDataError(
            "Nothing is known yet at the time asked about.",
            received=f"{_iso(cutoff)}; the log tells of {_iso(span.first)} to {_iso(span.last)}",
            remedy="Ask about a time within the log, or leave it out to ask about the log's end.",
        )


def notes_on(cutoff: int, *, span: Span, task: Task, windows: Mapping[str, Sequence[str]]) -> list[str]:
    """What somebody who reads the answer should know of its moment; nothing at the end of the log.

    Args:
        cutoff: The moment asked about, int64 microseconds.
        span: The log's.
        task: What is asked.
        windows: ``train``, ``validation`` and ``test`` of the predictor, as ISO times.

    Example:
        >>> task = Task(name="churn", kind="churn", horizon_days=28)
        >>> windows = {"train": ["1970-01-05", "1970-02-01"], "validation": ["1970-02-01", "1970-03-01"]}
        >>> asked = {"span": Span(0, 100 * DAY), "task": task, "windows": windows}
        >>> notes_on(90 * DAY, **asked)
        []
        >>> print(notes_on(40 * DAY, **asked)[0])
        Task 'churn' is asked about 1970-02-10, which lies before the end of the validation window (1970-03-01): the
        model was chosen and calibrated on what came next, so how well it does here says nothing of later times.
    """
    notes = []
    if cutoff > span.last + task.horizon_days * DAY:
        days = (cutoff - span.last) / DAY
        notes.append(
            f"Task {task.name!r} is asked about {_day(cutoff)}, {days:,.0f} days after the log ends "
            f"({_day(span.last)}) and further than its horizon of {task.horizon_days} days: nothing is known of the "
            "time between, so customers look as if they had been idle. Bring a log that reaches further."
        )
    seen = (("train", "training", "trained"), ("validation", "validation", "chosen and calibrated"))
    for name, window, done in seen:
        end = parse_time(windows[name][1]) if name in windows else 0
        if cutoff < end:
            notes.append(
                f"Task {task.name!r} is asked about {_day(cutoff)}, which lies before the end of the {window} window "
                f"({_day(end)}): the model was {done} on what came next, so how well it does here says nothing of "
                "later times."
            )
            break
    return notes


def _iso(microseconds: int) -> str:
    return from_microseconds(microseconds).isoformat()


def _day(microseconds: int) -> str:
    return f"{from_microseconds(microseconds):%Y-%m-%d}"
