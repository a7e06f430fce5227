"""The blend: several models' logits joined by weights that a later window decides.

This module owns the weights and how they are chosen. It refuses negative weights: a component that does not
help gets none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["blend_logits", "fit_blend"]


def blend_logits(logits: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Weighted sum of the components' logits ``[n]``; components without a weight are left out.

    Example:
        >>> blend_logits({"a": np.array([1.0]), "b": np.array([3.0])}, {"a": 0.5, "b": 0.5}).tolist()
        [2.0]
    """
    parts = [weights[name] * logits[name] for name in weights if weights[name] > 0]
    total: NDArray[np.float64] = np.sum(parts, axis=0)
    return total


def fit_blend(
    logits: Mapping[str, NDArray[np.float64]],
    label: NDArray[np.float64],
    *,
    weight: NDArray[np.float64] | None = None,
    shrink_examples: float = 20.0,
) -> dict[str, float]:
    """Non-negative logit weights that sum to one, by weighted log loss on the validation window.

    A weak pull towards equal weights, worth ``shrink_examples`` examples, keeps a small window from deciding alone.

    Args:
        logits: Component name -> logits ``[n]`` on the validation window.
        label: 0 or 1 ``[n]``.
        weight: How many real examples each row stands for.
        shrink_examples: Strength of the pull.

    References:
        Wolpert, Stacked Generalization, 1992; Breiman, Stacked Regressions, 1996 (non-negative weights).
    """
    names = list(logits)
    if len(names) == 1:
        return {names[0]: 1.0}
    table = np.stack([logits[name] for name in names], axis=1)
    weight = np.ones(len(label)) if weight is None else weight
    total = weight.sum()
    equal = np.full(len(names), 1 / len(names))
    pull = shrink_examples / max(len(label), 1)

    def loss(raw: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = table @ raw[:-1] + raw[-1]
        nll = (weight * (np.logaddexp(0, z) - label * z)).sum() / total
        residual = weight * (expit(z) - label) / total
        gradient = np.append(residual @ table, residual.sum())
        gradient[:-1] += 2 * pull * (raw[:-1] - equal)
        return float(nll + pull * ((raw[:-1] - equal) ** 2).sum()), gradient

    bounds = [(0.0, 2.0)] * len(names) + [(-10.0, 10.0)]
    found = minimize(loss, np.append(equal, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    chosen = np.where(found.x[:-1] < 0.01, 0.0, found.x[:-1])
    chosen = equal if chosen.sum() <= 0 else chosen / chosen.sum()
    return {name: float(value) for name, value in zip(names, chosen, strict=True)}
