"""The customers of the simulated shop: lasting traits, drawn once.

This module owns what a customer is. It refuses what a customer does (``behaviour``) and what has happened to
them (``state``).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.simulate.config import ShopConfig
from foretell.simulate.randomness import Streams
from foretell.simulate.words import AGE_GROUPS, CATEGORIES, CONSUMABLE, REGIONS

__all__ = ["EXPLORE_RATE", "RESPONSE_TYPES", "Customers"]

RESPONSE_TYPES: Final = ("lost_cause", "sure_thing", "persuadable", "sleeping_dog")
EXPLORE_RATE: Final = 0.002
"""Daily purchase hazard of an average customer outside any need."""


class Customers:
    """The customers, drawn at construction: arrays of shape ``[U]``, one entry each, unless said otherwise.

    Args:
        config: The shop's settings.
        streams: Its randomness.

    Attributes:
        signup_day: The first day the customer can act; negative before the log begins.
        age_group: Index into ``AGE_GROUPS``; tilts the taste.
        region: Index into ``REGIONS``; without any effect.
        activity: Factor on every purchase hazard.
        taste: ``[U, C]``, sums to 1 in each row.
        favourite: ``[U, 2]`` two consumable categories.
        period_days: ``[U, 2]`` how long a purchase in each favourite lasts.
        loyalty: Probability that a favourite bought again is the same item.
        visit_rate: Probability of a visit on a day without a purchase, before weekday and need.
        cart_rate: Probability that such a visit leaves a cart open.
        app_share: Probability that a session is in the app.
        price_sensitivity: Probability that an order uses the newsletter code: seen as discount in the log.
        dropout: Daily drop-out hazard without a bad experience.
        redemption: Probability that an order of a treated customer redeems the coupon.
        response_type: Index into ``RESPONSE_TYPES``.
        coupon_factor: Factor on the purchase hazard while treated.
    """

    def __init__(self, config: ShopConfig, *, streams: Streams) -> None:
        rng, n, causes = streams("customers"), config.n_users, config.causes
        age_group = rng.integers(0, len(AGE_GROUPS), n)
        taste = _draw_taste(age_group, rng)
        activity = np.exp(rng.normal(-0.7, 0.9, n))
        pace = rng.normal(np.log(50), 0.7, (n, 1))
        period_days = np.clip(np.exp(pace + rng.normal(0, 0.3, (n, 2))), 7, 180)
        sensitive = rng.random(n) < 0.45
        price_sensitivity = np.where(sensitive, rng.beta(8, 3, n), rng.beta(2, 16, n))
        orders_per_day = activity * EXPLORE_RATE + (1 / (period_days + 8 / activity[:, None])).sum(axis=1)
        response_type = _response_type(sensitive, orders_per_day)
        factors = np.array([1.0, 1.0, causes.coupon_factor, causes.sleeping_dog_factor])
        known = rng.random(n) < 0.7
        self.signup_day: NDArray[np.int64] = np.where(
            known, -rng.integers(1, 720, n), rng.integers(0, max(1, config.days * 4 // 5), n)
        )
        self.age_group: NDArray[np.int64] = age_group
        self.region: NDArray[np.int64] = rng.integers(0, len(REGIONS), n)
        self.activity: NDArray[np.float64] = activity
        self.taste: NDArray[np.float64] = taste
        self.favourite: NDArray[np.int64] = _draw_favourites(taste, rng)
        self.period_days: NDArray[np.float64] = period_days
        self.loyalty: NDArray[np.float64] = np.clip(causes.repeat_share * rng.uniform(0.7, 1.3, n), 0, 1)
        self.visit_rate: NDArray[np.float64] = np.clip(0.2 * activity**0.5 * np.exp(rng.normal(0, 0.4, n)), 0.01, 0.6)
        self.cart_rate: NDArray[np.float64] = rng.beta(2, 10, n)
        self.app_share: NDArray[np.float64] = rng.beta(1.5, 1.5, n)
        self.price_sensitivity: NDArray[np.float64] = price_sensitivity
        self.dropout: NDArray[np.float64] = 0.0008 * np.exp(rng.normal(0, 0.3, n))
        self.redemption: NDArray[np.float64] = np.array([0.6, 0.5, 0.9, 0.3])[response_type]
        self.response_type: NDArray[np.int64] = response_type
        self.coupon_factor: NDArray[np.float64] = factors[response_type]

    def __len__(self) -> int:
        return len(self.activity)

    @cached_property
    def ids(self) -> pl.Series:
        """The public user ids, by customer number."""
        width = len(str(len(self)))
        number = pl.lit(pl.Series(np.arange(len(self)) + 10**width))
        return pl.select(pl.format("u{}", number)).to_series()

    def frame(self, *, start: int) -> pl.DataFrame:
        """The side table ``users``; ``start`` is midnight of day 0 in microseconds."""
        return pl.DataFrame(
            {
                columns.USER_ID: self.ids,
                "age_group": pl.Series(AGE_GROUPS).gather(self.age_group),
                "region": pl.Series(REGIONS).gather(self.region),
                "signup": start + self.signup_day * DAY,
            }
        )


def _draw_taste(age_group: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A few liked categories each, tilted by age group."""
    tilt = np.exp(rng.normal(0, 0.7, (len(AGE_GROUPS), len(CATEGORIES))))
    raw = rng.gamma(0.5, 1.0, (len(age_group), len(CATEGORIES))) * tilt[age_group] + 0.02
    taste: NDArray[np.float64] = raw / raw.sum(axis=1, keepdims=True)
    return taste


def _draw_favourites(taste: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Two different consumable categories each, in proportion to taste."""
    keys = np.log(taste[:, :CONSUMABLE]) + rng.gumbel(size=(len(taste), CONSUMABLE))
    return np.argsort(-keys, axis=1)[:, :2].astype(np.int64)


def _response_type(sensitive: NDArray[np.bool_], orders_per_day: NDArray[np.float64]) -> NDArray[np.int64]:
    """Frequent buyers are sure things; of the others, bargain hunters can be persuaded.

    The rest neither redeem nor forgive: seldom buyers are lost causes, the middle third are sleeping dogs.
    """
    low, high = np.quantile(orders_per_day, [1 / 3, 2 / 3])
    others = np.where(sensitive, 2, np.where(orders_per_day > low, 3, 0))
    return np.where(orders_per_day > high, 1, others).astype(np.int64)
