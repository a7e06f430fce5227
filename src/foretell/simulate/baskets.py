"""What is in the basket of an order, and what each item was expected to sell that day.

This module owns the choice of items and its exact expectation, side by side so that they cannot drift apart.
It refuses to decide who orders (``behaviour``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.simulate.behaviour import Decisions
from foretell.simulate.market import Market
from foretell.simulate.randomness import pick
from foretell.simulate.state import State, World
from foretell.simulate.words import CATEGORIES

__all__ = ["Baskets", "expected_units", "fill_baskets", "remember"]

_EXTRA_LINES: Final = 0.5
_EXTRA_UNITS: Final = 0.5
_CODE_SHARE: Final = 0.1


@dataclass(frozen=True)
class Baskets:
    """The lines of the day's orders, by order and line.

    Attributes:
        order: ``[L]`` index into the day's orders.
        user: ``[L]`` customer.
        item: ``[L]`` item, each at most once in an order.
        quantity: ``[L]`` units.
        price: ``[L]`` shelf price of one unit.
        discount: ``[L]`` money taken off the line by promotion, newsletter code and coupon.
        redeems: ``[O]`` whether the order redeems the campaign's coupon.
    """

    order: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    quantity: NDArray[np.float64]
    price: NDArray[np.float64]
    discount: NDArray[np.float64]
    redeems: NDArray[np.bool_]


def fill_baskets(world: World, state: State, *, day: int, market: Market, decisions: Decisions) -> Baskets:
    """Draw the lines of every order of the day."""
    users, rng = np.flatnonzero(decisions.orders), world.streams("baskets", day)
    n, catalogue = len(users), world.catalogue
    main = _main_items(world, state, users, market, decisions, rng)
    complement = catalogue.complement[main]
    follows = rng.random(n) < catalogue.complement_probability[main]
    follows &= (complement >= 0) & market.available[complement]
    weights = world.customers.taste[users] * market.category_weight
    n_extra = rng.poisson(_EXTRA_LINES * weights.sum(axis=1))
    extra_order = np.repeat(np.arange(n), n_extra)
    extra_category = pick(weights[extra_order], rng.random(len(extra_order)))
    extra = market.draw_items(extra_category, rng.random(len(extra_order)))
    order = np.concatenate([np.arange(n), np.flatnonzero(follows), extra_order])
    item = np.concatenate([main, complement[follows], extra])
    units = 1.0 + rng.poisson(_EXTRA_UNITS * catalogue.consumable[item])
    order, item, units = _merge(order, item, units, len(catalogue))
    redeems = (day < state.coupon_until[users]) & (rng.random(n) < world.customers.redemption[users])
    code = rng.random(n) < world.customers.price_sensitivity[users]
    paid = (1 - market.price_cut[item]) * (1 - _CODE_SHARE * code[order])
    paid *= 1 - world.config.economics.coupon_share * redeems[order]
    price = catalogue.price[item]
    return Baskets(order, users[order], item, units, price, np.round(price * units * (1 - paid), 2), redeems)


def _main_items(
    world: World,
    state: State,
    users: NDArray[np.int64],
    market: Market,
    decisions: Decisions,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The item each order is about: led by taste, or by a favourite that has run out."""
    hazard, customers, n = decisions.hazard, world.customers, len(users)
    lead = pick(np.column_stack([hazard.explore[users], hazard.favourite[users]]), rng.random(n))
    by_taste = pick(customers.taste[users] * market.category_weight, rng.random(n))
    which = np.maximum(lead - 1, 0)
    category = np.where(lead == 0, by_taste, customers.favourite[users, which])
    drawn = market.draw_items(category, rng.random(n))
    loyal = (lead > 0) & (rng.random(n) < hazard.loyal[users, which])
    return np.where(loyal, state.usual[users, which], drawn)


def _merge(
    order: NDArray[np.int64], item: NDArray[np.int64], units: NDArray[np.float64], n_items: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """One line an item and order, units added, lines in the order they were drawn."""
    _, first, line = np.unique(order * n_items + item, return_index=True, return_inverse=True)
    total = np.bincount(line, weights=units, minlength=len(first)).astype(np.float64)
    by_order = np.lexsort((first, order[first]))
    chosen = first[by_order]
    return order[chosen], item[chosen], total[by_order]


def remember(world: World, state: State, *, day: int, baskets: Baskets) -> None:
    """Restart the clock of every favourite category bought from, and note the item as the usual one."""
    category = world.catalogue.category[baskets.item]
    for which in (0, 1):
        bought = category == world.customers.favourite[baskets.user, which]
        users = baskets.user[bought]
        state.last_bought[users, which] = day
        state.usual[users, which] = baskets.item[bought]


def expected_units(world: World, state: State, *, market: Market, decisions: Decisions) -> NDArray[np.float64]:
    """``[I]`` units each item would be expected to sell today if it were in stock.

    Conditional on the morning's state. Exact for items in stock; for one out of stock, exact up to the small
    chance that the same customer buys something else that day.
    """
    hazard, customers, catalogue = decisions.hazard, world.customers, world.catalogue
    total = hazard.total
    chance = decisions.order_probability
    per_hazard = np.divide(chance, total, out=np.zeros_like(total), where=total > 0)
    explore = customers.taste.T @ (per_hazard * hazard.explore_scale)
    main = explore[catalogue.category] * market.demand
    for which in (0, 1):
        led = per_hazard * hazard.favourite_scale[:, which]
        usual = np.bincount(state.usual[:, which], led * customers.loyalty, minlength=len(catalogue))
        by_category = np.bincount(
            customers.favourite[:, which], led * (1 - customers.loyalty), minlength=len(CATEGORIES)
        )
        main += usual * market.promotion + by_category[catalogue.category] * market.demand
    has = catalogue.complement >= 0
    pulled = np.bincount(
        catalogue.complement[has],
        (main * market.available * catalogue.complement_probability)[has],
        minlength=len(catalogue),
    )
    extra = _EXTRA_LINES * (customers.taste.T @ chance)[catalogue.category] * market.demand
    units: NDArray[np.float64] = (main + pulled + extra) * (1 + _EXTRA_UNITS * catalogue.consumable)
    return units
