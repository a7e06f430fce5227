"""The pictures of one task's section: which ones, with which title and caption.

This module owns the choice. It refuses to draw (``charts``, ``bars``) and to compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate import charts
from foretell.evaluate.bars import Bar, metric_bars
from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.digits import decimals_apart, figure
from foretell.evaluate.view_uplift import QINI_CAPTION
from foretell.evaluate.words import label, percent

__all__ = ["figures"]

Document = Mapping[str, Any]

_START: Final = {"auc": (0.5, "0.5 is guessing"), "normalised_entropy": (1.0, "1 is the base rate")}
_TREATMENT: Final = {True: "Who is changed by the treatment", False: "Treated and untreated people"}
_COMPARED: Final = {
    "probability": ("auc", "average_precision"),
    "ranking": ("ndcg@{k}", "hit_rate@{k}"),
    "quantiles": ("wape", "wql"),
}


def figures(task: Document) -> list[dict[str, Any]]:
    """The pictures of a task, each with ``title``, ``parts`` (name, meaning, svg) and ``caption``."""
    curves, found = task.get("curves", {}), []
    shown = [metric for metric in _COMPARED[task["answer"]] if metric.format(k=task.get("k")) in task["metrics"]]
    shown.sort(key=lambda metric: metric.format(k=task.get("k")) != task["headline"])
    if shown:
        metrics = [metric.format(k=task.get("k")) for metric in shown]
        order = " and ".join(dict.fromkeys(f"{definition(metric).better} is better" for metric in metrics))
        found.append(
            {
                "title": "Against the baselines",
                "parts": [
                    (definition(metric).label, definition(metric).meaning, _bars(task, metric)) for metric in metrics
                ],
                "caption": f"Lines are 95% intervals; {order}.",
            }
        )
    if curves.get("calibration", {}).get("predicted"):
        rare = charts.is_rare(curves["calibration"])
        chart = charts.reliability(
            curves["calibration"], before=curves.get("calibration_before"), histogram=curves.get("histogram")
        )
        spread = "Both scales are logarithmic." if rare else "Columns show how often each was stated."
        caption = f"On the dashed line stated chances come true. {spread}"
        found.append(
            {
                "title": "Can the chances be taken at their word?",
                "caption": caption,
                "parts": [("", "", chart)],
            }
        )
    if curves.get("gain", {}).get("share"):
        chart = charts.gain(curves["gain"], baseline=curves.get("gain_baseline"))
        caption = "If you act on the best-scored share, this much of everything there is to find is among it."
        found.append({"title": "How much is found by picking the best", "caption": caption, "parts": [("", "", chart)]})
    if curves.get("by_k"):
        for metric, title in (
            ("ndcg", "Quality of the list by its length"),
            ("hit_rate", "At least one right item"),
        ):
            chart = charts.depth(curves["by_k"], baseline=curves.get("by_k_baseline"), metric=metric)
            found.append({"title": title, "caption": definition(metric).meaning, "parts": [("", "", chart)]})
    if curves.get("quantile_coverage"):
        caption = "On the dashed line ranges hold what they promise. Pale bars are rows exactly at the quantile."
        chart = charts.quantile_coverage(curves["quantile_coverage"])
        found.append({"title": "Do the ranges hold what they promise?", "caption": caption, "parts": [("", "", chart)]})
    if curves.get("totals"):
        caption = "Everything added up, per period."
        found.append(
            {
                "title": "Total volume",
                "caption": caption,
                "parts": [("", "", charts.totals(curves["totals"]))],
            }
        )
    if curves.get("qini"):
        chance = bool(task.get("randomised"))
        title, caption = _TREATMENT[chance], QINI_CAPTION[chance]
        found.append({"title": title, "caption": caption, "parts": [("", "", charts.qini(curves["qini"]))]})
    return found


def _bars(task: Document, metric: str) -> Any:  # noqa: ANN401 (Markup)
    rows = [("foretell", task["metrics"][metric], True)]
    others = [(label(name), figures[metric], False) for name, figures in task["baselines"].items() if metric in figures]
    others.sort(key=lambda row: -improvement(metric, difference=row[1]["value"]))
    values = [one["value"] for _, one, _ in rows + others]
    digits = decimals_apart(metric, value=values[0], others=values[1:])
    bars = [
        Bar(name, one["value"], one["low"], one["high"], figure(metric, value=one["value"], digits=digits), mine)
        for name, one, mine in rows + others
    ]
    start, words = _START.get(metric, (0.0, ""))
    if metric == "average_precision" and task.get("base_rate") is not None:
        start, words = task["base_rate"], f"{percent(task['base_rate'])} is guessing"
    title = f"{definition(metric).label}: " + "; ".join(f"{bar.name} {bar.shown}" for bar in bars)
    share = definition(metric).form == "percent"
    return metric_bars(bars, start=start, start_name=words, title=title, share=share)
