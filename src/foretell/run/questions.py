"""The tasks in plain words: the question, what its rows are, and what its answers must not be used for.

This module owns those sentences. It refuses figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foretell.core import columns
from foretell.core.events import RETURNED, EventLog
from foretell.core.item_condition import values_of
from foretell.core.task import Kind, Task
from foretell.evaluate import TaskFacts

__all__ = ["facts_for"]

_QUESTIONS: Final[dict[Kind, str]] = {
    "purchase": "Who {verb}{where} within {days} days?",
    "recommend": "Which items will each customer {verb_plain} in the next {days} days?",
    "ad": "Who responds to a shown item within {days} days?",
    "promotion": "Who redeems a coupon of the campaign that reached them?",
    "churn": "Which active customers buy nothing for {days} days?",
    "demand": "How many units of each item will sell in each of the next {weeks} weeks?",
    "amount": "{measure}{where} within {days} days{active}?",
}
_MEASURES: Final = {
    ("value", True): "How much money will each customer spend",
    ("quantity", True): "How many units will each customer buy",
    ("count", True): "How often will each customer buy",
    ("value", False): "How much will each customer's {action!r} events be worth",
    ("quantity", False): "How many units will each customer's {action!r} events come to",
    ("count", False): "How often will each customer do {action!r}",
}
_UNITS: Final[dict[Kind, str]] = {
    "purchase": "answers about customers",
    "recommend": "lists",
    "ad": "exposures",
    "promotion": "targeted customers",
    "churn": "answers about active customers",
    "demand": "item weeks",
    "amount": "answers about customers",
}
_NOT_FOR: Final[dict[Kind, tuple[str, ...]]] = {
    "purchase": ("deciding what a message would change: this is who buys, not whom a message makes buy",),
    "recommend": ("items outside the log's assortment",),
    "ad": ("comparing placements causally: where an item is shown was not left to chance",),
    "promotion": ("claiming that the coupon caused the purchase", "customers no campaign ever reached"),
    "churn": ("saying a customer is lost for good: the answer covers the horizon only",),
    "amount": ("deciding what a message would change: this is what customers spend or do, not what a message adds",),
    "demand": ("items that had not sold before the cutoff", "weeks with promotions the log does not know of"),
}
_NOTES: Final[dict[Kind, tuple[str, ...]]] = {
    "ad": (
        "Exposures are a sample: every exposure that was answered is kept, of the others a share; each row carries "
        "the number of real exposures it stands for, and rates, probabilities and metrics are those of the whole.",
    ),
}


def _of_refunds(task: Task, log: EventLog) -> list[str]:
    """Whether an amount of purchases is before or after refunds."""
    if task.measure not in ("value", "quantity") or task.action != columns.PURCHASE:
        return []
    if log.table(RETURNED) is None:
        return ["Amounts are as bought: refunds are not taken off (clean.refunds decides)."]
    return ["What was given back within the window is taken off, never below zero."]


def facts_for(
    task: Task, log: EventLog, *, notes: Sequence[str] = (), variants: Mapping[str, Any] | None = None
) -> TaskFacts:
    """The facts of a task for its report."""
    where = "".join(f" from {name} {' or '.join(values_of(wanted))}" for name, wanted in task.where.items())
    bought = task.action == "purchase"
    question = _QUESTIONS[task.kind].format(
        verb="buys" if bought else f"does {task.action!r}",
        verb_plain="buy" if bought else f"{task.action}",
        days=task.horizon_days,
        weeks=-(-task.horizon_days // 7),
        where=where,
        active="" if task.active_days is None else f", of those active in the last {task.active_days} days",
        measure="" if task.measure is None else _MEASURES[task.measure, bought].format(action=task.action),
    )
    shown = log.table("exposures") if task.kind == "ad" else None
    weighted = shown is not None and columns.WEIGHT in shown.columns and bool((shown[columns.WEIGHT] != 1.0).any())
    return TaskFacts(
        kind=task.kind,
        horizon_days=task.horizon_days,
        question=question,
        unit=_UNITS[task.kind],
        notes=[*(_NOTES.get(task.kind, ()) if weighted else ()), *_of_refunds(task, log), *notes],
        do_not_use_for=_NOT_FOR[task.kind],
        variants=variants or {},
    )
