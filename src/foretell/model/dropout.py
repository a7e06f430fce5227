"""Dropout that draws sixteen bits a number.

This module owns the draw. It refuses to decide where anything is dropped.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["Dropout"]

_STEPS: Final = 1 << 16


class Dropout(nn.Dropout):
    """Drops a share of the numbers in training and scales the others, so that their expectation stays.

    A processor's generator gives 64 bits at a time: four numbers are decided by one draw, where torch takes a draw and
    a logarithm for each. The share is rounded to 1/65536, and the scale is that of the rounded share.

    References:
        Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> dropped = Dropout(0.25)(torch.ones(40_000))
        >>> round(float((dropped == 0).float().mean()), 2), round(float(dropped.max()), 4)
        (0.25, 1.3333)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Numbers of any shape."""
        if not self.training or self.p == 0.0 or input.device.type != "cpu" or self.p > 1 - 1 / _STEPS:
            return super().forward(input)
        dropped = round(self.p * _STEPS)
        bits = torch.empty((input.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        drawn = bits.view(torch.int16)[: input.numel()].view(input.shape)
        kept = (drawn >= dropped - _STEPS // 2).to(input.dtype)
        return input * kept.mul_(_STEPS / (_STEPS - dropped))
