"""The true probability that a customer buys within so many days, given the state of the shop.

This module owns the truth of the purchase, churn and promotion tasks. It refuses to estimate by repetition:
as long as a customer does not buy, the clocks of need run on without chance, and what is left to chance
(dropping out, open carts, search-then-view, a coupon not yet assigned) is a small Markov chain, which is
summed exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foretell.simulate.market import CAMPAIGN_DAYS
from foretell.simulate.state import (
    INTENT_RATE,
    State,
    World,
    dropout_probability,
    hazard_on,
    visit_probability,
)

__all__ = ["chance_of_purchase"]


def chance_of_purchase(
    world: World, state: State, *, day: int, horizon_days: int, coupon_now: bool | None = None
) -> NDArray[np.float64]:
    """``[U, horizon_days]``: probability of at least one purchase in the first 1, 2, ... days from ``day``.

    Conditional on everything up to the midnight that begins ``day``, hidden traits included, and on the
    shop's calendar of promotions and stock-outs. A campaign that starts in the window is averaged over its
    coin, unless it starts on ``day`` and ``coupon_now`` says how the coin fell. A review or refund already on
    its way at ``day`` is known, as part of the state.

    Args:
        world: The shop.
        state: The state at the midnight that begins ``day``; not changed.
        day: The first day of the window.
        horizon_days: Length of the window.
        coupon_now: Whether everyone (True) or nobody (False) is treated by a campaign starting on ``day``.
    """
    ahead = [start for start in world.calendar.campaign_starts if day < start < day + horizon_days]
    if coupon_now is None and day in world.calendar.campaign_starts:
        ahead.append(day)
    until = state.coupon_until
    if coupon_now:
        until = np.full_like(until, day + CAMPAIGN_DAYS)
    plain = _chance(world, state, day, horizon_days, _coupon_days(until, day, horizon_days))
    if not ahead:
        return plain
    running = _coupon_days(until, day, horizon_days)
    for start in ahead:
        running[:, max(0, start - day) : start - day + CAMPAIGN_DAYS] = True
    return (plain + _chance(world, state, day, horizon_days, running)) / 2


def _coupon_days(until: NDArray[np.int64], day: int, horizon_days: int) -> NDArray[np.bool_]:
    """``[U, H]`` whether the coupon that ends on ``until`` still runs."""
    return np.arange(day, day + horizon_days)[None, :] < until[:, None]


def _chance(world: World, state: State, day: int, horizon_days: int, coupon: NDArray[np.bool_]) -> NDArray[np.float64]:
    causes, customers = world.config.causes, world.customers
    n = len(customers)
    cart_factor = np.append(np.full(causes.cart_days, causes.cart_factor), 1.0)
    intent_factor = np.append(np.full(causes.intent_days, causes.intent_factor), 1.0)
    factor = cart_factor[:, None] * intent_factor[None, :]
    mass = np.zeros((n, causes.cart_days + 1, causes.intent_days + 1))
    mass[np.arange(n), state.cart_age - 1, state.intent_age - 1] = state.alive
    gone = np.where(state.alive, 0.0, 1.0)
    bad_until = state.bad_until.copy()
    bought = np.empty((n, horizon_days))
    for step in range(horizon_days):
        today = day + step
        market = world.calendar.day(today)
        leaving = dropout_probability(world, bad_until, day=today)
        gone += leaving * mass.sum(axis=(1, 2))
        mass *= (1 - leaving)[:, None, None]
        hazard = hazard_on(world, state, day=today, market=market)
        rate = hazard.total * np.where(coupon[:, step], customers.coupon_factor, 1.0)
        mass *= np.exp(-rate[:, None, None] * factor)
        mass = _age(mass, visit_probability(world, hazard.need, market), customers.cart_rate)
        bought[:, step] = 1 - gone - mass.sum(axis=(1, 2))
        for users in state.bad_ahead.get(today, []):
            bad_until[users] = today + 1 + causes.bad_experience_days
    return np.clip(bought, 0, 1)


def _age(mass: NDArray[np.float64], visit: NDArray[np.float64], cart_rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """One evening: triggers grow a day older, and a visit may set either anew."""
    aged = np.zeros_like(mass)
    aged[:, 1:, :] = mass[:, :-1, :]
    aged[:, -1, :] += mass[:, -1, :]
    aged[:, :, 1:], last = aged[:, :, :-1].copy(), aged[:, :, -1].copy()
    aged[:, :, 0] = 0
    aged[:, :, -1] += last
    both = (visit * cart_rate * INTENT_RATE)[:, None]
    cart = (visit * cart_rate * (1 - INTENT_RATE))[:, None]
    intent = (visit * (1 - cart_rate) * INTENT_RATE)[:, None]
    by_cart, by_intent, total = aged.sum(axis=2), aged.sum(axis=1), aged.sum(axis=(1, 2))
    result = aged * (1 - both - cart - intent)[:, :, None]
    result[:, 0, :] += cart * by_intent
    result[:, :, 0] += intent * by_cart
    result[:, 0, 0] += both[:, 0] * total
    return result
