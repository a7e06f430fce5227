"""Train, validation and test as windows of time.

This module owns where the windows lie and which cutoffs they hold. It refuses random splits: what is predicted
always comes after everything that was learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from foretell.core import columns
from foretell.core.errors import ConfigError, InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.time import DAY, from_microseconds, parse_time

__all__ = ["SPLITS", "SplitConfig", "SplitName", "Windows"]

SplitName = Literal["train", "validation", "test"]
SPLITS: Final[tuple[SplitName, ...]] = ("train", "validation", "test")


class SplitConfig(BaseModel):
    """How time is cut into train, validation and test windows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    end: str | None = None
    """End of the test window (ISO 8601); None takes the log's last event."""

    test_days: Annotated[int, Field(ge=1)] | None = None
    """Length of the test window; None takes about a sixth of the log, at least the longest horizon."""

    validation_days: Annotated[int, Field(ge=1)] | None = None
    """Length of the validation window; None takes the same as the test window."""

    stride_days: Annotated[int, Field(ge=1)] = 7
    """Days between two cutoffs."""

    warmup_days: Annotated[int, Field(ge=0)] = 28
    """Days of history before the first cutoff that is learned from."""

    gap_days: Annotated[int, Field(ge=0)] = 0
    """Days left out between two windows, as many as lie between an answer's moment and its use, so that nothing is
    judged on what could not have been known in time."""


@dataclass(frozen=True)
class Windows:
    """Three windows end to end; all times are int64 microseconds.

    Attributes:
        start: First cutoff that may be learned from (start of the log plus warm-up).
        validation: Start of the validation window, end of the training window.
        test: Start of the test window, end of the validation window.
        end: End of the test window.
        stride_days: Days between cutoffs, counted from ``test``.
        gap_days: Days before ``validation`` and before ``test`` that belong to no window.

    Example:
        >>> windows = Windows(start=0, validation=28 * DAY, test=42 * DAY, end=56 * DAY, stride_days=7)
        >>> [cutoff // DAY for cutoff in windows.cutoffs("train", horizon_days=14)]
        [0, 7, 14]
    """

    start: int
    validation: int
    test: int
    end: int
    stride_days: int
    gap_days: int = 0

    @property
    def train_end(self) -> int:
        """End of the training window: nothing later may be learned from."""
        return self.validation - self.gap_days * DAY

    @property
    def validation_end(self) -> int:
        """End of the validation window: nothing later may choose anything."""
        return self.test - self.gap_days * DAY

    @classmethod
    def plan(
        cls,
        log: EventLog,
        *,
        longest_horizon_days: int,
        config: SplitConfig,
    ) -> Windows:
        """Lay the windows over a log.

        Raises:
            InsufficientDataError: If the log is too short for three windows and the longest horizon.
            ConfigError: If a window is shorter than the longest horizon.
        """
        times = log.events.filter(~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))[columns.TIME]
        if not len(times):
            raise InsufficientDataError(
                "No customer did anything in this log.", received=f"{len(log)} events", remedy="Check the actions."
            )
        first, last = int(str(times.min())), int(str(times.max()))
        end = last if config.end is None else parse_time(config.end)
        span_days = (end - first) / DAY
        stride_days = config.stride_days
        if end > last + stride_days * DAY:
            raise ConfigError(
                "The test window ends after the log does, so its last answers cannot be checked.",
                received=f"split.end {from_microseconds(end):%Y-%m-%d}, last event {from_microseconds(last):%Y-%m-%d}",
                remedy="Leave split.end out, or set it to the log's last day.",
            )
        needed_days = cls.days_needed(longest_horizon_days, config=config)
        # A sixth of the log, as far as that leaves the past that is asked for.
        room_days = int(span_days - needed_days) // (1 if config.validation_days else 2)
        least_days = longest_horizon_days + stride_days
        sixth = int(span_days / 6) // stride_days * stride_days
        chosen = config.test_days or max(least_days, min(sixth, least_days + room_days))
        validation_length = config.validation_days or chosen
        if min(chosen, validation_length) < longest_horizon_days:
            raise ConfigError(
                "A window is shorter than the longest horizon, so nothing in it could be scored.",
                received=f"test {chosen} d, validation {validation_length} d, horizon {longest_horizon_days} d",
                remedy="Lengthen split.test_days and split.validation_days, or shorten the horizon.",
            )
        test = end - chosen * DAY
        validation = test - (config.gap_days + validation_length) * DAY
        start = first + config.warmup_days * DAY
        if start + (longest_horizon_days + config.gap_days) * DAY > validation:
            raise InsufficientDataError(
                "The log is too short to train, validate and test.",
                received=f"{span_days:.1f} days from {from_microseconds(first):%Y-%m-%d} on",
                remedy=(
                    f"Bring at least {needed_days} days, "
                    "shorten the horizons, or set split.test_days and split.validation_days."
                ),
            )
        return cls(
            start=start, validation=validation, test=test, end=end, stride_days=stride_days, gap_days=config.gap_days
        )

    @staticmethod
    def days_needed(horizon_days: int, *, config: SplitConfig) -> int:
        """How many days a log must span for three windows and a horizon.

        Example:
            >>> Windows.days_needed(28, config=SplitConfig())
            126
        """
        chosen = config.test_days or horizon_days + config.stride_days
        gaps = 2 * config.gap_days
        return config.warmup_days + horizon_days + chosen + (config.validation_days or chosen) + gaps

    def bounds(self, split: SplitName) -> tuple[int, int]:
        """Start and end of a window, in microseconds."""
        return {
            "train": (self.start, self.train_end),
            "validation": (self.validation, self.validation_end),
            "test": (self.test, self.end),
        }[split]

    def cutoffs(self, split: SplitName, *, horizon_days: int, stride_days: int | None = None) -> list[int]:
        """The grid cutoffs whose whole answer window ``(cutoff, cutoff + horizon]`` lies in the split."""
        low, high = self.bounds(split)
        step = (stride_days or self.stride_days) * DAY
        first = self.test + -((self.test - low) // step) * step
        return list(range(first, high - horizon_days * DAY + 1, step))

    def describe(self) -> dict[str, list[str]]:
        """The windows as ISO dates, for the report."""
        return {name: [from_microseconds(moment).isoformat() for moment in self.bounds(name)] for name in SPLITS}
