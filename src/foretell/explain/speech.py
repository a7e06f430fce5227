"""Numbers, days and dates as they are said, in English and Chinese.

This module owns their forms. It refuses whole sentences (``event_words``, ``feature_words``, ``paragraph``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foretell.core.time import from_microseconds
from foretell.features.definition import Language

__all__ = ["Speech"]

_SINGULAR: Final = {
    "actions": "action",
    "activities": "activity",
    "additions": "addition",
    "categories": "category",
    "clicks": "click",
    "coupons": "coupon",
    "customers": "customer",
    "days": "day",
    "buyers": "buyer",
    "events": "event",
    "favourites": "favourite",
    "items": "item",
    "orders": "order",
    "products": "product",
    "purchases": "purchase",
    "refunds": "refund",
    "removals": "removal",
    "reviews": "review",
    "searches": "search",
    "stars": "star",
    "units": "unit",
    "views": "view",
}
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True)
class Speech:
    """How things are said in one language.

    Attributes:
        language: ``en`` or ``zh``.

    Example:
        >>> speech = Speech("en")
        >>> speech.counted(1, "orders in the last 28 days"), speech.ago(9.2), speech.points(0.0712)
        ('1 order in the last 28 days', '9 days ago', '+7.1 points')
    """

    language: Language = "en"

    @property
    def is_chinese(self) -> bool:
        """Whether the language is Chinese."""
        return self.language == "zh"

    def either(self, english: str, chinese: str) -> str:
        """The one of two texts that is in this language."""
        return chinese if self.is_chinese else english

    def number(self, value: float) -> str:
        """A number: whole ones without decimals, from 1,000 with separators, others with three digits."""
        if value == int(value) or abs(value) >= 1000:
            return f"{round(value):,}"
        return f"{value:.3g}"

    def money(self, value: float) -> str:
        """An amount in the shop's currency."""
        return f"{value:,.2f}"

    def percent(self, share: float) -> str:
        """A share of one, with as many digits as it needs.

        Example:
            >>> Speech("en").percent(0.834), Speech("zh").percent(0.0123)
            ('83 %', '1.2%')
        """
        percent = 100 * share
        if percent in (0, 100):
            return self.either(f"{percent:.0f} %", f"{percent:.0f}%")
        near_edge = min(percent, 100 - percent)
        if near_edge < 0.01:
            return (
                self.either("under 0.01 %", "不到0.01%") if share < 0.5 else self.either("over 99.99 %", "超过99.99%")
            )
        digits = 0 if near_edge >= 10 else 1 if near_edge >= 1 else 2
        return self.either(f"{percent:.{digits}f} %", f"{percent:.{digits}f}%")

    def points(self, effect: float) -> str:
        """A signed effect in percentage points, two digits."""
        percent = 100 * effect
        digits = 0 if abs(percent) >= 10 else 1 if abs(percent) >= 1 else 2
        return f"{percent:+.{digits}f}" + self.either(" points", "个百分点")

    def days(self, value: float) -> str:
        """A length of time in days.

        Example:
            >>> [Speech("en").days(value) for value in (0.2, 1.0, 2.5, 33.6)]
            ['less than a day', '1 day', '2.5 days', '34 days']
        """
        if value < 1:
            return self.either("less than a day", "不到1天")
        shown = round(value, 1) if value < 10 and abs(value - round(value)) >= 0.25 else round(value)
        return self.either("1 day" if shown == 1 else f"{shown:g} days", f"{shown:g}天")

    def ago(self, days: float) -> str:
        """How long ago something was, in whole days."""
        if days < 1:
            return self.either("less than a day ago", "不到1天前")
        whole = math.floor(days)
        return self.either("1 day ago" if whole == 1 else f"{whole} days ago", f"{whole}天前")

    def times(self, n: float) -> str:
        """How often."""
        n = round(n)
        return self.either("once" if n == 1 else "twice" if n == 2 else f"{n:,} times", f"{n:,}次")

    def counted(self, n: float, plural: str) -> str:
        """A number of things, given their plural noun phrase (English).

        Example:
            >>> Speech("en").counted(0, "product views so far"), Speech("en").counted(3, "searches")
            ('no product views so far', '3 searches')
        """
        n = round(n)
        if n == 0:
            return f"no {plural}"
        return f"{n:,} {self.singular(plural) if n == 1 else plural}"

    def singular(self, plural: str) -> str:
        """An English noun phrase with its head noun in the singular."""
        words = plural.split(" ")
        for place, word in enumerate(words[:2]):
            if word in _SINGULAR:
                words[place] = _SINGULAR[word]
                break
        return " ".join(words)

    def date(self, microseconds: int) -> str:
        """A day, UTC.

        Example:
            >>> Speech("en").date(0), Speech("zh").date(0)
            ('1 January 1970', '1970年1月1日')
        """
        moment = from_microseconds(microseconds)
        return self.either(
            f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}", f"{moment.year}年{moment.month}月{moment.day}日"
        )

    def listed(self, parts: Sequence[str]) -> str:
        """Things in a row, the last after "and".

        Example:
            >>> Speech("en").listed(["tea", "milk", "bread"])
            'tea, milk and bread'
        """
        if len(parts) < 2:
            return "".join(parts)
        return self.either(", ".join(parts[:-1]) + " and " + parts[-1], "、".join(parts))

    def quoted(self, text: str) -> str:
        """A text in quotation marks."""
        return self.either(f'"{text}"', f"“{text}”")
