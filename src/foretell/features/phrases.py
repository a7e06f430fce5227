"""What the features of items, of pairs and of demand are called in front of people.

This module owns the noun phrases, in English and Chinese, of the features that no ``Feature`` declares. It
refuses to explain predictions (``explain``).
"""

from __future__ import annotations

import re
from typing import Final

from foretell.features.definition import Language

__all__ = ["phrase"]

_PLACES: Final = {
    "item": ("this item", "该商品"),
    "category": ("this item's category", "该商品品类"),
    "category_2": ("this item's subcategory", "该商品子品类"),
    "shop": ("the whole shop", "全店"),
}
_HOLIDAYS: Final = {
    "new_year": ("New Year", "元旦"),
    "easter": ("Easter", "复活节"),
    "thanksgiving": ("Thanksgiving", "感恩节"),
    "christmas": ("Christmas", "圣诞节"),
}
_OWNERS: Final = {"": ("", ""), "category_": (" of the category", "品类"), "shop_": (" of the shop", "全店")}
_NEIGHBOURS: Final = {
    "same": ("the same week", "同周"),
    "before": ("the week before the same one", "同周的前一周"),
    "after": ("the week after the same one", "同周的后一周"),
}
_PATTERNS: Final[tuple[tuple[str, str, str], ...]] = (
    # A user with an item, or with its category.
    (r"item_action_count_(?P<span>.+)", "actions on this item {span}", "{span}对该商品的行为次数"),
    (r"item_action_recency_days", "days since the last action on this item", "距上次对该商品行为天数"),
    (r"(?P<place>item|category_2|category)_order_count_(?P<span>.+)", "orders from {place} {span}",
     "{span}含{place}的订单数"),
    (r"(?P<place>item|category_2|category)_order_recency_days", "days since {place} was last bought",
     "距上次购买{place}天数"),
    (r"item_orders_since_count", "orders since this item was last bought", "上次购买该商品后的订单数"),
    (r"item_gap_mean_days", "average days between purchases of this item", "购买该商品的平均间隔天数"),
    (r"(?P<place>item|category_2|category)_overdue_ratio",
     "days since {place} was last bought over the usual gap",
     "距上次购买{place}与平均间隔之比"),
    (r"item_order_share", "share of the customer's orders with this item", "含该商品的订单占比"),
    # An item in the shop.
    (r"shop_action_count_(?P<span>.+)", "actions of all customers on this item {span}",
     "{span}全店对该商品的行为次数"),
    (r"shop_purchase_count_(?P<span>.+)", "purchases of this item by all customers {span}",
     "{span}全店购买该商品次数"),
    (r"shop_unit_count_(?P<span>.+)", "units of this item sold {span}", "{span}该商品销量"),
    (r"shop_buyer_count_(?P<span>.+)", "different buyers of this item {span}", "{span}该商品购买人数"),
    (r"shop_order_count_(?P<span>.+)", "shopping days with this item {span}", "{span}含该商品的购物日数"),
    (r"shop_trend_ratio", "recent sales of this item over its usual sales", "该商品近期销量与平时之比"),
    (r"shop_repeat_share", "share of buyers who bought this item again", "该商品复购率"),
    (r"shop_gap_mean_days", "average days until this item is bought again", "该商品平均复购间隔天数"),
    (r"shop_age_days", "days since this item was first seen", "该商品上架天数"),
    (r"shop_price_mean", "average price of this item", "该商品平均价格"),
    (r"shop_discount_share", "share of this item's purchases on discount", "该商品折扣购买占比"),
    # Demand.
    (r"units_week_(?P<number>\d+)", "units sold {number} weeks ago", "前第{number}周销量"),
    (r"units_mean_(?P<number>\d+)_weeks", "average weekly units over {number} weeks",
     "近{number}周平均周销量"),
    (r"units_std_(?P<number>\d+)_weeks", "spread of weekly units over {number} weeks",
     "近{number}周销量波动"),
    (r"units_zero_share_(?P<number>\d+)_weeks", "share of the last {number} weeks without a sale",
     "近{number}周零销量占比"),
    (r"units_trend_(?P<number>\d+)_weeks", "change of units over {number} weeks", "近{number}周销量变化"),
    (r"units_last_week_ratio", "last week's units over the average", "上周销量与平均之比"),
    (r"units_same_week_last_year", "units in the same week last year", "去年同周销量"),
    (r"first_sale_age_weeks", "weeks since the first sale", "首次售出至今周数"),
    (r"last_sale_age_weeks", "weeks since the last sale", "距上次售出周数"),
    (r"price_mean_(?P<number>\d+)_weeks", "average price over {number} weeks", "近{number}周平均价格"),
    (r"price_change_ratio", "recent price over the usual price", "近期价格与平时之比"),
    (r"discounted_share_(?P<number>\d+)_weeks", "share sold on discount over {number} weeks",
     "近{number}周折扣销售占比"),
    (r"category_units_week_(?P<number>\d+)_ratio", "units of the category {number} weeks ago over its usual week",
     "品类前第{number}周销量与平时之比"),
    (r"units_level", "usual units in a week", "平时周销量"),
    (r"(?P<owner>category_|shop_|)units_growth_since_last_year", "usual weekly units{owner} now over those a year ago",
     "{owner}平时周销量与一年前之比"),
    (r"(?P<owner>category_|shop_|)units_week_(?P<neighbour>same|before|after)_last_year_ratio",
     "units{owner} in {neighbour} last year over a usual week then", "去年{neighbour}{owner}销量与当时平时之比"),
    (r"category_share_(?P<number>\d+)_weeks", "share of the category's units over {number} weeks",
     "近{number}周占品类销量比例"),
    (r"plain_week_units_mean", "average units in weeks without promotion", "无促销周平均销量"),
    (r"promotion_(?P<column>.+)_week_1", "{column} last week", "上周{column}"),
    (r"promotion_(?P<column>.+)_mean_(?P<number>\d+)_weeks", "average {column} over {number} weeks",
     "近{number}周平均{column}"),
    (r"promotion_(?P<column>.+)_units_mean", "average units in weeks with {column}",
     "有{column}的周平均销量"),
    (r"promotion_(?P<column>.+)_uplift_ratio", "units in weeks with {column} over weeks without promotion",
     "有{column}的周与无促销周销量之比"),
    (r"promotion_(?P<column>.+)_units_slope", "units gained per unit of {column} so far",
     "{column}带来的销量增幅"),
    (r"promotion_(?P<column>.+)_expected_units", "units expected from past response to {column}",
     "按{column}历史反应预期的销量"),
    (r"promotion_(?P<column>.+)", "{column} planned for the week", "该周计划的{column}"),
    (r"week_year_(?:sine|cosine)", "time of the year", "时节"),
    (r"week_has_(?P<holiday>.+)", "the week has {holiday}", "该周含{holiday}"),
    (r"days_to_(?P<holiday>.+)", "days from the week's start to {holiday}", "该周距{holiday}天数"),
    (r"horizon_weeks", "how many weeks ahead", "预测提前周数"),
    (r"position_code", "where it was shown", "展示位置"),
    (r"channel_code", "the channel it was shown in", "展示渠道"),
    (r"campaign_kind_code", "kind of campaign", "活动类型"),
    (r"campaign_duration_days", "length of the campaign in days", "活动天数"),
    (r"sequence_intent", "what customers are expected to want next", "预计顾客接下来的需求"),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(pattern), english, chinese) for pattern, english, chinese in _PATTERNS)


def phrase(name: str, *, language: Language = "en") -> str:
    """The feature ``name`` as a noun phrase; the name in plain words where none was written for it.

    Example:
        >>> phrase("category_2_order_count_28_days"), phrase("units_mean_4_weeks", language="zh")
        ("orders from this item's subcategory in the last 28 days", '近4周平均周销量')
    """
    chinese = language == "zh"
    for pattern, *words in _COMPILED:
        match = pattern.fullmatch(name)
        if match:
            parts = {key: _part(key, text, chinese) for key, text in match.groupdict().items()}
            return words[chinese].format(**parts)
    return name.replace("_", " ")


def _part(key: str, text: str, chinese: bool) -> str:
    if key == "span":
        if text == "all_time":
            return "累计" if chinese else "so far"
        days = text.split("_")[0]
        return f"最近{days}天" if chinese else f"in the last {days} days"
    named = {"place": _PLACES, "holiday": _HOLIDAYS, "owner": _OWNERS, "neighbour": _NEIGHBOURS}.get(key, {})
    return named[text][chinese] if text in named else text.replace("_", " ")
