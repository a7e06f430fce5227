"""The optimiser of pre-training and its learning rate.

This module owns which parameters are decayed, and the schedule. It refuses to run steps.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import nn

__all__ = ["make_optimiser", "set_learning_rate"]

_WARM_UP_STEPS: Final = 30
_LAST_SHARE: Final = 0.02


def make_optimiser(model: nn.Module, *, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that decays the matrices of layers only.

    A table's rows are touched as rarely as their item is seen; a decay at every step would wash rare items out.

    References:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019 (AdamW, algorithm 2).
    """
    tables = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    parameters = list(model.parameters())
    decayed = [one for one in parameters if one.ndim > 1 and id(one) not in tables]
    others = [one for one in parameters if one.ndim <= 1 or id(one) in tables]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )


def set_learning_rate(optimiser: torch.optim.Optimizer, step: int, *, n_steps: int, peak: float) -> None:
    """Linear warm-up over 30 steps, then a cosine down to 2 % of the peak.

    References:
        Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017 (equation 5).
    """
    warm = min(1.0, (step + 1) / _WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(n_steps, 1)))
    # A plain float: a checkpoint with a NumPy number in it cannot be loaded safely.
    rate = peak * warm * (_LAST_SHARE + (1 - _LAST_SHARE) * cosine)
    for group in optimiser.param_groups:
        group["lr"] = rate
