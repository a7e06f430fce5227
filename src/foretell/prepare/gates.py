"""Data-sufficiency gates: whether a log is enough for a question, before hours are spent on it.

This module owns the verdicts and their words. It refuses to count (``requirements``) and to soften: too
little data is refused, with what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.prepare.requirements import MEASURES, Requirement

__all__ = ["Gate", "gates", "require_any"]

Status = Literal["ok", "warn", "refused"]


@dataclass(frozen=True)
class Gate:
    """The verdict on one task.

    Attributes:
        task: The task's name.
        status: ``ok``; ``warn`` where an answer is given but uncertain; ``refused`` where none is given.
        needs: By name, how much of each thing makes a firm answer.
        has: By name, how much of it the log has.
        message: One plain sentence or two: what is missing and what to do.
    """

    task: str
    status: Status
    needs: Mapping[str, float]
    has: Mapping[str, float]
    message: str


def gates(log: EventLog, tasks: Iterable[Task], *, days_to_split: Callable[[int], int] | None = None) -> list[Gate]:
    """Judge a clean log for each of ``tasks``.

    Args:
        log: The log.
        tasks: The questions.
        days_to_split: How many days training asks for, given a horizon in days: what can be judged but not trained on
            would be a promise that is not kept.

    Example:
        >>> import polars as pl
        >>> log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [10**15], "action": ["view"]}))
        >>> gate = gates(log, [Task(name="soon", kind="purchase", horizon_days=7)])[0]
        >>> gate.status, gate.has["users"]
        ('refused', 1)
    """
    asked = days_to_split or (lambda _: 0)
    return [
        # A campaign has no horizon of its own: it is judged within the windows that the other questions ask for.
        _judge(
            task.name,
            _at_least(MEASURES[task.kind](log, task), 0 if task.kind == "promotion" else asked(task.horizon_days)),
        )
        for task in tasks
    ]


def require_any(verdicts: Sequence[Gate]) -> None:
    """Go on if at least one task can be answered.

    Raises:
        InsufficientDataError: If every task is refused; it says why for each.
    """
    if any(gate.status != "refused" for gate in verdicts):
        return
    reasons = "\n".join(f"  {gate.task}: {gate.message}" for gate in verdicts)
    raise InsufficientDataError(
        "The log is not enough for any of the tasks.",
        received=f"\n{reasons}" if verdicts else "no tasks",
        remedy="Bring more data as said above, or ask for other tasks.",
    )


def _at_least(requirements: Sequence[Requirement], days: int) -> list[Requirement]:
    return [
        replace(need, least=max(need.least, days), firm=max(need.firm, days)) if need.name == "days" else need
        for need in requirements
    ]


def _judge(name: str, requirements: Sequence[Requirement]) -> Gate:
    lacking = [need for need in requirements if need.has < need.least]
    thin = [need for need in requirements if need.least <= need.has < need.firm]
    status: Status = "refused" if lacking else "warn" if thin else "ok"
    return Gate(
        task=name,
        status=status,
        needs={need.name: need.firm for need in requirements},
        has={need.name: need.has for need in requirements},
        message=_message(lacking, thin),
    )


def _message(lacking: Sequence[Requirement], thin: Sequence[Requirement]) -> str:
    if lacking:
        parts = [f"{need.words}: {_number(need.has)}, at least {_number(need.least)} needed" for need in lacking]
        return f"Too little data: {'; '.join(parts)}. {_remedies(lacking)}"
    if thin:
        parts = [f"{need.words}: {_number(need.has)}, {_number(need.firm)} make a firm answer" for need in thin]
        return f"Answers will be uncertain: {'; '.join(parts)}. {_remedies(thin)}"
    return "Enough data."


def _remedies(needs: Sequence[Requirement]) -> str:
    return " ".join(dict.fromkeys(need.remedy for need in needs))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
