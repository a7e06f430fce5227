"""What an order looks like in the log: views, carts, a redeemed coupon and the purchased lines.

This module owns the rows of an order. It refuses to choose items (``baskets``) or buyers (``behaviour``).
"""

from __future__ import annotations

import numpy as np

from foretell.core import columns
from foretell.simulate.baskets import Baskets
from foretell.simulate.rows import Rows
from foretell.simulate.sessions import Key, Sessions, add_items
from foretell.simulate.state import World

__all__ = ["write_orders"]


def write_orders(
    world: World,
    rows: Rows,
    *,
    day: int,
    sessions: Sessions,
    baskets: Baskets,
    first_order: int,
    campaign: int,
) -> None:
    """Write each order's lines: most are viewed first, all put in the cart, then bought at one instant."""
    rng, n = world.streams("orders shown", day), len(baskets.item)
    line = np.arange(n) - np.searchsorted(baskets.order, baskets.order, side="left")
    channel = sessions.channel[baskets.order]
    common = {"user": baskets.user, "session": baskets.order, "item": baskets.item, "channel": channel}
    seen = rng.random(n) < 0.6
    viewed = {name: column[seen] for name, column in common.items()}
    add_items(world, rows, columns.VIEW, key=Key.ORDER_VIEWED + line[seen], **viewed)
    quantity = {columns.QUANTITY: baskets.quantity}
    add_items(world, rows, columns.CART, key=Key.ORDER_VIEWED + line + 0.5, **common, **quantity)
    value = np.round(baskets.price * baskets.quantity - baskets.discount, 2)
    money = {columns.VALUE: value, columns.DISCOUNT: baskets.discount, "order": first_order + baskets.order}
    add_items(world, rows, columns.PURCHASE, key=np.full(n, Key.BOUGHT), **common, **quantity, **money)
    redeeming = np.flatnonzero(baskets.redeems)
    rows.add(
        columns.COUPON_REDEEMED,
        user=sessions.user[redeeming],
        session=redeeming,
        key=Key.REDEEMED,
        order=first_order + redeeming,
        campaign=campaign,
        channel=sessions.channel[redeeming],
    )
