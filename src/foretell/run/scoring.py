"""Scoring on the test window: probabilities and quantiles beside their baselines.

This module owns which examples, slices and baselines a kind of task is judged on. It refuses to compute metrics
(``evaluate``) and to change anything that was fitted.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.task import Kind
from foretell.dataset.windows import SplitName
from foretell.evaluate import Evidence, evaluate_probability, evaluate_quantiles
from foretell.predictor.answers import mean_of_quantiles, quantile_columns
from foretell.predictor.demand_inputs import DemandInputs, demand_inputs
from foretell.predictor.fitted import FittedTask
from foretell.run.effects import CampaignEffect
from foretell.run.questions import facts_for
from foretell.run.scoring_evidence import (
    rows_to_show,
    scored_rows,
    selection,
    slices_of,
    strengths,
    unknown_share,
    with_times,
)
from foretell.run.scoring_orders import score_orders
from foretell.train.context import Examples, FitContext
from foretell.train.examples import campaign_examples, exposure_examples, user_examples

__all__ = ["score_demand", "score_probability"]


def score_probability(
    context: FitContext, fitted: FittedTask, *, replicates: int, effect: CampaignEffect | None = None
) -> tuple[dict[str, Any], pl.DataFrame]:
    """Judge a yes-or-no task on its test window.

    Returns:
        The task's part of the report, and the scored examples with what happened.
    """
    task, head = fitted.task, fitted.head()
    examples = _test_examples(context, fitted)
    answers = head.answers(examples.inputs, alone=("lightgbm",))
    probability = answers.probability
    baselines = {name: baseline.probability(examples.inputs) for name, baseline in fitted.record.baselines.items()}
    baselines["lightgbm_features"] = answers.alone["lightgbm"]
    scored = scored_rows(examples.frame, {"probability": probability})
    result = evaluate_probability(
        examples.label,
        probability=probability,
        facts=facts_for(task, context.dataset.log, **_effect_facts(effect)),
        baselines=baselines,
        weight=examples.weight,
        cluster=examples.frame[columns.USER_ID].to_numpy(),
        threshold=fitted.record.thresholds["foretell"],
        baseline_thresholds=fitted.record.thresholds,
        # Sampled exposures are off by the sampling before calibration, which says nothing about the models.
        uncalibrated=None if examples.weight is not None else answers.uncalibrated,
        slices=slices_of(task, examples, context),
        evidence=Evidence(
            features=strengths(context, fitted),
            **selection(context, fitted),
            blend=head.weights,
            examples=rows_to_show(context, scored),
            validation_rate=fitted.record.validation_rate,
            unknown_share=unknown_share(context, examples.frame),
        ),
        seed=context.seed,
        replicates=replicates,
    )
    if effect is not None and effect.estimate is not None:
        result["effect"] = effect.estimate
    orders = score_orders(fitted, examples)
    if orders is not None:
        result["orders"] = orders
    return result, scored


def _effect_facts(effect: CampaignEffect | None) -> dict[str, Any]:
    """The notes and the uplift report of a campaign effect, as facts of the task."""
    if effect is None:
        return {}
    return {"notes": effect.notes, "variants": {"uplift": effect.variant} if effect.variant else {}}


def score_demand(context: FitContext, fitted: FittedTask, *, replicates: int) -> tuple[dict[str, Any], pl.DataFrame]:
    """Judge a how-much task on its test window, beside a seasonal naive forecast and a moving average."""
    task, head = fitted.task, fitted.quantiles
    assert head is not None, task.name
    # Of the validation window the plain forecasts' errors are wanted, and no signal is read.
    later = _demand_part(context, fitted, "validation", with_intent=False)
    test = _demand_part(context, fitted, "test", with_intent=head.share > 0)
    quantiles = head.quantiles(test.features, test.scale)
    plain_forecasts = {
        name: (forecast(later), forecast(test))
        for name, forecast in _DEMAND_BASELINES.items()
        if not np.isnan(forecast(later)).any() and not np.isnan(forecast(test)).any()
    }
    points = {name: of_test for name, (_, of_test) in plain_forecasts.items()}
    baselines = {
        name: _with_errors(later, of_later, test, of_test, task.quantiles)
        for name, (of_later, of_test) in plain_forecasts.items()
    }
    plain = head.plain.quantiles(test.without_intent(), test.scale)
    baselines["lightgbm_features"] = plain
    answers = quantile_columns(quantiles, task.quantiles)
    mean = mean_of_quantiles(quantiles, task.quantiles)
    scored = test.keys.with_columns(
        *(pl.Series(name, values) for name, values in answers.items()),
        pl.Series("mean", mean),
        pl.Series("units", test.units),
    )
    size = np.where(test.scale >= np.median(test.scale), "head items", "tail items")
    result = evaluate_quantiles(
        test.units,
        quantiles=quantiles,
        levels=task.quantiles,
        facts=facts_for(task, context.dataset.log),
        baselines=baselines,
        mean=mean,
        # A point forecast states its total itself; of quantiles the mean is taken as it is of the model's.
        baseline_means={**points, "lightgbm_features": mean_of_quantiles(plain, task.quantiles)},
        cluster=test.keys[columns.ITEM_ID].to_numpy(),
        slices={
            "item size": size,
            "weeks ahead": np.array([f"week {week}" for week in test.keys["week"].to_list()]),
            "promotion in the week": _promoted(test, context.view.tables.get("promotions")),
        },
        period=test.keys.select(pl.from_epoch(columns.START, time_unit="us").dt.strftime("%Y-%m-%d"))
        .to_series()
        .to_numpy(),
        evidence=Evidence(
            features=strengths(context, fitted),
            **selection(context, fitted),
            blend={"lightgbm_sequence": head.share, "lightgbm": 1 - head.share},
            examples=rows_to_show(context, with_times(scored)),
        ),
        seed=context.seed,
        replicates=replicates,
    )
    return result, with_times(scored)


def _test_examples(context: FitContext, fitted: FittedTask) -> Examples:
    task, levels = fitted.task, dict(fitted.levels)
    by_kind: dict[Kind, Any] = {
        "purchase": lambda: user_examples(context, task, "test"),
        "churn": lambda: user_examples(context, task, "test"),
        "promotion": lambda: campaign_examples(context, task, "test", kinds=levels["kind"]),
        "ad": lambda: exposure_examples(context, task, "test", placements=levels),
    }
    examples: Examples = by_kind[task.kind]()
    return examples


def _demand_part(context: FitContext, fitted: FittedTask, split: SplitName, *, with_intent: bool) -> DemandInputs:
    return demand_inputs(
        context.reader,
        view=context.view,
        cutoffs=context.dataset.cutoffs(fitted.task, split),
        item_ids=fitted.levels["items"],
        weeks=-(-fitted.task.horizon_days // 7),
        log_end=context.dataset.windows.end,
        with_intent=with_intent,
    ).observed()


def _seasonal_naive(part: DemandInputs) -> NDArray[np.float64]:
    """The same week of the last four: week w repeats what was sold four weeks before it."""
    week = part.keys["week"].to_numpy().astype(np.int64)
    repeated: NDArray[np.float64] = part.recent[np.arange(len(week)), (4 - week) % 4]
    return repeated


def _moving_average(part: DemandInputs) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = part.recent.mean(axis=1)
    return mean


def _last_year(part: DemandInputs) -> NDArray[np.float64]:
    """The same week a year before; NaN where the log does not reach back so far."""
    units: NDArray[np.float64] = part.as_read()[:, part.names.index("units_same_week_last_year")].astype(np.float64)
    return np.maximum(units, 0.0)


_DEMAND_BASELINES: Final = {
    "seasonal_naive": _seasonal_naive,
    "moving_average": _moving_average,
    "same_week_last_year": _last_year,
}
"""Plain forecasts; one that cannot be given for every row is left out."""


def _with_errors(
    later: DemandInputs,
    later_points: NDArray[np.float64],
    test: DemandInputs,
    points: NDArray[np.float64],
    levels: tuple[float, ...],
) -> NDArray[np.float64]:
    """Quantiles of a point forecast: its relative errors on validation laid around it; the median is the point."""
    errors = (later.units - later_points) / later.scale
    shifts = np.quantile(errors, levels) - np.median(errors)
    table = points[:, None] + shifts[None] * test.scale[:, None]
    ordered: NDArray[np.float64] = np.maximum(table, 0.0)
    return ordered


def _promoted(test: DemandInputs, promotions: pl.DataFrame | None) -> NDArray[Any]:
    """Whether a promotion of the item is planned for the week, by any column of the promotions table."""
    columns_of = [] if promotions is None else [f"promotion_{name}" for name in promotions.columns]
    planned = [place for place, name in enumerate(test.names) if name in columns_of]
    if not planned:
        return np.full(len(test.units), "none known")
    return np.where(np.nan_to_num(test.features[:, planned]).max(axis=1) > 0, "planned", "not planned")
