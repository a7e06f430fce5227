"""Checkpoints of a training run: written whole or not at all, continued bit for bit.

This module owns the file. It refuses to decide when one is due.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import torch
from torch import nn

from foretell.core.files import appearing_whole

__all__ = ["load_checkpoint", "save_checkpoint"]

_FILE: Final = "checkpoint.pt"


def save_checkpoint(
    folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, *, step: int, losses: list[dict[str, float]]
) -> None:
    """Write a checkpoint: everything that the next step depends on, and the losses so far."""
    saved = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
    with appearing_whole(folder / _FILE) as place:
        torch.save({**saved, "losses": json.dumps(losses)}, place)


def load_checkpoint(
    folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[int, list[dict[str, float]]]:
    """Load the checkpoint if there is one; returns the next step and the losses so far."""
    path = folder / _FILE
    if not path.exists():
        return 0, []
    saved = torch.load(path, weights_only=True)
    model.load_state_dict(saved["model"])
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["step"]), json.loads(saved["losses"])
