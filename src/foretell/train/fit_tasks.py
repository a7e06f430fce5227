"""Fitting the heads: each kind of task from its examples to a ``FittedTask``.

This module owns the recipe of each kind and the register of recipes. It refuses the test window: everything here
reads train and validation only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.task import Kind, Task
from foretell.evaluate.decisions import best_f1_threshold
from foretell.features.transform import Standardiser
from foretell.model.baseline import Baseline, fit_baseline
from foretell.model.probability_head import fit_probability_head
from foretell.model.quantile_head import QuantileBlend, QuantileHead, fit_quantile_head, fit_share
from foretell.model.quantile_paths import RankPaths
from foretell.model.rhythm import RhythmBaseline
from foretell.predictor.demand_inputs import DemandInputs, demand_inputs
from foretell.predictor.fitted import FitRecord, FittedTask
from foretell.tasks.demand import items_to_forecast
from foretell.train.amounts import fit_amount, fit_spend
from foretell.train.choice import choose_features
from foretell.train.context import Examples, FitContext
from foretell.train.customers import fit_customer_value, fit_rhythm_baseline
from foretell.train.examples import (
    campaign_examples,
    candidate_examples,
    exposure_examples,
    ranking_points,
    rates_by_level,
    user_examples,
)
from foretell.train.strengths import measured_strengths

__all__ = ["FIT", "fit_task"]

_LEAST_POSITIVES: Final = 20

# What a careful analyst would try first, by kind of task: features of the logistic baselines.
_BASELINES: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    "purchase": {"majority": (), "recency_frequency": ("order_recency_days", "order_count_91_days")},
    "churn": {"majority": (), "recency_frequency": ("order_recency_days", "order_count_91_days")},
    "promotion": {
        "popularity": ("campaign_kind_code",),
        "recency_frequency": ("coupon_redeemed_recency_days", "coupon_redeemed_count_all_time"),
    },
    "ad": {
        "popularity": ("shop_buyer_count_28_days",),
        "recency_frequency": ("item_action_recency_days", "item_action_count_91_days"),
    },
    "recommend": {},
    "demand": {},
    "amount": {},
}


def fit_task(context: FitContext, task: Task) -> FittedTask:
    """Fit the head of one task.

    Raises:
        InsufficientDataError: If its training or validation window holds too few positives or negatives.
    """
    return FIT[task.kind](context, task)


def _purchase(context: FitContext, task: Task) -> FittedTask:
    return _fit_probability(
        context, task, user_examples(context, task, "train"), user_examples(context, task, "validation")
    )


def _churn(context: FitContext, task: Task) -> FittedTask:
    train, later = user_examples(context, task, "train"), user_examples(context, task, "validation")
    fitted = _fit_probability(context, task, train, later)
    spend = fit_spend(train, later, seed=context.seed)
    return replace(fitted, value=fit_customer_value(context, task, train, later, spend=spend))


def _promotion(context: FitContext, task: Task) -> FittedTask:
    reached = campaign_examples(context, task, "train", kinds=())
    kinds = rates_by_level(reached.frame, "kind")
    return _fit_probability(
        context,
        task,
        campaign_examples(context, task, "train", kinds=kinds),
        campaign_examples(context, task, "validation", kinds=kinds),
        levels={"kind": kinds},
    )


def _ad(context: FitContext, task: Task) -> FittedTask:
    shown = context.examples(task, "train")
    placements = {name: rates_by_level(shown, name) for name in ("position", "channel")}
    return _fit_probability(
        context,
        task,
        exposure_examples(context, task, "train", placements=placements),
        exposure_examples(context, task, "validation", placements=placements),
        levels=placements,
    )


def _recommend(context: FitContext, task: Task) -> FittedTask:
    train, later = (candidate_examples(context, task, points) for points in ranking_points(context, task))
    # A million candidates need no dense network: the trees and the sequence score carry the ranking. Of so many,
    # larger steps learn the same in half the trees (docs/LOG.md).
    settings = {"components": ("lightgbm", "lightgbm_sequence"), "learning_rate": 0.1}
    return _fit_probability(context, task, train, later, settings=settings)


def _demand(context: FitContext, task: Task) -> FittedTask:
    windows, dataset = context.dataset.windows, context.dataset
    items = items_to_forecast(dataset.log, task, known_until=windows.train_end)
    if not items:
        raise InsufficientDataError(f"Task {task.name!r} has no items to forecast.", received="no purchases of items")
    train, later = (
        demand_inputs(
            context.reader,
            view=context.view,
            cutoffs=dataset.cutoffs(task, split),
            item_ids=items,
            weeks=-(-task.horizon_days // 7),
            log_end=windows.end,
        ).observed()
        for split in ("train", "validation")
    )
    plain = fit_quantile_head(
        (train.without_intent(), train.units, train.scale),
        validation=(later.without_intent(), later.units, later.scale),
        names=train.names[:-1],
        levels=task.quantiles,
        seed=context.seed,
    )

    def with_signal(levels: tuple[float, ...]) -> QuantileHead:
        return fit_quantile_head(
            (train.features, train.units, train.scale),
            validation=(later.features, later.units, later.scale),
            names=train.names,
            levels=levels,
            seed=context.seed,
        )

    # Whether the signal is of use shows at the middle level; the others are fitted only if it is.
    middle = len(task.quantiles) // 2
    share = fit_share(
        with_signal(task.quantiles[middle : middle + 1]).quantiles(later.features, later.scale),
        plain.quantiles(later.without_intent(), later.scale)[:, middle : middle + 1],
        units=later.units,
        levels=task.quantiles[middle : middle + 1],
    )
    blend = QuantileBlend(with_signal(task.quantiles) if share > 0 else None, plain, share)
    blend = replace(blend, together=_weeks_together(blend, later, task=task, seed=context.seed))
    return FittedTask(task=task, amounts=blend, levels={"items": tuple(items)})


def _weeks_together(blend: QuantileBlend, later: DemandInputs, *, task: Task, seed: int) -> RankPaths:
    """How an item's weeks go together on the validation window: of items and cutoffs whose weeks are all over."""
    n_weeks = -(-task.horizon_days // 7)
    whole = (pl.len().over(columns.ITEM_ID, columns.CUTOFF) == n_weeks).alias("whole")
    rows = np.flatnonzero(later.keys.select(whole).to_series().to_numpy())
    units = later.units[rows].reshape(-1, n_weeks)
    if not len(units):
        return RankPaths.alike(n_weeks)
    quantiles = blend.quantiles(later.features[rows], later.scale[rows]).reshape(-1, n_weeks, len(blend.levels))
    return RankPaths.learn(units, quantiles=quantiles, levels=blend.levels, seed=seed)


FIT: Final[dict[Kind, Callable[[FitContext, Task], FittedTask]]] = {
    "purchase": _purchase,
    "recommend": _recommend,
    "ad": _ad,
    "promotion": _promotion,
    "churn": _churn,
    "demand": _demand,
    "amount": fit_amount,
}


def _fit_probability(
    context: FitContext,
    task: Task,
    train: Examples,
    later: Examples,
    *,
    levels: dict[str, tuple[str, ...]] | None = None,
    settings: dict[str, Any] | None = None,
) -> FittedTask:
    for name, part in (("learn from", train), ("choose on", later)):
        positives = int(part.label.sum())
        if min(positives, len(part.label) - positives) < _LEAST_POSITIVES:
            raise InsufficientDataError(
                f"Task {task.name!r} has too few examples of one answer to {name}.",
                received=f"{positives} positives among {len(part.label)}",
                remedy=f"At least {_LEAST_POSITIVES} of each are needed: bring a longer log or switch the task off.",
            )
    choice = choose_features(train, config=context.features)
    inputs = train.inputs.only(choice.names)
    frame = pl.DataFrame(inputs.features, schema=list(inputs.names))
    standardiser = Standardiser.fit(frame, method=context.features.scale)
    standardise = FittedTask.standardise_with(standardiser)
    head = fit_probability_head(
        (inputs, train.label),
        validation=(later.inputs.only(choice.names), later.label, later.weight),
        standardise=standardise,
        seed=context.seed,
        **(settings or {}),
    )
    baselines: dict[str, Baseline | RhythmBaseline] = {
        name: fit_baseline(train.inputs, train.label, names=names, weight=train.weight)
        for name, names in _BASELINES[task.kind].items()
    }
    if task.kind in ("purchase", "churn"):
        rhythm = fit_rhythm_baseline(context, task, train)
        baselines |= {} if rhythm is None else {"bg_nbd": rhythm}
    answers = {name: baseline.probability(later.inputs) for name, baseline in baselines.items()}
    found = head.answers(later.inputs, alone=("lightgbm",))
    answers |= {"foretell": found.probability, "lightgbm_features": found.alone["lightgbm"]}
    return FittedTask(
        task=task,
        probability=head,
        standardiser=standardiser,
        levels=levels or {},
        record=FitRecord(
            baselines=baselines,
            strengths=measured_strengths(choice, head=head),
            thresholds={
                name: best_f1_threshold(later.label, probability=answer, weight=later.weight)
                for name, answer in answers.items()
            },
            validation_rate=float(np.average(later.label, weights=later.weight)),
        ),
    )
