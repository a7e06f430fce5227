"""The three ways to evaluate a task: probabilities, ranked lists, quantile forecasts.

This module owns the one address callers import from. Each entrance takes the arrays of a test window and
returns the complete task dictionary of ``report.json``, identical for the same seed.
"""

from __future__ import annotations

from foretell.evaluate.facts import Evidence, FeatureStrength, TaskFacts
from foretell.evaluate.result_probability import evaluate_probability
from foretell.evaluate.result_quantiles import evaluate_quantiles
from foretell.evaluate.result_ranking import evaluate_ranking
from foretell.evaluate.uplift import Treatment

__all__ = [
    "Evidence",
    "FeatureStrength",
    "TaskFacts",
    "Treatment",
    "evaluate_probability",
    "evaluate_quantiles",
    "evaluate_ranking",
]
