"""Evaluation of a quantile forecast: from the arrays of a test window to the task dictionary.

This module owns the entrance ``evaluate_quantiles``. It refuses to know models or files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from foretell.evaluate.assemble import assemble_task, single_value, strongest
from foretell.evaluate.curves import quantile_coverage_curve
from foretell.evaluate.facts import NO_EVIDENCE, Evidence, TaskFacts
from foretell.evaluate.inputs import FloatArray, clusters, finite, require_rows
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.quantiles import forecast, median, pinball_per_level
from foretell.evaluate.resampled_amounts import QuantileStatistic
from foretell.evaluate.slices import evaluate_slices

__all__ = ["evaluate_quantiles"]

Rows = npt.NDArray[np.bool_]


def evaluate_quantiles(
    actual: npt.ArrayLike,
    *,
    quantiles: npt.ArrayLike,
    levels: Sequence[float],
    facts: TaskFacts,
    baselines: Mapping[str, npt.ArrayLike] | None = None,
    mean: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    slices: Mapping[str, npt.ArrayLike] | None = None,
    period: npt.ArrayLike | None = None,
    evidence: Evidence = NO_EVIDENCE,
    seed: int = 0,
    replicates: int = 200,
) -> dict[str, Any]:
    """Evaluate a forecast of amounts given as quantiles on a test window.

    Args:
        actual: What happened, shape ``[n]``; leave out rows where the shelf was empty, or slice by it.
        quantiles: The model's quantiles, shape ``[n, q]``.
        levels: Their levels, rising within (0, 1), length ``q``; (0.5,) for a point forecast, which has no
            range.
        facts: The question and how the answer may be used.
        baselines: Quantiles ``[n, q]`` or point forecasts ``[n]`` of each baseline.
        mean: The model's mean forecast, shape ``[n]``: what bias is measured with; the median when None.
        cluster: The item (or user) of each row, the unit that is resampled; rows themselves when None.
        slices: A label per row for each slicing.
        period: The week or day of each row, as a sortable label, shape ``[n]``: adds totals per period.
        evidence: Features, blend, examples.
        seed: Fixes the resamples.
        replicates: How many resamples.

    Returns:
        The task dictionary (see ``report.Report``).

    Raises:
        EvaluationError: If arrays do not fit together.

    Example:
        >>> task = evaluate_quantiles(
        ...     np.full(60, 4.0), quantiles=np.tile([3.0, 4.0, 6.0], (60, 1)), levels=(0.1, 0.5, 0.9),
        ...     facts=TaskFacts(kind="demand", horizon_days=28),
        ... )
        >>> task["metrics"]["wape"]["value"]
        0.0
    """
    truth, table, probability = forecast(actual, quantiles=quantiles, levels=levels)
    require_rows(len(truth))
    units = clusters(cluster, n_rows=len(truth))
    resamples = Resamples(units.count, replicates=replicates, seed=seed)
    everything = np.ones(len(truth), dtype=bool)
    middle = median(table, levels=probability)
    expected = middle if mean is None else finite(mean, name="mean", n_rows=len(truth))

    def statistic(values: FloatArray, total: FloatArray | None, rows: Rows) -> QuantileStatistic:
        centre = median(values, levels=probability)[rows]
        return QuantileStatistic(
            truth[rows],
            quantiles=values[rows],
            levels=probability,
            points=(centre, centre if total is None else total[rows]),
            clusters=units.take(rows),
        )

    others = {name: forecast(actual, quantiles=values, levels=levels)[1] for name, values in (baselines or {}).items()}
    compared = {
        name: bootstrap(statistic(values, None, everything), resamples=resamples) for name, values in others.items()
    }
    best = strongest(compared, headline="wape")

    def describe(rows: Rows) -> dict[str, Any]:
        return {
            "positives": int((truth[rows] > 0).sum()),
            "observed": truth[rows].sum(),
            "predicted": expected[rows].sum(),
            "baseline": single_value(statistic(others[best], None, rows), n_clusters=units.count, name="wape")
            if best
            else None,
        }

    curves: dict[str, Any] = {
        "pinball": {
            str(level): loss for level, loss in pinball_per_level(truth, quantiles=table, levels=levels).items()
        },
    }
    if len(probability) > 1:
        curves["quantile_coverage"] = quantile_coverage_curve(truth, quantiles=table, levels=levels)
    if period is not None:
        names, code = np.unique(np.asarray(period), return_inverse=True)
        curves["totals"] = {
            "period": [str(name) for name in names],
            "actual": np.bincount(code, weights=truth),
            "forecast": np.bincount(code, weights=expected),
        }
        if best is not None:
            reference = median(others[best], levels=probability)
            curves["totals"] |= {"baseline": np.bincount(code, weights=reference), "baseline_name": best}
    return assemble_task(
        bootstrap(statistic(table, expected, everything), resamples=resamples),
        answer="quantiles",
        headline="wape",
        baselines=compared,
        facts=facts,
        evidence=evidence,
        sizes={"n": len(truth), "positives": int((truth > 0).sum())},
        details={
            "base_rate": float(truth.mean()),
            "levels": list(levels),
            "nominal_coverage": float(probability[-1] - probability[0]),
            "curves": curves,
            "slices": evaluate_slices(
                slices or {},
                n_rows=len(truth),
                metric="wape",
                statistic=lambda rows: statistic(table, expected, rows),
                resamples=resamples,
                describe=describe,
            ),
        },
    )
