"""Calibration: from scores to probabilities that mean what they say, fitted on a later window.

This module owns Platt scaling. It refuses to be fitted on the rows a model was trained on; the caller gives it
the validation window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["PlattScaling", "fit_platt"]


@dataclass(frozen=True)
class PlattScaling:
    """``p = sigmoid(slope * logit + offset)``.

    Example:
        >>> PlattScaling(slope=1.0, offset=0.0).probability(np.array([0.0])).tolist()
        [0.5]
    """

    slope: float
    offset: float

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities ``[n]``."""
        return np.asarray(expit(self.slope * logits + self.offset))


def fit_platt(
    logits: NDArray[np.float64], label: NDArray[np.float64], *, weight: NDArray[np.float64] | None = None
) -> PlattScaling:
    """Fit slope and offset by weighted maximum likelihood with a weak pull towards the identity.

    Args:
        logits: Scores on the logit scale ``[n]``.
        label: 0 or 1 ``[n]``.
        weight: How many real examples each row stands for ``[n]``.

    References:
        Platt, Probabilistic Outputs for Support Vector Machines, 1999, equation 2.
    """
    weight = np.ones(len(label)) if weight is None else weight
    total = weight.sum()

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, offset = np.exp(parameters[0]), parameters[1]
        z = slope * logits + offset
        nll = (weight * (np.logaddexp(0, z) - label * z)).sum() / total
        residual = weight * (expit(z) - label) / total
        pull = 1.0 / max(total, 1.0)  # as strong as one example
        gradient = np.array([(residual * logits).sum() * slope, residual.sum()])
        gradient[0] += 2 * pull * parameters[0]
        return float(nll + pull * parameters[0] ** 2), gradient

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-4, 4), (-30, 30)])
    return PlattScaling(slope=float(np.exp(found.x[0])), offset=float(found.x[1]))
