"""Which events a feature counts, beyond their action: what they are of, at what hour, on what day, with what words.

This module owns the condition as one hashable value, which shared results are kept under. It refuses to read
events (``ledger``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["WEEKDAYS", "Condition", "Weekday"]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week, Monday first, as declarations spell them."""


@dataclass(frozen=True)
class Condition:
    """What must hold of an event; all parts that are given must.

    Attributes:
        where: Column (of the event or of its item) and the values it may have.
        hours: ``(from, until)``: the local hour is at least ``from`` and less than ``until``; ``(22, 6)`` is the night.
        weekdays: The local day of the week is one of these, 0 is Monday.
        time_zone: The zone that hours and weekdays are of.
        query_bucket: ``(bucket, n_buckets)``: the search has a word that hashes into this bucket.

    Example:
        >>> Condition(hours=(22, 6)).has_hour(23), Condition(hours=(9, 17)).has_hour(17)
        (True, False)
    """

    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hours: tuple[int, int] | None = None
    weekdays: tuple[int, ...] = ()
    time_zone: str = "UTC"
    query_bucket: tuple[int, int] | None = None

    def has_hour(self, hour: int) -> bool:
        """Whether events of this local hour count."""
        if self.hours is None:
            return True
        first, until = self.hours
        return first <= hour < until if first < until else hour >= first or hour < until

    def has_weekday(self, weekday: int) -> bool:
        """Whether events of this local day of the week (0 is Monday) count."""
        return not self.weekdays or weekday in self.weekdays
