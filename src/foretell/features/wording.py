"""What a declared feature is called in front of people when nobody wrote it: English and Chinese.

This module owns the making of those phrases out of a declaration, and the words of actions, columns and windows that
they share with the default features. It refuses the features that no ``Feature`` declares (``phrases``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from foretell.core import columns
from foretell.features.definition import Feature, Language

__all__ = ["ACTION_WORDS", "made_words", "span_of"]

ACTION_WORDS: Final = {
    columns.CLICK: ("clicks", "点击次数"),
    columns.VIEW: ("product views", "浏览次数"),
    columns.SEARCH: ("searches", "搜索次数"),
    columns.CART: ("additions to the cart", "加入购物车次数"),
    columns.UNCART: ("removals from the cart", "移出购物车次数"),
    columns.FAVOURITE: ("favourites", "收藏次数"),
    columns.PURCHASE: ("products bought", "购买商品数"),
    columns.REFUND: ("refunds", "退款次数"),
    columns.REVIEW: ("reviews", "评价次数"),
    columns.COUPON_SENT: ("coupons received", "收到优惠券次数"),
    columns.COUPON_REDEEMED: ("coupons redeemed", "使用优惠券次数"),
}
"""How often each action was done, as a noun phrase."""

_COLUMNS: Final = {
    columns.VALUE: ("money", "金额"),
    columns.QUANTITY: ("units", "件数"),
    columns.PRICE: ("price", "价格"),
    columns.DISCOUNT: ("discount", "优惠金额"),
    columns.RATING: ("rating", "评分"),
    columns.ITEM_ID: ("items", "商品"),
    columns.CATEGORY: ("categories", "品类"),
    columns.CATEGORY_2: ("subcategories", "子品类"),
    columns.CATEGORY_3: ("subcategories of the third level", "三级品类"),
    columns.BRAND: ("brands", "品牌"),
    columns.STORE_ID: ("stores", "门店"),
    columns.QUERY: ("search terms", "搜索词"),
    columns.ORDER_ID: ("orders", "订单"),
    columns.CAMPAIGN_ID: ("campaigns", "活动"),
    columns.CHANNEL: ("channels", "渠道"),
}
_DAYS: Final = {
    "mon": ("Mondays", "周一"),
    "tue": ("Tuesdays", "周二"),
    "wed": ("Wednesdays", "周三"),
    "thu": ("Thursdays", "周四"),
    "fri": ("Fridays", "周五"),
    "sat": ("Saturdays", "周六"),
    "sun": ("Sundays", "周日"),
}
# a: the events, c: the column, s: the span, n: how many. A phrase of Chinese begins with its span.
_PHRASES: Final = {
    "count": ("{a} {s}", "{s}{a}次数"),
    "sum": ("total {c} of {a} {s}", "{s}{a}{c}合计"),
    "mean": ("average {c} of {a} {s}", "{s}{a}平均{c}"),
    "min": ("lowest {c} of {a} {s}", "{s}{a}最低{c}"),
    "max": ("highest {c} of {a} {s}", "{s}{a}最高{c}"),
    "last": ("latest {c} of {a} {s}", "{s}{a}最近一次{c}"),
    "trend": (
        "change of {c}{a} {s} against as long before (-1 stopped, 0 steady, 1 new)",
        "{s}{a}{c}较前期变化",
    ),
    "count_share": ("share of {a} {s}", "{s}{a}次数占比"),
    "value_share": ("share of {c} of {a} {s}", "{s}{a}{c}占比"),
    "distinct": ("different {c} among {a} {s}", "{s}{a}{c}种数"),
    "entropy_bits": ("variety of {c} among {a} {s} (bits)", "{s}{a}{c}多样性(比特)"),
    "top_share": ("share of {a} {s} on the {n}commonest {c}", "{s}{a}最常见{n}{c}占比"),
    "price_level": ("prices of {a} {s} over the usual price", "{s}{a}价格与通常价格之比"),
    "active_days": ("days with {a} {s}", "{s}有{a}的天数"),
    "gap_mean_days": ("average days between days with {a} {s}", "{s}{a}平均间隔天数"),
    "gap_std_days": ("spread of the days between days with {a} {s}", "{s}{a}间隔标准差天数"),
    "gap_irregularity": (
        "irregularity of the days between days with {a} {s} (spread over average)",
        "{s}{a}间隔不规律程度",
    ),
    "recency_days": ("days since the last of the {a}", "距上次{a}天数"),
    "tenure_days": ("days since the first of the {a}", "首次{a}至今天数"),
    "order_count": ("orders {s}", "{s}订单数"),
    "order_recency_days": ("days since the last order {s}", "{s}距上次下单天数"),
    "second_order_recency_days": ("days since the order before the last {s}", "{s}距倒数第二次下单天数"),
    "order_gap_mean_days": ("average days between orders {s}", "{s}平均下单间隔天数"),
    "order_gap_std_days": ("spread of the days between orders {s}", "{s}下单间隔标准差天数"),
    "weekend_order_share": ("share of orders on weekends {s}", "{s}周末订单占比"),
    "evening_order_share": ("share of orders from 18 to 23 h {s}", "{s}晚间订单占比"),
    "order_hour_mode": ("usual hour of ordering {s}", "{s}常用下单时刻"),
    "year_sine": ("time of the year (winter to summer)", "时节(正弦)"),
    "year_cosine": ("time of the year (spring to autumn)", "时节(余弦)"),
    "days_to_christmas": ("days until Christmas", "距圣诞节天数"),
    "month_day": ("day of the month", "当月第几天"),
}
_COMBINED: Final = {
    "ratio": ("{x} over {y}", "{x}与{y}之比"),
    "share": ("{x} as a share of that and {y}", "{x}占其与{y}之和的比例"),
    "contrast": ("{x} against {y} (-1 to 1)", "{x}相对{y}的变化"),
    "difference": ("{x} less {y}", "{x}减{y}"),
    "product": ("{x} times {y}", "{x}乘{y}"),
    "total": ("{x} and {y} together", "{x}加{y}"),
    "log_ratio": ("{x} over {y} (logarithm)", "{x}与{y}之比(对数)"),
}


def span_of(window_days: int | None, skip_days: int = 0) -> tuple[str, str, str]:
    """A window as the end of a name, in English and in Chinese.

    Example:
        >>> span_of(28), span_of(28, 28)[1]
        (('28_days', 'in the last 28 days', '最近28天'), '29 to 56 days ago')
    """
    if window_days is None:
        return ("all_time", "so far", "累计") if not skip_days else (
            f"until_{skip_days}_days_ago", f"until {skip_days} days ago", f"截至{skip_days}天前"
        )  # fmt: skip
    if skip_days:
        first, last = skip_days + 1, skip_days + window_days
        return f"{first}_to_{last}_days", f"{first} to {last} days ago", f"{first}至{last}天前"
    if window_days == 1:
        return "1_day", "in the last day", "最近1天"
    return f"{window_days}_days", f"in the last {window_days} days", f"最近{window_days}天"


def made_words(feature: Feature, *, earlier: Mapping[str, Feature]) -> tuple[str, str]:
    """A noun phrase in English and in Chinese, said from the declaration itself.

    Args:
        feature: The declaration.
        earlier: The features that a combination may be of, by name.

    Example:
        >>> feature = Feature(name="late", aggregate="count", actions=("view",), hours=(22, 6), window_days=28)
        >>> made_words(feature, earlier={})
        ('product views from 22 to 6 h in the last 28 days', '最近28天22至6时浏览次数')
    """
    return _words(feature, earlier, "en"), _words(feature, earlier, "zh")


def _words(feature: Feature, earlier: Mapping[str, Feature], language: Language) -> str:
    zh = language == "zh"
    if feature.aggregate in _COMBINED:
        x, y = (earlier[name].words(language) if name in earlier else name for name in feature.of)
        return _COMBINED[feature.aggregate][zh].format(x=x, y=y)
    span = span_of(feature.window_days, feature.skip_days)[1 + zh]
    if feature.window_days is None and not feature.skip_days and feature.aggregate.startswith(("order_", "second_")):
        span = ""
    text = _PHRASES[feature.aggregate][zh].format(
        a=_events(feature, zh), c=_column(feature, zh), s=span, n=_number(feature.top, zh)
    )
    return " ".join(text.split()).removesuffix(" ")


def _number(top: int, zh: bool) -> str:
    return "" if top == 1 else f"{top}种" if zh else f"{top} "


def _column(feature: Feature, zh: bool) -> str:
    column = feature.column or {"sum": columns.VALUE, "value_share": columns.VALUE, "mean": columns.VALUE}.get(
        feature.aggregate, columns.CATEGORY if feature.aggregate in ("entropy_bits", "top_share") else ""
    )
    if feature.aggregate == "distinct" and not column:
        column = columns.ITEM_ID
    if not column:
        return ""
    word = _COLUMNS.get(column, (column.replace("_", " "), column))[zh]
    return f"{word} of " if feature.aggregate == "trend" and not zh else word


def _events(feature: Feature, zh: bool) -> str:
    """The actions with what must hold of them."""
    said = [ACTION_WORDS.get(name, (f"{name.replace('_', ' ')} events", f"{name}次数"))[zh] for name in feature.actions]
    if zh:
        said = [word.removesuffix("次数").removesuffix("商品数") for word in said]
    noun = ("、" if zh else " and ").join(said) or ("活动" if zh else "activities")
    conditions = _conditions(feature, zh)
    return "".join([*conditions, noun]) if zh else " ".join([noun, *conditions])


def _conditions(feature: Feature, zh: bool) -> list[str]:
    found = []
    where = (
        dict(feature.where) if feature.category is None else {columns.CATEGORY: (feature.category,), **feature.where}
    )
    for column, values in where.items():
        named = ("、" if zh else " or ").join(values)
        plain = {columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3}
        found.append(named if zh else f"of {named}" if column in plain else f"with {column.replace('_', ' ')} {named}")
    if feature.weekdays:
        days = [_DAYS[day][zh] for day in feature.weekdays]
        weekend = set(feature.weekdays) == {"sat", "sun"}
        joined = ("周末" if zh else "weekends") if weekend else ("、" if zh else " and ").join(days)
        found.append(joined if zh else f"on {joined}")
    if feature.hours:
        first, until = feature.hours
        found.append(f"{first}至{until}时" if zh else f"from {first} to {until} h")
    if feature.query_bucket is not None:
        group = f"{feature.query_bucket + 1}/{feature.query_buckets}"
        found.append(f"含第{group}组词的" if zh else f"with words of group {group}")
    return found
