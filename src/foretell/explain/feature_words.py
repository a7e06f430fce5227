"""A feature with its value, in plain words: "no order for 34 days (usual gap 6 days)".

This module owns those phrases, in English and Chinese; the nouns come from the features' own declarations. It
refuses to say what a feature was worth.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from foretell.explain.contributions import SEQUENCE
from foretell.explain.families import UNDEFINED_HABITS, family_of
from foretell.explain.speech import Speech

__all__ = ["FeatureTalk"]

_OVERDUE: Final = 1.5
"""From how many usual gaps on an order counts as overdue in words."""


@dataclass(frozen=True)
class FeatureTalk:
    """Says features.

    Attributes:
        speech: The language.
        values: Feature to value, NaN where it is not defined.
        nouns: Gives the noun phrase of a feature in this language.
        offer: Words for codes only the question knows: ``placement``, ``campaign``, ``category``,
            ``category_2``.
    """

    speech: Speech
    values: Mapping[str, float]
    nouns: Callable[[str], str]
    offer: Mapping[str, str]

    def words(self, name: str, *, effect: float) -> str:
        """The feature ``name`` as a phrase; ``effect`` tells the direction where words depend on it."""
        if name == SEQUENCE:
            return self._sequence(effect)
        family = family_of(name, is_undefined=self.value(name) is None)
        if family in self.offer:
            return self.offer[family]
        if family in _FAMILY_WORDS:
            told = _FAMILY_WORDS[family](self, name)
            if told is not None:
                return told
        return self.plain(name)

    def value(self, name: str) -> float | None:
        """A feature's value, None where it is not defined or not there."""
        value = self.values.get(name)
        return None if value is None or value != value else value

    def plain(self, name: str) -> str:
        """Any feature: its noun phrase and its value in the form that suits it."""
        noun, value, speech = self.nouns(name), self.value(name), self.speech
        if value is None:
            return speech.either(f"{noun}: nothing to go by", f"{noun}：无")
        if name.endswith("_recency_days") and (last := re.fullmatch(r"days since the last of the (.+)", noun)):
            return f"last {speech.singular(last[1])} {speech.ago(value)}"
        if re.search(r"(_count_|^distinct_|^active_days|_quantity_)", name):
            return speech.either(speech.counted(value, noun), f"{noun}为{speech.number(value)}")
        if re.search(r"(_share_|_share$)", name) and abs(value) <= 1:
            return speech.either(
                f"{speech.percent(value)} {noun.removeprefix('share ')}", f"{noun}为{speech.percent(value)}"
            )
        if re.search(r"^purchase_(value|discount)_", name):
            spent = f"{speech.money(value)} {noun.removeprefix('money ')}"
            nothing = f"nothing {noun.removeprefix('money ')}"
            return speech.either(spent if value else nothing, f"{noun}为{speech.money(value)}")
        if name.endswith("_days") and noun.startswith("days "):
            return f"{speech.days(value)} {noun.removeprefix('days ')}"
        if "_value_mean" in name or "price_mean" in name:
            return speech.either(f"{noun}: {speech.money(value)}", f"{noun}为{speech.money(value)}")
        return speech.either(f"{noun}: {speech.number(value)}", f"{noun}为{speech.number(value)}")

    def _sequence(self, effect: float) -> str:
        if "item_order_count_all_time" in self.values:
            towards = effect > 0
            return self.speech.either(
                f"what this customer did lately points {'towards' if towards else 'away from'} this item",
                f"该客户近期的行为{'指向' if towards else '偏离'}该商品",
            )
        return self.speech.either(
            "the order and timing of the events, as the sequence model reads them", "序列模型所读到的行为先后与节奏"
        )


def _rhythm(talk: FeatureTalk, name: str) -> str | None:
    speech = talk.speech
    recency, gap = talk.value("order_recency_days"), talk.value("order_gap_mean_days")
    if recency is None:
        return speech.either("no order so far", "至今没有下过单")
    if gap is None:
        return speech.either(
            f"only one order so far, {speech.ago(recency)}", f"至今只下过一单，在{speech.ago(recency)}"
        )
    usual = "" if gap < 1 else speech.either(f" (usual gap {speech.days(gap)})", f"（平时间隔{speech.days(gap)}）")
    last_gap, spread = talk.value("order_last_gap_days"), talk.value("order_gap_std_days")
    if name == "order_last_gap_days" and last_gap is not None:
        return speech.either("the last two orders {} apart", "最近两次下单相隔{}").format(speech.days(last_gap)) + usual
    if name in ("order_gap_std_days", "order_gap_variation_ratio", "order_gap_mean_days") and spread is not None:
        return speech.either(
            f"an order every {speech.days(gap).removeprefix('1 ')}, give or take {speech.days(spread)}",
            f"平均每{speech.days(gap)}下一单，波动约{speech.days(spread)}",
        )
    if recency > _OVERDUE * gap:
        return speech.either("no order for {}", "已{}没有下单").format(speech.days(recency)) + usual
    return speech.either(f"last order {speech.ago(recency)}", f"上次下单在{speech.ago(recency)}") + usual


def _no_habits(talk: FeatureTalk, name: str) -> str | None:
    window = re.search(r"_(\d+)_days$", name)
    if window is None:
        return None
    return talk.speech.either(
        f"no order in the last {window[1]} days to tell habits from", f"最近{window[1]}天没有订单，看不出购买习惯"
    )


def _spending(talk: FeatureTalk, name: str) -> str | None:
    speech = talk.speech
    now, before = talk.value("purchase_value_28_days"), talk.value("purchase_value_29_to_56_days")
    if name in ("spend_trend_28_days", "purchase_value_29_to_56_days") and now is not None and before is not None:
        if not now and not before:
            return speech.either("nothing spent in the last 56 days", "最近56天没有消费")
        if speech.is_chinese:
            lately, earlier = (f"消费{speech.money(amount)}" if amount else "没有消费" for amount in (now, before))
            return f"最近28天{lately}，此前28天{earlier}"
        lately, earlier = (speech.money(amount) if amount else "nothing" for amount in (now, before))
        return f"{lately} spent in the last 28 days, after {earlier} in the 28 days before"
    share = talk.value("spend_share_7_of_28_days")
    if name == "spend_share_7_of_28_days" and share is not None:
        return speech.either(
            f"{speech.percent(share)} of the last 28 days' spending fell in the last 7",
            f"近28天消费的{speech.percent(share)}发生在近7天",
        )
    return None


def _item(talk: FeatureTalk, name: str) -> str | None:
    speech = talk.speech
    n, acted = talk.value("item_order_count_all_time") or 0, talk.value("item_action_count_all_time") or 0
    recency, gap = talk.value("item_order_recency_days"), talk.value("item_gap_mean_days")
    if not n or recency is None:
        if not acted:
            return speech.either("never bought or looked at by this customer", "该客户从未购买或浏览过该商品")
        return speech.either(
            f"looked at or picked {speech.times(acted)}, never bought", f"浏览或挑选过{speech.times(acted)}，从未购买"
        )
    told = speech.either(
        f"bought {speech.times(n)}, last {speech.ago(recency)}", f"买过{speech.times(n)}，上次在{speech.ago(recency)}"
    )
    if n == 1:
        told = speech.either(f"bought once, {speech.ago(recency)}", f"买过1次，在{speech.ago(recency)}")
    if gap is not None:
        told += speech.either(f", usual gap {speech.days(gap)}", f"，平时间隔{speech.days(gap)}")
    share = talk.value("item_order_share")
    if name == "item_order_share" and share is not None:
        told += speech.either(f", in {speech.percent(share)} of the orders", f"，占订单的{speech.percent(share)}")
    return told


def _item_category(talk: FeatureTalk, name: str) -> str | None:
    speech = talk.speech
    level = "category_2" if name.startswith("category_2") else "category"
    kind = talk.offer.get(f"name of {level}") or speech.either("its category", "其品类")
    n, recency = talk.value(f"{level}_order_count_all_time") or 0, talk.value(f"{level}_order_recency_days")
    if not n or recency is None:
        return speech.either(f"nothing bought from {kind} so far", f"至今未购买过{kind}")
    return speech.either(
        f"{kind} bought {speech.times(n)}, last {speech.ago(recency)}",
        f"{kind}买过{speech.times(n)}，上次在{speech.ago(recency)}",
    )


def _season(talk: FeatureTalk, name: str) -> str | None:
    if not name.startswith(("year_", "week_year")):
        return None
    return talk.speech.either("the time of the year", "时节")


def _tenure(talk: FeatureTalk, name: str) -> str | None:
    days = talk.value(name)
    if days is None:
        return None
    return talk.speech.either(f"first seen {talk.speech.ago(days)}", f"首次出现在{talk.speech.ago(days)}")


def _activity(talk: FeatureTalk, name: str) -> str | None:
    days = talk.value(name)
    if name != "activity_recency_days" or days is None:
        return None
    return talk.speech.either(f"last seen {talk.speech.ago(days)}", f"上次活动在{talk.speech.ago(days)}")


def _hour(talk: FeatureTalk, name: str) -> str | None:
    hour = talk.value(name)
    if not name.startswith("order_hour_mode") or hour is None:
        return None
    return talk.speech.either(f"orders usually around {hour:.0f} h UTC", f"通常在{hour:.0f}时（UTC）前后下单")


def _repeat(talk: FeatureTalk, name: str) -> str | None:
    share = talk.value(name)
    if share is None:
        return None
    return talk.speech.either(
        f"{talk.speech.percent(share)} of this item's buyers bought it again",
        f"该商品复购率{talk.speech.percent(share)}",
    )


_FAMILY_WORDS: Final[Mapping[str, Callable[[FeatureTalk, str], str | None]]] = {
    UNDEFINED_HABITS: _no_habits,
    "rhythm": _rhythm,
    "spending": _spending,
    "item": _item,
    "item category": _item_category,
    "season": _season,
    "tenure_days": _tenure,
    "activity": _activity,
    "habits": _hour,
    "shop_repeat_share": _repeat,
}
