"""Lists of items shown to visitors, and which of them they click.

This module owns the click model: positions are random, so that the effect of a position can be told from the
liking for an item. It refuses to let a click influence anything but the view it opens.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from foretell.core import columns
from foretell.simulate.behaviour import PLAIN
from foretell.simulate.market import Market
from foretell.simulate.rows import Rows
from foretell.simulate.sessions import Key, Sessions, add_items
from foretell.simulate.state import World
from foretell.simulate.words import CATEGORIES

__all__ = ["LIST_LENGTH", "click_chance", "write_lists"]

LIST_LENGTH: Final = 8
_LIST_SHARE: Final = 0.7
_CLICK_BASE: Final = -1.3


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


def write_lists(world: World, rows: Rows, *, day: int, market: Market, sessions: Sessions, first_list: int) -> int:
    """Write lists of impressions, their clicks and the views these open; returns the number of lists."""
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
    rows.add(columns.IMPRESSION, key=Key.SHOWN, chance=chance, **common)
    clicked = rng.random(len(item)) < chance
    common = {name: column[clicked] for name, column in common.items()}
    rows.add(columns.CLICK, key=Key.CLICKED + common[columns.POSITION] / 16, **common)
    del common["list"], common[columns.POSITION]
    add_items(world, rows, columns.VIEW, key=Key.CLICKED + position[clicked] / 16 + 1 / 32, **common)
    return len(shown)
