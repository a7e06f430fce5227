"""Charts of ranked lists and of forecast amounts, as inline SVG.

This module owns list quality by length, quantile coverage and totals per period. It refuses to compute
figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from foretell.evaluate.chart_parts import Plot, percents
from foretell.evaluate.svg import element, ticks
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
    shown = metric.replace("_", " ").capitalize() if metric != "ndcg" else "NDCG"
    every = max(1, len(cuts) // 10)
    share = metric in ("hit_rate", "recall", "precision")
    levels = percents(0, high=top) if share else [(tick, f"{tick:g}") for tick in ticks(0, high=top)]
    plot = Plot(
        (min(cuts), max(cuts)),
        y=(0, top),
        titles=("Length of the list", shown),
        labels=([(cut, str(cut)) for cut in cuts[every - 1 :: every]], levels),
    )
    legend = [("line model", "foretell")]
    if baseline is not None:
        plot.line(cuts, ys=baseline[metric], class_="rival")
        legend.append(("line rival", label(baseline["name"])))
    plot.points(cuts, ys=curve[metric])
    return plot.drawn(f"{shown} for lists of one to {max(cuts)} items.", legend=legend)


def quantile_coverage(curve: Arrays) -> Markup:
    """For each level the share of rows at or below that quantile, with 95 % intervals.

    Args:
        curve: From ``curves.quantile_coverage_curve``.

    Returns:
        An ``svg`` element.
    """
    grid = percents(0, high=1)
    titles = ("Stated: at most this share below", "What happened")
    plot = Plot((0, 1), y=(0, 1), titles=titles, labels=(grid, grid))
    plot.diagonal()
    for level, below, at_most in zip(curve["level"], curve["strict"], curve["observed"], strict=True):
        plot.upright(level, low=below, high=at_most, class_="tied")
    plot.points(curve["level"], ys=curve["observed"], lows=curve["low"], highs=curve["high"])
    legend = [("line model", "At or below"), ("tied", "Exactly equal"), ("reference", "Perfect")]
    return plot.drawn("Quantile coverage: stated level against the share of rows at or below it.", legend=legend)


def totals(curve: Arrays) -> Markup:
    """Totals of each period: what happened, the forecast and the strongest baseline.

    Args:
        curve: ``period``, ``actual``, ``forecast`` and, where known, ``baseline`` with ``baseline_name``.

    Returns:
        An ``svg`` element.
    """
    periods, n = curve["period"], len(curve["period"])
    top = 1.2 * max([*curve["actual"], *curve["forecast"], *curve.get("baseline", [])], default=1.0) or 1.0
    every = -(-n // 6)
    plot = Plot(
        (0, n),
        y=(0, top),
        titles=("Period", "Total"),
        labels=(
            [(place + 0.5, date(periods[place]).rsplit(" 2", 1)[0]) for place in range(0, n, every)],
            [(tick, count(tick)) for tick in ticks(0, high=top)],
        ),
        left=64,
    )
    x, y = plot.frame.x, plot.frame.y
    slot = x(1) - x(0)
    for place, value in enumerate(curve["actual"]):
        corner = {"x": x(place) + 0.2 * slot, "y": y(value)}
        plot.add(element("rect", **corner, width=0.6 * slot, height=y.start - y(value), class_="actual"))
    for key, class_ in (("baseline", "rival"), ("forecast", "model")):
        for place, value in enumerate(curve.get(key, [])):
            plot.level(place, value=value, class_=class_)
    legend = [("swatch actual", "Actual"), ("line model", "foretell")]
    if "baseline" in curve:
        legend.append(("line rival", label(curve["baseline_name"])))
    return plot.drawn("Totals per period: actual, forecast and baseline.", legend=legend, above=True)
