"""What a report says about a task beside its figures.

This module owns the plain facts the caller hands over with the arrays: the question, the horizon, the
features, the blend. It refuses to compute any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["NO_EVIDENCE", "Evidence", "FeatureStrength", "TaskFacts", "strength"]

_NONE: Final = {"auc": 0.5}
"""What a measure reads where nothing goes together; zero for those not named."""


def strength(association: float, *, measure: str) -> float:
    """How far a measured association is from none at all.

    Example:
        >>> strength(0.1, measure="auc"), strength(-0.6, measure="spearman")
        (0.4, 0.6)
    """
    return abs(association - _NONE.get(measure, 0.0))


@dataclass(frozen=True)
class FeatureStrength:
    """How strongly one feature goes with the target, and how much the model uses it.

    Attributes:
        name: The feature, in words people can read.
        association: The measured association on the training rows.
        measure: What ``association`` is: ``"auc"``, ``"auc_distance"`` (from 0.5), ``"spearman"`` (rank
            correlation, for amounts), ``"mutual information"``, ...
        importance: The model's own share of use in [0, 1], or None when unknown.
    """

    name: str
    association: float
    measure: str = "mutual information"
    importance: float | None = None


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """The question a task asks and how its answer may be used.

    Attributes:
        kind: Which built-in question it is (``purchase``, ``recommend``, ...).
        horizon_days: Length of the window asked about, in days; None where there is none.
        question: The question in plain words, for example ``"Who buys within 28 days?"``.
        unit: What a row is, in the plural, for example ``"households"``.
        notes: Loud notes, shown above the figures.
        do_not_use_for: Uses the evidence does not carry.
        variants: Further complete task dictionaries of the same question, by name (for example with a
            filter).
    """

    kind: str
    horizon_days: float | None
    question: str = ""
    unit: str = "rows"
    notes: Sequence[str] = ()
    do_not_use_for: Sequence[str] = ()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known about how the answers came about.

    Attributes:
        features: The strongest features, any order.
        left_out: The features that selection left out, each with the reason; empty where all are read.
        n_read: How many features are read, where selection was asked for.
        blend: Weight of each component of the final answer, chosen on validation.
        examples: A few answers as rows of one table: column name to value, with the shop's own ids.
        validation_rate: Base rate (or mean) of the outcome in the validation window, to notice drift.
        unknown_share: Share of the test rows whose user or item was never seen in training, by ``users`` and
            ``items``.
    """

    features: Sequence[FeatureStrength] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    n_read: int | None = None
    blend: Mapping[str, float] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()
    validation_rate: float | None = None
    unknown_share: Mapping[str, float] = field(default_factory=dict)


NO_EVIDENCE: Final = Evidence()
"""For callers that have arrays only."""
