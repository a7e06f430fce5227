"""Numbers, dates and names as people read them.

This module owns the formatting that the page and its sentences share. It refuses to escape: the template does that, for
everything.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Final

from foretell.evaluate.definitions import definition

__all__ = ["count", "date", "duration", "figure", "joined", "label", "percent", "short_count", "signed", "span"]

MISSING: Final = "–"  # noqa: RUF001 (an en dash is what a missing figure is shown as)
_NAMES: Final = {
    "ad": "Ad response",
    "auc": "AUC",
    "lightgbm": "LightGBM",
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
    return _NAMES.get(name, words[:1].upper() + words[1:]).replace("lightgbm", "LightGBM").replace("Lightgbm", "LightGBM")


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
    """A share as a percentage.

    Example:
        >>> percent(0.2345), percent(None)
        ('23.5%', '–')
    """
    return MISSING if value is None else f"{100 * value:.{digits}f}%"


def figure(metric: str, *, value: float | None) -> str:
    """A metric's value in its own form, with digits that suit its size.

    Example:
        >>> figure("auc", value=0.84321), figure("wape", value=0.3012), figure("qini", value=0.00123)
        ('0.843', '30.1%', '0.0012')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    form = definition(metric).form
    if form == "percent":
        return percent(value)
    if form == "units" and abs(value) >= 10:
        return f"{value:,.1f}"
    if value and abs(value) < 0.01:
        return f"{value:.{min(6, 1 - math.floor(math.log10(abs(value))))}f}"
    return f"{value:.3f}"


def signed(metric: str, *, value: float | None) -> str:
    """A difference of a metric with its sign; a true minus, so that columns align.

    Example:
        >>> signed("auc", value=0.0213), signed("wape", value=-0.05)
        ('+0.021', '−5.0 pts')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    percentage = definition(metric).form == "percent"
    size = f"{100 * abs(value):.1f}" if percentage else figure(metric, value=abs(value))
    sign = "" if not any(digit in "123456789" for digit in size) else "−" if value < 0 else "+"  # noqa: RUF001
    return f"{sign}{size} pts" if percentage else f"{sign}{size}"


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
        '6 Nov – 31 Dec 2017'
    """
    if not window or len(window) != 2:
        return MISSING
    start, end = date(window[0]), date(window[1])
    if start[-5:] == end[-5:] and start[-4:].isdigit():
        start = start[:-5]
    return f"{start} – {end}"  # noqa: RUF001 (an en dash joins two dates)


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
