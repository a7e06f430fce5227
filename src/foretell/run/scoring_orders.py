"""Scoring on the test window: how many orders a churn task's customers placed, beside what was expected of them.

This module owns those few figures. It refuses probabilities (``scoring``) and to change anything that was fitted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.model.order_counts import COUNT_COMPONENTS
from foretell.predictor.fitted import FittedTask
from foretell.train.context import Examples

__all__ = ["poisson_deviance", "score_orders"]


def score_orders(fitted: FittedTask, examples: Examples) -> dict[str, Any] | None:
    """Orders of the test rows, and how far foretell and its components were off; None where none are foretold.

    Returns:
        ``placed`` (orders in all), ``weights`` (of the components in the pool) and ``models``: for ``foretell`` and
        each component ``expected`` (in all), ``bias``, ``rmse`` and ``poisson_deviance`` (both a customer).
    """
    counts = None if fitted.value is None else fitted.value.counts
    if counts is None or not examples.frame.height:
        return None
    placed = examples.frame["n_orders"].to_numpy().astype(np.float64)
    logs = counts.components.logs(examples.inputs, horizon_days=fitted.task.horizon_days)
    said = {"foretell": counts.pool.expected(logs), **dict(zip(COUNT_COMPONENTS, np.exp(logs).T, strict=True))}
    return {
        "placed": float(placed.sum()),
        "weights": dict(zip(COUNT_COMPONENTS, counts.pool.weights, strict=True)),
        "models": {
            name: {
                "expected": float(expected.sum()),
                "bias": float(expected.sum() / placed.sum() - 1) if placed.any() else None,
                "rmse": float(np.sqrt(((placed - expected) ** 2).mean())),
                "poisson_deviance": float(poisson_deviance(placed, expected).mean()),
            }
            for name, expected in said.items()
        },
    }


def poisson_deviance(placed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each customer ``[n]``: 0 where as many orders were placed as expected.

    Example:
        >>> poisson_deviance(np.array([0.0, 2.0]), np.array([0.5, 2.0])).tolist()
        [1.0, 0.0]

    References:
        McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3.
    """
    expected = np.maximum(expected, 1e-9)
    some = placed * np.log(np.maximum(placed, 1.0) / expected)
    return np.asarray(2 * (np.where(placed > 0, some, 0.0) - placed + expected))
