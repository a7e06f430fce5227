"""The optimiser of pre-training and its learning rate.

This module owns which parameters are decayed, which optimiser moves them, the schedule and the clipping. It refuses to
run steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from foretell.train.muon import Muon
from foretell.train.row_adam import RowAdam
from foretell.train.sharding import laid_out_optimiser, whole

__all__ = ["OptimisationConfig", "Optimiser", "OptimiserName", "ScheduleName", "learning_rate_at"]

OptimiserName = Literal["adamw", "adam", "muon", "sgd", "gd"]
ScheduleName = Literal["cosine", "linear", "constant"]

_BETAS: Final = (0.9, 0.98)


class OptimisationConfig(BaseModel):
    """How the weights are moved."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    optimiser: OptimiserName = "adamw"
    """``adamw``; ``adam`` (decay inside the gradient); ``muon`` (matrices of layers, AdamW for the rest); ``sgd`` with
    momentum; ``gd``: plain gradient descent, one step an epoch on the mean gradient of all of it."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; None takes that of the size, which is made for Adam and its kin."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of ``sgd``."""

    schedule: ScheduleName = "cosine"
    """How the learning rate falls from its peak to its last share."""

    warm_up_steps: Annotated[int, Field(ge=0)] = 30
    """Steps over which it rises to its peak."""

    last_share: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Its share of the peak at the end; ``constant`` keeps the peak."""

    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The gradient is shortened to this length; None leaves it."""

    l1: Annotated[float, Field(ge=0)] = 0.0
    """Pull of the matrices of layers towards zero (L1): each step moves every entry by learning rate times this."""


class Optimiser:
    """All that moves a model's weights: by kind of parameter, one state to save.

    A table's rows are touched as rarely as their item is seen: a decay at every step would wash rare items out, so only
    the matrices of layers are decayed. Tables whose gradients are sparse get ``RowAdam``.

    Args:
        model: Whose weights.
        config: Which optimiser, and how.
        learning_rate: Peak learning rate.
        weight_decay: Decay (L2) of the matrices of layers.

    References:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019 (AdamW, algorithm 2); Robbins and Monro, A
        Stochastic Approximation Method, 1951; Polyak, Some Methods of Speeding up the Convergence of Iteration Methods,
        1964 (momentum).
    """

    def __init__(
        self, model: nn.Module, *, config: OptimisationConfig, learning_rate: float, weight_decay: float
    ) -> None:
        self.config, self.peak = config, config.learning_rate or learning_rate
        embeddings = [part for part in model.modules() if isinstance(part, nn.Embedding)]
        tables = {id(part.weight) for part in embeddings}
        sparse = {id(part.weight): part.weight for part in embeddings if part.sparse}
        self.rows = [RowAdam(table, betas=_BETAS) for table in sparse.values()]
        dense = [one for one in model.parameters() if id(one) not in sparse]
        self.matrices = [one for one in dense if one.ndim > 1 and id(one) not in tables]
        others = [one for one in dense if one.ndim <= 1 or id(one) in tables]
        self.dense = dense
        self.parts = _parts(self.matrices, others, config, learning_rate=self.peak, weight_decay=weight_decay)

    def set_learning_rate(self, rate: float) -> None:
        """The learning rate of the steps from now on."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
        for table in self.rows:
            table.learning_rate = rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)
        for table in self.rows:
            table.table.grad = None

    def clip(self) -> None:
        """Shorten the gradient of all parameters together to the length that is set."""
        if self.config.clip_norm is None:
            return
        gradients = [one.grad for one in self.dense if one.grad is not None]
        norms = [*(whole(one.norm()) for one in gradients), *(one.norm() for one in self.rows)]
        if not norms:
            return
        by = (self.config.clip_norm / (torch.stack(norms).norm() + 1e-6)).clamp(max=1.0)
        if gradients:
            torch._foreach_mul_(gradients, by)
        for table in self.rows:
            table.scale_gradient(by)

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights once."""
        for part in self.parts:
            part.step()
        for table in self.rows:
            table.step()
        if self.config.l1:
            rate = float(self.parts[0].param_groups[0]["lr"])
            for matrix in self.matrices:
                matrix.copy_(torch.nn.functional.softshrink(matrix, rate * self.config.l1))

    def ready(self, rows: Tensor) -> None:
        """Rows of the tables that are about to be read."""
        for table in self.rows:
            table.ready(rows)

    def settle(self) -> None:
        """Bring everything to where it stands now: the weights may be read after this."""
        for table in self.rows:
            table.settle()

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "parts": [part.state_dict() for part in self.parts],
            "rows": [table.state_dict() for table in self.rows],
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Continue where a saved state was."""
        for part, state in zip(self.parts, saved["parts"], strict=True):
            part.load_state_dict(laid_out_optimiser(state, part))
        for table, state in zip(self.rows, saved["rows"], strict=True):
            table.load_state_dict(state)


def _parts(
    matrices: list[nn.Parameter],
    others: list[nn.Parameter],
    config: OptimisationConfig,
    *,
    learning_rate: float,
    weight_decay: float,
) -> list[torch.optim.Optimizer]:
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if config.optimiser == "adamw":
        return [torch.optim.AdamW(groups, lr=learning_rate, betas=_BETAS, fused=True)]
    if config.optimiser == "adam":
        return [torch.optim.Adam(groups, lr=learning_rate, betas=_BETAS, fused=True)]
    if config.optimiser == "muon":
        muon = Muon(matrices, lr=learning_rate, weight_decay=weight_decay)
        return [muon, torch.optim.AdamW(others, lr=learning_rate, betas=_BETAS, weight_decay=0.0, fused=True)]
    momentum = config.momentum if config.optimiser == "sgd" else 0.0
    return [torch.optim.SGD(groups, lr=learning_rate, momentum=momentum)]


def learning_rate_at(step: int, *, n_steps: int, peak: float, config: OptimisationConfig) -> float:
    """Linear warm-up, then down from the peak as the schedule says.

    Example:
        >>> config = OptimisationConfig(schedule="linear", warm_up_steps=0, last_share=0.0)
        >>> learning_rate_at(25, n_steps=100, peak=1.0, config=config)
        0.75

    References:
        Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017 (equation 5).
    """
    warm = min(1.0, (step + 1) / max(config.warm_up_steps, 1))
    done = step / max(n_steps, 1)
    left = _SCHEDULES[config.schedule](done)
    # A plain float: a checkpoint with a NumPy number in it cannot be loaded safely.
    return peak * warm * (config.last_share + (1 - config.last_share) * left)


_SCHEDULES: Final[dict[ScheduleName, Callable[[float], float]]] = {
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
    "constant": lambda _: 1.0,
}
