"""A task's row of the table at the top of the page.

This module owns its texts and its mark. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate import marks
from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.sentences import QUESTIONS, verdict_words
from foretell.evaluate.words import figure, interval_text, label, signed

__all__ = ["overview_row"]

Document = Mapping[str, Any]

_STATUSES: Final = ("pass", "warn", "fail")


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
    row: dict[str, Any] = {
        "anchor": anchor,
        "name": label(name),
        "question": task.get("question") or QUESTIONS.get(task["kind"], ""),
        "metric": definition(headline).label if headline else "",
        "lower": bool(headline) and definition(headline).better == "lower",
        "value": figure(headline, value=mine["value"]) if headline and mine else None,
        "range": interval_text(headline, interval=mine) if headline and mine else None,
        "outcome": verdict["outcome"] if verdict else "none",
        "slight": verdict_words(task).startswith("Slightly"),
        "verdict": verdict_words(task),
        "checks": {status: sum(check["status"] == status for check in task["checks"]) for status in _STATUSES},
        "gate": _worst([gate.get("status", "pass") for gate in gates]) if gates else None,
    }
    if verdict:
        ends = sorted(improvement(headline, difference=verdict[end]) for end in ("low", "high"))
        widest = max(abs(verdict["low"]), abs(verdict["high"]))
        points = " pts" if definition(headline).form == "percent" else ""
        gained = improvement(headline, difference=verdict["value"])
        row |= {
            "baseline": label(verdict["baseline"]),
            "baseline_value": figure(headline, value=task["baselines"][verdict["baseline"]][headline]["value"]),
            "difference": signed(headline, value=verdict["value"], like=widest) + points,
            "difference_range": " to ".join(
                signed(headline, value=verdict[end], like=widest) for end in ("low", "high")
            ),
            "mark": marks.difference(ends[0], value=gained, high=ends[1], outcome=verdict["outcome"]),
        }
    return row


def _worst(statuses: list[str]) -> str:
    return max(statuses, key=lambda status: _STATUSES.index(status) if status in _STATUSES else 1)
