"""Evaluation of a yes-or-no prediction: from the arrays of a test window to the task dictionary.

This module owns the entrance ``evaluate_probability``. It refuses to know models or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from foretell.evaluate.assemble import assemble_task, single_value, strongest
from foretell.evaluate.calibration import chance_ece, ece
from foretell.evaluate.curves import calibration_curve, gain_curve, histogram, thinned
from foretell.evaluate.facts import NO_EVIDENCE, Evidence, TaskFacts
from foretell.evaluate.inputs import (
    EvaluationError,
    FloatArray,
    binary,
    clusters,
    finite,
    fraction,
    require_rows,
)
from foretell.evaluate.intervals import Resamples, Statistic, bootstrap
from foretell.evaluate.ordered_uplift import OrderedUplift
from foretell.evaluate.resampled import CombinedStatistic
from foretell.evaluate.resampled_probability import ProbabilityStatistic, RankStatistic, UpliftStatistic
from foretell.evaluate.slices import evaluate_slices
from foretell.evaluate.uplift import Treatment, qini_curve

__all__ = ["evaluate_probability"]

Rows = npt.NDArray[np.bool_]


def evaluate_probability(
    label: npt.ArrayLike,
    *,
    probability: npt.ArrayLike,
    facts: TaskFacts,
    baselines: Mapping[str, npt.ArrayLike] | None = None,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    threshold: float = 0.5,
    baseline_thresholds: Mapping[str, float] | None = None,
    slices: Mapping[str, npt.ArrayLike] | None = None,
    treatment: Treatment | None = None,
    uncalibrated: npt.ArrayLike | None = None,
    evidence: Evidence = NO_EVIDENCE,
    seed: int = 0,
    replicates: int = 200,
) -> dict[str, Any]:
    """Evaluate a yes-or-no prediction on a test window.

    Args:
        label: What happened, 0 or 1, shape ``[n]``.
        probability: The model's calibrated probability, shape ``[n]``.
        facts: The question and how the answer may be used.
        baselines: Probability or any score of each baseline, shape ``[n]``; scores outside [0, 1] get rank
            metrics only.
        weight: How many real cases a row stands for, shape ``[n]``.
        cluster: The user (or item) of each row, the unit that is resampled; rows themselves when None.
        threshold: Where yes begins, chosen on validation.
        baseline_thresholds: The baselines' own thresholds; ``threshold`` where missing.
        slices: A label per row for each slicing.
        treatment: Who was treated, where known: adds Qini and the uplift area.
        uncalibrated: The model's probability before calibration, to show what calibration changed.
        evidence: Features, blend, examples.
        seed: Fixes the resamples.
        replicates: How many resamples.

    Returns:
        The task dictionary (see ``report.Report``).

    Raises:
        EvaluationError: If arrays do not fit together or ``probability`` leaves [0, 1].

    Example:
        >>> chance = np.tile([0.1, 0.9], 50)
        >>> task = evaluate_probability(
        ...     np.tile([0, 1], 50), probability=chance, facts=TaskFacts(kind="churn", horizon_days=28)
        ... )
        >>> task["metrics"]["auc"]["value"]
        1.0
    """
    labels, scores, row_weights = binary(label, probability=probability, weight=weight)
    require_rows(len(labels))
    if not fraction(scores):
        raise EvaluationError(
            "The model's answers are no probabilities.",
            received=f"values from {scores.min():g} to {scores.max():g}",
            remedy="Calibrate them into [0, 1]; only baselines may be plain scores.",
        )
    units = clusters(cluster, n_rows=len(labels))
    resamples = Resamples(units.count, replicates=replicates, seed=seed)

    def statistic(values: FloatArray, cut: float) -> ProbabilityStatistic:
        return ProbabilityStatistic(labels, probability=values, weight=row_weights, clusters=units, threshold=cut)

    mine: Statistic = statistic(scores, threshold)
    extra_curves: dict[str, Any] = {}
    if treatment is not None:
        curve = qini_curve(labels, treatment=treatment, weight=row_weights)
        extra_curves["qini"] = thinned({"share": curve.share, "gain": curve.gain, "random": curve.random})
        people = OrderedUplift(
            labels,
            treated=finite(treatment.treated, name="treated"),
            score=finite(treatment.score, name="score"),
        )
        mine = CombinedStatistic(mine, UpliftStatistic(people, weight=row_weights, clusters=units))
    others = {
        name: finite(values, name=f"baseline {name}", n_rows=len(labels)) for name, values in (baselines or {}).items()
    }
    cuts = baseline_thresholds or {}
    compared = {
        name: bootstrap(statistic(values, cuts.get(name, threshold)), resamples=resamples)
        for name, values in others.items()
    }
    best = strongest(compared, headline="auc")
    calibrated = calibration_curve(labels, probability=scores, weight=row_weights, units=units)
    top = min(1.0, 1.04 * max(*calibrated["predicted"], *calibrated["high"])) or 1.0
    curves = {
        "calibration": calibrated,
        "gain": gain_curve(labels, probability=scores, weight=row_weights),
        "histogram": histogram(scores, weight=row_weights, top=top),
        **extra_curves,
    }
    if best is not None:
        gain = gain_curve(labels, probability=others[best], weight=row_weights)
        curves["gain_baseline"] = {"name": best, **gain}
    calibration = {
        "ece": ece(labels, probability=scores, weight=row_weights),
        "by_chance": chance_ece(labels, probability=scores, weight=row_weights, units=units),
    }
    if uncalibrated is not None:
        before = finite(uncalibrated, name="uncalibrated", n_rows=len(labels))
        curves["calibration_before"] = calibration_curve(labels, probability=before, weight=row_weights)
        calibration["before"] = ece(labels, probability=before, weight=row_weights)

    def part(rows: npt.NDArray[np.bool_], values: FloatArray) -> RankStatistic:
        return RankStatistic(labels[rows], score=values[rows], weight=row_weights[rows], clusters=units.take(rows))

    def describe(rows: Rows) -> dict[str, Any]:
        total = row_weights[rows].sum()
        return {
            "positives": int(labels[rows].sum()),
            "observed": (row_weights * labels)[rows].sum() / total if total > 0 else None,
            "predicted": (row_weights * scores)[rows].sum() / total if total > 0 else None,
            "baseline": single_value(part(rows, others[best]), n_clusters=units.count, name="auc") if best else None,
        }

    return assemble_task(
        bootstrap(mine, resamples=resamples),
        answer="probability",
        headline="auc",
        baselines=compared,
        facts=facts,
        evidence=evidence,
        sizes={"n": len(labels), "positives": int(labels.sum())},
        details={
            "base_rate": float((row_weights * labels).sum() / row_weights.sum()),
            "threshold": threshold,
            "randomised": treatment.randomised if treatment is not None else None,
            "responses": treatment.responses if treatment is not None else None,
            "calibration": calibration,
            "curves": curves,
            "slices": evaluate_slices(
                slices or {},
                n_rows=len(labels),
                metric="auc",
                statistic=lambda rows: part(rows, scores),
                resamples=resamples,
                describe=describe,
            ),
        },
    )
