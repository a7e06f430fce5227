"""Coded checks of a finished task: what a careful reader would look for first.

This module owns the rules, their codes and the messages. A check reads the task dictionary and answers ``pass``, ``warn`` or
``fail``, or nothing when it does not apply. It refuses to change figures. Codes are never reused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from foretell.evaluate.definitions import definition

__all__ = ["CHECKS", "Check", "run_checks"]

Status = Literal["pass", "warn", "fail"]
Task = Mapping[str, Any]

LARGEST_ECE: Final = 0.03
ENOUGH: Final = 100
FEWEST: Final = 30
TOO_GOOD: Final = 0.98


@dataclass(frozen=True)
class Check:
    """The answer of one check.

    Attributes:
        code: Stable code such as ``FT001``.
        name: What is checked, in words.
        status: ``pass``, ``warn`` or ``fail``.
        message: One sentence for people, with the figures it rests on.
    """

    code: str
    name: str
    status: Status
    message: str


Verdict = tuple[Status, str]


def _beats_baselines(task: Task) -> Verdict | None:
    headline = task["headline"]
    outcomes = {
        name: differences[headline]["outcome"] for name, differences in task["paired"].items() if headline in differences
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
    return "pass", f"Clearly better than all {len(outcomes)} baselines on {label}."


def _calibrated(task: Task) -> Verdict | None:
    if task["answer"] != "probability":
        return None
    found, chance = task["calibration"]["ece"], task["calibration"]["by_chance"]
    words = f"Calibration error {found:.3f}; a perfect model would show about {chance:.3f} by chance on so many rows."
    if found <= LARGEST_ECE:
        return "pass", words
    return ("warn" if found - chance <= LARGEST_ECE else "fail"), f"{words} The limit is {LARGEST_ECE}."


def _enough_positives(task: Task) -> Verdict | None:
    if task["answer"] == "probability":
        rarer = min(task["positives"], task["n"] - task["positives"])
        words = f"{task['positives']:,} positives and {task['n'] - task['positives']:,} negatives in the test window."
    else:
        rarer = task["n"]
        words = f"{task['n']:,} {task['unit']} in the test window."
    if rarer >= ENOUGH:
        return "pass", words
    return ("warn" if rarer >= FEWEST else "fail"), f"{words} Figures are steady from about {ENOUGH}."


def _interval_width(task: Task) -> Verdict | None:
    interval = task["metrics"].get(task["headline"])
    if interval is None:
        return "fail", f"{definition(task['headline']).label} is undefined on this test window."
    width = interval["high"] - interval["low"]
    # AUC lives between 0.5 and 1; other headlines are judged relative to their size.
    scale = 0.5 if task["headline"] == "auc" else abs(interval["value"])
    wide = width / scale if scale else float("inf") if width else 0.0
    words = f"{definition(task['headline']).label} is known to within {width / 2:.3g} either way."
    return ("pass" if wide <= 0.25 else "warn"), words


def _suspicious_feature(task: Task) -> Verdict | None:
    measured = [feature for feature in task["features"] if feature["measure"] == "auc"]
    if not measured:
        return None
    strengths = {feature["name"]: max(feature["association"], 1 - feature["association"]) for feature in measured}
    odd = [name for name, strength in strengths.items() if strength > TOO_GOOD]
    if odd:
        return "fail", f"Too good to be true: {_names(odd)} alone nearly decides the outcome. It may encode the answer."
    name = max(strengths, key=lambda one: strengths[one])
    return "pass", f"No single feature gives the answer away; the strongest is {name} (AUC {strengths[name]:.2f} alone)."


def _unknown_share(task: Task) -> Verdict | None:
    shares = {kind: share for kind, share in task["unknown_share"].items() if share is not None}
    if not shares:
        return None
    words = ", ".join(f"{share:.1%} {kind}" for kind, share in shares.items()) + " never seen in training."
    worst = max(shares.values())
    return ("pass" if worst <= 0.2 else "warn" if worst <= 0.5 else "fail"), words


def _randomised(task: Task) -> Verdict | None:
    if task.get("randomised") is None:
        return None
    if task["randomised"]:
        return "pass", "Treatment was assigned by chance, so differences can be read as its effect."
    return "warn", "Treatment was not assigned by chance: differences are associations and may not be effects."


def _window_drift(task: Task) -> Verdict | None:
    before, now = task["validation_rate"], task.get("base_rate")
    if before is None or now is None:
        return None
    change = abs(now - before) / before if before else float("inf") if now else 0.0
    form = ".1%" if task["answer"] == "probability" else ".3g"
    words = f"The outcome's rate went from {before:{form}} in validation to {now:{form}} in the test window."
    return ("pass" if change <= 0.2 else "warn" if change <= 0.5 else "fail"), words


def _range_coverage(task: Task) -> Verdict | None:
    if task["answer"] != "quantiles" or "coverage" not in task["metrics"]:
        return None
    found, nominal = task["metrics"]["coverage"]["value"], task["nominal_coverage"]
    gap = abs(found - nominal)
    words = f"The {nominal:.0%} range held {found:.0%} of what happened."
    return ("pass" if gap <= 0.05 else "warn" if gap <= 0.1 else "fail"), words


def _bias(task: Task) -> Verdict | None:
    bias = task["metrics"].get("bias")
    if task["answer"] != "quantiles" or bias is None:
        return None
    direction = "above" if bias["value"] > 0 else "below"
    words = f"The total forecast lies {abs(bias['value']):.1%} {direction} what happened."
    size = abs(bias["value"])
    return ("pass" if size <= 0.05 else "warn" if size <= 0.15 else "fail"), words


def _informative(task: Task) -> Verdict | None:
    entropy = task["metrics"].get("normalised_entropy")
    if entropy is None:
        return None
    value = entropy["value"]
    if value < 1:
        return "pass", f"Its probabilities cost {1 - value:.0%} less log loss than always answering the base rate."
    return "fail", "Its probabilities are no better than always answering the base rate."


def _popularity(task: Task) -> Verdict | None:
    if task["answer"] != "ranking":
        return None
    shown = task["metrics"].get(f"popularity_share@{task['k']}")
    wanted = task["popularity"]["share_of_wanted"]
    if shown is None or wanted is None:
        return None
    words = f"{shown['value']:.0%} of recommendations are best sellers; they are {wanted:.0%} of what people then wanted."
    return ("warn" if shown["value"] > max(0.5, 2 * wanted) else "pass"), words


def _too_good(task: Task) -> Verdict | None:
    auc = task["metrics"].get("auc")
    if auc is None:
        return None
    if auc["value"] > TOO_GOOD:
        return "warn", f"AUC {auc['value']:.3f} is rarely seen without a leak; check the windows and the features."
    return "pass", "No sign of a leak in the overall quality."


CHECKS: Final[dict[str, tuple[str, Callable[[Task], Verdict | None]]]] = {
    "FT001": ("beats baselines", _beats_baselines),
    "FT002": ("calibrated", _calibrated),
    "FT003": ("enough cases", _enough_positives),
    "FT004": ("interval width", _interval_width),
    "FT005": ("suspicious feature", _suspicious_feature),
    "FT006": ("unknown share", _unknown_share),
    "FT007": ("randomised treatment", _randomised),
    "FT008": ("drift between windows", _window_drift),
    "FT009": ("range coverage", _range_coverage),
    "FT010": ("bias", _bias),
    "FT011": ("informative", _informative),
    "FT012": ("popularity", _popularity),
    "FT013": ("plausible quality", _too_good),
}
"""Every check by its code: a name and the rule."""


def run_checks(task: Task) -> list[Check]:
    """All checks that apply to a task, in the order of their codes.

    Args:
        task: A task dictionary as ``assemble_task`` makes it.

    Returns:
        The checks with their answers.
    """
    found = []
    for code, (name, rule) in CHECKS.items():
        verdict = rule(task)
        if verdict is not None:
            found.append(Check(code, name, verdict[0], verdict[1]))
    return found


def _names(names: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
