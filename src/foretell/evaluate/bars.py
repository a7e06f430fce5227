"""One metric of the model and its baselines as horizontal bars with intervals, as inline SVG.

This module owns that picture. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from foretell.evaluate.svg import Scale, document, element, text, ticks
from foretell.evaluate.words import percent

__all__ = ["Bar", "metric_bars"]

_WIDTH: Final = 400.0
_ROW: Final = 30.0
_CROWDED: Final = 6
_LONGEST_NAME: Final = 24


@dataclass(frozen=True)
class Bar:
    """One row of ``metric_bars``.

    Attributes:
        name: The model's name.
        value: Its figure.
        low: Lower end of the interval.
        high: Upper end of the interval.
        shown: The figure as text.
        mine: Whether it is foretell's own row.
    """

    name: str
    value: float
    low: float
    high: float
    shown: str
    mine: bool


def metric_bars(bars: Sequence[Bar], *, start: float, start_name: str, title: str, share: bool = False) -> Markup:
    """One metric of the model and its baselines as bars with 95 % intervals.

    Args:
        bars: The rows, in the order drawn.
        start: Where bars begin, for example 0.5 for AUC.
        start_name: What that value means, written below.
        title: What the picture says, in words.
        share: Whether the axis counts in percent.

    Returns:
        An ``svg`` element.
    """
    low = min([start, *(bar.low for bar in bars)])
    high = max([start, *(bar.high for bar in bars)])
    pad = 0.03 * (high - low) or 0.01
    names = [_shortened(bar.name) for bar in bars]
    left_edge = max(6.3 * max((len(name) for name in names), default=0) + 14, 100)
    scale = Scale(low - pad * (low < start), high + pad, left_edge, _WIDTH - 58)
    tall = _ROW if len(bars) <= _CROWDED else 0.8 * _ROW
    bottom = 14 + tall * len(bars)
    parts = []
    for tick in ticks(scale.low, high=scale.high, about=4):
        x = scale(tick)
        parts.append(element("line", x1=x, x2=x, y1=8.0, y2=bottom, class_="grid"))
        parts.append(
            text(
                percent(tick, digits=0) if share else f"{tick:g}",
                x=x,
                y=bottom + 13,
                class_="tick",
                anchor="middle",
            )
        )
    for row, bar in enumerate(bars):
        middle = 14 + tall * (row + 0.5)
        class_ = "model" if bar.mine else "rival"
        left, right = sorted((scale(start), scale(bar.value)))
        width = max(right - left, 0.8)
        parts.append(text(names[row], x=left_edge - 10, y=middle + 4, class_=f"bar-name {class_}", anchor="end"))
        parts.append(element("rect", x=left, y=middle - 8, width=width, height=16.0, rx=2, class_=f"bar {class_}"))
        ends = (scale(bar.low), scale(bar.high))
        parts.append(element("line", x1=ends[0], x2=ends[1], y1=middle, y2=middle, class_="whisker"))
        parts.extend(
            element("line", x1=end, x2=end, y1=middle - 3.5, y2=middle + 3.5, class_="whisker") for end in ends
        )
        parts.append(text(bar.shown, x=_WIDTH, y=middle + 4, class_=f"bar-value {class_}", anchor="end"))
    parts.append(element("line", x1=scale(start), x2=scale(start), y1=8.0, y2=bottom, class_="axis"))
    parts.append(text(start_name, x=scale(start), y=bottom + 27, class_="axis-title"))
    return document(*parts, width=_WIDTH, height=bottom + 30, title=title)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}\u2026"
