"""The rules behind the coded checks: what a careful reader would look for first.

This module owns one function per rule. A rule reads the task dictionary and answers with a status and a
sentence, or with nothing when it does not apply. It refuses to change figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from foretell.evaluate.definitions import definition
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
LARGEST_ECE: Final = 0.03
ENOUGH: Final = 100
FEWEST: Final = 30
TOO_GOOD: Final = 0.98
Verdict = tuple[Status, str]


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
    return "pass", f"Better than all {len(outcomes)} baselines on {label}, by {least:.3g} or more."


def calibrated(task: Task) -> Verdict | None:
    """Whether stated chances come true, to within ``LARGEST_ECE``."""
    if task["answer"] != "probability":
        return None
    found, chance = task["calibration"]["ece"], task["calibration"]["by_chance"]
    words = f"Calibration error {percent(found)}; chance alone would give a perfect model about {percent(chance)} here."
    if found <= LARGEST_ECE:
        return "pass", words
    return ("warn" if found - chance <= LARGEST_ECE else "fail"), f"{words} The limit is {percent(LARGEST_ECE)}."


def enough_positives(task: Task) -> Verdict | None:
    """Whether the test window holds enough cases of either outcome."""
    if task["answer"] == "probability":
        rarer = min(task["positives"], task["n"] - task["positives"])
        negatives = task["n"] - task["positives"]
        words = f"{task['positives']:,} positives and {negatives:,} negatives in the test window."
    else:
        rarer = task["n"]
        words = f"{task['n']:,} {task['unit']} in the test window."
    if rarer >= ENOUGH:
        return "pass", words
    return ("warn" if rarer >= FEWEST else "fail"), f"{words} Figures are steady from about {ENOUGH}."


def interval_width(task: Task) -> Verdict | None:
    """Whether the headline metric is known precisely enough."""
    interval = task["metrics"].get(task["headline"])
    if interval is None:
        return "fail", f"{definition(task['headline']).label} is undefined on this test window."
    width = interval["high"] - interval["low"]
    # AUC lives between 0.5 and 1; other headlines are judged relative to their size.
    scale = 0.5 if task["headline"] == "auc" else abs(interval["value"])
    wide = width / scale if scale else float("inf") if width else 0.0
    words = f"{definition(task['headline']).label} is known to within {width / 2:.3g} either way."
    return ("pass" if wide <= 0.25 else "warn"), words


def suspicious_feature(task: Task) -> Verdict | None:
    """Whether a single feature nearly decides the outcome."""
    middle = {"auc": 0.5, "auc_distance": 0.0}
    strengths = {
        feature["name"]: 0.5 + abs(feature["association"] - middle[feature["measure"]])
        for feature in task["features"]
        if feature["measure"] in middle
    }
    if not strengths:
        return None
    odd = [name for name, strength in strengths.items() if strength > TOO_GOOD]
    if odd:
        return (
            "fail",
            f"Too good to be true: {joined(odd)} alone nearly decides the outcome. It may encode the answer.",
        )
    name = max(strengths, key=lambda one: strengths[one])
    return (
        "pass",
        f"No single feature gives the answer away; the strongest, {name}, has AUC {strengths[name]:.2f}.",
    )


def unknown_share(task: Task) -> Verdict | None:
    """How much of the test window concerns users or items never seen in training."""
    shares = {kind: share for kind, share in task["unknown_share"].items() if share is not None}
    if not shares:
        return None
    words = ", ".join(f"{percent(share)} {kind}" for kind, share in shares.items()) + " never seen in training."
    worst = max(shares.values())
    return ("pass" if worst <= 0.2 else "warn" if worst <= 0.5 else "fail"), words


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
    return ("pass" if change <= 0.2 else "warn" if change <= 0.5 else "fail"), words


def range_coverage(task: Task) -> Verdict | None:
    """Whether forecast ranges hold what they promise."""
    if task["answer"] != "quantiles" or "coverage" not in task["metrics"]:
        return None
    found, nominal = task["metrics"]["coverage"]["value"], task["nominal_coverage"]
    gap = abs(found - nominal)
    words = f"The {nominal:.0%} range held {found:.0%} of what happened."
    return ("pass" if gap <= 0.05 else "warn" if gap <= 0.1 else "fail"), words


def bias(task: Task) -> Verdict | None:
    """Whether the total is forecast too high or too low."""
    bias = task["metrics"].get("bias")
    if task["answer"] != "quantiles" or bias is None:
        return None
    direction = "above" if bias["value"] > 0 else "below"
    words = f"The total forecast lies {abs(bias['value']):.1%} {direction} what happened."
    size = abs(bias["value"])
    return ("pass" if size <= 0.05 else "warn" if size <= 0.15 else "fail"), words


def informative(task: Task) -> Verdict | None:
    """Whether the probabilities beat always answering the base rate."""
    entropy = task["metrics"].get("normalised_entropy")
    if entropy is None:
        return None
    value = entropy["value"]
    if value < 1:
        return (
            "pass",
            f"Its probabilities cost {1 - value:.0%} less log loss than always answering the base rate.",
        )
    return "fail", "Its probabilities are no better than always answering the base rate."


def popularity(task: Task) -> Verdict | None:
    """Whether recommendations go to best sellers far more often than people want."""
    if task["answer"] != "ranking":
        return None
    shown = task["metrics"].get(f"popularity_share@{task['k']}")
    wanted = task["popularity"]["share_of_wanted"]
    if shown is None or wanted is None:
        return None
    words = f"Best sellers are {shown['value']:.0%} of recommendations, {wanted:.0%} of what people wanted."
    return ("warn" if shown["value"] > max(0.5, 2 * wanted) else "pass"), words


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
