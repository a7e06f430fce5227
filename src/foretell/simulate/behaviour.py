"""What each customer decides on a day: drop out, order, visit, leave a cart open, search for a gift.

This module owns the causal core of the shop: every planted cause of buying and leaving acts here alone, by
the rates of ``state``. It refuses to write rows (``sessions``) or to fill baskets (``baskets``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import HOUR
from foretell.simulate.market import CAMPAIGN_DAYS, Market
from foretell.simulate.state import (
    INTENT_RATE,
    Hazard,
    State,
    World,
    dropout_probability,
    hazard_on,
    trigger_factor,
    visit_probability,
)

__all__ = [
    "PLAIN",
    "SEARCH_ONLY",
    "SEARCH_THEN_VIEW",
    "VIEW_THEN_SEARCH",
    "Decisions",
    "Treatment",
    "decide",
    "end_day",
    "start_campaign",
]

PLAIN: Final = 0
SEARCH_THEN_VIEW: Final = 1
VIEW_THEN_SEARCH: Final = 2
SEARCH_ONLY: Final = 3
_SEARCH_ONLY_RATE: Final = 0.03


@dataclass(frozen=True)
class Decisions:
    """One day of every customer, ``[U]`` each.

    Attributes:
        hazard: The day's purchase hazards before triggers.
        order_probability: Probability of an order today, given the morning's state.
        orders: Who orders.
        visits: Who visits without ordering.
        leaves_cart: Whose visit leaves a cart open.
        intent: Which of the four intent patterns the visit shows.
    """

    hazard: Hazard
    order_probability: NDArray[np.float64]
    orders: NDArray[np.bool_]
    visits: NDArray[np.bool_]
    leaves_cart: NDArray[np.bool_]
    intent: NDArray[np.int64]


@dataclass(frozen=True)
class Treatment:
    """A campaign's coin for every eligible customer: who, when it reached (or would have reached) them."""

    campaign: int
    user: NDArray[np.int64]
    time: NDArray[np.int64]
    treated: NDArray[np.bool_]


def start_campaign(world: World, state: State, *, day: int, campaign: int) -> Treatment:
    """Toss a fair coin for everyone who has signed up, dropped out or not, and let the effect begin."""
    rng = world.streams("treatment", campaign)
    coin, delay = rng.random((2, len(world.customers)))
    user = np.flatnonzero(world.customers.signup_day < day)
    treated = coin[user] < 0.5
    state.coupon_until[user[treated]] = day + CAMPAIGN_DAYS
    start = world.config.start_microseconds + day * 24 * HOUR + 6 * HOUR  # before any session
    return Treatment(campaign, user, start + (delay[user] * HOUR / 2).astype(np.int64), treated)


def decide(world: World, state: State, *, day: int, market: Market) -> Decisions:
    """Draw the day's decisions; the only change to ``state`` is who drops out this morning."""
    n, customers = len(world.customers), world.customers
    leaving = world.streams("dropout", day).random(n) < dropout_probability(world, state.bad_until, day=day)
    signed_up = customers.signup_day <= day
    state.alive &= ~(leaving & signed_up)
    present = state.alive & signed_up
    hazard = hazard_on(world, state, day=day, market=market)
    rate = hazard.total * trigger_factor(world, state, day=day)
    probability = np.where(present, 1 - np.exp(-rate), 0.0)
    orders = world.streams("orders", day).random(n) < probability
    visit = visit_probability(world, hazard.need, market)
    visits = present & ~orders & (world.streams("visits", day).random(n) < visit)
    leaves_cart = visits & (world.streams("carts", day).random(n) < customers.cart_rate)
    edges = np.cumsum([INTENT_RATE, INTENT_RATE, _SEARCH_ONLY_RATE])
    pattern = np.searchsorted(edges, world.streams("intents", day).random(n), side="right")
    intent = np.where(visits, np.array([SEARCH_THEN_VIEW, VIEW_THEN_SEARCH, SEARCH_ONLY, PLAIN])[pattern], PLAIN)
    return Decisions(hazard, probability, orders, visits, leaves_cart, intent.astype(np.int64))


def end_day(world: World, state: State, *, day: int, decisions: Decisions) -> None:
    """Carry the day into the next: clocks age, orders clear them, visits set them, bad news begins to act."""
    causes = world.config.causes
    none = (causes.cart_days + 1, causes.intent_days + 1)
    state.cart_age = np.where(decisions.leaves_cart, 1, np.minimum(state.cart_age + 1, none[0]))
    searched = decisions.intent == SEARCH_THEN_VIEW
    state.intent_age = np.where(searched, 1, np.minimum(state.intent_age + 1, none[1]))
    state.cart_age[decisions.orders] = none[0]
    state.intent_age[decisions.orders] = none[1]
    for users in state.bad_ahead.pop(day, []):
        state.bad_until[users] = day + 1 + causes.bad_experience_days
