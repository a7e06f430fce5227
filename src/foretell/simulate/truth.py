"""The truth of the simulated shop, as tables: what no real shop can know about itself.

This module owns the columns of every truth table. It refuses to look at the log: each number here comes from
the mechanism, so that a model can be held against it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.simulate.behaviour import SEARCH_ONLY, SEARCH_THEN_VIEW, VIEW_THEN_SEARCH, Treatment
from foretell.simulate.chances import chance_of_purchase
from foretell.simulate.customers import RESPONSE_TYPES
from foretell.simulate.frames import number_ids
from foretell.simulate.market import CAMPAIGN_DAYS, HORIZON_DAYS, Market, campaign_ids
from foretell.simulate.rows import ROLE_SEARCH, ROLE_VIEW, Block
from foretell.simulate.state import State, World
from foretell.simulate.words import CATEGORIES

__all__ = [
    "campaign_chances",
    "campaign_truth",
    "click_truth",
    "customer_truth",
    "cutoff_days",
    "cutoff_truth",
    "demand_truth",
    "intent_truth",
    "item_truth",
    "transition_truth",
    "with_profit",
]

_CUTOFF_EVERY_DAYS: Final = 14
_INTENT_KINDS: Final = {
    SEARCH_THEN_VIEW: "search_then_view",
    VIEW_THEN_SEARCH: "view_then_search",
    SEARCH_ONLY: "search_only",
}


def cutoff_days(days: int) -> tuple[int, ...]:
    """The days whose first midnight is a cutoff: every fortnight from day 28, and the end of the log.

    Example:
        >>> cutoff_days(60)
        (28, 42, 56, 60)
    """
    return tuple(sorted({*range(HORIZON_DAYS, days + 1, _CUTOFF_EVERY_DAYS), days}))


def cutoff_truth(world: World, state: State, *, day: int) -> pl.DataFrame:
    """``truth/purchase``: chances of everyone who has signed up before the midnight that begins ``day``."""
    causes = world.config.causes
    bought = chance_of_purchase(world, state, day=day, horizon_days=HORIZON_DAYS)
    elapsed = (day - state.last_bought) / world.customers.period_days
    frame = pl.DataFrame(
        {
            columns.USER_ID: world.customers.ids,
            columns.CUTOFF: np.full(len(world.customers), _midnight(world, day)),
            "probability_7_days": bought[:, 6],
            "probability_28_days": bought[:, HORIZON_DAYS - 1],
            "alive": state.alive,
            "cart_open": state.cart_age <= causes.cart_days,
            "intent_open": state.intent_age <= causes.intent_days,
            "bad_experience": day < state.bad_until,
            "coupon_running": day < state.coupon_until,
            "need": elapsed.max(axis=1),
        }
    )
    return frame.filter(pl.Series(world.customers.signup_day < day))


def campaign_truth(
    world: World, treatment: Treatment, with_coupon: NDArray[np.float64], without: NDArray[np.float64]
) -> pl.DataFrame:
    """``truth/uplift`` of one campaign: chance of buying while it runs, with and without its coupon."""
    user = treatment.user
    n = len(user)
    names = pl.Series(RESPONSE_TYPES)
    return pl.DataFrame(
        {
            columns.CAMPAIGN_ID: campaign_ids(treatment.campaign + 1).tail(1).new_from_index(0, n),
            columns.USER_ID: world.customers.ids.gather(user),
            columns.TREATED: treatment.treated,
            "probability_treated": with_coupon[user],
            "probability_control": without[user],
            "uplift": with_coupon[user] - without[user],
            "response_type": names.gather(world.customers.response_type[user]),
            "redemption": world.customers.redemption[user],
        }
    )


def campaign_chances(world: World, state: State, *, day: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``[U]`` chance of buying within a campaign that starts on ``day``, with its coupon and without."""
    with_coupon, without = (
        chance_of_purchase(world, state, day=day, horizon_days=CAMPAIGN_DAYS, coupon_now=now)[:, -1]
        for now in (True, False)
    )
    return with_coupon, without


def with_profit(uplift: pl.DataFrame, world: World, *, order_value: float) -> pl.DataFrame:
    """Add what each customer earns in a campaign: a conversion is worth the shop's average order.

    ``profit_treated = p_treated * order_value * (margin - coupon_share * redemption) - contact_cost`` and
    ``profit_control = p_control * order_value * margin``.
    """
    money = world.config.economics
    kept = money.margin_share - money.coupon_share * pl.col("redemption")
    treated = pl.col("probability_treated") * order_value * kept - money.contact_cost
    control = pl.col("probability_control") * order_value * money.margin_share
    return uplift.with_columns(treated.alias("profit_treated"), control.alias("profit_control"))


def demand_truth(world: World, *, day: int, market: Market, expected: NDArray[np.float64]) -> pl.DataFrame:
    """``truth/demand`` of one day: expected units of every launched item, as if it were in stock."""
    launched = np.flatnonzero(world.catalogue.launch_day <= day)
    return pl.DataFrame(
        {
            columns.ITEM_ID: world.catalogue.ids.gather(launched),
            columns.TIME: np.full(len(launched), _midnight(world, day)),
            "expected_units": expected[launched],
            "available": market.available[launched],
            "promotion_factor": market.promotion[launched],
            "level": np.full(len(launched), market.level),
        }
    )


def click_truth(block: Block, *, first_event: int) -> pl.DataFrame:
    """``truth/clicks``: the click probability of every impression in the block."""
    chance = block["chance"].astype(np.float64)
    shown = np.flatnonzero(~np.isnan(chance))
    return pl.DataFrame({columns.EVENT_ID: number_ids("e", first_event + shown), columns.PROBABILITY: chance[shown]})


def intent_truth(block: Block, *, first_event: int) -> pl.DataFrame:
    """``truth/intents``: the two events of every intent pattern in the block, and which came first."""
    role, session = block["role"], block["session"].astype(np.int64)
    searched, viewed = (np.flatnonzero(role == which) for which in (ROLE_SEARCH, ROLE_VIEW))
    view_of = dict(zip(session[viewed].tolist(), viewed.tolist(), strict=True))
    view = np.array([view_of.get(number, -1) for number in session[searched].tolist()], dtype=np.int64)
    kind = np.where(view < 0, SEARCH_ONLY, np.where(searched < view, SEARCH_THEN_VIEW, VIEW_THEN_SEARCH))
    return pl.DataFrame(
        {
            columns.SESSION_ID: number_ids("s", session[searched]),
            "kind": pl.Series([_INTENT_KINDS[code] for code in kind.tolist()], dtype=pl.String),
            "search_event_id": number_ids("e", first_event + searched),
            "view_event_id": number_ids("e", np.where(view < 0, -1, first_event + view)),
        }
    )


def customer_truth(world: World, *, dropped_day: NDArray[np.int64]) -> pl.DataFrame:
    """``truth/users``: every hidden trait; ``dropped`` is the midnight of the day somebody left, or null."""
    customers = world.customers
    names = [name for name, _, _ in CATEGORIES]
    left = pl.Series(_midnight(world, 0) + dropped_day * DAY).set(pl.Series(dropped_day < 0), None)
    favourites = pl.Series(names).gather(customers.favourite.ravel()).to_numpy().reshape(-1, 2)
    return pl.DataFrame(
        {
            columns.USER_ID: customers.ids,
            "activity": customers.activity,
            "price_sensitivity": customers.price_sensitivity,
            "response_type": pl.Series(RESPONSE_TYPES).gather(customers.response_type),
            "visit_rate": customers.visit_rate,
            "cart_rate": customers.cart_rate,
            "loyalty": customers.loyalty,
            "dropout": customers.dropout,
            "dropped": left,
            "favourite_1": pl.Series(favourites[:, 0].tolist()),
            "favourite_2": pl.Series(favourites[:, 1].tolist()),
            "period_days_1": customers.period_days[:, 0],
            "period_days_2": customers.period_days[:, 1],
            **{f"taste_{name}": customers.taste[:, code] for code, name in enumerate(names)},
        }
    )


def item_truth(world: World) -> pl.DataFrame:
    """``truth/items``: hidden quality and popularity, and what a unit costs and a click is worth."""
    items = world.catalogue
    return pl.DataFrame(
        {
            columns.ITEM_ID: items.ids,
            "quality": items.quality,
            "share": items.share,
            "drift": items.drift,
            "unit_cost": items.unit_cost,
            "click_value": items.price * world.config.economics.click_share,
        }
    ).sort(columns.ITEM_ID)


def transition_truth(world: World) -> pl.DataFrame:
    """``truth/transitions``: the planted complements and how often they follow their item."""
    items, ids = world.catalogue, world.catalogue.ids
    has = np.flatnonzero(items.complement >= 0)
    return pl.DataFrame(
        {
            columns.ITEM_ID: ids.gather(has),
            "next_item_id": ids.gather(items.complement[has]),
            columns.PROBABILITY: items.complement_probability[has],
        }
    ).sort(columns.ITEM_ID)


def _midnight(world: World, day: int) -> int:
    """The midnight that begins ``day``, in microseconds."""
    return world.config.start_microseconds + day * DAY
