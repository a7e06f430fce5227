"""Small pictures that sit in tables and headers: differences, dots, strengths, the time line.

This module owns these marks as inline SVG in the page's colours. It refuses to compute figures.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from foretell.evaluate.svg import Scale, document, element
from foretell.evaluate.words import span

__all__ = ["blend", "difference", "interval_dot", "meter", "timeline"]


def difference(low: float, *, value: float, high: float, outcome: str) -> Markup:
    """An improvement with its interval against zero; right is better, the scale is the row's own.

    Args:
        low: Lower end.
        value: The improvement.
        high: Upper end.
        outcome: ``beats``, ``ties`` or ``behind``; it sets the colour.

    Returns:
        An ``svg`` element.
    """
    reach = 1.12 * max(abs(low), abs(high)) or 1.0
    scale = Scale(-reach, reach, 3, 137)
    parts = [
        element("line", x1=3.0, x2=137.0, y1=11.0, y2=11.0, class_="grid"),
        element("line", x1=70.0, x2=70.0, y1=2.0, y2=20.0, class_="axis"),
        element("line", x1=scale(low), x2=scale(high), y1=11.0, y2=11.0, class_=f"spread {outcome}"),
        element("circle", cx=scale(value), cy=11.0, r=4.4, class_=f"dot {outcome}"),
    ]
    words = {"beats": "better than", "ties": "not distinguishable from", "behind": "worse than"}
    return document(*parts, width=140, height=22, title=f"{words.get(outcome, '')} the baseline", class_="mark-inline")


def interval_dot(
    low: float, *, value: float, high: float, domain: tuple[float, float], baseline: float | None = None
) -> Markup:
    """A figure with its interval on a scale shared by all rows, and the baseline as a tick.

    Args:
        low: Lower end.
        value: The figure.
        high: Upper end.
        domain: Smallest and largest value of all rows.
        baseline: The baseline's figure on the same rows.

    Returns:
        An ``svg`` element.
    """
    pad = 0.05 * (domain[1] - domain[0]) or 0.01
    scale = Scale(domain[0] - pad, domain[1] + pad, 3, 197)
    parts = [
        element("line", x1=3.0, x2=197.0, y1=11.0, y2=11.0, class_="grid"),
        element("line", x1=scale(low), x2=scale(high), y1=11.0, y2=11.0, class_="spread model"),
    ]
    if baseline is not None:
        place = scale(baseline)
        parts.append(element("line", x1=place, x2=place, y1=4.0, y2=18.0, class_="tick-mark"))
    parts.append(element("circle", cx=scale(value), cy=11.0, r=4.2, class_="dot model"))
    return document(*parts, width=200, height=22, title="value with its interval", class_="mark-inline wide")


def meter(share: float, *, class_: str = "model") -> Markup:
    """A bar filled to a share of its length.

    Args:
        share: In [0, 1]; values outside are cut.
        class_: Which colour.

    Returns:
        An ``svg`` element.
    """
    length = 160 * min(max(share, 0.0), 1.0)
    return document(
        element("rect", x=0.0, y=5.0, width=160.0, height=10.0, rx=2, class_="track"),
        element("rect", x=0.0, y=5.0, width=length, height=10.0, rx=2, class_=f"bar {class_}"),
        width=160,
        height=20,
        title=f"{100 * share:.0f} percent",
        class_="mark-inline wide",
    )


def blend(weights: Mapping[str, float]) -> Markup:
    """The parts of a final answer as one stacked bar; names stand beside it in the page.

    Args:
        weights: Weight of each part; negative ones are left out.

    Returns:
        An ``svg`` element.
    """
    total = sum(weight for weight in weights.values() if weight > 0) or 1.0
    parts, x = [], 0.0
    for place, weight in enumerate(weights.values()):
        if weight > 0:
            width = 400 * weight / total
            parts.append(
                element("rect", x=x, y=0.0, width=max(width - 1.5, 0.5), height=12.0, class_=f"part-{place % 4}")
            )
            x += width
    return document(*parts, width=400, height=12, title="Parts of the final answer", class_="mark-inline stretch")


def timeline(windows: Mapping[str, Sequence[str]]) -> Markup:
    """The training, validation and test windows on one line of time; empty when a date cannot be read.

    Args:
        windows: Start and end of each window as ISO texts, by name.

    Returns:
        An ``svg`` element or nothing.
    """
    try:
        dates = {
            name: tuple(datetime.datetime.fromisoformat(end).replace(tzinfo=None).timestamp() for end in ends)
            for name, ends in windows.items()
            if len(ends) == 2
        }
    except (TypeError, ValueError):
        return Markup("")
    if not dates:
        return Markup("")
    scale = Scale(min(ends[0] for ends in dates.values()), max(ends[1] for ends in dates.values()), 0, 1000)
    parts = []
    for name, ends in dates.items():
        left, right = scale(ends[0]), scale(ends[1])
        parts.append(
            element(
                "rect",
                element("title", f"{name}: {span(windows[name])}"),
                x=left,
                y=0.0,
                width=max(right - left - 3, 2.0),
                height=14.0,
                class_=f"window {name}" if name in ("train", "validation", "test") else "window",
            )
        )
    return document(*parts, width=1000, height=14, title="Windows in time", class_="mark-inline stretch")
