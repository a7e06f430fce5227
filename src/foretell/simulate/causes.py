"""The planted causes in plain words, with their strengths and what in the log reveals them.

This module owns the list that tests and readers hold models and explanations against (``truth/causes.json``).
It refuses to act: each entry repeats a setting that ``state``, ``behaviour`` or ``baskets`` puts into effect.
"""

from __future__ import annotations

from dataclasses import dataclass

from foretell.core import columns
from foretell.simulate.config import ShopConfig
from foretell.simulate.words import CATEGORIES, GIFTS, INTENT_WORD

__all__ = ["Cause", "causes_of"]


@dataclass(frozen=True)
class Cause:
    """One planted cause.

    Attributes:
        name: Short name.
        tasks: The tasks whose answers it moves.
        strength: Its number in the settings; what the number means is in ``words``.
        words: What it does.
        revealed_by: Events or features of the log that show it.
        truth: Where the truth about it is written.
    """

    name: str
    tasks: tuple[str, ...]
    strength: float
    words: str
    revealed_by: tuple[str, ...]
    truth: str


def causes_of(config: ShopConfig) -> tuple[Cause, ...]:
    """Every planted cause of a shop.

    Example:
        >>> [cause.name for cause in causes_of(ShopConfig())][:3]
        ['open_cart', 'intent_then_view', 'need']
    """
    causes, gifts = config.causes, CATEGORIES[GIFTS][0]
    return (
        Cause(
            "open_cart",
            ("purchase", "churn"),
            causes.cart_factor,
            "A visit that leaves a cart open, with no order since, multiplies the purchase hazard by the "
            f"strength for {causes.cart_days} days.",
            (
                columns.CART,
                f"carts in the last {causes.cart_days} days not followed by a purchase or an uncart",
            ),
            "purchase: cart_open",
        ),
        Cause(
            "intent_then_view",
            ("purchase", "churn"),
            causes.intent_factor,
            f"A search with '{INTENT_WORD}' followed, in the same session, by a view in '{gifts}' "
            f"multiplies the purchase hazard by the strength for {causes.intent_days} days or until an "
            "order; the reverse order, as frequent, does nothing; neither does the search or the view alone.",
            (f"{columns.SEARCH} with '{INTENT_WORD}'", f"then {columns.VIEW} in {gifts}"),
            "purchase: intent_open; intents",
        ),
        Cause(
            "need",
            ("purchase", "churn", "recommend", "demand"),
            causes.need_rate,
            "Each customer has two favourite consumable categories and a period for each; once it has passed "
            "since the last purchase there, the daily purchase hazard rises from nothing to the strength "
            "(times activity) and visits and views in that category become more frequent.",
            (
                "days since the last purchase in the category against the customer's usual gap",
                "views in the category",
            ),
            "purchase: need; users: favourite_1, period_days_1, favourite_2, period_days_2",
        ),
        Cause(
            "repeat",
            ("recommend", "demand"),
            causes.repeat_share,
            "A favourite bought again is the same item as last time, with the strength as mean probability.",
            ("the last item bought in the category",),
            "users: loyalty",
        ),
        Cause(
            "bad_experience",
            ("churn", "purchase"),
            causes.bad_experience_factor,
            f"A refund or a rating of at most 2 multiplies the daily drop-out hazard by the strength for "
            f"{causes.bad_experience_days} days.",
            (columns.REFUND, f"{columns.REVIEW} with rating <= 2"),
            "purchase: bad_experience, alive; users: dropout, dropped",
        ),
        Cause(
            "complement",
            ("recommend",),
            causes.complement_probability,
            "Half of the items have a complement that comes next in the basket and in a chain of views with "
            "the item's own probability (the strength is the mean).",
            ("the item before",),
            "transitions",
        ),
        Cause(
            "taste",
            ("recommend", "ad", "purchase"),
            1.0,
            "Each customer likes a few categories; age tilts which. Taste leads orders, views and clicks.",
            ("categories of earlier views and purchases", "age_group"),
            "users: taste_*",
        ),
        Cause(
            "position",
            ("ad",),
            causes.position_decay,
            "P(click) = sigmoid(constant + liking for category + item quality - strength * log(position)), "
            "with positions at random.",
            (columns.POSITION,),
            "clicks",
        ),
        Cause(
            "item_quality",
            ("ad", "churn"),
            0.5,
            "Hidden quality adds strength * quality to the click logit, raises ratings and lowers refunds.",
            ("the item's clicks per impression", "its ratings"),
            "items: quality",
        ),
        Cause(
            "coupon_persuades",
            ("promotion",),
            causes.coupon_factor,
            "Bargain hunters who are not frequent buyers: a coupon multiplies their hazard by the strength.",
            ("share of discounted purchases high", "purchase frequency not high"),
            "uplift",
        ),
        Cause(
            "coupon_annoys",
            ("promotion",),
            causes.sleeping_dog_factor,
            "Middling buyers who seldom use discounts: a coupon multiplies their hazard by the strength. "
            "Frequent buyers (sure things) and seldom buyers without discounts (lost causes) do not react.",
            ("share of discounted purchases low", "purchase frequency middling"),
            "uplift",
        ),
        Cause(
            "promotion",
            ("demand",),
            causes.promotion_elasticity,
            "A known promotion with price cut s multiplies the item's own demand by exp(strength * s).",
            ("price_discount in the side table promotions",),
            "demand: promotion_factor",
        ),
        Cause(
            "calendar",
            ("demand", "purchase"),
            causes.weekly_strength,
            "Demand follows the weekday (Saturday highest; the strength is the largest departure from the "
            "mean) and grows by trend_per_year; each item drifts on its own.",
            ("weekday", "time"),
            "demand: level; items: drift",
        ),
        Cause(
            "stock_out",
            ("demand",),
            0.0,
            "An item out of stock cannot be bought: observed units are the strength (none); demand goes on.",
            ("side table stockouts",),
            "demand: available, expected_units",
        ),
    )
