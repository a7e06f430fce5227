"""The thresholds of cleaning: one frozen configuration, every field with its reason.

This module owns the numbers. It refuses to look at data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from foretell.core.time import to_microseconds

__all__ = ["CleaningRules"]


class CleaningRules(BaseModel):
    """What counts as impossible, absurd or a robot.

    Example:
        >>> CleaningRules(robot_events_per_hour=500).robot_events_per_day
        5000
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: AwareDatetime = datetime(1990, 1, 1, tzinfo=UTC)
    """Events before this moment are impossible: no web shop is older, and 1970 betrays a wrong unit."""

    now: AwareDatetime | None = None
    """Events after this moment lie in the future; None takes the clock at the time of cleaning."""

    absurd_item_factor: Annotated[float, Field(gt=1)] = 1_000.0
    """A price or quantity is absurd when it is so many times the median of its item's rows."""

    absurd_item_rows: Annotated[int, Field(ge=1)] = 5
    """An item's own median is trusted from so many rows on; below, the whole log's median is used."""

    absurd_log_factor: Annotated[float, Field(gt=1)] = 10_000.0
    """For items with too few rows: absurd when so many times the median of the whole log."""

    absurd_price_floor: Annotated[float, Field(ge=0)] = 1_000.0
    """No price up to this is absurd, whatever the medians."""

    absurd_quantity_floor: Annotated[float, Field(ge=0)] = 1_000.0
    """No quantity up to this is absurd, whatever the medians."""

    robot_events_per_hour: Annotated[int, Field(ge=1)] = 1_000
    """A user with more events than this within one clock hour is a robot. An order counts as one event."""

    robot_events_per_day: Annotated[int, Field(ge=1)] = 5_000
    """The same for one day (UTC)."""

    def latest(self) -> int:
        """The last moment that is not the future, in microseconds UTC."""
        return to_microseconds(self.now if self.now is not None else datetime.now(tz=UTC))
