"""Metrics with intervals, baselines, slices, checks and the report.

This room owns how good the answers are and how that is shown. It takes arrays and plain facts and refuses to
know models, training or torch.
"""

from __future__ import annotations

from foretell.evaluate.checks import CHECKS, Check
from foretell.evaluate.inputs import EvaluationError
from foretell.evaluate.report import Report, build_report
from foretell.evaluate.results import (
    Evidence,
    FeatureStrength,
    TaskFacts,
    Treatment,
    evaluate_probability,
    evaluate_quantiles,
    evaluate_ranking,
)

__all__ = [
    "CHECKS",
    "Check",
    "EvaluationError",
    "Evidence",
    "FeatureStrength",
    "Report",
    "TaskFacts",
    "Treatment",
    "build_report",
    "evaluate_probability",
    "evaluate_quantiles",
    "evaluate_ranking",
]
