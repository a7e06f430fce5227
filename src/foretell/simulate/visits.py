"""What visitors look at: searches, chains of views, favourites, carts and the intent patterns.

This module owns the browsing rows. It refuses to decide who leaves a cart open or searches for a gift
(``behaviour``): it only shows it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core import columns
from foretell.simulate.behaviour import PLAIN, SEARCH_ONLY, SEARCH_THEN_VIEW, VIEW_THEN_SEARCH, Decisions
from foretell.simulate.market import Market
from foretell.simulate.randomness import pick
from foretell.simulate.rows import ROLE_SEARCH, ROLE_VIEW, Rows
from foretell.simulate.sessions import Key, Sessions, add_items
from foretell.simulate.state import World
from foretell.simulate.words import GIFTS, INTENT_QUERIES, QUERIES, SUBCATEGORIES

__all__ = ["write_views"]

_SEARCH_SHARE: Final = 0.35
_MOST_VIEWS: Final = 10


def write_views(
    world: World, rows: Rows, *, day: int, market: Market, sessions: Sessions, decisions: Decisions
) -> None:
    """Write searches, chains of views, favourites, carts left open or taken back, and the intent patterns."""
    rng, n = world.streams("views", day), len(sessions)
    n_views = 1 + np.minimum(rng.poisson(np.where(np.arange(n) < sessions.n_orders, 0.8, 1.8)), _MOST_VIEWS - 1)
    chain = _draw_chain(world, market, sessions, decisions, n_views=int(n_views.max(initial=1)), rng=rng)
    session, step = np.nonzero(np.arange(chain.shape[1])[None, :] < n_views[:, None])
    item, key = chain[session, step], Key.VIEWED + step.astype(np.float64)
    everyone, last = np.arange(n), n_views - 1

    def put(action: str, which: NDArray[np.int64], item: NDArray[np.int64], key: NDArray[np.float64]) -> None:
        channel = sessions.channel[which]
        add_items(world, rows, action, user=sessions.user[which], session=which, item=item, key=key, channel=channel)

    put(columns.VIEW, session, item, key)
    liked = rng.random(len(item)) < 0.03
    put(columns.FAVOURITE, session[liked], item[liked], key[liked] + 0.25)
    leaving = everyone[sessions.leaves_cart]
    put(columns.CART, leaving, chain[leaving, last[leaving]], Key.VIEWED + last[leaving] + 0.5)
    wavers = (rng.random(n) < 0.07) & (everyone >= sessions.n_orders) & (n_views > 1) & ~sessions.leaves_cart
    wavering = everyone[wavers]
    put(columns.CART, wavering, chain[wavering, 0], np.full(len(wavering), Key.VIEWED + 0.5))
    put(columns.UNCART, wavering, chain[wavering, 0], np.full(len(wavering), Key.TAKEN_BACK))
    seeking = everyone[(rng.random(n) < _SEARCH_SHARE) & (sessions.intent == PLAIN)]
    first = chain[seeking, 0]
    word = world.catalogue.subcategory[first]
    branded = len(SUBCATEGORIES) * (1 + world.catalogue.brand[first]) + word
    query = np.where(rng.random(len(seeking)) < 0.3, branded, word)
    _add_search(rows, sessions, seeking, query, key=np.full(len(seeking), Key.SEARCHED), role=0)
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

    Other views follow need and taste. Sessions with an intent pattern view no gifts here, so that the only
    gift in them is the planted one.
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


def _write_intents(world: World, rows: Rows, market: Market, sessions: Sessions, rng: np.random.Generator) -> None:
    """Search then view, view then search, or search alone; the first two differ in nothing but the order."""
    which = np.flatnonzero(sessions.intent != PLAIN)
    kind = sessions.intent[which]
    query = len(QUERIES) - len(INTENT_QUERIES) + rng.integers(0, len(INTENT_QUERIES), len(which))
    item = market.draw_items(np.full(len(which), GIFTS), rng.random(len(which)))
    search_key = np.where(kind == VIEW_THEN_SEARCH, Key.INTENT + 1, Key.INTENT)
    view_key = np.where(kind == SEARCH_THEN_VIEW, Key.INTENT + 1, Key.INTENT)
    _add_search(rows, sessions, which, query, key=search_key, role=ROLE_SEARCH)
    seen = kind != SEARCH_ONLY
    add_items(
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
