"""The activations a model may be told to use, by name.

This module owns the register. It refuses parameters: each is one fixed function of one number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["ACTIVATIONS", "ActivationName"]

ActivationName = Literal["sigmoid", "relu", "tanh", "gelu", "silu"]

ACTIVATIONS: Final[dict[ActivationName, Callable[[Tensor], Tensor]]] = {
    "sigmoid": torch.sigmoid,  # 1 / (1 + e^-x)
    "relu": functional.relu,  # max(x, 0): Nair and Hinton, Rectified Linear Units Improve RBMs, 2010
    "tanh": torch.tanh,  # (e^x - e^-x) / (e^x + e^-x)
    "gelu": functional.gelu,  # x P(Z <= x), Z standard normal: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016
    "silu": functional.silu,  # x / (1 + e^-x): Elfwing et al., Sigmoid-Weighted Linear Units, 2018
}
