"""Checkpoints of a training run: written whole or not at all, continued bit for bit.

This module owns the file. It refuses to decide when one is due.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import torch

from foretell.core.files import appearing_whole

__all__ = ["Stateful", "load_checkpoint", "save_checkpoint"]

_FILE: Final = "checkpoint.pt"


class Stateful(Protocol):
    """What a checkpoint can hold: a model, an optimiser, an average of weights."""

    def state_dict(self) -> Any:  # noqa: ANN401
        """All of its state: tensors, numbers, text, and lists and dictionaries of those."""

    def load_state_dict(self, saved: Any, /) -> Any:  # noqa: ANN401
        """Take a saved state over."""


def save_checkpoint(
    folder: Path, parts: Mapping[str, Stateful], *, step: int, losses: list[dict[str, float]], writes: bool = True
) -> None:
    """Write a checkpoint: everything that the next step depends on, by name, and the losses so far.

    Args:
        folder: Where the file goes.
        parts: What is saved; asking for a state may take all processes.
        step: The next step.
        losses: The losses so far.
        writes: Whether this process writes the file.
    """
    saved = {name: part.state_dict() for name, part in parts.items()}
    if not writes:
        return
    with appearing_whole(folder / _FILE) as place:
        torch.save({**saved, "step": step, "losses": json.dumps(losses)}, place)


def load_checkpoint(folder: Path, parts: Mapping[str, Stateful]) -> tuple[int, list[dict[str, float]]]:
    """Load the checkpoint if there is one; returns the next step and the losses so far."""
    path = folder / _FILE
    if not path.exists():
        return 0, []
    saved = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return int(saved["step"]), json.loads(saved["losses"])
