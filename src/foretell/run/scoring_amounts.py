"""Scoring on the test window: how much each customer spent, bought or did, beside what was expected.

This module owns the baselines of amounts. It refuses to compute metrics (``evaluate``) and to change anything that was
fitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.evaluate import Evidence, evaluate_quantiles
from foretell.model.customer_value import CustomerValue
from foretell.model.rhythm import has_rhythm, purchasing_of
from foretell.predictor.answers import quantile_columns
from foretell.predictor.fitted import FittedTask
from foretell.run.questions import facts_for
from foretell.run.scoring_evidence import rows_to_show, scored_rows, selection, slices_of, strengths, unknown_share
from foretell.tasks.amount import same_before
from foretell.train.context import Examples, FitContext
from foretell.train.customers import buyers_at, fit_rhythm, fit_worth
from foretell.train.examples import user_examples

__all__ = ["score_amounts"]

Floats = NDArray[np.float64]


def score_amounts(context: FitContext, fitted: FittedTask, *, replicates: int) -> tuple[dict[str, Any], pl.DataFrame]:
    """Judge an amount task on its test window.

    Beside it stand zero for everybody, the same amount again (as much as in as many days before), the mean of the
    training window, the trees that read no sequence, and for all purchases BG/NBD (with Gamma-Gamma for money).

    Returns:
        The task's part of the report, and the scored examples with what happened.
    """
    task, head = fitted.task, fitted.amount_head()
    examples = user_examples(context, task, "test")
    mean, quantiles = head.answers(examples.inputs)
    plain_mean, plain = head.plain_answers(examples.inputs)
    usual = float(context.examples(task, "train")[columns.LABEL].to_numpy().mean())
    points = {
        "zero": np.zeros(len(examples.label)),
        "same_again": same_before(context.dataset.log, task, examples.frame).to_numpy(),
        "training_mean": np.full(len(examples.label), usual),
        **_by_rhythm(context, fitted, examples),
    }
    answers = {"mean": mean, **quantile_columns(quantiles, head.levels)}
    scored = scored_rows(examples.frame, answers)
    result = evaluate_quantiles(
        examples.label,
        quantiles=quantiles,
        levels=task.quantiles,
        facts=facts_for(task, context.dataset.log),
        baselines={**points, "lightgbm_features": plain},
        mean=mean,
        baseline_means={**points, "lightgbm_features": plain_mean},
        cluster=examples.frame[columns.USER_ID].to_numpy(),
        slices=slices_of(task, examples, context),
        headline="wql",  # the median of most customers may be zero, and so is then the best WAPE
        period=scored[columns.CUTOFF].dt.strftime("%Y-%m-%d").to_numpy(),
        evidence=Evidence(
            features=strengths(context, fitted),
            **selection(context, fitted),
            blend={"lightgbm_sequence": head.share, "lightgbm": 1 - head.share},
            examples=rows_to_show(context, scored),
            validation_rate=fitted.record.validation_rate,
            unknown_share=unknown_share(context, examples.frame),
        ),
        seed=context.seed,
        replicates=replicates,
    )
    return result, scored


def _by_rhythm(context: FitContext, fitted: FittedTask, examples: Examples) -> dict[str, Floats]:
    """What BG/NBD, fitted at the end of the training window, expects of each customer; nothing where it does not apply.

    Whoever has never bought is expected to do nothing: the model knows of buyers alone.
    """
    task = fitted.task
    if task.action != columns.PURCHASE or task.where or task.measure == "quantity" or not has_rhythm(examples.inputs):
        return {}
    buyers = buyers_at(context.view.histories, cutoff=context.dataset.windows.train_end)
    try:
        rhythm = fit_rhythm(buyers)
    except InsufficientDataError:
        return {}
    customers, bought = purchasing_of(examples.inputs)
    orders = np.where(bought, rhythm.expected_orders(customers, horizon_days=task.horizon_days), 0.0)
    if task.measure == "count":
        return {"bg_nbd": orders}
    worth = CustomerValue(None, fit_worth(buyers), None).order_value(examples.inputs)
    return {} if worth is None else {"bg_nbd_gamma_gamma": orders * worth}
