"""How fast training goes and how long it will take, from the clock.

This module owns that arithmetic. It refuses to print.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["Pace"]

_RECENT_STEPS: Final = 50


class Pace:
    """The pace of the last fifty steps.

    Args:
        n_steps: Steps in all.
        clock: Seconds; another one in tests.

    Example:
        >>> pace = Pace(n_steps=10, clock=iter([0.0, 2.0, 4.0]).__next__)
        >>> pace.step(1, n_events=600), pace.step(2, n_events=600)
        (None, None)
        >>> pace.events_per_second, pace.seconds_left, str(pace)
        (300.0, 16.0, '300 events/s, 16 s left')
    """

    def __init__(self, *, n_steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.n_steps, self._clock = n_steps, clock
        self._done = 0
        self._ends: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=_RECENT_STEPS + 1)

    def step(self, done: int, *, n_events: int) -> None:
        """A step has ended, the ``done``-th of all, that read so many events."""
        self._done = done
        self._ends.append((self._clock(), n_events))

    @property
    def events_per_second(self) -> float:
        """Events read per second."""
        seconds = self._ends[-1][0] - self._ends[0][0]
        return sum(n for _, n in list(self._ends)[1:]) / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds until the last step, should it go on like this."""
        seconds, steps = self._ends[-1][0] - self._ends[0][0], len(self._ends) - 1
        return (self.n_steps - self._done) * seconds / steps if steps else 0.0

    def __str__(self) -> str:
        """In words."""
        left = self.seconds_left
        minutes = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        return f"{self.events_per_second:,.0f} events/s, {minutes} left"
