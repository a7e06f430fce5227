"""Which features say nearly the same, so that only one of them is told.

This module owns the families of features. It refuses words and effects.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from foretell.explain.contributions import SEQUENCE

__all__ = ["UNDEFINED_HABITS", "family_of", "strongest_by_family"]

UNDEFINED_HABITS: Final = "undefined habits"
"""The family of all shares and averages over orders where there were none: they say one thing, its absence."""

_OVER_ORDERS: Final = re.compile(
    r"(order_(value|size)_mean|discount_share|spend_share|(weekend|evening)_order_share|order_hour_mode"
    r"|category_.+_value_share).*"
)
_FAMILIES: Final = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (SEQUENCE, SEQUENCE),
        (r"(order_(recency|gap|overdue|last_gap)|second_order_recency).*", "rhythm"),
        (r"order_(count|size).*|purchase_(count|quantity).*", "frequency"),
        (r"order_value.*|purchase_value.*|spend_.*", "spending"),
        (r"(purchase_)?discount_.*", "discounts"),
        (r"activity_.*|active_days.*", "activity"),
        (r"distinct_(items|categories).*", "variety"),
        (r"coupon_.*", "coupons"),
        (r"(weekend|evening)_order_share.*|order_hour_mode.*", "habits"),
        (r"year_.*|days_to_.*|month_day|week_.*", "season"),
        (r"distinct_queries.*|search_.*", "search"),
        (r"review_.*", "review"),
        (r"category_.+_value_share.*", ""),
        # A customer with an item; an item in the shop; where and by what it is offered.
        (r"item_.*", "item"),
        (r"category(_2)?_(order|overdue).*", "item category"),
        (r"shop_(price|discount|gap|repeat|age).*", ""),
        (r"shop_.*", "item sales"),
        (r"(position|channel)_code", "placement"),
        (r"campaign_.*", "campaign"),
        # Demand.
        (
            r"(units|category_units|shop_units)_(week_(same|before|after)_last_year_ratio|growth_since_last_year)|units_same_week_last_year",
            "last year",
        ),
        (r"units_.*|last_sale_age.*|plain_week_units.*", "units"),
        (r"promotion_.*", "promotion"),
        (r"category_units.*|category_share.*", "category sales"),
        (r"price_.*|discounted_share.*", "price"),
        (r"(\w+)_(count|recency)_.*", r"\1"),
    )
)


def family_of(name: str, *, is_undefined: bool = False) -> str:
    """The family of a feature; one without relatives is its own.

    Args:
        name: The feature.
        is_undefined: Whether it has no value.

    Example:
        >>> family_of("order_count_28_days"), family_of("view_recency_days"), family_of("tenure_days")
        ('frequency', 'view', 'tenure_days')
    """
    if is_undefined and _OVER_ORDERS.fullmatch(name):
        return UNDEFINED_HABITS
    for pattern, family in _FAMILIES:
        match = pattern.fullmatch(name)
        if match:
            return match.expand(family) or name
    return name


def strongest_by_family(
    effects: Mapping[str, float], *, undefined: Collection[str] = ()
) -> dict[str, tuple[str, float]]:
    """The effect of each family and the member that speaks for it.

    The effect is the sum over the family; the speaker is the member that pulled hardest in the sum's direction.

    Args:
        effects: Feature to effect.
        undefined: The features that have no value.

    Example:
        >>> strongest_by_family({"order_count_7_days": 0.01, "order_count_28_days": 0.03, "tenure_days": -0.02})
        {'frequency': ('order_count_28_days', 0.04), 'tenure_days': ('tenure_days', -0.02)}
    """
    members: dict[str, dict[str, float]] = {}
    for name, effect in effects.items():
        members.setdefault(family_of(name, is_undefined=name in undefined), {})[name] = effect
    told: dict[str, tuple[str, float]] = {}
    for family, of_member in members.items():
        total = sum(of_member.values())
        speaker = max(of_member, key=lambda name: of_member[name] * (1 if total >= 0 else -1))
        told[family] = (speaker, total)
    return told
