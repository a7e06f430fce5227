"""Stopping early: a part of the histories is held out, and training ends when it says nothing new about them.

This module owns which histories are held out and when it is enough. It refuses to compute losses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from foretell.core.batch import Batch

__all__ = ["StoppingConfig", "Watch", "held_out"]


class StoppingConfig(BaseModel):
    """When training ends before its last epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    held_out_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the histories that is not trained on but watched after each epoch; 0 trains on all, to the end."""

    patience_epochs: Annotated[int, Field(ge=1)] = 3
    """Epochs in a row without a better loss of the held-out part after which training ends."""


def held_out(batch: Batch, *, share: float, seed: int) -> tuple[Batch, Batch]:
    """The histories to train on and those to watch, by the seed.

    Example:
        >>> batch = Batch({"item": np.arange(20)}, np.arange(0, 21, 2))
        >>> [len(part) for part in held_out(batch, share=0.2, seed=0)]
        [8, 2]
    """
    n_held = math.ceil(share * len(batch)) if len(batch) > 1 else 0
    chosen = np.zeros(len(batch), dtype=bool)
    chosen[np.random.default_rng((seed, 0x5707)).permutation(len(batch))[:n_held]] = True
    return batch.select(np.flatnonzero(~chosen)), batch.select(np.flatnonzero(chosen))


@dataclass
class Watch:
    """What the held-out part has shown so far, and the weights that were best.

    Attributes:
        patience_epochs: Epochs without a gain after which it is enough.
        losses: The loss after each epoch.
        best: The weights of the best epoch.
    """

    patience_epochs: int
    losses: list[float] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest loss, from 0."""
        return int(np.argmin(self.losses)) if self.losses else 0

    @property
    def enough(self) -> bool:
        """Whether the last epochs, as many as there is patience, brought nothing."""
        return bool(self.losses) and len(self.losses) - 1 - self.best_epoch >= self.patience_epochs

    @torch.no_grad()
    def see(self, loss: float, model: nn.Module) -> None:
        """Take in the loss after an epoch; where it is the lowest, the weights are kept."""
        self.losses.append(loss)
        if self.best_epoch == len(self.losses) - 1:
            self.best = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {"losses": list(self.losses), "best": self.best}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Continue a saved watch."""
        self.losses, self.best = list(saved["losses"]), dict(saved["best"])
