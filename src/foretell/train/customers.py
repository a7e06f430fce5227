"""Fitting what customers order and spend: BG/NBD on everyone, trees on past windows, weights on a later one.

This module owns which customers and windows each part is fitted on. It refuses the test window.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.task import Task
from foretell.features import UserFeatures
from foretell.features.categories import CategoryMap
from foretell.features.defaults import default_features
from foretell.model.beta_geometric import BetaGeometric, fit_beta_geometric
from foretell.model.boosting import Boosting
from foretell.model.customer_value import SPENT, CustomerValue
from foretell.model.gamma_gamma import GammaGamma, fit_gamma_gamma
from foretell.model.inputs import HeadInputs
from foretell.model.order_counts import OrderCounts, fit_components, fit_pool
from foretell.model.rhythm import RHYTHM_FEATURES, RhythmBaseline, column, has_rhythm, purchasing_of
from foretell.train.context import Examples, FitContext

__all__ = ["buyers_at", "fit_customer_value", "fit_rhythm", "fit_rhythm_baseline", "fit_worth"]

_READ: Final = (*RHYTHM_FEATURES, SPENT)


def buyers_at(histories: pl.DataFrame, *, cutoff: int) -> HeadInputs:
    """Everyone who has bought by the cutoff, with the features that BG/NBD and Gamma-Gamma read.

    Args:
        histories: ``HISTORY_SCHEMA``.
        cutoff: int64 microseconds.
    """
    bought = histories.filter((pl.col(columns.ACTION) == columns.PURCHASE) & (pl.col(columns.TIME) <= cutoff))
    points = bought.select(columns.USER_ID).unique().sort(columns.USER_ID)
    points = points.with_columns(pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF))
    definitions = tuple(feature for feature in default_features([columns.PURCHASE]) if feature.name in _READ)
    found = UserFeatures(definitions, CategoryMap.of(None)).matrix(bought, points=points)
    names = tuple(feature.name for feature in definitions)
    return HeadInputs(found.astype(np.float32), names, np.zeros((points.height, 0), dtype=np.float32))


def fit_rhythm(buyers: HeadInputs) -> BetaGeometric:
    """BG/NBD of all buyers at one cutoff.

    Raises:
        InsufficientDataError: If too few of them came back.
    """
    customers, _ = purchasing_of(buyers)
    return fit_beta_geometric(customers)


def fit_worth(buyers: HeadInputs) -> GammaGamma | None:
    """Gamma-Gamma of all buyers at one cutoff; None where too few orders were worth anything."""
    orders, spent = column(buyers, RHYTHM_FEATURES[0]), np.nan_to_num(column(buyers, SPENT))
    try:
        return fit_gamma_gamma(orders, mean_value=spent / np.maximum(orders, 1.0))
    except InsufficientDataError:
        return None


def fit_rhythm_baseline(context: FitContext, task: Task, train: Examples) -> RhythmBaseline | None:
    """BG/NBD as a baseline of a task about purchases; None where it does not apply or cannot be fitted."""
    if task.action != columns.PURCHASE or task.where or not has_rhythm(train.inputs):
        return None
    try:
        model = fit_rhythm(buyers_at(context.view.histories, cutoff=context.dataset.windows.train_end))
    except InsufficientDataError:
        return None
    _, bought = purchasing_of(train.inputs)
    newcomers = train.label[~bought] if (~bought).any() else train.label
    return RhythmBaseline(
        model,
        horizon_days=task.horizon_days,
        of_none=task.kind == "churn",
        newcomer_rate=float(newcomers.mean()),
    )


def fit_customer_value(
    context: FitContext, task: Task, train: Examples, later: Examples, *, spend: Boosting | None
) -> CustomerValue:
    """Expected orders and money of a churn task's customers; without counts where BG/NBD cannot be fitted.

    Args:
        context: The dataset and the view.
        task: The churn task.
        train: Examples of the training window.
        later: Examples of the validation window, which decide how the components are pooled.
        spend: Expected money within the horizon, fitted already; None where the log tells of none.
    """
    without = CustomerValue(None, None, spend)
    if task.action != columns.PURCHASE or task.where or not has_rhythm(train.inputs):
        return without
    buyers = buyers_at(context.view.histories, cutoff=context.dataset.windows.train_end)
    try:
        rhythm = fit_rhythm(buyers)
    except InsufficientDataError:
        return without
    orders, later_orders = (part.frame["n_orders"].to_numpy().astype(np.float64) for part in (train, later))
    components = fit_components(
        train.inputs,
        orders=orders,
        horizon_days=np.full(len(orders), float(task.horizon_days)),
        rhythm=rhythm,
        seed=context.seed,
    )
    pool = fit_pool([(components.logs(later.inputs, horizon_days=task.horizon_days), later_orders)])
    return CustomerValue(OrderCounts(components, pool), None if spend is None else fit_worth(buyers), spend)
