"""Numbers, dates and names as people read them.

This module owns the formatting that the page and its sentences share. It refuses to escape: the template does
that, for everything.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Final

from foretell.evaluate.definitions import definition

__all__ = [
    "MISSING",
    "count",
    "date",
    "duration",
    "figure",
    "inline",
    "interval_text",
    "joined",
    "label",
    "percent",
    "short_count",
    "signed",
    "span",
]

MISSING: Final = "\u2013"
_NAMES: Final = {
    "ad": "Ad response",
    "auc": "AUC",
    "lightgbm": "LightGBM",
    "lightgbm_features": "LightGBM alone",
    "label": "Happened",
    "user_id": "Customer",
    "item_id": "Item",
    "campaign_id": "Campaign",
    "last_items": "Last items again",
    "buy_again": "Buy again",
    "recency_frequency": "Recency-frequency",
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


def figure(metric: str, *, value: float | None, like: float | None = None) -> str:
    """A metric's value in its own form, with digits that suit its size.

    Args:
        metric: Which metric.
        value: The figure.
        like: Another figure whose size sets the digits, so that figures side by side have equally many.

    Returns:
        A text; a dash when there is no figure.

    Example:
        >>> figure("auc", value=0.84321), figure("wape", value=0.3012), figure("qini", value=0.00123)
        ('0.843', '30.1%', '0.0012')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    form = definition(metric).form
    shown = percent(value) if form == "percent" else f"{value:,.{_digits(abs(value if like is None else like), form)}f}"
    return shown.replace("-", "\u2212")


def _digits(size: float, form: str) -> int:
    if form == "units" and size >= 10:
        return 1
    # Two digits that say something, for figures far below the usual 0.8; rounding noise gets the usual three.
    return min(6, 1 - math.floor(math.log10(size))) if 1e-6 <= size < 0.01 else 3


def signed(metric: str, *, value: float | None, like: float | None = None) -> str:
    """A difference of a metric with its sign; a true minus, so that columns align.

    Args:
        metric: Which metric; differences of percentages are percentage points.
        value: The difference.
        like: Another figure whose size sets the digits.

    Returns:
        A text; a dash when there is no figure.

    Example:
        >>> signed("auc", value=0.0213), signed("wape", value=-0.05)
        ('+0.021', '\u22125.0')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = figure(metric, value=abs(value), like=None if like is None else abs(like)).removesuffix("%")
    sign = "" if not any(digit in "123456789" for digit in size) else "\u2212" if value < 0 else "+"
    return f"{sign}{size}"


def interval_text(metric: str, *, interval: Mapping[str, float]) -> str:
    """The ends of an interval, with as many digits as its value.

    Example:
        >>> interval_text("auc", interval={"value": 0.8, "low": 0.7, "high": 0.9})
        '0.700 \u2013 0.900'
    """
    low, high = (figure(metric, value=interval[end], like=interval["value"]) for end in ("low", "high"))
    return f"{low} \u2013 {high}"


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


def joined(parts: Sequence[str]) -> str:
    """Names in a sentence.

    Example:
        >>> joined(["a", "b", "c"])
        'a, b and c'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
