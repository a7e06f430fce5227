"""Coded checks of a finished task: what a careful reader would look for first.

This module owns their codes and how they are run; the rules live in ``check_rules``. A check reads the task
dictionary and answers ``pass``, ``warn`` or ``fail``, or nothing when it does not apply. It refuses to change
figures. Codes are never reused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from foretell.evaluate import check_rules
from foretell.evaluate.check_rules import Status, Task, Verdict

__all__ = ["CHECKS", "Check", "run_checks"]


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


CHECKS: Final[dict[str, tuple[str, Callable[[Task], Verdict | None]]]] = {
    "FT001": ("beats baselines", check_rules.beats_baselines),
    "FT002": ("calibrated", check_rules.calibrated),
    "FT003": ("enough cases", check_rules.enough_positives),
    "FT004": ("interval width", check_rules.interval_width),
    "FT005": ("suspicious feature", check_rules.suspicious_feature),
    "FT006": ("unknown share", check_rules.unknown_share),
    "FT007": ("randomised treatment", check_rules.randomised),
    "FT008": ("drift between windows", check_rules.window_drift),
    "FT009": ("range coverage", check_rules.range_coverage),
    "FT010": ("bias", check_rules.bias),
    "FT011": ("informative", check_rules.informative),
    "FT012": ("popularity", check_rules.popularity),
    "FT013": ("plausible quality", check_rules.too_good),
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
