"""From estimates to the dictionary of one task, in the form ``report.json`` keeps.

This module owns the shape: metrics, baselines, paired differences, verdict, facts and checks. It refuses to
compute metrics (``resampled``) or to judge (``checks``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from foretell.evaluate.checks import run_checks
from foretell.evaluate.definitions import definition, improvement, is_material
from foretell.evaluate.facts import Evidence, FeatureStrength, TaskFacts, strength
from foretell.evaluate.intervals import Estimate, Interval, Statistic, paired_difference
from foretell.evaluate.plain import plain

__all__ = ["assemble_task", "outcome", "single_value", "strongest"]

_WHY_UNDEFINED: Final = "undefined on this test window, for example because only one outcome occurs"


def strongest(baselines: Mapping[str, Estimate], *, headline: str) -> str | None:
    """The baseline with the best value of the headline metric, or None when none has one.

    Args:
        baselines: Estimates by name.
        headline: The metric to go by.

    Returns:
        Its name; among equals the first.
    """
    best: tuple[float, str] | None = None
    for name, estimate in baselines.items():
        interval = estimate.interval(headline) if headline in estimate.names else None
        if interval is not None:
            worth = improvement(headline, difference=interval.value)
            if best is None or worth > best[0]:
                best = (worth, name)
    return best[1] if best else None


def single_value(statistic: Statistic, *, n_clusters: int, name: str) -> float:
    """One metric of a statistic on the rows as they are, without resamples.

    Args:
        statistic: What to evaluate.
        n_clusters: How many clusters its task has.
        name: One of its metrics.

    Returns:
        The value; NaN where undefined.
    """
    return float(statistic.evaluate(np.ones((1, n_clusters)))[0, statistic.names.index(name)])


def outcome(metric: str, *, difference: Interval) -> str:
    """What a paired difference says: ``beats``, ``behind``, or ``ties`` when its interval holds zero.

    Example:
        >>> outcome("logloss", difference=Interval(-0.2, -0.3, -0.1))
        'beats'
    """
    ends = sorted(improvement(metric, difference=end) for end in (difference.low, difference.high))
    return "beats" if ends[0] > 0 else "behind" if ends[1] < 0 else "ties"


def assemble_task(
    estimate: Estimate,
    *,
    answer: str,
    headline: str,
    baselines: Mapping[str, Estimate],
    facts: TaskFacts,
    evidence: Evidence,
    sizes: Mapping[str, int],
    details: Mapping[str, Any],
) -> dict[str, Any]:
    """The complete dictionary of a task, checks included.

    Args:
        estimate: The model's figures.
        answer: ``probability``, ``ranking`` or ``quantiles``.
        headline: The metric verdicts go by.
        baselines: The baselines' figures from the same resamples.
        facts: The question and how the answer may be used.
        evidence: Features, blend, examples.
        sizes: ``n`` and ``positives``.
        details: Keys special to the answer kind: ``curves``, ``slices``, ``threshold``, ``calibration``, ...

    Returns:
        Plain values only, floats of six significant digits, no NaN.
    """
    metrics, undefined = _metrics(estimate)
    paired: dict[str, dict[str, Any]] = {}
    for name, other in baselines.items():
        differences = paired_difference(estimate, baseline=other)
        paired[name] = {
            metric: {**vars(difference), "outcome": outcome(metric, difference=difference)}
            for metric, difference in differences.items()
            if definition(metric).better in ("higher", "lower")
        }
    best = strongest(baselines, headline=headline)
    verdict = None
    if best is not None and headline in paired[best]:
        difference = paired[best][headline]
        theirs = baselines[best].point[baselines[best].names.index(headline)]
        material = is_material(headline, difference=difference["value"], reference=float(theirs))
        verdict = {"baseline": best, "metric": headline, **difference, "material": material}
    task: dict[str, Any] = {
        "kind": facts.kind,
        "answer": answer,
        "question": facts.question,
        "horizon_days": facts.horizon_days,
        "unit": facts.unit,
        **sizes,
        "headline": headline,
        "verdict": verdict,
        "metrics": metrics,
        "undefined": undefined,
        "baselines": {name: _metrics(other)[0] for name, other in baselines.items()},
        "paired": paired,
        "checks": [],
        "curves": {},
        "slices": [],
        "features": sorted(evidence.features, key=_strength),
        "selection": _selection(evidence),
        "blend": evidence.blend,
        "notes": list(facts.notes),
        "examples_of_answers": list(evidence.examples),
        "validation_rate": evidence.validation_rate,
        "unknown_share": evidence.unknown_share,
        "do_not_use_for": list(facts.do_not_use_for),
        **details,
        "variants": facts.variants,
    }
    finished: dict[str, Any] = plain(task)
    finished["checks"] = [vars(check) for check in run_checks(finished)]
    return finished


def _selection(evidence: Evidence) -> dict[str, Any] | None:
    """How many features are read and why the others are not; None where none was left out."""
    left_out = [{"name": name, "reason": reason} for name, reason in evidence.left_out.items()]
    return {"read": evidence.n_read, "left_out": left_out} if left_out else None


def _strength(feature: FeatureStrength) -> tuple[float, str]:
    return -strength(feature.association, measure=feature.measure), feature.name


def _metrics(estimate: Estimate) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    defined: dict[str, dict[str, float]] = {}
    undefined: dict[str, str] = {}
    for name in estimate.names:
        interval = estimate.interval(name)
        if interval is None:
            undefined[name] = _WHY_UNDEFINED
        else:
            defined[name] = dict(vars(interval))
    return defined, undefined
