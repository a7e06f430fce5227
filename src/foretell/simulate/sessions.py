"""The sessions of a day: who, when, on which channel, and in which order things happen within one.

This module owns what a session is. It refuses to influence anybody: who visits, orders, leaves a cart open or
searches for a gift was decided before, and nothing drawn for a session is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.time import DAY, HOUR, SECOND
from foretell.simulate.behaviour import Decisions
from foretell.simulate.rows import Rows
from foretell.simulate.state import World

__all__ = ["Key", "Sessions", "add_items", "open_sessions"]


class Key:
    """When a row comes within its session; rows of one key share one instant."""

    SHOWN: Final = 0.0
    CLICKED: Final = 1.0
    SEARCHED: Final = 2.0
    VIEWED: Final = 3.0
    TAKEN_BACK: Final = 18.0
    INTENT: Final = 20.0
    ORDER_VIEWED: Final = 30.0
    REDEEMED: Final = 98.0
    BOUGHT: Final = 99.0


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
    """One session for every customer who orders or visits today, most of them in the evening."""
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


def add_items(world: World, rows: Rows, action: str, **values: NDArray[np.generic]) -> None:
    """Rows about the items ``values["item"]``, which carry their shelf price."""
    price = world.catalogue.price[values["item"].astype(np.int64)]
    rows.add(action, user=values.pop("user"), price=price, **values)
