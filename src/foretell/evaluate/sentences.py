"""What the figures say, in plain sentences for someone who decides.

This module owns the wording of the summary and of each task's takeaway. It refuses causal words for
associations, and figures that are not in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate.definitions import definition, improvement
from foretell.evaluate.digits import decimals_apart, figure
from foretell.evaluate.words import count, inline, joined, percent, plural, short_count, span, task_inline

__all__ = ["QUESTIONS", "is_same_model", "summary", "takeaways", "verdict_words"]

Document = Mapping[str, Any]

QUESTIONS: Final = {
    "purchase": "Who will buy?",
    "recommend": "Which items next?",
    "ad": "Who responds to an exposure?",
    "promotion": "Who takes part in a campaign?",
    "churn": "Who is leaving?",
    "demand": "How much of each item?",
    "amount": "How much of each customer?",
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


def is_same_model(task: Document) -> bool:
    """True where the answer is LightGBM alone, the baseline itself: nothing was blended in, and nothing differs.

    Example:
        >>> is_same_model({"verdict": {"baseline": "lightgbm_features", "value": 0.0, "low": 0.0, "high": 0.0}})
        True
    """
    verdict = task.get("verdict")
    if not verdict or verdict.get("baseline") != "lightgbm_features":
        return False
    return all(verdict.get(end) == 0 for end in ("value", "low", "high"))


def verdict_words(task: Document) -> str:
    """The verdict in two or three words.

    Example:
        >>> verdict_words({"verdict": {"outcome": "beats"}})
        'Clearly better'
    """
    verdict = task.get("verdict")
    if not verdict:
        return "No baseline"
    if is_same_model(task):
        return "The same model"
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
        f"{short_count(data.get('items'))} items, foretell learned to answer "
        f"{plural(len(tasks), one='question', many='questions')} and was tested on {tested}, days on which nothing "
        "was fitted, blended, calibrated or cut."
    ]
    by_verdict: dict[str, list[str]] = {}
    for name, task in tasks.items():
        by_verdict.setdefault(verdict_words(task), []).append(task_inline(name))
    sentences = {
        "Clearly better": "It clearly beats the strongest baseline on {names}.",
        "Slightly better": "It is ahead on {names}, by too little to matter.",
        "No clear difference": "On {names} the difference is within the margin of error.",
        "The same model": "On {names} it is the same model as the strongest baseline.",
        "Slightly behind": "It is behind on {names}, by too little to matter.",
        "Behind": "On {names} it is behind: use the baseline there.",
    }
    lines += [
        line.format(names=f"{joined(by_verdict[words])}") for words, line in sentences.items() if words in by_verdict
    ]
    line = _checks([check["status"] for task in tasks.values() for check in task["checks"]])
    return [*lines, line] if line else lines


def _checks(statuses: list[str]) -> str:
    failed, warned = statuses.count("fail"), statuses.count("warn")
    of = f"Of {plural(len(statuses), one='check', many='checks')}"
    deserve = "deserves a look" if warned == 1 else "deserve a look"
    if failed:
        return f"{of}, {failed} failed{f' and {warned} {deserve}' if warned else ''}."
    if warned:
        return f"{of}, {warned} {deserve}."
    if len(statuses) == 1:
        return "The one check passed."
    return f"All {len(statuses)} checks passed." if statuses else ""


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
    return [*lines, _against(task)] if task.get("verdict") else lines


def _against(task: Document) -> str:
    """How it compares with the strongest baseline, with figures that look as different as they are."""
    verdict = task["verdict"]
    headline, name = verdict["metric"], inline(verdict["baseline"])
    mine, other = (figures[headline]["value"] for figures in (task["metrics"], task["baselines"][verdict["baseline"]]))
    if verdict["value"] == verdict["low"] == verdict["high"] == 0:
        shown = figure(headline, value=mine)
        if is_same_model(task):
            return f"It is the same model as the strongest baseline, {name} ({definition(headline).label} {shown})."
        return f"The strongest baseline, {name}, does exactly as well ({definition(headline).label} {shown} for both)."
    digits = decimals_apart(headline, value=mine, others=[other])
    shown = " against ".join(figure(headline, value=value, digits=digits) for value in (mine, other))
    close = "close behind" if improvement(headline, difference=verdict["value"]) >= 0 else "just ahead"
    words = {
        "Clearly better": f"It is clearly better than the strongest baseline, {name}",
        "Slightly better": f"The strongest baseline, {name}, is behind by too little to matter",
        "No clear difference": f"The strongest baseline, {name}, is {close}, within the margin of error",
        "Slightly behind": f"The strongest baseline, {name}, is ahead by too little to matter",
        "Behind": f"The strongest baseline, {name}, does better",
    }[verdict_words(task)]
    return f"{words} ({definition(headline).label} {shown})."


def _probability(task: Document) -> list[str]:
    lines = []
    gain = task.get("curves", {}).get("gain", {})
    if gain.get("share"):
        place = min(range(len(gain["share"])), key=lambda index: abs(gain["share"][index] - 0.2))
        found = gain["found"][place]
        lines.append(
            f"The best-scored fifth of {task['unit']} holds {percent(found, digits=0)} of "
            f"{_FOUND.get(task['kind'], 'all positives')}, "
            f"{found / 0.2:.1f} times what picking at random would find."
        )
    calibration = task.get("calibration", {})
    if calibration.get("ece") is not None:
        raw = calibration.get("before")
        before = f" ({_points(raw)} before calibration)" if raw is not None else ""
        lines.append(
            f"Its stated chances were off by {_points(calibration['ece'])} percentage points on average{before}; "
            f"those of a perfect model would be off by about {_points(calibration.get('by_chance') or 0)} here, by "
            "chance alone."
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
            f"In {percent(hit['value'], digits=0)} of {task['unit']} at least one of the first {k} items, picked out "
            f"of {count(task['catalogue'])}, was then wanted."
        )
    if shown:
        lines.append(f"The lists together show {percent(shown['value'], digits=0)} of the catalogue.")
    return lines


def _quantiles(task: Document) -> list[str]:
    wape, inside = task["metrics"].get("wape"), task["metrics"].get("coverage")
    lines = []
    if wape and task["headline"] == "wape":
        lines.append(
            f"The errors of the middle forecast, too much and too little alike, add up to "
            f"{percent(wape['value'], digits=0)} of the volume."
        )
    if inside:
        lines.append(
            f"The {percent(task['nominal_coverage'], digits=0)} range held what happened in "
            f"{percent(inside['value'], digits=0)} of {task['unit']}."
        )
    return lines
