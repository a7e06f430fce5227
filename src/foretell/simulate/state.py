"""What has happened to each customer so far, and the hazards that follow from it.

This module owns the customer's changing state and the purchase, visit and drop-out rates it implies. It
refuses to draw anything but the first state: ``behaviour`` draws the days and ``chances`` sums over them
exactly, both with the rates given here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from foretell.simulate.catalogue import Catalogue
from foretell.simulate.config import ShopConfig
from foretell.simulate.customers import EXPLORE_RATE, Customers
from foretell.simulate.market import Calendar, Market
from foretell.simulate.randomness import Streams

__all__ = [
    "INTENT_RATE",
    "Hazard",
    "State",
    "World",
    "draw_world",
    "dropout_probability",
    "hazard_on",
    "trigger_factor",
    "visit_probability",
]

INTENT_RATE = 0.06
"""Share of visits that search with the intent word, then view a gift; as many do it the other way round."""


@dataclass(frozen=True)
class World:
    """Everything that does not change: settings, items, customers, calendar and randomness."""

    config: ShopConfig
    catalogue: Catalogue
    customers: Customers
    calendar: Calendar
    streams: Streams


class State:
    """What changes, at first as on the morning of day 0: ``[U]``, one entry each, unless said otherwise.

    Args:
        world: The shop.

    Attributes:
        alive: Not dropped out.
        last_bought: ``[U, 2]`` day of the last purchase in each favourite category.
        usual: ``[U, 2]`` the item bought then.
        cart_age: Days since a visit left a cart open with no order since; ``cart_days + 1``: none that acts.
        intent_age: The same for search-then-view, up to ``intent_days + 1``.
        bad_until: First day on which the last bad experience no longer acts.
        coupon_until: First day on which the last campaign that treated the customer no longer runs.
        bad_ahead: By day, the customers whose refund or poor review is already on its way.
    """

    def __init__(self, world: World) -> None:
        customers, causes, n = world.customers, world.config.causes, len(world.customers)
        rng = world.streams("first state")
        market = world.calendar.day(0)
        usual = market.draw_items(customers.favourite.ravel(), rng.random(2 * n))
        first = np.maximum(customers.signup_day, 0)[:, None]
        self.alive: NDArray[np.bool_] = np.ones(n, dtype=np.bool_)
        self.last_bought: NDArray[np.float64] = first - rng.uniform(0, 1.4, (n, 2)) * customers.period_days
        self.usual: NDArray[np.int64] = usual.reshape(n, 2)
        self.cart_age: NDArray[np.int64] = np.full(n, causes.cart_days + 1)
        self.intent_age: NDArray[np.int64] = np.full(n, causes.intent_days + 1)
        self.bad_until: NDArray[np.int64] = np.zeros(n, dtype=np.int64)
        self.coupon_until: NDArray[np.int64] = np.zeros(n, dtype=np.int64)
        self.bad_ahead: dict[int, list[NDArray[np.int64]]] = {}


@dataclass(frozen=True)
class Hazard:
    """Purchase hazards of one day before carts, intents and coupons act.

    Attributes:
        need: ``[U, 2]`` between 0 (just bought) and 1 (run out) for each favourite.
        explore_scale: ``[U]`` hazard per unit of (taste x category weight).
        favourite_scale: ``[U, 2]`` hazard per unit of demand in each favourite.
        explore: ``[U]`` hazard of an order led by taste.
        favourite: ``[U, 2]`` hazard of an order led by each favourite.
        loyal: ``[U, 2]`` share of ``favourite`` that goes to the usual item.
    """

    need: NDArray[np.float64]
    explore_scale: NDArray[np.float64]
    favourite_scale: NDArray[np.float64]
    explore: NDArray[np.float64]
    favourite: NDArray[np.float64]
    loyal: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """``[U]`` hazard of any order."""
        return self.explore + self.favourite[:, 0] + self.favourite[:, 1]


def draw_world(config: ShopConfig) -> World:
    """Draw everything about the shop that does not change."""
    streams = Streams(config.seed)
    catalogue = Catalogue(config, streams=streams)
    customers = Customers(config, streams=streams)
    return World(config, catalogue, customers, Calendar(config, catalogue=catalogue, streams=streams), streams)


def hazard_on(world: World, state: State, *, day: int, market: Market) -> Hazard:
    """The purchase hazards of ``day`` if nothing is bought between the state's day and ``day``."""
    customers, causes = world.customers, world.config.causes
    elapsed = (day - state.last_bought) / customers.period_days
    need = expit(10 * (elapsed - 1))
    strength = customers.activity * market.level
    explore_scale = EXPLORE_RATE * strength
    favourite_scale = causes.need_rate * strength[:, None] * need
    usual = customers.loyalty[:, None] * (market.promotion * market.available)[state.usual]
    other = (1 - customers.loyalty)[:, None] * market.category_weight[customers.favourite]
    both = usual + other
    return Hazard(
        need=need,
        explore_scale=explore_scale,
        favourite_scale=favourite_scale,
        explore=explore_scale * (customers.taste @ market.category_weight),
        favourite=favourite_scale * both,
        loyal=np.divide(usual, both, out=np.zeros_like(both), where=both > 0),
    )


def trigger_factor(world: World, state: State, *, day: int) -> NDArray[np.float64]:
    """``[U]`` what open carts, intents and running coupons multiply the purchase hazard by on ``day``."""
    causes = world.config.causes
    factor = np.where(state.cart_age <= causes.cart_days, causes.cart_factor, 1.0)
    factor *= np.where(state.intent_age <= causes.intent_days, causes.intent_factor, 1.0)
    factor *= np.where(day < state.coupon_until, world.customers.coupon_factor, 1.0)
    return factor


def visit_probability(world: World, need: NDArray[np.float64], market: Market) -> NDArray[np.float64]:
    """``[U]`` probability of a visit on a day without an order: need brings people in before they buy."""
    rate = world.customers.visit_rate * market.traffic * (1 + need.sum(axis=1))
    probability: NDArray[np.float64] = np.minimum(rate, 0.9)
    return probability


def dropout_probability(world: World, bad_until: NDArray[np.int64], *, day: int) -> NDArray[np.float64]:
    """``[U]`` probability of dropping out at the beginning of ``day``."""
    factor = np.where(day < bad_until, world.config.causes.bad_experience_factor, 1.0)
    return 1 - np.exp(-world.customers.dropout * factor)
