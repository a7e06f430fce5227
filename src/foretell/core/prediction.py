"""Answers, as they leave foretell: the shop's own ids, the cutoff, the answer, the model version.

This module owns the columns of prediction tables and of one answer's reasons. It refuses to compute them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from foretell.core import columns
from foretell.core.task import Kind, Task

__all__ = ["ANSWER_COLUMNS", "Reason", "answer_columns", "quantile_column"]

_FIRST: Final = (columns.USER_ID, columns.CUTOFF, columns.HORIZON_DAYS)
_MEAN: Final = "mean"
_WITH_QUANTILES: Final = ("demand", "amount")

ANSWER_COLUMNS: Final[dict[Kind, tuple[str, ...]]] = {
    "purchase": (*_FIRST, columns.PROBABILITY, columns.MODEL_VERSION),
    "churn": (
        *_FIRST,
        columns.PROBABILITY,
        "churn_probability",
        "expected_date_of_next_order",
        "expected_spend",
        "predicted_number_of_orders",
        "predicted_clv",
        "historic_number_of_orders",
        "historic_clv",
        "total_clv",
        "average_order_value",
        "average_days_between_orders",
        "suggested_action",
        "suggested_action_value",
        columns.MODEL_VERSION,
    ),
    "recommend": (*_FIRST, "rank", columns.ITEM_ID, "score", "is_new_to_user", columns.MODEL_VERSION),
    "ad": (
        *_FIRST,
        columns.ITEM_ID,
        columns.POSITION,
        columns.CHANNEL,
        columns.STORE_ID,
        columns.PROBABILITY,
        columns.MODEL_VERSION,
    ),
    "promotion": (*_FIRST, columns.CAMPAIGN_ID, columns.KIND, columns.PROBABILITY, columns.MODEL_VERSION),
    "amount": (*_FIRST, _MEAN, columns.MODEL_VERSION),
    "demand": (
        columns.ITEM_ID,
        columns.CUTOFF,
        columns.HORIZON_DAYS,
        "week",
        columns.START,
        columns.END,
        _MEAN,
        "order_quantity",
        "order_up_to",
        columns.MODEL_VERSION,
    ),
}
"""The columns of each kind's table, in order; a table of amounts has its quantiles after the mean."""


def quantile_column(level: float) -> str:
    """The column name of a quantile: its level in percent, exactly, so that no two levels share a name.

    Example:
        >>> quantile_column(0.9), quantile_column(0.05), quantile_column(0.975), quantile_column(0.101)
        ('q90', 'q05', 'q97_5', 'q10_1')
    """
    whole, _, rest = f"{(Decimal(str(level)) * 100).normalize():f}".partition(".")
    return f"q{whole:0>2}" + (f"_{rest}" if rest else "")


def answer_columns(task: Task) -> tuple[str, ...]:
    """The columns of a task's table, exactly and in order.

    Columns that a shop cannot fill (spend in a log without money, stores in a shop without any) are there and empty.

    Example:
        >>> answer_columns(Task(name="demand", kind="demand", horizon_days=7, quantiles=(0.5, 0.9)))[6:11]
        ('mean', 'q50', 'q90', 'order_quantity', 'order_up_to')
    """
    declared = ANSWER_COLUMNS[task.kind]
    if task.kind not in _WITH_QUANTILES:
        return declared
    after_mean = declared.index(_MEAN) + 1
    return (*declared[:after_mean], *map(quantile_column, task.quantiles), *declared[after_mean:])


@dataclass(frozen=True)
class Reason:
    """One thing that moved a prediction.

    Attributes:
        kind: ``event`` or ``feature``.
        name: The feature's name, or the event in short.
        effect: By how much the answer moved because of it (probability or score points).
        words: The same in a plain sentence.
    """

    kind: str
    name: str
    effect: float
    words: str
