"""An average of the weights over the steps of training, which is what answers in the end.

This module owns the average. It refuses to train.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Exponential moving average of every weight of a model.

    The decay grows from 1/10 to its full value, ``min(decay, (1 + step) / (10 + step))``, so that the beginning is soon
    forgotten in short runs as well.

    Args:
        model: Whose weights.
        decay: Share of the old average kept at each step.

    References:
        Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992; Izmailov et al., Averaging
        Weights Leads to Wider Optima and Better Generalization, 2018.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.weights: list[nn.Parameter] = list(model.parameters())
        self.averages: list[Tensor] = [one.detach().clone() for one in self.weights]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step number ``step`` (from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.averages, [one.detach() for one in self.weights], 1 - decay)

    @torch.no_grad()
    def exchange(self) -> None:
        """Put the averages into the model and keep its weights in their place; a second call undoes the first."""
        for weight, average in zip(self.weights, self.averages, strict=True):
            kept = weight.detach().clone()
            weight.copy_(average)
            average.copy_(kept)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The averages."""
        return {"averages": self.averages}

    def load_state_dict(self, saved: dict[str, list[Tensor]]) -> None:
        """Continue a saved average."""
        for average, given in zip(self.averages, saved["averages"], strict=True):
            average.copy_(given)
