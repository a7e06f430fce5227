"""What charts with two axes share: the plot they are drawn into, percent ticks, interval lines, dots, legends.

This module owns these pieces. It refuses to know which chart they are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from foretell.evaluate.svg import Frame, document, element, polyline, text, ticks
from foretell.evaluate.words import percent

__all__ = ["HEIGHT", "WIDTH", "Labels", "Plot", "percents"]

WIDTH: Final = 400.0
HEIGHT: Final = 300.0

Labels = Sequence[tuple[float, str]]
"""Ticks of a scale: where, and the text there."""


def percents(low: float, *, high: float) -> list[tuple[float, str]]:
    """Ticks of a scale of shares, as percentages."""
    return [(tick, percent(tick, digits=0 if high - low >= 0.04 else 1)) for tick in ticks(low, high=high)]


class Plot:
    """A chart being drawn: a frame with axes and what was put into it, first things lowest.

    Args:
        x: Smallest and largest value across.
        y: Smallest and largest value upwards.
        titles: What the axes count, across and upwards.
        labels: Their ticks; none of the first where something stands between plot and ticks.
        height: How much of the picture the frame and its labels take.
        left: Room for the labels at the left.

    Attributes:
        frame: The two scales.

    Example:
        >>> plot = Plot((0, 1), y=(0, 1), titles=("Stated", "Came"), labels=(percents(0, high=1),) * 2)
        >>> plot.line([0, 1], ys=[0, 1], class_="model")
        >>> plot.drawn("A line.", legend=[("line model", "foretell")]).count("<path")
        1
    """

    def __init__(
        self,
        x: tuple[float, float],
        *,
        y: tuple[float, float],
        titles: tuple[str, str],
        labels: tuple[Labels, Labels],
        height: float = HEIGHT,
        left: float = 54,
    ) -> None:
        self.frame = Frame.of(x, y=y, width=WIDTH, height=height, left=left)
        self._parts: list[Markup] = [
            self.frame.axes(x_title=titles[0], y_title=titles[1], x_labels=labels[0], y_labels=labels[1])
        ]

    def add(self, *parts: Markup) -> None:
        """Put pieces on top of what is there."""
        self._parts.extend(parts)

    def diagonal(self) -> None:
        """The dashed line on which both axes agree."""
        self.add(self.frame.diagonal())

    def line(self, xs: Sequence[float], *, ys: Sequence[float], class_: str) -> None:
        """A line of some kind: ``model``, ``rival``, ``before``; ``reference`` is the dashed one."""
        kind = class_ if class_ == "reference" else f"line {class_}"
        self.add(polyline(self.frame.x.all(xs), ys=self.frame.y.all(ys), class_=kind))

    def level(self, place: int, *, value: float, class_: str) -> None:
        """A short level stroke in one slot of a scale that counts slots."""
        y = self.frame.y(value)
        ends = self.frame.x.all([place + 0.1, place + 0.9])
        self.add(element("line", x1=ends[0], x2=ends[1], y1=y, y2=y, class_=f"line {class_} level"))

    def upright(self, x: float, *, low: float, high: float, class_: str) -> None:
        """A vertical stroke from ``low`` to ``high``."""
        place = self.frame.x(x)
        self.add(element("line", x1=place, x2=place, y1=self.frame.y(low), y2=self.frame.y(high), class_=class_))

    def points(
        self,
        xs: Sequence[float],
        *,
        ys: Sequence[float],
        lows: Sequence[float] | None = None,
        highs: Sequence[float] | None = None,
    ) -> None:
        """The model's line with a dot at each point, and where given the interval of each."""
        for x, low, high in zip(xs, lows or (), highs or (), strict=False):
            self.upright(x, low=low, high=high, class_="whisker")
        self.line(xs, ys=ys, class_="model")
        for x, y in zip(xs, ys, strict=True):
            self.dot(x, y=y)

    def dot(self, x: float, *, y: float) -> None:
        """A point of the model."""
        self.add(element("circle", cx=self.frame.x(x), cy=self.frame.y(y), r=3.6, class_="dot model"))

    def drawn(self, title: str, *, legend: Sequence[tuple[str, str]], above: bool = False) -> Markup:
        """The finished picture.

        Args:
            title: What the picture says, for those who cannot see it.
            legend: Class and name of each kind of line, in the order listed.
            above: Side by side over the plot; else one under another at its lower right, which curves leave empty.

        Returns:
            An ``svg`` element.
        """
        for row, (class_, name) in enumerate(legend):
            if above:
                x, y = self.frame.x.start + 8 + 108 * row, 14.0
                self.add(element("line", x1=x, x2=x + 16, y1=y, y2=y, class_=class_))
                self.add(text(name, x=x + 21, y=y + 3.5, class_="key"))
            else:
                x, y = self.frame.x.end - 4, self.frame.y.start - 14 - 16 * (len(legend) - 1 - row)
                self.add(text(name, x=x - 26, y=y + 3.5, class_="key", anchor="end"))
                self.add(element("line", x1=x - 20, x2=x, y1=y, y2=y, class_=class_))
        return document(*self._parts, width=WIDTH, height=HEIGHT, title=title)
