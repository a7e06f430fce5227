"""What is told of each customer beside the chance to stay away: the fields marketers know, and what to do.

This module owns their names and the arithmetic of the suggested action. It refuses to fit, and to call an assumption a
measurement: what a contact changes is the task's ``contact_effect``, which a campaign may have measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.task import Task
from foretell.model.customer_value import SPENT, lifetime_value
from foretell.model.inputs import HeadInputs
from foretell.model.rhythm import column
from foretell.predictor.fitted import FittedTask

__all__ = ["customer_columns", "suggested_action"]

_ACTIONS: Final = ("leave_alone", "remind", "win_back")


def customer_columns(
    fitted: FittedTask, *, inputs: HeadInputs, churn: NDArray[np.float64], horizon_days: int
) -> list[pl.Series]:
    """The columns of a churn answer that speak of orders, money and what to do, each ``[n]``.

    What cannot be told is null: money in a log without any, orders where BG/NBD could not be fitted, the days between
    the orders of somebody who ordered once.

    Args:
        fitted: The churn task.
        inputs: The customers.
        churn: Their calibrated probabilities of no order within the horizon.
        horizon_days: The horizon asked about.
    """
    value, task = fitted.value, fitted.task
    orders, gap = column(inputs, "order_count_all_time"), column(inputs, "order_gap_mean_days")
    told = value is not None and value.spend is not None
    spent = column(inputs, SPENT) if told else np.full(len(inputs), np.nan)
    ahead = worth = clv = None
    if value is not None:
        until, worth = value.orders_until(inputs), value.order_value(inputs)
        ahead = None if until is None else until(horizon_days)
        clv = None if until is None or worth is None else lifetime_value(until, order_value=worth)
    action, gain = suggested_action(task, churn=churn, order_value=worth)
    return [
        pl.Series("churn_probability", churn),
        _known("predicted_number_of_orders", ahead, len(inputs)),
        _known("predicted_clv", clv, len(inputs)),
        _known("historic_number_of_orders", orders, len(inputs)).cast(pl.Int64),
        _known("historic_clv", spent, len(inputs)),
        _known("total_clv", None if clv is None else np.nan_to_num(spent) + clv, len(inputs)),
        _known("average_order_value", spent / np.where(orders > 0, orders, np.nan), len(inputs)),
        _known("average_days_between_orders", gap, len(inputs)),
        pl.Series("suggested_action", action, dtype=pl.String),
        _known("suggested_action_value", gain, len(inputs)),
    ]


def suggested_action(
    task: Task, *, churn: NDArray[np.float64], order_value: NDArray[np.float64] | None
) -> tuple[list[str | None], NDArray[np.float64] | None]:
    """What to do about each customer, and what that is expected to bring, in money.

    A contact brings ``churn * contact_effect * order_value * margin - contact_cost``. Where that is above nothing,
    whoever is likelier to stay away is to be won back, the others reminded; else they are left alone.

    Returns:
        Actions ``[n]``, and their value ``[n]``, 0 for those left alone; null and None without money.

    Example:
        >>> task = Task(name="churn", kind="churn", horizon_days=28, contact_effect=0.1, contact_cost=1.0)
        >>> action, value = suggested_action(task, churn=np.array([0.9, 0.4, 0.1]), order_value=np.array([50.0] * 3))
        >>> action, value.round(2).tolist()
        (['win_back', 'remind', 'leave_alone'], [3.5, 1.0, 0.0])
    """
    if order_value is None:
        return [None] * len(churn), None
    gain = churn * task.contact_effect * order_value * task.margin - task.contact_cost
    kind = np.where(gain > 0, np.where(churn > 0.5, 2, 1), 0)
    return [_ACTIONS[code] for code in kind.tolist()], np.maximum(gain, 0.0)


def _known(name: str, values: NDArray[np.float64] | None, n: int) -> pl.Series:
    """A column of numbers, null where they are not known."""
    given = np.full(n, np.nan) if values is None else values
    return pl.Series(name, given, dtype=pl.Float64).fill_nan(None)
