"""The thresholds of cleaning: one frozen configuration, the ``[clean]`` table of a run, every field with its reason.

This module owns the numbers. It refuses to look at data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from foretell.core.time import to_microseconds

__all__ = ["CleaningRules"]

Share = Annotated[float, Field(ge=0, lt=0.5)]


class CleaningRules(BaseModel):
    """What counts as repeated, impossible, absurd or a robot, and what becomes of refunds and sales without a customer.

    Example:
        >>> CleaningRules(robot_events_per_hour=500).robot_events_per_day
        5000
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    # --- whose rows --------------------------------------------------------------------------------------
    keep_unattributed: bool = True
    """Purchases and refunds of an item that name no user are kept apart, for demand alone; False sets them aside."""

    session_gap_minutes: Annotated[float, Field(gt=0)] | None = 30.0
    """Rows without a session are one session until their user pauses for longer than this; None derives none."""

    # --- rows sent twice ---------------------------------------------------------------------------------
    retry_minutes: Annotated[float, Field(ge=0)] = 60.0
    """A line of an order that comes again so soon, with the same item, quantity and price, was sent twice. Where both
    carry an ``event_id``, a later one is a retry however long after."""

    repeated_lines: Literal["by_event_id", "keep", "remove"] = "by_event_id"
    """A line that one order holds twice at the same moment: two scans of one product, or one row read twice?
    ``by_event_id``: two event ids are two scans, rows equal in every column are one. ``keep``: always scans.
    ``remove``: always one."""

    # --- refunds -----------------------------------------------------------------------------------------
    refunds: Literal["events", "targets", "net"] = "events"
    """``events``: a refund stays what it is, an event at its own time. ``targets``: that, and the units of demand and
    the spend of a period are counted less what was given back in it. ``net``: a refund is taken off the latest earlier
    purchases of the same user, item and price, which tells histories of the past what was given back later."""

    # --- time --------------------------------------------------------------------------------------------
    start: AwareDatetime = datetime(1990, 1, 1, tzinfo=UTC)
    """Events before this moment are impossible: no web shop is older, and 1970 betrays a wrong unit."""

    now: AwareDatetime | None = None
    """Events after this moment lie in the future; None takes the clock at the time of cleaning."""

    clock_tolerance_minutes: Annotated[float, Field(ge=0)] = 60.0
    """An event dated so long after the shop received it comes from a wrong clock (``received_time``)."""

    late_hours: Annotated[float, Field(gt=0)] = 72.0
    """An event received so long after it happened is late: counted, and kept where it belongs in time."""

    stray_share: Share = 0.001
    """At most this share of the rows may be strays: a few rows long before the log begins, or long after it ends."""

    stray_days: Annotated[float, Field(gt=0)] = 3.0
    """Strays reach at least so many days out."""

    stray_jump: Annotated[float, Field(gt=1)] = 100.0
    """The log begins (or ends) where a day has so many times the rows of any day further out."""

    # --- money and amounts -------------------------------------------------------------------------------
    currency: Annotated[str, Field(pattern=r"^\s*\S+\s*$")] | None = None
    """The currency of every amount after cleaning; needed only where the rows of a log name several."""

    currency_rates: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    """How much of ``currency`` one unit of each other currency is worth."""

    cents_factor: Annotated[float, Field(gt=1)] = 100.0
    """How many small units a large one has: a price or value off by this very factor is in the wrong unit."""

    cents_tolerance: Annotated[float, Field(ge=0, lt=0.5)] = 0.001
    """How far from the factor a ratio may lie, as a share of it, and still be taken for it."""

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

    # --- robots ------------------------------------------------------------------------------------------
    robot_events_per_hour: Annotated[int, Field(ge=1)] = 1_000
    """A user with more events than this within one clock hour is a robot. An order counts as one event."""

    robot_events_per_day: Annotated[int, Field(ge=1)] = 5_000
    """The same for one day (UTC)."""

    def latest(self) -> int:
        """The last moment that is not the future, in microseconds UTC."""
        return to_microseconds(self.now if self.now is not None else datetime.now(tz=UTC))
