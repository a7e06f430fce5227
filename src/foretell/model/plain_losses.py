"""The plain losses of a yes-or-no answer, by name: squared error, cross entropy, logistic.

This module owns the register. It refuses rankings and waiting times, whose losses are made for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["LOSSES", "LossName"]

LossName = Literal["cross_entropy", "logistic", "mse"]


def _cross_entropy(logits: Tensor, label: Tensor, weight: Tensor | None) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, label, weight=weight)


def _logistic(logits: Tensor, label: Tensor, weight: Tensor | None) -> Tensor:
    return _mean(functional.softplus(-(2 * label - 1) * logits), weight)


def _squared_error(logits: Tensor, label: Tensor, weight: Tensor | None) -> Tensor:
    return _mean((torch.sigmoid(logits) - label).square(), weight)


def _mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    return (losses if weight is None else losses * weight).mean()


LOSSES: Final[dict[LossName, Callable[[Tensor, Tensor, Tensor | None], Tensor]]] = {
    "cross_entropy": _cross_entropy,  # -(y log p + (1 - y) log(1 - p)), p = 1 / (1 + e^-s)
    "logistic": _logistic,  # log(1 + e^(-z s)), z = 1 for yes and -1 for no: the same number, written for z
    "mse": _squared_error,  # (p - y)^2: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950
}
"""The mean loss of logits ``s`` and labels ``y``, 0 or 1, all ``[n]``; each row times its weight, if there are any."""
