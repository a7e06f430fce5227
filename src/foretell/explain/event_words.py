"""What happened in a unit of a history, in plain words.

This module owns those phrases, in English and Chinese. It refuses to say what they were worth.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.time import DAY, from_microseconds
from foretell.explain.goods import Goods
from foretell.explain.speech import Speech
from foretell.explain.units import Unit

__all__ = ["Narration"]

_DONE: Final = {
    columns.CLICK: ("click on", "clicks on", "点击了"),
    columns.FAVOURITE: ("favourite", "favourites", "收藏了"),
    columns.UNCART: ("removal from the cart", "removals from the cart", "移出了购物车"),
    columns.COUPON_REDEEMED: ("coupon redeemed", "coupons redeemed", "使用了优惠券"),
}
_MOST_NAMED: Final = 2


@dataclass(frozen=True)
class Narration:
    """Tells units.

    Attributes:
        speech: The language.
        goods: Names of items.
        cutoff: The moment from which "ago" is counted.
        item: The item the question is about, or None.
    """

    speech: Speech
    goods: Goods
    cutoff: int
    item: str | None = None

    def name(self, unit: Unit) -> str:
        """The unit in short: its kind and time."""
        first = from_microseconds(int(unit.events[columns.TIME][0]))
        return f"{self._kind(unit)} {first:%Y-%m-%dT%H:%M}"

    def words(self, unit: Unit) -> str:
        """The unit as a phrase."""
        speech, events = self.speech, unit.events
        if unit.is_earlier:
            return self._earlier(unit)
        ago = speech.ago((self.cutoff - int(events[columns.TIME][-1])) / DAY)
        if self._kind(unit) == "message":
            return self._message(events, ago)
        told = self._searches(events) + self._looks(events) + self._others(events)
        orders = _of(events, columns.PURCHASE)
        if orders.height:
            basket = self._basket(orders) + ([speech.either("after ", "此前") + speech.listed(told)] if told else [])
            return speech.either(f"order {ago}: ", f"{ago}的订单：") + speech.either(", ", "，").join(basket)
        told = self._carts(events) + told if _of(events, columns.CART).height else told
        return speech.either(f"visit {ago}: ", f"{ago}的访问：") + speech.listed(told)

    def _kind(self, unit: Unit) -> str:
        if unit.is_earlier:
            return "earlier"
        actions = set(unit.events[columns.ACTION])
        if columns.PURCHASE in actions:
            return "order"
        return "message" if actions <= set(columns.SHOP_ACTIONS) else "visit"

    def _earlier(self, unit: Unit) -> str:
        day = self.speech.date(int(unit.events[columns.TIME][-1]))
        n_events = unit.events.height
        return self.speech.either(
            f"everything up to {day} ({unit.n_merged:,} orders or visits, {n_events:,} events)",
            f"{day}及以前的全部记录（{unit.n_merged:,}次订单或访问，{n_events:,}条）",
        ) + self._with_item(unit.events)

    def _with_item(self, events: pl.DataFrame) -> str:
        """How often the item in question was in many orders."""
        if self.item is None:
            return ""
        n = _of(events, columns.PURCHASE).filter(pl.col(columns.ITEM_ID) == self.item)[columns.TIME].n_unique()
        if not n:
            return ""
        times = self.speech.times(n)
        return self.speech.either(f", with this item {times}", f"，其中购买该商品{times}")

    def _message(self, events: pl.DataFrame, ago: str) -> str:
        names = events[columns.CAMPAIGN_ID].drop_nulls().unique(maintain_order=True).to_list()
        sent = columns.COUPON_SENT in events[columns.ACTION]
        what, what_chinese = ("coupon", "优惠券") if sent else ("message", "消息")
        campaign = self.speech.listed(names)
        english = f"{what} of campaign {campaign} received {ago}" if names else f"{what} received {ago}"
        return self.speech.either(english, f"{ago}收到{f'活动{campaign}的' if names else ''}{what_chinese}")

    def _basket(self, orders: pl.DataFrame) -> list[str]:
        speech = self.speech
        ordered = orders[columns.ITEM_ID].drop_nulls().unique(maintain_order=True).to_list()
        n = max(len(ordered), 1)
        value = float(orders[columns.VALUE].fill_null(0).sum())
        size = speech.either(speech.counted(n, "products"), f"{n:,}件商品")
        told = [size + speech.either(f" for {speech.money(value)}", f"共{speech.money(value)}") if value else size]
        if self.item is not None and self.item in ordered:
            told.append(speech.either("this item among them" if n > 1 else "this item", "其中有该商品"))
        elif ordered and self.item is None:
            dearest = orders.drop_nulls(columns.ITEM_ID).sort(columns.VALUE, descending=True, nulls_last=True)
            names = list(dict.fromkeys(self.goods.called(i, speech) for i in dearest[columns.ITEM_ID].to_list()))
            few = speech.listed([_short(name) for name in names[:_MOST_NAMED]])
            told.append(few if n <= len(names[:_MOST_NAMED]) else speech.either(f"{few} among them", f"其中有{few}"))
        return told

    def _searches(self, events: pl.DataFrame) -> list[str]:
        queries = _of(events, columns.SEARCH)[columns.QUERY].fill_null("").unique(maintain_order=True).to_list()
        if not queries:
            return []
        named = [self.speech.quoted(query) for query in queries if query][:_MOST_NAMED]
        what = self.speech.listed(named)
        return [self.speech.either(f"a search for {what}" if named else "a search", f"搜索{what}")]

    def _looks(self, events: pl.DataFrame) -> list[str]:
        views = _of(events, columns.VIEW)
        if not views.height:
            return []
        seen = views[columns.ITEM_ID].drop_nulls().unique(maintain_order=True).to_list()
        n = max(len(seen), 1)
        told = self.speech.either(f"a look at {self.speech.counted(n, 'products')}", f"浏览{n:,}件商品")
        kinds = list(dict.fromkeys(k for item in seen if (k := self.goods.category(item))))
        if self.item is not None and self.item in seen:
            told += self.speech.either(", this one included", "（含该商品）")
        elif len(kinds) == 1:
            told += self.speech.either(f" of {kinds[0]}", f"（{kinds[0]}）")
        return [told]

    def _carts(self, events: pl.DataFrame) -> list[str]:
        put = _of(events, columns.CART)[columns.ITEM_ID].drop_nulls().unique(maintain_order=True).to_list()
        names = [_short(self.goods.called(item, self.speech)) for item in put[:_MOST_NAMED]]
        few = self.speech.listed(names) or self.speech.either("something", "商品")
        rest = len(put) - len(names)
        few += self.speech.either(f" and {rest} more", f"等{len(put)}件") if rest > 0 else ""
        return [self.speech.either(f"{few} put in the cart but not ordered then", f"把{few}放入购物车但当时没有下单")]

    def _others(self, events: pl.DataFrame) -> list[str]:
        speech, told = self.speech, []
        for rating in _of(events, columns.REVIEW)[columns.RATING].to_list():
            english = "a review" if rating is None else f"a review with {speech.number(rating)} stars"
            told.append(speech.either(english, "一条评价" if rating is None else f"一条{speech.number(rating)}星评价"))
        n = _of(events, columns.REFUND).height
        if n:
            told.append(speech.either("a refund" if n == 1 else f"{n} refunds", f"{n}次退款"))
        known = (columns.PURCHASE, columns.SEARCH, columns.VIEW, columns.CART, columns.REVIEW, columns.REFUND)
        for (action,), rows in events.group_by([columns.ACTION], maintain_order=True):
            if action not in known:
                one, many, chinese = _DONE.get(str(action), (f"{action}", f"{action} events", f"{action}"))
                english = f"a {one}" if rows.height == 1 else f"{rows.height:,} {many}"
                if action == columns.CLICK:
                    english += " a product shown" if rows.height == 1 else " products shown"
                told.append(speech.either(english, f"{chinese}{rows.height:,}次"))
        return told


def _of(events: pl.DataFrame, action: str) -> pl.DataFrame:
    return events.filter(pl.col(columns.ACTION) == action)


def _short(name: str, *, limit: int = 40) -> str:
    """A name cut at a word where it is too long to be read out."""
    if len(name) <= limit:
        return name
    cut = name[:limit].rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:-") + "…"
