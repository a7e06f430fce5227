"""The one size dial of the model: from a name every width, depth and learning rate follows.

This module owns that table. It refuses any other knob for the same things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["SIZES", "Size", "SizeName"]

SizeName = Literal["tiny", "small", "base", "large"]


@dataclass(frozen=True)
class Size:
    """What a size name stands for.

    Attributes:
        width: Model width D.
        n_layers: Number of transformer blocks.
        n_heads: Attention heads.
        window: Events each layer looks back; the state sees ``n_layers * (window - 1) + 1`` events.
        learning_rate: Peak learning rate of pre-training.
        batch_events: Events per optimiser step.
    """

    width: int
    n_layers: int
    n_heads: int
    window: int
    learning_rate: float
    batch_events: int

    @property
    def receptive_events(self) -> int:
        """How many events back a state depends on, its own included."""
        return self.n_layers * (self.window - 1) + 1


SIZES: Final[dict[SizeName, Size]] = {
    "tiny": Size(width=32, n_layers=1, n_heads=2, window=32, learning_rate=4e-3, batch_events=4096),
    "small": Size(width=64, n_layers=2, n_heads=2, window=64, learning_rate=3e-3, batch_events=8192),
    "base": Size(width=128, n_layers=4, n_heads=4, window=64, learning_rate=1.5e-3, batch_events=8192),
    "large": Size(width=256, n_layers=8, n_heads=8, window=128, learning_rate=8e-4, batch_events=16384),
}
