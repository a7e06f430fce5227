"""A task's row of the table at the top of the page.

This module owns its texts and its mark. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foretell.evaluate import marks
from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.digits import decimals_apart, decimals_nonzero, figure, interval_text, signed
from foretell.evaluate.gate_words import STATUSES, worst
from foretell.evaluate.sentences import QUESTIONS, verdict_words
from foretell.evaluate.words import label, task_label

__all__ = ["overview_row"]

Document = Mapping[str, Any]


def overview_row(name: str, *, task: Document, gates: list[Document], anchor: str) -> dict[str, Any]:
    """A task's row of the table at the top.

    Args:
        name: The task's name.
        task: Its dictionary.
        gates: Its data gates.
        anchor: Where its section is.

    Returns:
        Texts and marks for the template.
    """
    headline, verdict = str(task.get("headline") or ""), task.get("verdict")
    mine = task["metrics"].get(headline)
    other = task["baselines"][verdict["baseline"]][headline] if verdict else None
    digits = decimals_apart(headline, value=mine["value"], others=[other and other["value"]]) if mine else None
    row: dict[str, Any] = {
        "anchor": anchor,
        "name": task_label(name),
        "question": task.get("question") or QUESTIONS.get(task["kind"], ""),
        "metric": definition(headline).label if headline else "",
        "lower": bool(headline) and definition(headline).better == "lower",
        "value": figure(headline, value=mine["value"], digits=digits) if mine else None,
        "range": interval_text(headline, interval=mine, digits=digits) if mine else None,
        "outcome": verdict["outcome"] if verdict else "none",
        "slight": verdict_words(task).startswith("Slightly"),
        "verdict": verdict_words(task),
        "checks": {status: sum(check["status"] == status for check in task["checks"]) for status in STATUSES},
        "gate": worst(gate.get("status", "pass") for gate in gates) if gates else None,
    }
    if verdict and other:
        row |= {
            "baseline": label(verdict["baseline"]),
            "baseline_value": figure(headline, value=other["value"], digits=digits),
            **_difference(headline, verdict),
        }
    return row


def _difference(metric: str, verdict: Document) -> dict[str, Any]:
    ends = sorted(improvement(metric, difference=verdict[end]) for end in ("low", "high"))
    digits = decimals_nonzero(metric, values=[verdict[end] for end in ("value", "low", "high")])
    value, low, high = (signed(metric, value=verdict[end], digits=digits) for end in ("value", "low", "high"))
    points = " pts" if definition(metric).form == "percent" else ""
    gained = improvement(metric, difference=verdict["value"])
    return {
        "difference": value + points,
        "difference_range": f"{low} to {high}",
        "mark": marks.difference(ends[0], value=gained, high=ends[1], outcome=verdict["outcome"]),
    }
