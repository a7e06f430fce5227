"""Muon: momentum made orthogonal, for the matrices of layers.

This module owns the update. It refuses everything that is not a matrix of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Muon", "orthogonal"]

_COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)
_TIMES: Final = 5


class Muon(torch.optim.Optimizer):
    """Gradient descent along the nearest orthogonal matrix to the (Nesterov) momentum.

    The step is scaled by ``0.2 sqrt(max(rows, columns))``, so that its entries are as large as AdamW's and the same
    learning rate and decay serve both.

    Args:
        parameters: Matrices, or groups of them.
        lr: Learning rate.
        momentum: Share of the old momentum that is kept.
        weight_decay: Decoupled decay.

    References:
        Jordan et al., Muon: An Optimizer for Hidden Layers in Neural Networks, 2024; Liu et al., Muon is Scalable for
        LLM Training, 2025 (equation 4).
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; a ``closure`` is called first, for gradients."""
        if closure is not None:
            with torch.enable_grad():
                closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(momentum, group["momentum"])
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(orthogonal(ahead), alpha=-group["lr"] * 0.2 * max(parameter.shape) ** 0.5)


def orthogonal(matrix: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """About ``U V'`` of the singular value decomposition ``U S V'``, by five steps of a Newton-Schulz iteration.

    Singular values come out between about 0.7 and 1.2.

    Example:
        >>> turned = orthogonal(torch.tensor([[3.0, 0.0], [0.0, -0.5]]))
        >>> [round(float(value)) for value in turned.diagonal()]
        [1, -1]
    """
    found = matrix / (matrix.norm() + 1e-7)
    tall = len(found) > found.shape[1]
    found = found.T if tall else found
    linear, cubic, quintic = _COEFFICIENTS
    for _ in range(_TIMES):
        square = found @ found.T
        found = linear * found + (cubic * square + quintic * square @ square) @ found
    turned: Tensor = found.T if tall else found
    return turned
