"""What the figures say, in plain sentences for someone who decides.

This module owns the wording of the summary and of each task's takeaway. It refuses causal words for
associations, and figures that are not in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.words import count, figure, inline, joined, percent, short_count, span

__all__ = ["QUESTIONS", "summary", "takeaways", "verdict_words"]

Document = Mapping[str, Any]

QUESTIONS: Final = {
    "purchase": "Who will buy?",
    "recommend": "Which items next?",
    "ad": "Who responds to an exposure?",
    "promotion": "Who takes part in a campaign?",
    "churn": "Who is leaving?",
    "demand": "How much of each item?",
}
_FOUND: Final = {
    "purchase": "all buyers",
    "churn": "all who then left",
    "ad": "all responses",
    "promotion": "all who took part",
}
_OUTCOMES: Final = {
    ("beats", True): "Clearly better",
    ("beats", False): "Slightly better",
    ("behind", True): "Behind",
    ("behind", False): "Slightly behind",
}


def verdict_words(task: Document) -> str:
    """The verdict in two or three words.

    Example:
        >>> verdict_words({"verdict": {"outcome": "beats"}})
        'Clearly better'
    """
    verdict = task.get("verdict")
    if not verdict:
        return "No baseline"
    return _OUTCOMES.get((verdict["outcome"], verdict.get("material", True)), "No clear difference")


def summary(document: Document) -> list[str]:
    """The paragraph at the top of the page, sentence by sentence.

    Args:
        document: The report's document.

    Returns:
        Plain sentences.
    """
    data, tasks = document["data"], document["tasks"]
    tested = span(document["windows"].get("test"))
    lines = [
        f"From {short_count(data.get('events'))} events of {short_count(data.get('users'))} customers and "
        f"{short_count(data.get('items'))} items, foretell learned to answer {len(tasks)} "
        f"question{'s' if len(tasks) != 1 else ''} and was tested on {tested}, days on which nothing "
        "was fitted, blended, calibrated or cut."
    ]
    by_verdict: dict[str, list[str]] = {}
    for name, task in tasks.items():
        by_verdict.setdefault(verdict_words(task), []).append(inline(name))
    sentences = {
        "Clearly better": "It clearly beats the strongest baseline on {names}.",
        "Slightly better": "It is ahead on {names}, by too little to matter.",
        "No clear difference": "On {names} the difference is within the margin of error.",
        "Slightly behind": "It is behind on {names}, by too little to matter.",
        "Behind": "On {names} it is behind: use the baseline there.",
    }
    lines += [
        line.format(names=f"{joined(by_verdict[words])}") for words, line in sentences.items() if words in by_verdict
    ]
    checks = [check for task in tasks.values() for check in task["checks"]]
    failed, warned = (sum(check["status"] == status for check in checks) for status in ("fail", "warn"))
    if failed or warned:
        parts = [f"{failed} failed" if failed else "", f"{warned} deserve a look" if warned else ""]
        lines.append(f"Of {len(checks)} checks, {joined([part for part in parts if part])}.")
    elif checks:
        lines.append(f"All {len(checks)} checks passed.")
    return lines


def takeaways(task: Document) -> list[str]:
    """What one task's figures mean for its user, in one to three sentences.

    Args:
        task: A task dictionary.

    Returns:
        Plain sentences.
    """
    rules = {"probability": _probability, "ranking": _ranking, "quantiles": _quantiles}
    rule = rules.get(task.get("answer", ""))
    lines = rule(task) if rule else []
    verdict = task.get("verdict")
    if verdict:
        metric, name = definition(verdict["metric"]).label, inline(verdict["baseline"])
        mine, other = (
            figure(verdict["metric"], value=figures[verdict["metric"]]["value"])
            for figures in (task["metrics"], task["baselines"][verdict["baseline"]])
        )
        close = "close behind" if improvement(verdict["metric"], difference=verdict["value"]) >= 0 else "just ahead"
        words = {
            "Clearly better": f"That is clearly better than the strongest baseline, {name}",
            "Slightly better": f"The strongest baseline, {name}, is behind by too little to matter",
            "No clear difference": f"The strongest baseline, {name}, is {close}, within the margin of error",
            "Slightly behind": f"The strongest baseline, {name}, is ahead by too little to matter",
            "Behind": f"The strongest baseline, {name}, does better",
        }[verdict_words(task)]
        lines.append(f"{words} ({metric} {mine} against {other}).")
    return lines


def _probability(task: Document) -> list[str]:
    lines = []
    gain = task.get("curves", {}).get("gain", {})
    if gain.get("share"):
        place = min(range(len(gain["share"])), key=lambda index: abs(gain["share"][index] - 0.2))
        found = gain["found"][place]
        lines.append(
            f"The fifth of {task['unit']} with the highest scores holds {percent(found, digits=0)} of "
            f"{_FOUND.get(task['kind'], 'all positives')}, "
            f"{found / 0.2:.1f} times what picking at random would find."
        )
    calibration = task.get("calibration", {})
    if calibration.get("ece") is not None:
        raw = calibration.get("before")
        before = f" ({_points(raw)} before calibration)" if raw is not None else ""
        lines.append(
            f"Its stated chances were off by {_points(calibration['ece'])} percentage points on average{before}, "
            f"of which about {_points(calibration.get('by_chance') or 0)} would arise by chance alone."
        )
    return lines


def _points(share: float) -> str:
    return percent(share).removesuffix("%")


def _ranking(task: Document) -> list[str]:
    k = task["k"]
    hit, shown = task["metrics"].get(f"hit_rate@{k}"), task["metrics"].get(f"coverage@{k}")
    lines = []
    if hit:
        lines.append(
            f"{percent(hit['value'], digits=0)} of {task['unit']} found an item they then wanted among "
            f"their first {k}, ranked out of {count(task['catalogue'])}."
        )
    if shown:
        lines.append(f"The lists together show {percent(shown['value'], digits=0)} of the catalogue.")
    return lines


def _quantiles(task: Document) -> list[str]:
    wape, inside = task["metrics"].get("wape"), task["metrics"].get("coverage")
    lines = []
    if wape:
        lines.append(f"The errors of the middle forecast add up to {percent(wape['value'], digits=0)} of the volume.")
    if inside:
        lines.append(
            f"The {percent(task['nominal_coverage'], digits=0)} range held "
            f"{percent(inside['value'], digits=0)} of what happened."
        )
    return lines
