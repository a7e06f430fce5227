"""Counts, shares, dates and names as people read them.

This module owns the formatting that the page and its sentences share; figures of metrics are in ``digits``. It
refuses to escape: the template does that, for everything.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Final, get_args

from foretell.core.task import Kind

__all__ = [
    "MISSING",
    "count",
    "date",
    "duration",
    "inline",
    "joined",
    "label",
    "percent",
    "plural",
    "short_count",
    "span",
    "task_inline",
    "task_label",
]

MISSING: Final = "\u2013"
_NAMES: Final = {
    "ad": "Ad response",
    "auc": "AUC",
    "lightgbm": "LightGBM",
    "lightgbm_features": "LightGBM alone",
    "lightgbm_sequence": "LightGBM with the sequence state",
    "sequence": "Network on the sequence state",
    "linear": "Logistic regression",
    "label": "Happened",
    "cutoff": "As of",
    "user_id": "Customer",
    "item_id": "Item",
    "units": "Units sold",
    "campaign_id": "Campaign",
    "last_items": "Last items again",
    "buy_again": "Buy again",
    "transition_graph": "Transition graph",
    "recency_frequency": "Recency-frequency",
    "zero": "Zero for everybody",
    "bg_nbd": "BG/NBD",
    "bg_nbd_gamma_gamma": "BG/NBD and Gamma-Gamma",
    "seasonal_naive": "Seasonal naive",
    "promotion": "Promotion",
    "recommend": "Recommendation",
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def label(name: str) -> str:
    """A name from a file as a person would write it.

    Example:
        >>> label("recency_frequency"), label("moving_average")
        ('Recency-frequency', 'Moving average')
    """
    words = name.replace("_", " ").strip()
    return (
        _NAMES.get(name, words[:1].upper() + words[1:]).replace("lightgbm", "LightGBM").replace("Lightgbm", "LightGBM")
    )


def inline(name: str) -> str:
    """A name within a sentence: lower case, but for words that are names.

    Example:
        >>> inline("recency_frequency"), inline("lightgbm")
        ('recency-frequency', 'LightGBM')
    """
    words = label(name)
    return words if words[1:2].isupper() or "GBM" in words.split()[0] else words[:1].lower() + words[1:]


def task_label(name: str) -> str:
    """A task's name as a heading: one named after its kind says first what it is, then of what.

    Example:
        >>> task_label("purchase_produce"), task_label("ad"), task_label("buys_produce")
        ('Purchase: produce', 'Ad response', 'Buys produce')
    """
    kind, rest = _of_kind(name)
    return f"{label(kind)}: {rest}" if rest else label(name)


def task_inline(name: str) -> str:
    """A task's name within a sentence.

    Example:
        >>> task_inline("purchase_produce"), task_inline("ad")
        ('purchase (produce)', 'ad response')
    """
    kind, rest = _of_kind(name)
    return f"{inline(kind)} ({rest})" if rest else inline(name)


def _of_kind(name: str) -> tuple[str, str]:
    """The kind a task is named after and the rest of its name; no rest where it is not."""
    kind, _, rest = name.partition("_")
    rest = rest.replace("_", " ").strip()
    return (kind, rest) if kind in get_args(Kind) else (name, "")


def count(value: float | None) -> str:
    """A whole number with thousands separated.

    Example:
        >>> count(1469307)
        '1,469,307'
    """
    return MISSING if value is None else f"{value:,.0f}"


def short_count(value: float | None) -> str:
    """A whole number in three digits, for sentences.

    Example:
        >>> short_count(1469307), short_count(2469)
        ('1.47 million', '2,469')
    """
    if value is None:
        return MISSING
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:.3g} {word}"
    return count(value)


def percent(value: float | None, *, digits: int = 1) -> str:
    """A share as a percentage; small ones get digits that say something.

    Example:
        >>> percent(0.2341), percent(None), percent(0.00042)
        ('23.4%', '\u2013', '0.042%')
    """
    if value is None:
        return MISSING
    size = 100 * abs(value)
    if 1e-5 < size < (1.0 if digits else 0.5):
        digits = (1 if digits else 0) - math.floor(math.log10(size))
    return f"{100 * value:.{digits}f}%"


def date(moment: str | None) -> str:
    """An ISO date or time as day, month, year.

    Example:
        >>> date("2017-12-04T05:00:00+00:00")
        '4 Dec 2017'
    """
    if not moment:
        return MISSING
    try:
        day = datetime.datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def span(window: Sequence[str] | None) -> str:
    """A window of two ISO times; the year once when it is the same.

    Example:
        >>> span(["2017-11-06", "2017-12-31"])
        '6 Nov \u2013 31 Dec 2017'
    """
    if not window or len(window) != 2:
        return MISSING
    start, end = date(window[0]), date(window[1])
    if start[-5:] == end[-5:] and start[-4:].isdigit():
        start = start[:-5]
    return f"{start} \u2013 {end}"


def duration(seconds: float | None) -> str:
    """Seconds as people say them.

    Example:
        >>> duration(4.2), duration(95), duration(3720)
        ('4.2 s', '1 min 35 s', '1 h 2 min')
    """
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(number: int, *, one: str, many: str) -> str:
    """A count with its words.

    Example:
        >>> plural(1, one="check deserves", many="checks deserve"), plural(8, one="check", many="checks")
        ('1 check deserves', '8 checks')
    """
    return f"{number:,} {one if number == 1 else many}"


def joined(parts: Sequence[str]) -> str:
    """Names in a sentence.

    Example:
        >>> joined(["a", "b", "c"])
        'a, b and c'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
