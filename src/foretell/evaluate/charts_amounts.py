"""Charts of ranked lists and of forecast amounts, as inline SVG.

This module owns list quality by length, quantile coverage and totals per period. It refuses to compute
figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from foretell.evaluate.chart_parts import HEIGHT, WIDTH, dots, keys, percents, whiskers
from foretell.evaluate.svg import Frame, document, element, polyline, text, ticks
from foretell.evaluate.words import count, date, label

__all__ = ["depth", "quantile_coverage", "totals"]

Arrays = Mapping[str, Any]


def depth(curve: Arrays, *, baseline: Arrays | None = None, metric: str = "ndcg") -> Markup:
    """A ranking metric at every cut from one to ``k``.

    Args:
        curve: ``k`` and a list per metric.
        baseline: The same for the strongest baseline, with its ``name``.
        metric: Which metric to draw.

    Returns:
        An ``svg`` element.
    """
    cuts = curve["k"]
    highest = max([*curve[metric], *((baseline or {}).get(metric, []))], default=1.0)
    top = 1.12 * highest or 1.0
    frame = Frame.of((min(cuts), max(cuts)), y=(0, top), width=WIDTH, height=HEIGHT)
    shown = metric.replace("_", " ").capitalize() if metric != "ndcg" else "NDCG"
    every = max(1, len(cuts) // 10)
    share = metric in ("hit_rate", "recall", "precision")
    levels = percents(0, high=top) if share else [(tick, f"{tick:g}") for tick in ticks(0, high=top)]
    parts = [
        frame.axes(
            x_title="Length of the list",
            y_title=shown,
            x_labels=[(cut, str(cut)) for cut in cuts[every - 1 :: every]],
            y_labels=levels,
        )
    ]
    legend = [("line model", "foretell")]
    if baseline is not None:
        parts.append(polyline(frame.x.all(cuts), ys=frame.y.all(baseline[metric]), class_="line rival"))
        legend.append(("line rival", label(baseline["name"])))
    parts.append(polyline(frame.x.all(cuts), ys=frame.y.all(curve[metric]), class_="line model"))
    parts.append(dots(frame, xs=cuts, ys=curve[metric]))
    parts.append(keys(legend, x=frame.x.end - 4, y=frame.y.start - 14 - 16 * (len(legend) - 1)))
    return document(*parts, width=WIDTH, height=HEIGHT, title=f"{shown} for lists of one to {max(cuts)} items.")


def quantile_coverage(curve: Arrays) -> Markup:
    """For each level the share of rows at or below that quantile, with 95 % intervals.

    Args:
        curve: From ``curves.quantile_coverage_curve``.

    Returns:
        An ``svg`` element.
    """
    frame = Frame.of((0, 1), y=(0, 1), width=WIDTH, height=HEIGHT)
    grid = percents(0, high=1)
    parts = [
        frame.axes(x_title="Stated: at most this share below", y_title="What happened", x_labels=grid, y_labels=grid),
        frame.diagonal(),
    ]
    for level, below, at_most in zip(curve["level"], curve["strict"], curve["observed"], strict=True):
        x = frame.x(level)
        parts.append(element("line", x1=x, x2=x, y1=frame.y(below), y2=frame.y(at_most), class_="tied"))
    parts.append(whiskers(frame, xs=curve["level"], lows=curve["low"], highs=curve["high"]))
    parts.append(polyline(frame.x.all(curve["level"]), ys=frame.y.all(curve["observed"]), class_="line model"))
    parts.append(dots(frame, xs=curve["level"], ys=curve["observed"]))
    legend = [("line model", "At or below"), ("tied", "Exactly equal"), ("reference", "Perfect")]
    parts.append(keys(legend, x=frame.x.end - 4, y=frame.y.start - 46))
    title = "Quantile coverage: stated level against the share of rows at or below it."
    return document(*parts, width=WIDTH, height=HEIGHT, title=title)


def totals(curve: Arrays) -> Markup:
    """Totals of each period: what happened, the forecast and the strongest baseline.

    Args:
        curve: ``period``, ``actual``, ``forecast`` and, where known, ``baseline`` with ``baseline_name``.

    Returns:
        An ``svg`` element.
    """
    periods, n = curve["period"], len(curve["period"])
    top = 1.2 * max([*curve["actual"], *curve["forecast"], *curve.get("baseline", [])], default=1.0) or 1.0
    frame = Frame.of((0, n), y=(0, top), width=WIDTH, height=HEIGHT, left=64)
    every = -(-n // 6)
    parts = [
        frame.axes(
            x_title="Period",
            y_title="Total units",
            x_labels=[(place + 0.5, date(periods[place]).rsplit(" 2", 1)[0]) for place in range(0, n, every)],
            y_labels=[(tick, count(tick)) for tick in ticks(0, high=top)],
        )
    ]
    slot = frame.x(1) - frame.x(0)
    for place, value in enumerate(curve["actual"]):
        x, y = frame.x(place) + 0.2 * slot, frame.y(value)
        parts.append(element("rect", x=x, y=y, width=0.6 * slot, height=frame.y.start - y, class_="actual"))
    legend = [("swatch actual", "Actual"), ("line model", "foretell")]
    for key, class_ in (("baseline", "rival"), ("forecast", "model")):
        for place, value in enumerate(curve.get(key, [])):
            x, y = frame.x(place), frame.y(value)
            parts.append(
                element("line", x1=x + 0.1 * slot, x2=x + 0.9 * slot, y1=y, y2=y, class_=f"line {class_} level")
            )
    if "baseline" in curve:
        legend.append(("line rival", label(curve["baseline_name"])))
    for place, (class_, name) in enumerate(legend):
        x = frame.x.start + 8 + 108 * place
        parts.append(element("line", x1=x, x2=x + 16, y1=14.0, y2=14.0, class_=class_))
        parts.append(text(name, x=x + 21, y=17.5, class_="key"))
    return document(*parts, width=WIDTH, height=HEIGHT, title="Totals per period: actual, forecast and baseline.")
