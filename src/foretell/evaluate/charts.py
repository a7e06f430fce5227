"""Charts with two axes, as inline SVG: reliability, gain, Qini and, from ``charts_amounts``, the rest.

This module owns these pictures. They take the plain arrays of ``curves`` and return markup that follows the
page's colours and needs nothing from outside. It refuses to compute figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from foretell.evaluate.chart_parts import HEIGHT, WIDTH, dots, keys, percents, whiskers
from foretell.evaluate.charts_amounts import depth, quantile_coverage, totals
from foretell.evaluate.svg import Frame, document, element, polyline, text, ticks
from foretell.evaluate.words import label, percent

__all__ = ["depth", "gain", "is_rare", "qini", "quantile_coverage", "reliability", "totals"]

Arrays = Mapping[str, Any]


def is_rare(curve: Arrays) -> bool:
    """Whether a calibration curve needs logarithmic axes: small chances, most of them far below the largest.

    Example:
        >>> is_rare({"predicted": [0.0001, 0.0003, 0.02]}), is_rare({"predicted": [0.1, 0.5, 0.9]})
        (True, False)
    """
    stated = curve["predicted"]
    return bool(stated) and 0 < max(stated) < 0.1 and sorted(stated)[len(stated) // 2] < max(stated) / 8


def reliability(curve: Arrays, *, before: Arrays | None = None, histogram: Arrays | None = None) -> Markup:
    """Stated chance against what happened, with 95 % intervals; the spread of the chances below.

    Rare outcomes (``is_rare``) get logarithmic axes and no spread.

    Args:
        curve: From ``curves.calibration_curve``.
        before: The same before calibration, drawn as a thin line.
        histogram: From ``curves.histogram``.

    Returns:
        An ``svg`` element.
    """
    highest = max([*curve["predicted"], *curve["high"], *(before or {}).get("predicted", [])], default=1.0)
    rare = is_rare(curve)
    strip = 34.0 if histogram and not rare else 0.0
    if rare:
        floor = 10.0 ** math.floor(math.log10(max(min(curve["predicted"]), 1e-6)))
        decades = range(round(math.log10(floor)), math.ceil(math.log10(highest)) + 1)
        grid = [(float(decade), percent(10.0**decade, digits=0)) for decade in decades]
        low, top = float(decades[0]), float(decades[-1])
    else:
        floor, low, top = 0.0, 0.0, min(1.0, 1.04 * highest) or 1.0
        grid = percents(0, high=top)

    def place(shares: Sequence[float]) -> list[float]:
        return [math.log10(max(share, floor)) for share in shares] if rare else list(shares)

    frame = Frame.of((low, top), y=(low, top), width=WIDTH, height=HEIGHT - strip)
    parts = [
        frame.axes(x_title="", y_title="What happened", x_labels=[] if strip else grid, y_labels=grid),
        frame.diagonal(),
    ]
    legend = [("line model", "Stated by foretell"), ("reference", "Perfect")]
    if before is not None:
        stated, came = place(before["predicted"]), place(before["observed"])
        parts.append(polyline(frame.x.all(stated), ys=frame.y.all(came), class_="line before"))
        legend.insert(1, ("line before", "Before calibration"))
    stated, came = place(curve["predicted"]), place(curve["observed"])
    parts.append(whiskers(frame, xs=stated, lows=place(curve["low"]), highs=place(curve["high"])))
    parts.append(polyline(frame.x.all(stated), ys=frame.y.all(came), class_="line model"))
    parts.append(dots(frame, xs=stated, ys=came))
    # The lower right is empty for any reasonable model; the curve runs along the diagonal.
    parts.append(keys(legend, x=frame.x.end - 4, y=frame.y.start - 14 - 16 * (len(legend) - 1)))
    base = HEIGHT - 40
    if histogram and strip:
        parts.append(_spread(frame, histogram, top, base))
        parts.extend(text(shown, x=frame.x(at), y=base + 15, class_="tick", anchor="middle") for at, shown in grid)
    middle = (frame.x.start + frame.x.end) / 2
    parts.append(text("Stated chance", x=middle, y=base + 32, class_="axis-title", anchor="middle"))
    title = "Reliability: stated chance against the share that happened, per tenth of the rows."
    return document(*parts, width=WIDTH, height=HEIGHT, title=title)


def _spread(frame: Frame, histogram: Arrays, top: float, base: float) -> Markup:
    tallest = max(histogram["mass"]) or 1.0
    parts = []
    for left, right, mass in zip(histogram["edge"][:-1], histogram["edge"][1:], histogram["mass"], strict=True):
        if left < top and mass > 0:
            x, end = frame.x(left), frame.x(min(right, top))
            tall, width = max(1.0, 24 * mass / tallest), max(end - x - 1.4, 0.6)
            parts.append(element("rect", x=x + 0.7, y=base - tall, width=width, height=tall, class_="mass"))
    parts.append(element("line", x1=frame.x.start, x2=frame.x.end, y1=base, y2=base, class_="axis"))
    return Markup("").join(parts)


def gain(curve: Arrays, *, baseline: Arrays | None = None) -> Markup:
    """Share of all positives found among the best-scored share of cases.

    Args:
        curve: From ``curves.gain_curve``.
        baseline: The same for the strongest baseline, with its ``name``.

    Returns:
        An ``svg`` element.
    """
    frame = Frame.of((0, 1), y=(0, 1), width=WIDTH, height=HEIGHT)
    grid = percents(0, high=1)
    parts = [
        frame.axes(x_title="Share picked, best first", y_title="Share found", x_labels=grid, y_labels=grid),
        frame.diagonal(),
    ]
    legend = [("line model", "foretell"), ("reference", "At random")]
    if baseline is not None and baseline["share"]:
        parts.append(polyline(frame.x.all(baseline["share"]), ys=frame.y.all(baseline["found"]), class_="line rival"))
        legend.insert(1, ("line rival", label(baseline["name"])))
    parts.append(polyline(frame.x.all(curve["share"]), ys=frame.y.all(curve["found"]), class_="line model"))
    fifth = min(range(len(curve["share"])), key=lambda place: abs(curve["share"][place] - 0.2))
    x, y = frame.x(curve["share"][fifth]), frame.y(curve["found"][fifth])
    parts.append(element("line", x1=x, x2=x, y1=y, y2=frame.y.start, class_="drop"))
    parts.append(element("circle", cx=x, cy=y, r=4.0, class_="dot model"))
    parts.append(text(percent(curve["found"][fifth], digits=0), x=x + 9, y=y + 14, class_="mark"))
    parts.append(keys(legend, x=frame.x.end - 4, y=frame.y.start - 14 - 16 * (len(legend) - 1)))
    title = f"Gain: the best-scored 20% hold {percent(curve['found'][fifth], digits=0)} of all positives."
    return document(*parts, width=WIDTH, height=HEIGHT, title=title)


def qini(curve: Arrays) -> Markup:
    """Extra responses per hundred people when the best-scored share is treated, against a random share.

    Args:
        curve: ``share``, ``gain`` and ``random``.

    Returns:
        An ``svg`` element.
    """
    gained = [100 * value for value in curve["gain"]]
    chance = [100 * value for value in curve["random"]]
    low, high = min([0.0, *gained, *chance]), max([0.0, *gained, *chance])
    margin = 0.08 * (high - low) or 1.0
    frame = Frame.of((0, 1), y=(low - margin * (low < 0), high + margin), width=WIDTH, height=HEIGHT)
    parts = [
        frame.axes(
            x_title="Share treated, best first",
            y_title="Extra responses per 100",
            x_labels=percents(0, high=1),
            y_labels=[(tick, f"{tick:g}") for tick in ticks(frame.y.low, high=frame.y.high)],
        ),
        polyline(frame.x.all(curve["share"]), ys=frame.y.all(chance), class_="reference"),
        polyline(frame.x.all(curve["share"]), ys=frame.y.all(gained), class_="line model"),
        keys(
            [("line model", "By predicted effect"), ("reference", "At random")],
            x=frame.x.end - 4,
            y=frame.y.start - 30,
        ),
    ]
    return document(*parts, width=WIDTH, height=HEIGHT, title="Qini curve: extra responses by share treated.")
