"""A stack of blocks that look back within sliding windows, with a norm at the end.

This module owns what such backbones have in common. It refuses to attend: that is the blocks' business.
"""

from __future__ import annotations

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.backbones.contract import Backbone
from foretell.model.backbones.packing import Packing
from foretell.model.backbones.windows import WindowParts

__all__ = ["WindowStack"]


class WindowStack(Backbone):
    """Blocks one after another over the same windows.

    Args:
        blocks: Modules called with the states and the windows.
        norm: Applied to the last states.
        window: How many events each block looks back, the event's own included.
    """

    def __init__(self, blocks: Iterable[nn.Module], *, norm: nn.Module, window: int) -> None:
        nn.Module.__init__(self)
        self.window = window
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm

    @property
    def receptive_events(self) -> int:
        """Each block looks ``window - 1`` events further back."""
        return len(self.blocks) * (self.window - 1) + 1

    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events."""
        windows = WindowParts.of(packing, window=self.window, dtype=events.dtype)
        states = events
        for block in self.blocks:
            states = block(states, windows)
        normed: Tensor = self.norm(states)
        return normed
