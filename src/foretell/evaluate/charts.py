"""Charts of chances and effects, as inline SVG: reliability, gain, Qini; the rest comes from ``charts_amounts``.

This module owns these pictures. They take the plain arrays of ``curves`` and return markup that follows the
page's colours and needs nothing from outside. It refuses to compute figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from foretell.evaluate.chart_parts import HEIGHT, Plot, percents
from foretell.evaluate.charts_amounts import depth, quantile_coverage, totals
from foretell.evaluate.svg import element, text, ticks
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

    plot = Plot(
        (low, top),
        y=(low, top),
        titles=("", "What happened"),
        labels=([] if strip else grid, grid),
        height=HEIGHT - strip,
    )
    plot.diagonal()
    legend = [("line model", "Stated by foretell"), ("reference", "Perfect")]
    if before is not None:
        plot.line(place(before["predicted"]), ys=place(before["observed"]), class_="before")
        legend.insert(1, ("line before", "Before calibration"))
    plot.points(
        place(curve["predicted"]), ys=place(curve["observed"]), lows=place(curve["low"]), highs=place(curve["high"])
    )
    x, base = plot.frame.x, HEIGHT - 40
    if histogram and strip:
        plot.add(_spread(plot, histogram, top, base))
        plot.add(*(text(shown, x=x(at), y=base + 15, class_="tick", anchor="middle") for at, shown in grid))
    plot.add(text("Stated chance", x=(x.start + x.end) / 2, y=base + 32, class_="axis-title", anchor="middle"))
    return plot.drawn(
        "Reliability: stated chance against the share that happened, per tenth of the rows.", legend=legend
    )


def _spread(plot: Plot, histogram: Arrays, top: float, base: float) -> Markup:
    scale, tallest = plot.frame.x, max(histogram["mass"]) or 1.0
    parts = []
    for left, right, mass in zip(histogram["edge"][:-1], histogram["edge"][1:], histogram["mass"], strict=True):
        if left < top and mass > 0:
            x, end = scale(left), scale(min(right, top))
            tall, width = max(1.0, 24 * mass / tallest), max(end - x - 1.4, 0.6)
            parts.append(element("rect", x=x + 0.7, y=base - tall, width=width, height=tall, class_="mass"))
    parts.append(element("line", x1=scale.start, x2=scale.end, y1=base, y2=base, class_="axis"))
    return Markup("").join(parts)


def gain(curve: Arrays, *, baseline: Arrays | None = None) -> Markup:
    """Share of all positives found among the best-scored share of cases.

    Args:
        curve: From ``curves.gain_curve``.
        baseline: The same for the strongest baseline, with its ``name``.

    Returns:
        An ``svg`` element.
    """
    grid = percents(0, high=1)
    plot = Plot((0, 1), y=(0, 1), titles=("Share picked, best first", "Share found"), labels=(grid, grid))
    plot.diagonal()
    legend = [("line model", "foretell"), ("reference", "At random")]
    if baseline is not None and baseline["share"]:
        plot.line(baseline["share"], ys=baseline["found"], class_="rival")
        legend.insert(1, ("line rival", label(baseline["name"])))
    plot.line(curve["share"], ys=curve["found"], class_="model")
    fifth = min(range(len(curve["share"])), key=lambda place: abs(curve["share"][place] - 0.2))
    share, found = curve["share"][fifth], curve["found"][fifth]
    shown = percent(found, digits=0)
    plot.upright(share, low=found, high=0.0, class_="drop")
    plot.dot(share, y=found)
    plot.add(text(shown, x=plot.frame.x(share) + 9, y=plot.frame.y(found) + 14, class_="mark"))
    return plot.drawn(f"Gain: the best-scored 20% hold {shown} of all positives.", legend=legend)


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
    ends = (low - margin * (low < 0), high + margin)
    plot = Plot(
        (0, 1),
        y=ends,
        titles=("Share treated, best first", "Extra responses per 100"),
        labels=(percents(0, high=1), [(tick, f"{tick:g}") for tick in ticks(ends[0], high=ends[1])]),
    )
    plot.line(curve["share"], ys=chance, class_="reference")
    plot.line(curve["share"], ys=gained, class_="model")
    legend = [("line model", "By predicted effect"), ("reference", "At random")]
    return plot.drawn("Qini curve: extra responses by share treated.", legend=legend)
