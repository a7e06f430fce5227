"""The few SVG pieces that charts are made of.

This module owns escaping, number formatting, scales, ticks and the frame of a chart with two axes. It refuses
to know what is drawn. Colours are CSS classes only, so that light, dark and paper follow the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

__all__ = ["Frame", "Scale", "document", "element", "polyline", "text", "ticks"]


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """One SVG element; attribute values and plain text children are escaped, floats shortened.

    Args:
        tag: The element's name.
        *children: Text or markup inside.
        **attributes: Attributes; ``class_`` gives ``class`` and underscores become hyphens; None leaves one
            out.

    Returns:
        Safe markup.

    Example:
        >>> element("text", "<b>", x=1.0, text_anchor="end")
        Markup('<text x="1" text-anchor="end">&lt;b&gt;</text>')
    """
    parts = [tag]
    for name, value in attributes.items():
        if value is not None:
            shown = _number(value) if isinstance(value, float) else str(value)
            parts.append(f'{name.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    return Markup("<{}>{}</{}>").format(Markup(" ".join(parts)), Markup("").join(children), Markup(tag))


def document(*children: str, width: float, height: float, title: str, class_: str = "chart") -> Markup:
    """A picture with a title for those who cannot see it, scaling with the page.

    Class ``stretch`` gives up its proportions to fill the width.

    Args:
        *children: What it shows.
        width: Width of the coordinate system.
        height: Height of the coordinate system.
        title: What the picture says, in words.
        class_: CSS class.

    Returns:
        The ``svg`` element.
    """
    return element(
        "svg",
        *children,
        class_=class_,
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        role="img",
        aria_label=title,
        preserveAspectRatio="none" if "stretch" in class_ else None,
    )


def text(content: str, *, x: float, y: float, class_: str = "label", anchor: str = "start") -> Markup:
    """A line of text.

    Example:
        >>> text("a", x=0, y=0)
        Markup('<text x="0" y="0" class="label" text-anchor="start">a</text>')
    """
    return element("text", content, x=float(x), y=float(y), class_=class_, text_anchor=anchor)


def polyline(xs: Sequence[float], *, ys: Sequence[float], class_: str) -> Markup:
    """A line through points in picture coordinates.

    Example:
        >>> polyline([0, 1], ys=[2, 3], class_="model")
        Markup('<path d="M0 2L1 3" class="model"></path>')
    """
    steps = [f"{_number(x)} {_number(y)}" for x, y in zip(xs, ys, strict=True)]
    return element("path", d="M" + "L".join(steps), class_=class_)


def ticks(low: float, *, high: float, about: int = 5) -> list[float]:
    """Round values that divide ``[low, high]`` into about so many parts.

    Example:
        >>> ticks(0, high=1)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda size: abs(size - rough))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


@dataclass(frozen=True)
class Scale:
    """A straight map from data to picture coordinates.

    Attributes:
        low: Smallest data value.
        high: Largest data value.
        start: Where ``low`` lies.
        end: Where ``high`` lies.

    Example:
        >>> Scale(0, 10, 100, 200)(5)
        150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def all(self, values: Sequence[float]) -> list[float]:
        """The places of many values."""
        return [self(value) for value in values]


@dataclass(frozen=True)
class Frame:
    """The plotting area of a chart with two axes, gridlines and their labels.

    Attributes:
        x: Horizontal scale.
        y: Vertical scale.
    """

    x: Scale
    y: Scale

    @classmethod
    def of(
        cls, x: tuple[float, float], *, y: tuple[float, float], width: float, height: float, left: float = 54
    ) -> Frame:
        """A frame inside a picture of that size, with room for labels left and below."""
        return cls(Scale(*x, left, width - 12), Scale(*y, height - 40, 12))

    def axes(
        self,
        *,
        x_title: str,
        y_title: str,
        x_labels: Sequence[tuple[float, str]],
        y_labels: Sequence[tuple[float, str]],
    ) -> Markup:
        """Gridlines, tick labels and titles."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        parts = []
        for value, shown in y_labels:
            place = self.y(value)
            parts.append(element("line", x1=left, x2=right, y1=place, y2=place, class_="grid"))
            parts.append(text(shown, x=left - 7, y=place + 3.5, class_="tick", anchor="end"))
        for value, shown in x_labels:
            parts.append(text(shown, x=self.x(value), y=bottom + 15, class_="tick", anchor="middle"))
        parts.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
        parts.append(text(x_title, x=(left + right) / 2, y=bottom + 32, class_="axis-title", anchor="middle"))
        if y_title:
            middle = (top + bottom) / 2
            parts.append(
                element(
                    "text",
                    y_title,
                    x=10.0,
                    y=middle,
                    class_="axis-title",
                    text_anchor="middle",
                    transform=f"rotate(-90 10 {_number(middle)})",
                )
            )
        return Markup("").join(parts)

    def diagonal(self, *, class_: str = "reference") -> Markup:
        """The line on which both axes agree, within the frame."""
        low, high = max(self.x.low, self.y.low), min(self.x.high, self.y.high)
        return polyline(self.x.all([low, high]), ys=self.y.all([low, high]), class_=class_)
