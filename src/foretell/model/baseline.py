"""Plain baselines every probability is held against: the base rate, and logistic regression on one or two features.

This module owns those baselines and their saved form. It refuses more than a handful of features: a baseline is
what a careful analyst would do in an afternoon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from foretell.model.inputs import HeadInputs

__all__ = ["Baseline", "fit_baseline"]


@dataclass(frozen=True)
class Baseline:
    """Logistic regression on ``log(1 + x)`` of a few features; without features, the base rate.

    Attributes:
        names: The features it reads.
        coefficients: One per feature, and one per feature for "it is missing".
        bias: The intercept.

    Example:
        >>> Baseline((), (), 0.0).probability(HeadInputs(np.zeros((1, 0), "f4"), (), np.zeros((1, 0), "f4"))).tolist()
        [0.5]
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    bias: float

    def probability(self, inputs: HeadInputs) -> NDArray[np.float64]:
        """Probability of each example ``[n]``."""
        logits = np.full(len(inputs), self.bias)
        if self.names:
            logits = logits + _design(inputs, self.names) @ np.asarray(self.coefficients)
        return np.asarray(expit(logits))

    def to_dict(self) -> dict[str, Any]:
        """The baseline as JSON types."""
        return {"names": list(self.names), "coefficients": list(self.coefficients), "bias": self.bias}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Baseline:
        """Rebuild a baseline from ``to_dict``."""
        return cls(tuple(saved["names"]), tuple(saved["coefficients"]), float(saved["bias"]))


def fit_baseline(
    inputs: HeadInputs, label: NDArray[np.float64], *, names: Sequence[str], weight: NDArray[np.float64] | None = None
) -> Baseline:
    """Fit the baseline on the training window; features the inputs lack are left out."""
    rate = float(np.clip(np.average(label, weights=weight), 1e-6, 1 - 1e-6))
    present = tuple(name for name in names if name in inputs.names)
    if not present:
        return Baseline((), (), float(np.log(rate / (1 - rate))))
    model = LogisticRegression(C=10.0, max_iter=500)
    model.fit(_design(inputs, present), label, sample_weight=weight)
    return Baseline(present, tuple(float(value) for value in model.coef_[0]), float(model.intercept_[0]))


def _design(inputs: HeadInputs, names: tuple[str, ...]) -> NDArray[np.float64]:
    """``[n, 2 len(names)]``: log(1 + x) with missing values as 0, then a flag for missing."""
    chosen = inputs.features[:, [inputs.names.index(name) for name in names]].astype(np.float64)
    missing = np.isnan(chosen)
    return np.concatenate([np.log1p(np.maximum(np.where(missing, 0.0, chosen), 0.0)), missing], axis=1)
