"""Rolling origins: the same training, judged on several test windows one after another.

This module owns where the folds lie and the figures over all of them. It refuses to look into a later fold while an
earlier one is trained: each sees the log only up to its own end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from foretell.config import RunConfig
from foretell.core.errors import InputError, InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.files import write_json
from foretell.core.time import DAY, from_microseconds
from foretell.dataset.windows import Windows
from foretell.evaluate import Report
from foretell.evaluate.definitions import improvement
from foretell.run.clean_log import clean_log, with_rules_of_store
from foretell.run.enough import longest_horizon_days, planned
from foretell.run.narrator import Narrator
from foretell.run.pipeline import train

__all__ = ["Folds", "cross_validate", "cross_validation_text", "plan_folds"]

_FILE: Final = "cross_validation.json"


@dataclass(frozen=True)
class Folds:
    """Where the folds lie: test windows of one length, each ending ``step_days`` after the one before.

    Attributes:
        log: The clean log.
        ends: End of each test window, int64 microseconds, earliest first.
        config: The settings of every fold but its end.
    """

    log: EventLog
    ends: tuple[int, ...]
    config: RunConfig

    def each(self) -> Iterator[tuple[EventLog, RunConfig]]:
        """The log as it was at the end of each fold, and the settings that end there."""
        for end in self.ends:
            split = self.config.split.model_copy(update={"end": from_microseconds(end).isoformat()})
            yield self.log.before(end), self.config.model_copy(update={"split": split})


def plan_folds(
    log: EventLog | str | Path | None,
    *,
    config: RunConfig,
    n_folds: int,
    step_days: int | None = None,
    before_test: bool = False,
) -> Folds:
    """Lay the folds over a log, the last one where a plain training would test.

    Args:
        log: A log, or where one or a store lies; None takes the config's.
        config: Every setting.
        n_folds: How many.
        step_days: Days from one fold's end to the next; by default the length of the test window.
        before_test: Leave the plain training's test window alone: the last fold ends where it begins.

    Raises:
        InsufficientDataError: If the log is too short for so many folds, or for any task.
        InputError: If a number is not usable.
    """
    for name, number in (("folds", n_folds), ("step_days", step_days)):
        if number is not None and number < 1:
            raise InputError(f"The number of {name} is not usable.", received=number, remedy="Give 1 or more.")
    config = with_rules_of_store(config, log)
    clean = clean_log(log, config=config).log
    tasks, _, windows = planned(clean, tasks=config.task, split=config.split)
    test_days = (windows.end - windows.test) // DAY
    split = config.split.model_copy(
        update={"test_days": test_days, "validation_days": (windows.validation_end - windows.validation) // DAY}
    )
    step = step_days or test_days
    last = windows.validation_end if before_test else windows.end
    ends = tuple(last - back * step * DAY for back in reversed(range(n_folds)))
    # The first fold has the shortest past; it needs as much as any training.
    needed = Windows.days_needed(longest_horizon_days(tasks), config=split)
    first = windows.start - config.split.warmup_days * DAY
    room = (last - first) // DAY - needed
    if ends[0] - first < needed * DAY:
        raise InsufficientDataError(
            "The log is too short for so many folds.",
            received=f"{n_folds} folds {step} days apart, {(last - first) // DAY} days of log",
            remedy=f"Ask for at most {max(room // step + 1, 0)}, set step_days lower, or shorten split.test_days.",
        )
    return Folds(clean, ends, config.model_copy(update={"split": split}))


def cross_validate(
    log: EventLog | str | Path | None = None,
    *,
    out: str | Path,
    config: RunConfig | None = None,
    folds: int = 3,
    step_days: int | None = None,
    narrator: Narrator | None = None,
) -> dict[str, Any]:
    """Train and judge on rolling origins; what is interrupted continues with the same call.

    Args:
        log: A log, or where one or a store lies; by default ``config.data.log``.
        out: The folder; each fold is a run of its own in it.
        config: Every setting; ``split.gap_days`` keeps days between the windows.
        folds: How many test windows.
        step_days: Days from one fold's end to the next; by default the length of the test window, so that no day is
            tested on twice.
        narrator: Who talks; silent by default.

    Returns:
        ``folds`` (``run`` and test window of each) and, by task, the metrics' ``mean``, ``deviation`` between folds and
        ``each``, and how much better than the best baseline of each fold the headline is.

    Raises:
        InputError: If the log or config is not usable, or the log is too short.

    References:
        Tashman, Out-of-sample tests of forecasting accuracy, 2000 (rolling origins).

    Example:
        >>> cross_validate("events.parquet", out="runs/folds", folds=3)  # doctest: +SKIP
    """
    talk = narrator or Narrator(quiet=True)
    plan = plan_folds(log, config=config or RunConfig(), n_folds=folds, step_days=step_days)
    place = Path(out)
    reports: list[Report] = []
    for number, (known, settings) in enumerate(plan.each(), start=1):
        run = place / f"fold-{number}"
        talk.say(f"Fold {number} of {folds}, tested up to {settings.split.end}.")
        train(known, out=run, config=settings, command="foretell cross-validate", narrator=narrator)
        reports.append(Report.load(run))
    found = {
        "folds": [
            {"run": f"fold-{number}", "test": report.document["windows"]["test"]}
            for number, report in enumerate(reports, start=1)
        ],
        "tasks": _over_folds(reports),
    }
    write_json(place / _FILE, found)
    return found


def cross_validation_text(found: Mapping[str, Any]) -> str:
    """The figures over all folds as a table."""
    lines = [f"{'task':<18} {'metric':<18} {'mean':>9} {'deviation':>9}  {'each fold':<36} above the best baseline"]
    for name, task in found["tasks"].items():
        row = task["metrics"][task["headline"]]
        each = ", ".join("-" if value is None else f"{value:.4f}" for value in row["each"])
        gain = task["improvement"]
        above = "-" if gain is None else f"{gain['mean']:+.4f}, in {gain['folds_ahead']} of {gain['folds']} folds"
        lines.append(
            f"{name:<18} {task['headline']:<18} {row['mean']:>9.4f} {row['deviation']:>9.4f}  {each:<36} {above}"
        )
    return "\n".join(lines)


def _over_folds(reports: list[Report]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for report in reports for name in report.document["tasks"]))
    found: dict[str, Any] = {}
    for name in names:
        parts = [report.document["tasks"].get(name) for report in reports]
        present = [part for part in parts if part is not None]
        metrics = {}
        for metric in present[0]["metrics"]:
            each = [None if part is None else (part["metrics"].get(metric) or {}).get("value") for part in parts]
            known = np.array([value for value in each if value is not None], dtype=np.float64)
            if len(known):
                deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
                metrics[metric] = {"mean": float(known.mean()), "deviation": deviation, "each": each}
        found[name] = {"headline": present[0]["headline"], "metrics": metrics, "improvement": _improvement(present)}
    return found


def _improvement(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """By how much the headline is better than each fold's best baseline, positive where it is."""
    gains = []
    for part in parts:
        verdict, headline = part["verdict"], part["headline"]
        if verdict:
            baseline = part["baselines"][verdict["baseline"]][headline]["value"]
            gains.append(improvement(headline, difference=part["metrics"][headline]["value"] - baseline))
    if not gains:
        return None
    return {"mean": float(np.mean(gains)), "each": gains, "folds_ahead": sum(g > 0 for g in gains), "folds": len(gains)}
