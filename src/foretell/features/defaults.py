"""The features every shop gets, declared from the actions and categories its log has.

This module owns the choice of features, their names and their words in English and Chinese. It refuses to
compute them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from foretell.core import columns
from foretell.features.declaration import slug
from foretell.features.definition import SHOP_ACTIONS, Feature
from foretell.features.wording import ACTION_WORDS, span_of

__all__ = ["WINDOWS_DAYS", "default_features"]

WINDOWS_DAYS: Final = (1, 7, 28, 91)

_COLUMN_WORDS: Final = {
    columns.VALUE: ("money spent", "消费金额"),
    columns.QUANTITY: ("units bought", "购买件数"),
    columns.DISCOUNT: ("money saved by discounts", "优惠金额"),
}
_COUPONS: Final = (columns.COUPON_SENT, columns.COUPON_REDEEMED)


def default_features(actions_present: Iterable[str], *, categories: Sequence[str] = ()) -> tuple[Feature, ...]:
    """The features for a shop whose log has these actions and whose largest categories are these.

    Example:
        >>> features = default_features(["purchase", "view"], categories=["DELI"])
        >>> [feature.name for feature in features][:2], features[0].words()
        (['purchase_count_1_day', 'purchase_count_7_days'], 'products bought in the last day')
    """
    present = set(actions_present) - set(columns.PASSIVE_ACTIONS)
    known: tuple[str, ...] = columns.ACTIONS
    actions = [action for action in known if action in present]
    actions += sorted(present - set(known))
    # Purchases first: the features a reader looks for lead the table.
    actions.sort(key=lambda action: action != columns.PURCHASE)
    return tuple(_all_features(actions, categories))


def _all_features(actions: Sequence[str], categories: Sequence[str]) -> Iterator[Feature]:
    for action in actions:
        yield from _counts(action)
    own = [action for action in actions if action not in SHOP_ACTIONS]
    yield from _activity(own)
    if columns.PURCHASE in actions:
        yield from _money()
        yield from _rhythm()
        yield from _discounts_and_trends()
        yield from _habits()
        yield from _category_shares(categories)
    yield from _variety(columns.PURCHASE if columns.PURCHASE in actions else None)
    if set(_COUPONS) <= set(actions):
        yield from _coupon_rates()
    if columns.REVIEW in actions:
        for window_days in (28, None):  # lately, too: a bad experience drives people away soon or not at all
            span, when, when_chinese = span_of(window_days)
            yield Feature(
                name=f"review_rating_mean_{span}", aggregate="mean",
                actions=(columns.REVIEW,), column=columns.RATING, window_days=window_days,
                english=f"average rating given {when}", chinese=f"{when_chinese}平均评分",
            )  # fmt: skip
    if columns.SEARCH in actions:
        yield Feature(
            name="distinct_queries_28_days", aggregate="distinct",
            actions=(columns.SEARCH,), column=columns.QUERY,
            window_days=28, english="different searches in the last 28 days", chinese="最近28天不同搜索词数",
        )  # fmt: skip
    yield from _calendar()


def _counts(action: str) -> Iterator[Feature]:
    english, chinese = ACTION_WORDS.get(action, (f"{action.replace('_', ' ')} events", f"{action}次数"))
    word = slug(action)
    for days in (28, 91, None) if action in _COUPONS else WINDOWS_DAYS:
        ending, when, when_chinese = span_of(days)
        yield Feature(
            name=f"{word}_count_{ending}", aggregate="count", actions=(action,), window_days=days,
            english=f"{english} {when}", chinese=f"{when_chinese}{chinese}",
        )  # fmt: skip
    if action != columns.PURCHASE:
        verb, verb_chinese = english, chinese.removesuffix("次数")
        yield Feature(
            name=f"{word}_recency_days", aggregate="recency_days", actions=(action,),
            english=f"days since the last of the {verb}", chinese=f"距上次{verb_chinese}天数",
        )  # fmt: skip


def _money() -> Iterator[Feature]:
    for column, (english, chinese) in _COLUMN_WORDS.items():
        for days in (*WINDOWS_DAYS, None) if column == columns.VALUE else WINDOWS_DAYS:
            ending, when, when_chinese = span_of(days)
            yield Feature(
                name=f"purchase_{column}_{ending}", aggregate="sum", actions=(columns.PURCHASE,),
                column=column, window_days=days,
                english=f"{english} {when}", chinese=f"{when_chinese}{chinese}",
            )  # fmt: skip
    for days in (*WINDOWS_DAYS, None):
        ending, when, when_chinese = span_of(days)
        yield Feature(
            name=f"order_count_{ending}", aggregate="order_count", window_days=days,
            english=f"orders {when}", chinese=f"{when_chinese}订单数",
        )  # fmt: skip
    for days in (28, 91):
        ending, when, when_chinese = span_of(days)
        yield Feature(
            name=f"order_value_mean_{ending}", aggregate="ratio",
            of=(f"purchase_value_{ending}", f"order_count_{ending}"),
            english=f"average order value {when}", chinese=f"{when_chinese}平均订单金额",
        )  # fmt: skip
        yield Feature(
            name=f"order_size_mean_{ending}", aggregate="ratio",
            of=(f"purchase_count_{ending}", f"order_count_{ending}"),
            english=f"average products per order {when}", chinese=f"{when_chinese}平均每单商品数",
        )  # fmt: skip


def _activity(own: Sequence[str]) -> Iterator[Feature]:
    yield Feature(name="activity_recency_days", aggregate="recency_days",
                  english="days since the last activity", chinese="距上次活动天数")  # fmt: skip
    yield Feature(name="tenure_days", aggregate="tenure_days",
                  english="days since the first activity", chinese="首次活动至今天数")  # fmt: skip
    for days in (28, 91):
        ending, when, when_chinese = span_of(days)
        yield Feature(name=f"active_days_{ending}", aggregate="active_days", window_days=days,
                      english=f"days with activity {when}", chinese=f"{when_chinese}活跃天数")  # fmt: skip
    if len(own) > 1:
        for days in WINDOWS_DAYS:
            ending, when, when_chinese = span_of(days)
            yield Feature(name=f"activity_count_{ending}", aggregate="count", window_days=days,
                          english=f"activities {when}", chinese=f"{when_chinese}活动次数")  # fmt: skip


def _rhythm() -> Iterator[Feature]:
    for name, english, chinese in (
        ("order_recency_days", "days since the last order", "距上次下单天数"),
        ("second_order_recency_days", "days since the order before the last", "距倒数第二次下单天数"),
        ("order_gap_mean_days", "average days between orders", "平均下单间隔天数"),
        ("order_gap_std_days", "spread of the days between orders", "下单间隔标准差天数"),
    ):
        yield Feature(name=name, aggregate=name, english=english, chinese=chinese)
    yield Feature(
        name="order_gap_variation_ratio", aggregate="ratio", of=("order_gap_std_days", "order_gap_mean_days"),
        english="irregularity of the days between orders (spread over average)", chinese="下单间隔不规律程度",
    )  # fmt: skip
    yield Feature(
        name="order_overdue_ratio", aggregate="ratio", of=("order_recency_days", "order_gap_mean_days"),
        english="days since the last order over the usual gap", chinese="距上次下单天数与平均间隔之比",
    )  # fmt: skip
    yield Feature(
        name="order_last_gap_days", aggregate="difference",
        of=("second_order_recency_days", "order_recency_days"),
        english="days between the last two orders", chinese="最近两次下单间隔天数",
    )  # fmt: skip


def _discounts_and_trends() -> Iterator[Feature]:
    for days in (28, 91):
        ending, when, when_chinese = span_of(days)
        yield Feature(
            name=f"discount_share_{ending}", aggregate="share",
            of=(f"purchase_discount_{ending}", f"purchase_value_{ending}"),
            english=f"share of the price saved by discounts {when}", chinese=f"{when_chinese}优惠占比",
        )  # fmt: skip
    yield Feature(
        name="purchase_value_29_to_56_days", aggregate="sum",
        actions=(columns.PURCHASE,), column=columns.VALUE,
        window_days=28, skip_days=28, english="money spent 29 to 56 days ago", chinese="29至56天前消费金额",
    )  # fmt: skip
    yield Feature(
        name="spend_trend_28_days", aggregate="contrast",
        of=("purchase_value_28_days", "purchase_value_29_to_56_days"),
        english="change of spending against the 28 days before (-1 stopped, 0 steady, 1 new)",
        chinese="消费较前28天变化",
    )  # fmt: skip
    yield Feature(
        name="spend_share_7_of_28_days", aggregate="ratio",
        of=("purchase_value_7_days", "purchase_value_28_days"),
        english="share of the last 28 days' spending that fell in the last 7",
        chinese="近7天消费占近28天比例",
    )  # fmt: skip


def _habits() -> Iterator[Feature]:
    for name, aggregate, english, chinese in (
        ("weekend_order_share_91_days", "weekend_order_share", "share of orders on weekends", "周末订单占比"),
        (
            "evening_order_share_91_days",
            "evening_order_share",
            "share of orders from 18 to 23 h",
            "晚间订单占比",
        ),
        ("order_hour_mode_91_days", "order_hour_mode", "usual hour of ordering", "常用下单时刻"),
    ):
        yield Feature(name=name, aggregate=aggregate, window_days=91,
                      english=f"{english} in the last 91 days", chinese=f"最近91天{chinese}")  # fmt: skip


def _category_shares(categories: Sequence[str]) -> Iterator[Feature]:
    taken: set[str] = set()
    for category in categories:
        word = slug(category)
        while word in taken:
            word += "_again"
        taken.add(word)
        yield Feature(
            name=f"category_{word}_value_share_91_days", aggregate="value_share", actions=(columns.PURCHASE,),
            column=columns.VALUE, window_days=91, category=category,
            english=f"share of spending on {category} in the last 91 days",
            chinese=f"最近91天{category}消费占比",
        )  # fmt: skip


def _variety(action: str | None) -> Iterator[Feature]:
    done, done_chinese = ("bought", "购买") if action else ("looked at", "浏览")
    for days in (28, 91):
        ending, when, when_chinese = span_of(days)
        for column, noun, noun_chinese in (
            (columns.ITEM_ID, "items", "商品"),
            (columns.CATEGORY, "categories", "品类"),
        ):
            yield Feature(
                name=f"distinct_{noun}_{ending}", aggregate="distinct", actions=(action,) if action else (),
                column=column, window_days=days,
                english=f"different {noun} {done} {when}",
                chinese=f"{when_chinese}{done_chinese}{noun_chinese}种数",
            )  # fmt: skip


def _coupon_rates() -> Iterator[Feature]:
    for days in (28, 91, None):
        ending, when, when_chinese = span_of(days)
        yield Feature(
            name=f"coupon_redemption_ratio_{ending}", aggregate="ratio",
            of=(f"coupon_redeemed_count_{ending}", f"coupon_sent_count_{ending}"),
            english=f"coupons redeemed per coupon received {when}", chinese=f"{when_chinese}优惠券使用率",
        )  # fmt: skip


def _calendar() -> Iterator[Feature]:
    for name, english, chinese in (
        ("year_sine", "time of the year (winter to summer)", "时节(正弦)"),
        ("year_cosine", "time of the year (spring to autumn)", "时节(余弦)"),
        ("days_to_christmas", "days until Christmas", "距圣诞节天数"),
        ("month_day", "day of the month", "当月第几天"),
    ):
        yield Feature(name=name, aggregate=name, english=english, chinese=chinese)
