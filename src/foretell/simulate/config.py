"""The settings of a simulated shop: its size, its seed and the named strengths of its planted causes.

This module owns the settings and their limits. It refuses settings it does not know and it draws nothing:
every number here is written into the truth beside the log, so that a test can ask for it back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from foretell.core.time import to_microseconds

__all__ = ["Causes", "Economics", "ShopConfig"]

Factor = Annotated[float, Field(gt=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=60)]


class Causes(BaseModel):
    """How strongly each planted cause acts; a factor of 1 or a share of 0 switches the cause off.

    Example:
        >>> Causes(cart_factor=1.0).cart_factor
        1.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cart_factor: Factor = 12.0
    """Multiplies the purchase hazard while a cart left open is at most ``cart_days`` days old."""

    cart_days: Days = 2
    """For how many days a cart left open acts."""

    intent_factor: Factor = 8.0
    """Multiplies the purchase hazard after a search with the intent word FOLLOWED BY a view of a gift."""

    intent_days: Days = 7
    """For how many days a search-then-view acts; view-then-search never acts."""

    need_rate: Annotated[float, Field(ge=0, le=1)] = 0.025
    """Daily purchase hazard of an average customer who has run out of a favourite consumable."""

    repeat_share: Share = 0.6
    """Average probability that a consumable bought again is the same item as last time."""

    bad_experience_factor: Factor = 14.0
    """Multiplies the drop-out hazard for ``bad_experience_days`` after a refund or a rating of at most 2."""

    bad_experience_days: Days = 30
    """For how many days a bad experience acts."""

    complement_probability: Share = 0.4
    """Average probability that a complement follows its item in the same basket or as the next view."""

    position_decay: Annotated[float, Field(ge=0, le=5)] = 0.6
    """Logits a click loses per unit of log(position): position 1 loses nothing."""

    coupon_factor: Factor = 4.0
    """Multiplies the purchase hazard of a persuadable customer while a campaign that treated them runs."""

    sleeping_dog_factor: Factor = 0.25
    """Multiplies the purchase hazard of a sleeping dog while a campaign that treated them runs."""

    promotion_elasticity: Annotated[float, Field(ge=0, le=20)] = 4.0
    """A known promotion with price cut s multiplies an item's demand by exp(elasticity * s)."""

    weekly_strength: Share = 0.35
    """How far the best and the worst weekday stray from the mean week, as a share."""

    trend_per_year: Annotated[float, Field(ge=-1, le=3)] = 0.2
    """Growth of every customer's hazard per year, as a logarithm."""


class Economics(BaseModel):
    """What a decision costs and earns, so that decisions can be valued in money.

    Example:
        >>> Economics().margin_share
        0.35
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin_share: Share = 0.35
    """Gross margin as a share of the money paid."""

    contact_cost: Annotated[float, Field(ge=0)] = 0.2
    """Cost of sending one coupon, whether or not it is redeemed."""

    coupon_share: Share = 0.15
    """Share of the order's value that a redeemed coupon takes off."""

    click_share: Share = 0.02
    """Value of one click on an item, as a share of its price."""


class ShopConfig(BaseModel):
    """A simulated shop.

    Example:
        >>> ShopConfig(n_users=100, days=60).start_microseconds
        1704067200000000
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_users: Annotated[int, Field(ge=10, le=50_000_000)] = 2_000
    """Customers who ever sign up."""

    n_items: Annotated[int, Field(ge=48, le=10_000_000)] = 400
    """Items ever sold, a tenth of them launched after the log begins."""

    days: Annotated[int, Field(ge=1, le=3_650)] = 180
    """Length of the log in days."""

    start: date = date(2024, 1, 1)
    """First day of the log; days begin at midnight UTC."""

    seed: Annotated[int, Field(ge=0)] = 1
    """The same seed and settings give byte-identical files."""

    causes: Causes = Causes()
    """Strengths of the planted causes."""

    economics: Economics = Economics()
    """Costs and margins."""

    @property
    def start_microseconds(self) -> int:
        """Midnight UTC of the first day, in microseconds."""
        return to_microseconds(datetime.combine(self.start, time(), tzinfo=UTC))
