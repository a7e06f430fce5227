"""Packed sliding-window attention: every sequence end to end, no padding, a fixed cost per event.

This module owns the attention pattern and its mask. It refuses to project inputs or to know about events.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SlidingWindowAttention", "window_mask"]


def window_mask(sequence: Int[Tensor, "N"], *, window: int) -> Tensor:
    """Which keys each query may see, block by block.

    Position i sees position j if both belong to the same sequence and ``0 <= i - j < window``. Queries are cut
    into blocks of ``window`` positions; the keys of a block are its own and the block before it.

    Args:
        sequence: For each of N packed positions the number of its sequence; N must be a multiple of ``window``.
        window: How many positions back a position sees, itself included.

    Returns:
        bool ``[N / window, window, 2 * window]``.

    Example:
        >>> window_mask(torch.tensor([0, 0, 0, 1]), window=2)[1].int().tolist()
        [[0, 1, 1, 0], [0, 0, 0, 1]]
    """
    blocks = sequence.view(-1, window)
    previous = torch.cat([torch.full_like(blocks[:1], -1), blocks[:-1]])
    keys = torch.cat([previous, blocks], dim=1)
    query_position = torch.arange(window, 2 * window)[:, None]
    key_position = torch.arange(2 * window)[None, :]
    distance = query_position - key_position
    near = (distance >= 0) & (distance < window)
    return near[None] & (blocks[:, :, None] == keys[:, None, :])


class SlidingWindowAttention(nn.Module):
    """Causal multi-head attention over the last ``window`` events of the same sequence, on packed input.

    The result at a position depends on nothing but the ``window`` events up to it: neither on where the
    sequence lies in the pack, nor on its neighbours. A learned bias per head and distance says how near matters.

    Args:
        width: Model width D.
        n_heads: Number of heads H; must divide D.
        window: Positions each position sees.

    References:
        Beltagy et al., Longformer: The Long-Document Transformer, 2020 (sliding window, section 3.1);
        Shaw et al., Self-Attention with Relative Position Representations, 2018 (relative bias).
    """

    def __init__(self, width: int, *, n_heads: int, window: int) -> None:
        super().__init__()
        self.n_heads, self.window = n_heads, window
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.distance_bias = nn.Parameter(torch.zeros(n_heads, window))

    def forward(self, states: Float[Tensor, "N D"], mask: Tensor) -> Float[Tensor, "N D"]:
        """Attend; ``mask`` is that of ``window_mask`` for the same packing."""
        n, width = states.shape
        blocks = n // self.window
        projected = self.query_key_value(states).view(blocks, self.window, 3, self.n_heads, -1)
        query, key, value = (part.transpose(1, 2) for part in projected.unbind(2))
        context = functional.scaled_dot_product_attention(
            query, _with_previous(key), _with_previous(value), attn_mask=self._bias(mask, dtype=query.dtype)
        )
        attended: Tensor = self.output(context.transpose(1, 2).reshape(n, width))
        return attended

    def _bias(self, mask: Tensor, *, dtype: torch.dtype) -> Tensor:
        """Additive mask ``[blocks, H, window, 2 * window]``: the distance bias where allowed, else -inf."""
        distance = torch.arange(self.window, 2 * self.window)[:, None] - torch.arange(2 * self.window)[None, :]
        bias = self.distance_bias[:, distance.clamp(0, self.window - 1)]
        return torch.where(mask[:, None], bias[None], float("-inf")).to(dtype)


def _with_previous(blocks: Tensor) -> Tensor:
    """Each block ``[blocks, H, window, d]`` with the block before it in front; the first gets zeros."""
    previous = torch.cat([torch.zeros_like(blocks[:1]), blocks[:-1]])
    return torch.cat([previous, blocks], dim=2)
