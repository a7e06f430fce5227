"""What several charts share: percent ticks, interval lines, dots, legends.

This module owns these pieces. It refuses to know which chart they are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from foretell.evaluate.svg import Frame, element, text, ticks
from foretell.evaluate.words import percent

__all__ = ["HEIGHT", "WIDTH", "dots", "keys", "percents", "whiskers"]

WIDTH: Final = 400.0
HEIGHT: Final = 300.0


def percents(low: float, *, high: float) -> list[tuple[float, str]]:
    """Ticks of a scale of shares, as percentages."""
    return [(tick, percent(tick, digits=0 if high - low >= 0.04 else 1)) for tick in ticks(low, high=high)]


def whiskers(frame: Frame, *, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> Markup:
    """A vertical interval at each point."""
    return Markup("").join(
        element("line", x1=frame.x(x), x2=frame.x(x), y1=frame.y(low), y2=frame.y(high), class_="whisker")
        for x, low, high in zip(xs, lows, highs, strict=True)
    )


def dots(frame: Frame, *, xs: Sequence[float], ys: Sequence[float]) -> Markup:
    """The points of the model."""
    return Markup("").join(
        element("circle", cx=frame.x(x), cy=frame.y(y), r=3.6, class_="dot model") for x, y in zip(xs, ys, strict=True)
    )


def keys(entries: Sequence[tuple[str, str]], *, x: float, y: float) -> Markup:
    """A legend inside the plot: a short piece of each line with its name, right-aligned at ``x``."""
    parts = []
    for row, (class_, name) in enumerate(entries):
        line = y + 16 * row
        parts.append(text(name, x=x - 26, y=line + 3.5, class_="key", anchor="end"))
        parts.append(element("line", x1=x - 20, x2=x, y1=line, y2=line, class_=class_))
    return Markup("").join(parts)
