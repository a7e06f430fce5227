"""Fitting amounts: the head of tasks that ask how much, and the money that comes with a churn answer.

This module owns which examples they learn from and when there are too few. It refuses the test window.
"""

from __future__ import annotations

import numpy as np

from foretell.core.errors import InsufficientDataError
from foretell.core.task import Task
from foretell.model.amount_head import AMOUNTS, fit_amount_head
from foretell.model.boosting import Boosting, fit_boosting
from foretell.predictor.fitted import FitRecord, FittedTask
from foretell.train.choice import choose_features
from foretell.train.context import Examples, FitContext
from foretell.train.examples import user_examples
from foretell.train.strengths import measured_amount_strengths

__all__ = ["fit_amount", "fit_spend"]

_LEAST_ABOVE_ZERO = 20


def fit_amount(context: FitContext, task: Task) -> FittedTask:
    """Fit a task that asks how much each customer spends, buys or does.

    Raises:
        InsufficientDataError: If fewer than 20 examples of the training or validation window have any amount.
    """
    train, later = user_examples(context, task, "train"), user_examples(context, task, "validation")
    for name, part in (("learn from", train), ("choose on", later)):
        above = int((part.label > 0).sum())
        if above < _LEAST_ABOVE_ZERO:
            raise InsufficientDataError(
                f"Task {task.name!r} has too few examples with any amount to {name}.",
                received=f"{above} among {len(part.label)}",
                remedy=f"At least {_LEAST_ABOVE_ZERO} are needed: bring a longer log or leave the task out.",
            )
    choice = choose_features(train, config=context.features, kind="numeric")
    head = fit_amount_head(
        (train.inputs.only(choice.names), train.label),
        validation=(later.inputs.only(choice.names), later.label),
        levels=task.quantiles,
        seed=context.seed,
    )
    return FittedTask(
        task=task,
        amounts=head,
        record=FitRecord(
            strengths=measured_amount_strengths(choice, head=head), validation_rate=float(later.label.mean())
        ),
    )


def fit_spend(train: Examples, later: Examples, *, seed: int) -> Boosting | None:
    """Expected money within a churn task's horizon, zero for those who will not buy.

    Learned by the Tweedie loss, which is made for many zeros and then amounts. None where the log tells of no money at
    all.
    """
    amounts = [np.maximum(part.frame["amount"].to_numpy(), 0.0) for part in (train, later)]
    if not amounts[0].any():
        return None
    return fit_boosting(
        train.inputs.with_states(),
        amounts[0],
        objective=AMOUNTS,
        validation=(later.inputs.with_states(), amounts[1], None),
        seed=seed,
    )
