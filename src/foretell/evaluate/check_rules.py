"""The rules behind the coded checks: what a careful reader would look for first.

This module owns one function per rule. A rule reads the task dictionary and answers with a status and a
sentence, or with nothing when it does not apply. It refuses to change figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from foretell.evaluate.definitions import definition
from foretell.evaluate.digits import figure, interval_text
from foretell.evaluate.facts import strength
from foretell.evaluate.words import inline, joined, percent

__all__ = [
    "Status",
    "Task",
    "Verdict",
    "beats_baselines",
    "bias",
    "calibrated",
    "enough_positives",
    "informative",
    "interval_width",
    "popularity",
    "randomised",
    "range_coverage",
    "suspicious_feature",
    "too_good",
    "unknown_share",
    "window_drift",
]

Status = Literal["pass", "warn", "fail"]
Task = Mapping[str, Any]
Verdict = tuple[Status, str]
LARGEST_ECE: Final = 0.03
ENOUGH: Final = 100
FEWEST: Final = 30
TOO_GOOD: Final = 0.98
WIDEST: Final = 0.25
"""How wide an interval may be, as a share of its value (of 0.5 for AUC)."""

# From the first limit on a reader is warned, from the second on the check fails.
_UNKNOWN: Final = (0.2, 0.5)
_MOVED: Final = (0.2, 0.5)
_OFF_RANGE: Final = (0.05, 0.1)
_OFF_TOTAL: Final = (0.05, 0.15)

# What the strongest single feature is called, and where its measure starts (a coin has an AUC of one half).
_ALONE: Final = {"auc": ("AUC", 0.5), "auc_distance": ("AUC", 0.5), "spearman": ("rank correlation", 0.0)}


def beats_baselines(task: Task) -> Verdict | None:
    """Whether the headline metric is clearly better than that of every baseline."""
    headline = task["headline"]
    outcomes = {
        name: differences[headline]["outcome"]
        for name, differences in task["paired"].items()
        if headline in differences
    }
    if not outcomes:
        return None
    label = definition(headline).label
    behind = [name for name, found in outcomes.items() if found == "behind"]
    ties = [name for name, found in outcomes.items() if found == "ties"]
    if behind:
        return "fail", f"Behind {_names(behind)} on {label}."
    if ties:
        return "warn", f"Cannot be told apart from {_names(ties)} on {label}."
    least = min(abs(differences[headline]["value"]) for name, differences in task["paired"].items() if name in outcomes)
    points = definition(headline).form == "percent"
    by = f"{100 * least:.3g} percentage points" if points else f"{least:.3g}"
    than = f"all {len(outcomes)} baselines" if len(outcomes) > 1 else f"the one baseline, {_names(list(outcomes))},"
    return "pass", f"Better than {than} on {label}, by {by} or more."


def calibrated(task: Task) -> Verdict | None:
    """Whether stated chances come true, to within ``LARGEST_ECE``; beside them those of baselines that know anything.

    Always answering the base rate is well calibrated and tells nobody from anybody, so it is no yardstick here.
    """
    if task["answer"] != "probability":
        return None
    found, chance = task["calibration"]["ece"], task["calibration"]["by_chance"]
    words = (
        f"Calibration error {_beside(found, LARGEST_ECE)}; "
        f"chance alone would give a perfect model about {percent(chance)} here."
    )
    knowing = [name for name, metrics in task["baselines"].items() if metrics.get("auc", {}).get("low", 0.0) > 0.5]
    words += _others(task, "ece", names=knowing)
    if found <= LARGEST_ECE:
        return "pass", words
    words += f" The limit is {percent(LARGEST_ECE, digits=0)}."
    return ("warn" if found - chance <= LARGEST_ECE else "fail"), words


def enough_positives(task: Task) -> Verdict | None:
    """Whether the test window holds enough cases of either outcome."""
    if task["answer"] == "probability":
        rarer = min(task["positives"], task["n"] - task["positives"])
        negatives = task["n"] - task["positives"]
        words, each = f"{task['positives']:,} positives and {negatives:,} negatives in the test window.", " of each"
    else:
        rarer = task["n"]
        words, each = f"{task['n']:,} {task['unit']} in the test window.", ""
    if rarer >= ENOUGH:
        return "pass", words
    return ("warn" if rarer >= FEWEST else "fail"), f"{words} Figures are steady from about {ENOUGH}{each}."


def interval_width(task: Task) -> Verdict | None:
    """Whether the headline metric is known precisely enough."""
    headline = task["headline"]
    interval = task["metrics"].get(headline)
    if interval is None:
        return "fail", f"{definition(headline).label} is undefined on this test window."
    width = interval["high"] - interval["low"]
    # AUC lives between 0.5 and 1; other headlines are judged relative to their size.
    scale, of = (0.5, "the half above guessing") if headline == "auc" else (abs(interval["value"]), "its value")
    wide = width / scale if scale else float("inf") if width else 0.0
    words = f"The 95% interval of {definition(headline).label} is {interval_text(headline, interval=interval)}."
    if wide <= WIDEST:
        return "pass", words
    size = f"{_beside(wide, WIDEST)} of {of}" if scale else "wide for a value of zero"
    return "warn", f"{words} That is {size}; figures count as firm up to {percent(WIDEST, digits=0)}."


def suspicious_feature(task: Task) -> Verdict | None:
    """Whether a single feature nearly decides the outcome."""
    strengths = {
        feature["name"]: (start + strength(feature["association"], measure=feature["measure"]), measure)
        for feature in task["features"]
        for measure, start in [_ALONE.get(feature["measure"], ("", None))]
        if start is not None
    }
    if not strengths:
        return None
    odd = [name for name, (size, _) in strengths.items() if size > TOO_GOOD]
    if odd:
        return (
            "fail",
            f"Too good to be true: {joined(odd)} alone nearly decides the outcome. It may encode the answer.",
        )
    name = max(strengths, key=lambda one: strengths[one][0])
    size, measure = strengths[name]
    return (
        "pass",
        f"No single feature gives the answer away; the strongest, {name}, has {measure} {size:.2f}.",
    )


def unknown_share(task: Task) -> Verdict | None:
    """How much of the test window concerns users or items never seen in training."""
    shares = {kind: share for kind, share in task["unknown_share"].items() if share is not None}
    if not shares:
        return None
    parts = [f"{_beside(share, *_UNKNOWN)} of {kind}" for kind, share in shares.items()]
    words = f"Never seen in training, counted by test rows: {joined(parts)}."
    return _graded(max(shares.values()), _UNKNOWN, words)


def randomised(task: Task) -> Verdict | None:
    """Whether differences between treated and untreated people can be read as effects."""
    if task.get("randomised") is None:
        return None
    if task["randomised"]:
        return "pass", "Treatment was assigned by chance, so differences can be read as its effect."
    return (
        "warn",
        "Treatment was not assigned by chance: differences are associations and may not be effects.",
    )


def window_drift(task: Task) -> Verdict | None:
    """Whether the outcome's rate moved between validation and test."""
    before, now = task["validation_rate"], task.get("base_rate")
    if before is None or now is None:
        return None
    change = abs(now - before) / before if before else float("inf") if now else 0.0
    then, today = (percent(rate) if task["answer"] == "probability" else f"{rate:.3g}" for rate in (before, now))
    words = f"The outcome's rate went from {then} in validation to {today} in the test window."
    return _graded(change, _MOVED, words, limit="a change by {share}")


def range_coverage(task: Task) -> Verdict | None:
    """Whether forecast ranges hold what they promise."""
    if task["answer"] != "quantiles" or "coverage" not in task["metrics"]:
        return None
    found, nominal = task["metrics"]["coverage"]["value"], task["nominal_coverage"]
    words = f"The {nominal:.0%} range held the actual value in {percent(found)} of {task['unit']}."
    words += _others(task, "coverage")
    # What lies exactly at an end (nothing sold, nothing forecast) may count or not: only what is off either way is off.
    within = task.get("coverage_within", found)
    return _graded(
        max(within - nominal, nominal - found, 0.0), _OFF_RANGE, words, limit="{points} percentage points either way"
    )


def bias(task: Task) -> Verdict | None:
    """Whether the total is forecast too high or too low; beside it the baselines' totals, by the same measure."""
    bias = task["metrics"].get("bias")
    if task["answer"] != "quantiles" or bias is None:
        return None
    size = abs(bias["value"])
    direction = "above" if bias["value"] > 0 else "below"
    words = f"The total of the {task['bias_of']} forecasts lies {_beside(size, *_OFF_TOTAL)} {direction} what happened."
    return _graded(size, _OFF_TOTAL, words + _others(task, "bias"))


def informative(task: Task) -> Verdict | None:
    """Whether the probabilities beat always answering the base rate, and no baseline states clearly better ones."""
    entropy = task["metrics"].get("normalised_entropy")
    if entropy is None:
        return None
    value = entropy["value"]
    if value >= 1:
        return "fail", "Its probabilities are no better than always answering the test window's base rate."
    words = f"Its probabilities cost {1 - value:.0%} less log loss than always answering the test window's base rate"
    outcomes = {name: metrics["logloss"]["outcome"] for name, metrics in task["paired"].items() if "logloss" in metrics}
    behind = [name for name, found in outcomes.items() if found == "behind"]
    if behind:
        return "warn", f"{words}, but clearly more than those of {_names(behind)}."
    better = [name for name, found in outcomes.items() if found == "beats"]
    return "pass", f"{words}, and clearly less than those of {_names(better)}." if better else f"{words}."


def popularity(task: Task) -> Verdict | None:
    """Whether recommendations go to best sellers far more often than people want."""
    if task["answer"] != "ranking":
        return None
    metric = f"popularity_share@{task['k']}"
    shown, wanted = task["metrics"].get(metric), task["popularity"]["share_of_wanted"]
    if shown is None or wanted is None:
        return None
    words = (
        f"The {task['popularity']['items']:,} most popular of {task['catalogue']:,} items are "
        f"{percent(shown['value'])} of recommendations and {percent(wanted)} of what people wanted."
    )
    words += _others(task, metric)
    if shown["value"] <= max(0.5, 2 * wanted):
        return "pass", words
    return "warn", f"{words} More than half, and more than twice what is wanted, deserves a look."


def too_good(task: Task) -> Verdict | None:
    """Whether the overall quality is too good to be true."""
    auc = task["metrics"].get("auc")
    if auc is None:
        return None
    if auc["value"] > TOO_GOOD:
        return (
            "warn",
            f"AUC {auc['value']:.3f} is rarely seen without a leak; check the windows and the features.",
        )
    return "pass", "No sign of a leak in the overall quality."


def _names(names: list[str]) -> str:
    return joined([inline(name) for name in names])


def _others(task: Task, metric: str, *, names: list[str] | None = None) -> str:
    """The baselines' figures of a metric as a sentence of their own, the names given or all that have one."""
    asked = task["baselines"] if names is None else names
    parts = [
        f"{inline(name)} {_share(metric, task['baselines'][name][metric]['value'])}"
        for name in asked
        if metric in task["baselines"][name]
    ]
    return f" For comparison: {joined(parts)}." if parts else ""


def _share(metric: str, value: float) -> str:
    """A figure that is a share, as a percentage, whichever form its metric has elsewhere."""
    return figure(metric, value=value) if definition(metric).form == "percent" else percent(value)


def _beside(share: float, *limits: float) -> str:
    """A share with digits enough to see on which side of a limit it lies."""
    for digits in range(1, 5):
        shown = percent(share, digits=digits)
        if all(shown != percent(limit, digits=digits) for limit in limits if limit != share):
            break
    return shown


def _graded(size: float, limits: tuple[float, float], words: str, *, limit: str = "{share}") -> Verdict:
    """Pass within the first limit, warn within the second; where it does not pass, the words name the limit crossed."""
    if size <= limits[0]:
        return "pass", words
    status: Status = "warn" if size <= limits[1] else "fail"
    crossed = limits[status == "fail"]
    named = limit.format(share=percent(crossed, digits=0), points=f"{100 * crossed:g}")
    return status, f"{words} The limit is {named}."
