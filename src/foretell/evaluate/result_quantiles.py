"""Evaluation of a quantile forecast: from the arrays of a test window to the task dictionary.

This module owns the entrance ``evaluate_quantiles``. It refuses to know models or files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.assemble import assemble_task, single_value, strongest
from foretell.evaluate.curves import quantile_coverage_curve
from foretell.evaluate.facts import NO_EVIDENCE, Evidence, TaskFacts
from foretell.evaluate.inputs import EvaluationError, FloatArray, clusters, finite, require_rows
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.quantiles import forecast, median, pinball_per_level
from foretell.evaluate.resampled_amounts import QuantileStatistic
from foretell.evaluate.slices import evaluate_slices

__all__ = ["evaluate_quantiles"]

Rows = npt.NDArray[np.bool_]
_MINE: Final = ""
"""Where the model's own arrays are kept beside those of its baselines; no baseline has this name."""


def evaluate_quantiles(
    actual: npt.ArrayLike,
    *,
    quantiles: npt.ArrayLike,
    levels: Sequence[float],
    facts: TaskFacts,
    baselines: Mapping[str, npt.ArrayLike] | None = None,
    mean: npt.ArrayLike | None = None,
    baseline_means: Mapping[str, npt.ArrayLike] | None = None,
    cluster: npt.ArrayLike | None = None,
    slices: Mapping[str, npt.ArrayLike] | None = None,
    period: npt.ArrayLike | None = None,
    headline: str = "wape",
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
        mean: The model's mean forecast, shape ``[n]``: what bias and totals are measured with; without it the median
            is, for the baselines too.
        baseline_means: The mean forecast of each baseline, shape ``[n]``, where ``mean`` is given; a baseline that is
            a point forecast is its own mean.
        cluster: The item (or user) of each row, the unit that is resampled; rows themselves when None.
        slices: A label per row for each slicing.
        period: The week or day of each row, as a sortable label, shape ``[n]``: adds totals per period.
        headline: The metric that verdicts go by: ``wape``, or ``wql`` where most amounts, and so the medians, are zero.
        evidence: Features, blend, examples.
        seed: Fixes the resamples.
        replicates: How many resamples.

    Returns:
        The task dictionary (see ``report.Report``).

    Raises:
        EvaluationError: If arrays do not fit together, or only some of the forecasts compared have a mean.

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
    others = {name: forecast(actual, quantiles=values, levels=levels)[1] for name, values in (baselines or {}).items()}
    middle = {_MINE: median(table, levels=probability)}
    middle |= {name: median(values, levels=probability) for name, values in others.items()}
    given = _means(baselines or {}, mean=mean, baseline_means=baseline_means or {}, n_rows=len(truth))
    expected = middle if given is None else given

    def statistic(name: str, rows: Rows) -> QuantileStatistic:
        values = table if name == _MINE else others[name]
        return QuantileStatistic(
            truth[rows],
            quantiles=values[rows],
            levels=probability,
            points=(middle[name][rows], expected[name][rows]),
            clusters=units.take(rows),
        )

    compared = {name: bootstrap(statistic(name, everything), resamples=resamples) for name in others}
    best = strongest(compared, headline=headline)

    def describe(rows: Rows) -> dict[str, Any]:
        return {
            "positives": int((truth[rows] > 0).sum()),
            "observed": truth[rows].sum(),
            "predicted": expected[_MINE][rows].sum(),
            "baseline": single_value(statistic(best, rows), n_clusters=units.count, name=headline) if best else None,
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
            "forecast": np.bincount(code, weights=expected[_MINE]),
        }
        if best is not None:
            curves["totals"] |= {"baseline": np.bincount(code, weights=expected[best]), "baseline_name": best}
    return assemble_task(
        bootstrap(statistic(_MINE, everything), resamples=resamples),
        answer="quantiles",
        headline=headline,
        baselines=compared,
        facts=facts,
        evidence=evidence,
        sizes={"n": len(truth), "positives": int((truth > 0).sum())},
        details={
            "base_rate": float(truth.mean()),
            "bias_of": "median" if given is None else "mean",
            "levels": list(levels),
            "nominal_coverage": float(probability[-1] - probability[0]),
            "coverage_within": float(((truth > table[:, 0]) & (truth < table[:, -1])).mean()),
            "curves": curves,
            "slices": evaluate_slices(
                slices or {},
                n_rows=len(truth),
                metric=headline,
                statistic=lambda rows: statistic(_MINE, rows),
                resamples=resamples,
                describe=describe,
            ),
        },
    )


def _means(
    baselines: Mapping[str, npt.ArrayLike],
    *,
    mean: npt.ArrayLike | None,
    baseline_means: Mapping[str, npt.ArrayLike],
    n_rows: int,
) -> dict[str, FloatArray] | None:
    """The mean forecast of the model and of every baseline, or None where the medians have to do for all.

    A bias of means beside a bias of medians would compare two things: of skewed amounts the median lies lower.
    """
    odd = set(baseline_means) - set(baselines if mean is not None else ())
    if odd:
        raise EvaluationError(
            "There are means of baselines that are not compared by their mean.",
            received=", ".join(sorted(odd)),
            remedy="Give the model's own mean too, and name only baselines that are given.",
        )
    if mean is None:
        return None
    found = {_MINE: finite(mean, name="mean", n_rows=n_rows)}
    for name, values in baselines.items():
        own = baseline_means.get(name, values if np.asarray(values).ndim == 1 else None)
        if own is None:
            raise EvaluationError(
                f"The model has a mean forecast, baseline {name} has none.",
                received="quantiles without a mean",
                remedy="Give its mean in baseline_means, or leave mean out: then medians are compared.",
            )
        found[name] = finite(own, name=f"mean of baseline {name}", n_rows=n_rows)
    return found
