"""The register of task kinds and the built-in declarations.

This module owns which rule labels which kind, and the defaults of the six built-in tasks. It refuses unknown kinds by
construction: ``Task.kind`` is a closed set.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Kind, Task
from foretell.tasks import ad, amount, churn, demand, promotion, purchase, recommend

__all__ = ["QUESTIONS", "TASKS", "build_examples", "default_tasks", "response_action"]

QUESTIONS: Final = {
    "purchase": "any purchase within 28 days for users",
    "recommend": "items of purchase within 14 days for users",
    "ad": "any {response} within 7 days for exposures",
    "promotion": "any purchase within 56 days for campaigns",
    "churn": "no purchase within 28 days for users active in 56 days",
    "demand": "sum(quantity) of purchase per week within 28 days for items",
}
"""The built-in tasks, in the language of ``core.question``."""

AT_CUTOFFS: Final = {
    "purchase": purchase.examples,
    "churn": churn.examples,
    "amount": amount.examples,
    "recommend": recommend.examples,
}
IN_WINDOW: Final = {"ad": ad.examples, "promotion": promotion.examples}
OF_ITEMS: Final = {"demand": demand.examples}
TASKS: Final[tuple[Kind, ...]] = ("purchase", "recommend", "ad", "promotion", "churn", "demand")
"""The kinds that are asked where nothing else is; ``amount`` is asked where a config says of what."""


def response_action(log: EventLog) -> str:
    """What counts as a response to an exposure: a click where clicks are logged, else a purchase.

    Example:
        >>> frame = pl.DataFrame({"user_id": ["a"], "time": [1], "action": ["view"]})
        >>> response_action(EventLog(frame)), response_action(EventLog(frame.with_columns(action=pl.lit("click"))))
        ('purchase', 'click')
    """
    has_clicks = bool((log.events[columns.ACTION] == columns.CLICK).any())
    return columns.CLICK if has_clicks else columns.PURCHASE


def default_tasks(*, response: str) -> dict[str, Task]:
    """The six built-in tasks with their default horizons.

    Args:
        response: The action that counts as a response to an exposure (``response_action`` of the log).

    Example:
        >>> sorted(default_tasks(response="click"))
        ['ad', 'churn', 'demand', 'promotion', 'purchase', 'recommend']
    """
    return {name: Task.asking(sentence.format(response=response), name=name) for name, sentence in QUESTIONS.items()}


def build_examples(
    log: EventLog, task: Task, *, cutoffs: list[int], start: int, end: int, known_until: int
) -> pl.DataFrame:
    """The labelled examples of a task in one split.

    Args:
        log: The clean log.
        task: What is asked.
        cutoffs: For tasks asked on a grid: the grid; every window must end by ``end``.
        start: For tasks with moments of their own (exposures, campaigns): the split's start.
        end: The split's end.
        known_until: The end of the training window, by which a task about items has chosen them.
    """
    if task.kind in AT_CUTOFFS:
        return AT_CUTOFFS[task.kind](log, task, cutoffs=cutoffs)
    if task.kind in OF_ITEMS:
        return OF_ITEMS[task.kind](log, task, cutoffs=cutoffs, known_until=known_until, end=end)
    return IN_WINDOW[task.kind](log, task, start=start, end=end)
