"""Sliding-window softmax attention: every sequence end to end, no padding, a fixed cost per event.

This module owns the attention of the causal transformer. It refuses to know about events.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.backbones.relative import RelativeBias
from foretell.model.backbones.windows import WindowParts, Windows

__all__ = ["SlidingWindowAttention", "in_blocks", "with_previous"]


class SlidingWindowAttention(nn.Module):
    """Causal multi-head attention over the last ``window`` events of the same sequence, on packed input.

    The result at a position depends on nothing but the ``window`` events up to it: neither on where the
    sequence lies in the pack, nor on its neighbours. Learned biases per head say how near in position and in time
    matters.

    Args:
        width: Model width D.
        n_heads: Number of heads H; must divide D.
        window: Positions each position sees.

    References:
        Beltagy et al., Longformer: The Long-Document Transformer, 2020 (sliding window, section 3.1).
    """

    def __init__(self, width: int, *, n_heads: int, window: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.bias = RelativeBias(n_heads, n_distances=window)

    def forward(self, states: Float[Tensor, "N D"], windows: WindowParts) -> Float[Tensor, "N D"]:
        """Attend within the windows of a packing."""
        projected = self.query_key_value(states)
        # The blocks are too small for another precision to pay, and of another shape at every step.
        with torch.autocast(projected.device.type, enabled=False):
            context = windows.each(self._context, projected.float())
        attended: Tensor = self.output(context)
        return attended

    def _context(self, projected: Tensor, windows: Windows) -> Tensor:
        """What each position of a part takes up; ``projected`` fills whole blocks."""
        parts = projected.chunk(3, dim=-1)
        query, key, value = (in_blocks(part, window=windows.window, n_heads=self.n_heads) for part in parts)
        bias = self.bias(windows.distance(), windows.gaps) + windows.penalty[:, None]
        # Written out: the fused kernels give a bias no gradient on a processor and fall back to slower steps.
        logits = torch.baddbmm(
            bias.flatten(0, 1),
            query.flatten(0, 1),
            with_previous(key).flatten(0, 1).transpose(1, 2),
            alpha=query.shape[-1] ** -0.5,
        )
        weights = torch.softmax(logits, dim=-1)
        context = torch.bmm(weights, with_previous(value).flatten(0, 1)).view(query.shape)
        return context.transpose(1, 2).reshape(len(projected), self.n_heads * query.shape[-1])


def in_blocks(values: Float[Tensor, "M D"], *, window: int, n_heads: int) -> Float[Tensor, "blocks H W d"]:
    """Packed values block by block and head by head."""
    return values.view(-1, window, n_heads, values.shape[1] // n_heads).transpose(1, 2)


def with_previous(blocks: Float[Tensor, "blocks H W d"]) -> Float[Tensor, "blocks H keys d"]:
    """Each block with the block before it in front; the first gets zeros."""
    previous = torch.cat([torch.zeros_like(blocks[:1]), blocks[:-1]])
    return torch.cat([previous, blocks], dim=2)
