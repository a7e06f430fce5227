"""Sliding-window softmax attention: every sequence end to end, no padding, a fixed cost per event.

This module owns the attention of the causal transformer. It refuses to know about events.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.backbones.relative import RelativeBias
from foretell.model.backbones.windows import Windows

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

    def forward(self, states: Float[Tensor, "M D"], windows: Windows) -> Float[Tensor, "M D"]:
        """Attend within the windows of a packing; ``states`` fill whole blocks."""
        projected = self.query_key_value(states).chunk(3, dim=-1)
        query, key, value = (in_blocks(part, window=windows.window, n_heads=self.n_heads) for part in projected)
        bias = self.bias(windows.distance(), windows.gaps)
        context = functional.scaled_dot_product_attention(
            query,
            with_previous(key),
            with_previous(value),
            attn_mask=torch.where(windows.allowed[:, None], bias, float("-inf")).to(query.dtype),
        )
        attended: Tensor = self.output(context.transpose(1, 2).reshape(states.shape))
        return attended


def in_blocks(values: Float[Tensor, "M D"], *, window: int, n_heads: int) -> Float[Tensor, "blocks H W d"]:
    """Packed values block by block and head by head."""
    return values.view(-1, window, n_heads, values.shape[1] // n_heads).transpose(1, 2)


def with_previous(blocks: Float[Tensor, "blocks H W d"]) -> Float[Tensor, "blocks H keys d"]:
    """Each block with the block before it in front; the first gets zeros."""
    previous = torch.cat([torch.zeros_like(blocks[:1]), blocks[:-1]])
    return torch.cat([previous, blocks], dim=2)
