"""The one size dial of the model: from a name every width, depth and learning rate follows.

This module owns that table. It refuses any other knob for the same things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["SIZES", "Size", "SizeName"]

SizeName = Literal["nano", "tiny", "small", "base", "large", "xl"]


@dataclass(frozen=True)
class Size:
    """What a size name stands for.

    Attributes:
        width: Model width D.
        n_layers: Depth. A layer is what costs about as much as a transformer block of this width.
        n_heads: Attention heads.
        window: Events each layer looks back, where a backbone has such a bound.
        learning_rate: Peak learning rate of pre-training.
        batch_events: Events per optimiser step.
    """

    width: int
    n_layers: int
    n_heads: int
    window: int
    learning_rate: float
    batch_events: int


# From tiny to xl each step multiplies the backbone's parameters by four to ten, from 0.3 M to 1 B; nano is for tests.
# docs/concepts/backbones.md has the counts. The peak learning rate falls with the width. Two cores train the first
# three in minutes; the last two are for a GPU.
SIZES: Final[dict[SizeName, Size]] = {
    "nano": Size(width=32, n_layers=1, n_heads=2, window=32, learning_rate=4e-3, batch_events=4096),
    "tiny": Size(width=128, n_layers=2, n_heads=4, window=64, learning_rate=3e-3, batch_events=4096),
    "small": Size(width=192, n_layers=4, n_heads=6, window=64, learning_rate=1e-3, batch_events=4096),
    "base": Size(width=512, n_layers=6, n_heads=8, window=128, learning_rate=5e-4, batch_events=8192),
    "large": Size(width=1024, n_layers=12, n_heads=16, window=128, learning_rate=2e-4, batch_events=16384),
    "xl": Size(width=2048, n_layers=24, n_heads=16, window=256, learning_rate=1e-4, batch_events=32768),
}
