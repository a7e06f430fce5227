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

_TOLD_APART: Final = (
    columns.PURCHASE,
    columns.SEARCH,
    columns.VIEW,
    columns.CART,
    columns.REVIEW,
    columns.REFUND,
    columns.COUPON_REDEEMED,
)
_DONE: Final = {
    columns.CLICK: ("click on a product shown", "clicks on products shown", "点击展示商品"),
    columns.FAVOURITE: ("favourite", "favourites", "收藏商品"),
    columns.UNCART: ("removal from the cart", "removals from the cart", "移出购物车"),
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
        kind = self._kind(unit)
        if kind == "message":
            return self._message(events, ago)
        told = [*self._searches(events), *self._looks(events), *self._others(events)]
        if kind == "order":
            order = speech.either(f"the order {ago} of ", f"{ago}的订单：") + self._basket(events)
            return order + (speech.either(", after ", "，此前") + speech.listed(told) if told else "")
        told = [*self._carts(events), *told]
        return speech.either(f"the visit {ago} with ", f"{ago}的访问：") + speech.listed(told)

    def _kind(self, unit: Unit) -> str:
        actions = set(unit.events[columns.ACTION])
        if unit.is_earlier:
            return "earlier"
        if columns.PURCHASE in actions:
            return "order"
        return "message" if actions <= set(columns.SHOP_ACTIONS) else "visit"

    def _earlier(self, unit: Unit) -> str:
        speech, last = self.speech, int(unit.events[columns.TIME][-1])
        n, n_events = unit.n_merged, unit.events.height
        if self.item is not None and (unit.events[columns.ITEM_ID] == self.item).any():
            ago = speech.ago((self.cutoff - last) / DAY)
            bought = bool((_of(unit.events, columns.PURCHASE)[columns.ITEM_ID] == self.item).any())
            what = speech.counted(n, "earlier orders" if bought else "earlier visits")
            return speech.either(
                f"{what} with this item, {'the last ' if n > 1 else ''}{ago}",
                f"更早的{n:,}次含该商品的{'订单' if bought else '访问'}，最近一次在{ago}",
            )
        day = speech.date(last)
        return speech.either(
            f"everything {'else ' if self.item is not None else ''}up to {day} "
            f"({'1 order or visit' if n == 1 else f'{n:,} orders or visits'}, {speech.counted(n_events, 'events')})",
            f"{day}及以前的{'其他' if self.item is not None else '全部'}记录（{n:,}次订单或访问，{n_events:,}条）",
        )

    def _message(self, events: pl.DataFrame, ago: str) -> str:
        names = events[columns.CAMPAIGN_ID].drop_nulls().unique(maintain_order=True).to_list()
        campaign = self.speech.listed(names)
        return self.speech.either(
            f"the coupon{f' of campaign {campaign}' if names else ''} received {ago}",
            f"{ago}收到的{f'活动{campaign}的' if names else ''}优惠券",
        )

    def _basket(self, events: pl.DataFrame) -> str:
        speech, orders = self.speech, _of(events, columns.PURCHASE)
        ordered = orders[columns.ITEM_ID].drop_nulls().unique(maintain_order=True).to_list()
        n, value = max(len(ordered), 1), float(orders[columns.VALUE].fill_null(0).sum())
        told = speech.either(speech.counted(n, "products"), f"{n:,}件商品")
        if value:
            told += speech.either(f" for {speech.money(value)}", f"共{speech.money(value)}")
        if self.item is not None and self.item in ordered:
            told += speech.either(
                ", this item among them" if n > 1 else ", this item", "，其中有该商品" if n > 1 else "，即该商品"
            )
        elif ordered and self.item is None:
            dearest = orders.drop_nulls(columns.ITEM_ID).sort(columns.VALUE, descending=True, nulls_last=True)
            names = list(dict.fromkeys(self._called(item) for item in dearest[columns.ITEM_ID].to_list()))[:_MOST_NAMED]
            among = n > len(names)
            few = speech.listed(names)
            told += speech.either(f", {'among them ' if among else ''}{few}", f"，{'其中有' if among else ''}{few}")
        redeemed = _of(events, columns.COUPON_REDEEMED).height
        if redeemed:
            told += speech.either(f", with {speech.counted(redeemed, 'coupons')}", f"，使用{redeemed}张优惠券")
        return told

    def _called(self, item: str) -> str:
        return _short(self.goods.called(item, self.speech))

    def _searches(self, events: pl.DataFrame) -> list[str]:
        queries = _of(events, columns.SEARCH)[columns.QUERY].fill_null("").unique(maintain_order=True).to_list()
        if not queries:
            return []
        what = self.speech.listed([self.speech.quoted(query) for query in queries if query][:_MOST_NAMED])
        return [self.speech.either(f"a search for {what}" if what else "a search", f"搜索{what}")]

    def _looks(self, events: pl.DataFrame) -> list[str]:
        views = _of(events, columns.VIEW)
        if not views.height:
            return []
        seen = views[columns.ITEM_ID].drop_nulls().unique(maintain_order=True).to_list()
        n = max(len(seen), 1)
        told = self.speech.either("a look at " + (self.speech.counted(n, "products")), f"浏览{n:,}件商品")
        kinds = list(dict.fromkeys(kind for item in seen if (kind := self.goods.category(item))))
        if self.item is not None and self.item in seen:
            told += self.speech.either(" (this one included)", "（含该商品）")
        elif len(kinds) == 1:
            told += self.speech.either(f" of {kinds[0]}", f"（{kinds[0]}）")
        return [told]

    def _carts(self, events: pl.DataFrame) -> list[str]:
        put = _of(events, columns.CART)[columns.ITEM_ID].unique(maintain_order=True).drop_nulls().to_list()
        if not _of(events, columns.CART).height:
            return []
        few = self.speech.listed([self._called(item) for item in put[:_MOST_NAMED]])
        few = few or self.speech.either("something", "商品")
        rest = len(put) - _MOST_NAMED
        few += self.speech.either(f" and {rest} more", f"等{len(put)}件") if rest > 0 else ""
        return [self.speech.either(f"{few} put in the cart but not ordered then", f"把{few}放入购物车但当时没有下单")]

    def _others(self, events: pl.DataFrame) -> list[str]:
        speech, told = self.speech, list[str]()
        for rating in _of(events, columns.REVIEW)[columns.RATING].to_list():
            stars = "" if rating is None else speech.number(rating)
            english = f"a review of {speech.counted(rating, 'stars')}" if stars else "a review"
            told.append(speech.either(english, f"一条{stars}星评价" if stars else "一条评价"))
        used = _of(events, columns.COUPON_REDEEMED).height
        if used and not _of(events, columns.PURCHASE).height:
            told.append(speech.either(f"{speech.counted(used, 'coupons')} redeemed", f"使用{used:,}张优惠券"))
        n = _of(events, columns.REFUND).height
        if n:
            told.append(speech.either("a refund" if n == 1 else f"{n:,} refunds", f"{n:,}次退款"))
        for (action,), rows in events.group_by([columns.ACTION], maintain_order=True):
            if action not in _TOLD_APART:
                plain = str(action).replace("_", " ")
                one, many, chinese = _DONE.get(str(action), (plain, f"{plain} events", plain))
                told.append(
                    speech.either(
                        f"a {one}" if rows.height == 1 else f"{rows.height:,} {many}", f"{chinese}{rows.height:,}次"
                    )
                )
        return told


def _of(events: pl.DataFrame, action: str) -> pl.DataFrame:
    return events.filter(pl.col(columns.ACTION) == action)


def _short(name: str, *, limit: int = 36) -> str:
    """A name fit for a list: without commas, cut at a word where it is too long to be read out."""
    name = name.replace(", ", " ")
    if len(name) <= limit:
        return name
    return name[:limit].rsplit(" ", 1)[0].rstrip(" ,;:-(") + "…"
