"""The sessions of a day: lists shown and clicked, searches, views, carts, and the order's own rows.

This module owns what a visit looks like in the log. It refuses to influence anybody: who visits, orders, leaves
a cart open or searches for a gift was decided before, and nothing drawn here is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from foretell.core import columns
from foretell.core.time import DAY, HOUR, SECOND
from foretell.simulate.baskets import Baskets
from foretell.simulate.behaviour import PLAIN, SEARCH_ONLY, SEARCH_THEN_VIEW, VIEW_THEN_SEARCH, Decisions
from foretell.simulate.market import Market
from foretell.simulate.randomness import pick
from foretell.simulate.rows import ROLE_SEARCH, ROLE_VIEW, Rows
from foretell.simulate.state import World
from foretell.simulate.words import CATEGORIES, GIFTS, INTENT_QUERIES, QUERIES, SUBCATEGORIES

__all__ = ["LIST_LENGTH", "Sessions", "click_chance", "open_sessions", "write_lists", "write_orders", "write_views"]

LIST_LENGTH: Final = 8
_LIST_SHARE: Final = 0.6
_SEARCH_SHARE: Final = 0.35
_MOST_VIEWS: Final = 10
_CLICK_BASE: Final = -1.6

# Sort keys within a session: rows of one key share one instant.
_SHOWN, _CLICKED, _SEARCHED, _VIEWED, _TAKEN_BACK, _INTENT, _ORDER_VIEWED, _REDEEMED, _BOUGHT = (
    0.0, 1.0, 2.0, 3.0, 18.0, 20.0, 30.0, 98.0, 99.0,
)  # fmt: skip


@dataclass(frozen=True)
class Sessions:
    """The day's sessions, those with an order first.

    Attributes:
        user: ``[S]`` customer.
        number: ``[S]`` public number.
        start: ``[S]`` first moment, microseconds.
        channel: ``[S]`` index into ``CHANNELS``.
        n_orders: How many of them end in an order.
        intent: ``[S]`` intent pattern.
        leaves_cart: ``[S]`` whether a cart is left open.
    """

    user: NDArray[np.int64]
    number: NDArray[np.int64]
    start: NDArray[np.int64]
    channel: NDArray[np.int64]
    n_orders: int
    intent: NDArray[np.int64]
    leaves_cart: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.user)


def open_sessions(world: World, *, day: int, decisions: Decisions, first_number: int) -> Sessions:
    """One session for every customer who orders or visits today, in the evening more often than in the morning."""
    orders, visits = np.flatnonzero(decisions.orders), np.flatnonzero(decisions.visits)
    user, rng = np.concatenate([orders, visits]), world.streams("sessions", day)
    evening, spread = rng.normal(19, 1.5, len(user)), 7 + 14 * rng.random(len(user))
    hour = np.clip(np.where(rng.random(len(user)) < 0.6, evening, spread), 7, 21.5)
    midnight = world.config.start_microseconds + day * DAY
    return Sessions(
        user=user,
        number=first_number + np.arange(len(user)),
        start=midnight + (hour * HOUR).astype(np.int64) // SECOND * SECOND,
        channel=(rng.random(len(user)) < world.customers.app_share[user]).astype(np.int64),
        n_orders=len(orders),
        intent=decisions.intent[user],
        leaves_cart=decisions.leaves_cart[user],
    )


def click_chance(
    world: World, *, user: NDArray[np.int64], item: NDArray[np.int64], position: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The true probability of a click: sigmoid(taste for the category + quality - decay * log(position))."""
    taste = world.customers.taste[user, world.catalogue.category[item]]
    liking = 0.8 * np.clip(np.log(taste * len(CATEGORIES) + 0.05), -2, 2)
    quality = 0.5 * world.catalogue.quality[item]
    decay = world.config.causes.position_decay * np.log(position)
    chance: NDArray[np.float64] = expit(_CLICK_BASE + liking + quality - decay)
    return chance


def write_lists(
    world: World, rows: Rows, *, day: int, market: Market, sessions: Sessions, first_list: int
) -> int:
    """Write lists of impressions at random positions, their clicks and the views these open; returns how many lists."""
    rng = world.streams("lists", day)
    shown = np.flatnonzero((rng.random(len(sessions)) < _LIST_SHARE) & (sessions.intent == PLAIN))
    shape = (len(shown), LIST_LENGTH)
    by_demand = np.searchsorted(market.edges, rng.random(shape) * market.edges[-1], side="right") - 1
    evenly = rng.choice(np.flatnonzero(market.available), shape)
    item = np.where(rng.random(shape) < 0.5, by_demand, evenly)
    repeats = (item[:, :, None] == item[:, None, :]) & np.tri(LIST_LENGTH, k=-1, dtype=np.bool_)
    kept = ~repeats.any(axis=2)
    position = np.cumsum(kept, axis=1)[kept]
    row, item = np.nonzero(kept)[0], item[kept]
    session = shown[row]
    user = sessions.user[session]
    chance = click_chance(world, user=user, item=item, position=position)
    common = {
        "user": user,
        "item": item,
        "session": session,
        "list": first_list + row,
        columns.POSITION: position,
        columns.CHANNEL: sessions.channel[session],
    }
    rows.add(columns.IMPRESSION, key=_SHOWN, chance=chance, **common)
    clicked = rng.random(len(item)) < chance
    common = {name: column[clicked] for name, column in common.items()}
    rows.add(columns.CLICK, key=_CLICKED + common[columns.POSITION] / 16, **common)
    del common["list"], common[columns.POSITION]
    _add_items(world, rows, columns.VIEW, key=_CLICKED + position[clicked] / 16 + 1 / 32, **common)
    return len(shown)


def write_views(
    world: World, rows: Rows, *, day: int, market: Market, sessions: Sessions, decisions: Decisions
) -> None:
    """Write searches, chains of views, favourites, carts left open or taken back, and the intent patterns."""
    rng, n = world.streams("views", day), len(sessions)
    n_views = 1 + np.minimum(rng.poisson(np.where(np.arange(n) < sessions.n_orders, 0.8, 1.8)), _MOST_VIEWS - 1)
    chain = _draw_chain(world, market, sessions, decisions, n_views=int(n_views.max(initial=1)), rng=rng)
    session, step = np.nonzero(np.arange(chain.shape[1])[None, :] < n_views[:, None])
    item, key = chain[session, step], _VIEWED + step.astype(np.float64)
    everyone, last = np.arange(n), n_views - 1

    def put(action: str, which: NDArray[np.int64], item: NDArray[np.int64], key: NDArray[np.float64]) -> None:
        channel = sessions.channel[which]
        _add_items(world, rows, action, user=sessions.user[which], session=which, item=item, key=key, channel=channel)

    put(columns.VIEW, session, item, key)
    liked = rng.random(len(item)) < 0.03
    put(columns.FAVOURITE, session[liked], item[liked], key[liked] + 0.25)
    leaving = everyone[sessions.leaves_cart]
    put(columns.CART, leaving, chain[leaving, last[leaving]], _VIEWED + last[leaving] + 0.5)
    wavers = (rng.random(n) < 0.07) & (everyone >= sessions.n_orders) & (n_views > 1) & ~sessions.leaves_cart
    wavering = everyone[wavers]
    put(columns.CART, wavering, chain[wavering, 0], np.full(len(wavering), _VIEWED + 0.5))
    put(columns.UNCART, wavering, chain[wavering, 0], np.full(len(wavering), _TAKEN_BACK))
    seeking = everyone[(rng.random(n) < _SEARCH_SHARE) & (sessions.intent == PLAIN)]
    first = chain[seeking, 0]
    word = world.catalogue.subcategory[first]
    branded = len(SUBCATEGORIES) * (1 + world.catalogue.brand[first]) + word
    query = np.where(rng.random(len(seeking)) < 0.3, branded, word)
    _add_search(rows, sessions, seeking, query, key=np.full(len(seeking), _SEARCHED), role=0)
    _write_intents(world, rows, market, sessions, rng)


def _draw_chain(
    world: World,
    market: Market,
    sessions: Sessions,
    decisions: Decisions,
    *,
    n_views: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """``[S, n_views]`` items viewed one after the other; a complement follows its item with its probability.

    Other views follow need and taste. Sessions with an intent pattern view no gifts here, so that the only gift
    in them is the planted one.
    """
    user, catalogue, n = sessions.user, world.catalogue, len(sessions)
    weights = world.customers.taste[user] * market.category_weight
    plain = sessions.intent == PLAIN
    weights[~plain, GIFTS] = 0
    need = decisions.hazard.need[user] / 2 * (market.category_weight[world.customers.favourite[user]] > 0)
    chain = np.empty((n, n_views), dtype=np.int64)
    for step in range(n_views):
        lead = rng.random(n)
        category = pick(weights, rng.random(n))
        category = np.where(lead < need.sum(axis=1), world.customers.favourite[user, 1], category)
        category = np.where(lead < need[:, 0], world.customers.favourite[user, 0], category)
        item = market.draw_items(category, rng.random(n))
        if step:
            before = chain[:, step - 1]
            complement = catalogue.complement[before]
            follows = rng.random(n) < catalogue.complement_probability[before]
            item = np.where(follows & market.available[complement], complement, item)
        chain[:, step] = item
    return chain


def _write_intents(
    world: World, rows: Rows, market: Market, sessions: Sessions, rng: np.random.Generator
) -> None:
    """Search then view, view then search, or search alone; both orders are alike in everything but the order."""
    which = np.flatnonzero(sessions.intent != PLAIN)
    kind = sessions.intent[which]
    query = len(QUERIES) - len(INTENT_QUERIES) + rng.integers(0, len(INTENT_QUERIES), len(which))
    item = market.draw_items(np.full(len(which), GIFTS), rng.random(len(which)))
    search_key = np.where(kind == VIEW_THEN_SEARCH, _INTENT + 1, _INTENT)
    view_key = np.where(kind == SEARCH_THEN_VIEW, _INTENT + 1, _INTENT)
    _add_search(rows, sessions, which, query, key=search_key, role=ROLE_SEARCH)
    seen = kind != SEARCH_ONLY
    _add_items(
        world,
        rows,
        columns.VIEW,
        user=sessions.user[which[seen]],
        session=which[seen],
        item=item[seen],
        key=view_key[seen],
        channel=sessions.channel[which[seen]],
        role=np.full(int(seen.sum()), ROLE_VIEW),
    )


def write_orders(
    world: World, rows: Rows, *, day: int, sessions: Sessions, baskets: Baskets, first_order: int, campaign: int
) -> None:
    """Write each order's lines: most are viewed first, all are put in the cart, then bought at one instant."""
    rng, n = world.streams("orders shown", day), len(baskets.item)
    line = np.arange(n) - np.searchsorted(baskets.order, baskets.order, side="left")
    channel = sessions.channel[baskets.order]
    common = {"user": baskets.user, "session": baskets.order, "item": baskets.item, "channel": channel}
    seen = rng.random(n) < 0.6
    viewed = {name: column[seen] for name, column in common.items()}
    _add_items(world, rows, columns.VIEW, key=_ORDER_VIEWED + line[seen], **viewed)
    quantity = {columns.QUANTITY: baskets.quantity}
    _add_items(world, rows, columns.CART, key=_ORDER_VIEWED + line + 0.5, **common, **quantity)
    value = np.round(baskets.price * baskets.quantity - baskets.discount, 2)
    money = {columns.VALUE: value, columns.DISCOUNT: baskets.discount, "order": first_order + baskets.order}
    _add_items(world, rows, columns.PURCHASE, key=np.full(n, _BOUGHT), **common, **quantity, **money)
    redeeming = np.flatnonzero(baskets.redeems)
    rows.add(
        columns.COUPON_REDEEMED,
        user=sessions.user[redeeming],
        session=redeeming,
        key=_REDEEMED,
        order=first_order + redeeming,
        campaign=campaign,
        channel=sessions.channel[redeeming],
    )


def _add_items(
    world: World, rows: Rows, action: str, *, item: NDArray[np.int64], **values: NDArray[np.generic]
) -> None:
    """Rows about an item carry its shelf price."""
    rows.add(action, item=item, price=world.catalogue.price[item], **values)


def _add_search(
    rows: Rows,
    sessions: Sessions,
    which: NDArray[np.int64],
    query: NDArray[np.int64],
    *,
    key: NDArray[np.float64],
    role: int,
) -> None:
    rows.add(
        columns.SEARCH,
        user=sessions.user[which],
        session=which,
        key=key,
        query=query,
        channel=sessions.channel[which],
        role=role,
    )


