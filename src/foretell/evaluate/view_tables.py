"""The tables of one task's section: all figures, groups, features.

This module owns the formatting of their cells. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate import marks
from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.digits import decimals_apart, figure, interval_text
from foretell.evaluate.facts import strength
from foretell.evaluate.words import count, label, percent

__all__ = ["features_table", "metrics_table", "selection_lines", "slices_table"]

Document = Mapping[str, Any]
_MEASURES: Final = {"auc": "AUC alone", "auc_distance": "AUC above 0.5", "spearman": "rank correlation"}
_SCALES: Final = {
    "auc": "An AUC of 0.5 is none, 1 and 0 are the strongest: below 0.5 the outcome gets rarer as the feature grows.",
    "auc_distance": "0 is none, 0.5 the strongest.",
    "spearman": "A rank correlation of 0 is none, 1 and \u22121 are the strongest: "
    "below 0 the amount falls as the feature grows.",
}


def metrics_table(task: Document) -> dict[str, Any]:
    """Every metric of the model, with its interval, beside every baseline, the strongest first."""
    names, rows = _by_strength(task), []
    for metric, mine in task["metrics"].items():
        words = definition(metric)
        compared = [task["baselines"][name][metric]["value"] for name in names if metric in task["baselines"][name]]
        digits = decimals_apart(metric, value=mine["value"], others=compared)
        cells = []
        for name in names:
            other = task["baselines"][name].get(metric)
            paired = task.get("paired", {}).get(name, {}).get(metric)
            cells.append(
                {
                    "value": figure(metric, value=other["value"], digits=digits) if other else None,
                    "outcome": paired["outcome"] if paired else "",
                }
            )
        rows.append(
            {
                "metric": words.label,
                "better": {"higher": "↑", "lower": "↓", "zero": "→ 0"}.get(words.better, ""),
                "headline": metric == task.get("headline"),
                "value": figure(metric, value=mine["value"], digits=digits),
                "range": interval_text(metric, interval=mine, digits=digits),
                "cells": cells,
            }
        )
    return {"baselines": [label(name) for name in names], "rows": rows}


def _by_strength(task: Document) -> list[str]:
    headline = task.get("headline", "")

    def worth(name: str) -> float:
        found = task["baselines"][name].get(headline)
        return -improvement(headline, difference=found["value"]) if found else float("inf")

    return sorted(task["baselines"], key=worth)


def slices_table(slices: list[Document]) -> dict[str, Any] | None:
    """The headline metric group by group, on one scale."""
    if not slices:
        return None
    every = [group for one in slices for group in one["groups"]]
    ends = [group[end] for group in every for end in ("low", "high", "baseline") if group.get(end) is not None]
    domain = (min(ends), max(ends)) if ends else (0.0, 1.0)
    metric = slices[0]["metric"]
    return {
        "metric": definition(metric).label,
        "observed": any(group.get("observed") is not None for group in every),
        "cuts": [
            (label(one["name"]), [_group(group, one["metric"], domain) for group in one["groups"]]) for one in slices
        ],
    }


def _group(group: Document, metric: str, domain: tuple[float, float]) -> dict[str, Any]:
    share, known = metric == "auc", group["value"] is not None
    digits = decimals_apart(metric, value=group["value"], others=[group.get("baseline")]) if known else None
    dot = None
    if known:
        dot = marks.interval_dot(
            group["low"],
            value=group["value"],
            high=group["high"],
            domain=domain,
            baseline=group.get("baseline"),
        )
    return {
        "group": group["group"],
        "n": count(group["n"]),
        "observed": _amount(group.get("observed"), share),
        "predicted": _amount(group.get("predicted"), share),
        "value": figure(metric, value=group["value"], digits=digits),
        "range": interval_text(metric, interval=group, digits=digits) if known else "",
        "baseline": figure(metric, value=group.get("baseline"), digits=digits),
        "reason": group["reason"],
        "mark": dot,
    }


def _amount(value: float | None, share: bool) -> str:
    return percent(value) if share else count(value)


def features_table(features: list[Document]) -> dict[str, Any] | None:
    """The twelve strongest features with their association and use."""
    if not features:
        return None
    shown = features[:12]
    strengths = [strength(one["association"], measure=one["measure"]) for one in shown]
    strongest = max(strengths) or 1.0
    rows = [
        {
            "name": label(one["name"]) if one["name"].isidentifier() else one["name"],
            "association": f"{one['association']:.3f}".replace("-", "\u2212"),
            "measure": _MEASURES.get(one["measure"], one["measure"].replace("_", " ")),
            "mark": marks.meter(size / strongest),
            "importance": percent(one["importance"], digits=0) if one["importance"] is not None else None,
        }
        for one, size in zip(shown, strengths, strict=True)
    ]
    return {
        "rows": rows,
        "more": len(features) - len(shown),
        "used": any(row["importance"] for row in rows),
        "scale": _SCALES.get(shown[0]["measure"], ""),
    }


def selection_lines(selection: Document | None) -> dict[str, Any] | None:
    """How many features are read, and each reason for leaving some out with the features it holds for."""
    if not selection:
        return None
    by_reason: dict[str, list[str]] = {}
    for one in selection["left_out"]:
        by_reason.setdefault(one["reason"], []).append(one["name"])
    return {
        "read": count(selection["read"]),
        "left_out": count(len(selection["left_out"])),
        "reasons": [(reason, "; ".join(names)) for reason, names in by_reason.items()],
    }
