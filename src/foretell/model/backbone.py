"""The backbone: a causal pre-norm transformer over packed events.

This module owns the blocks. It refuses to embed events or to compute losses.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.attention import SlidingWindowAttention
from foretell.model.size import Size

__all__ = ["Transformer"]


class _Block(nn.Module):
    """Attention and a gated feed-forward layer, each with a norm before and a residual around it."""

    def __init__(self, size: Size, *, dropout: float) -> None:
        super().__init__()
        hidden = 2 * size.width
        self.attention_norm = nn.RMSNorm(size.width)
        self.attention = SlidingWindowAttention(size.width, n_heads=size.n_heads, window=size.window)
        self.feed_forward_norm = nn.RMSNorm(size.width)
        self.gate_and_up = nn.Linear(size.width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, size.width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        states = states + self.dropout(self.attention(self.attention_norm(states), mask))
        gate, up = self.gate_and_up(self.feed_forward_norm(states)).chunk(2, dim=-1)
        updated: Tensor = states + self.dropout(self.down(functional.silu(gate) * up))
        return updated


class Transformer(nn.Module):
    """Causal pre-norm transformer with sliding-window attention and gated feed-forward layers.

    Args:
        size: Width, depth, heads and window.
        dropout: Dropout on each residual branch.

    References:
        Vaswani et al., Attention Is All You Need, 2017; Shazeer, GLU Variants Improve Transformer, 2020
        (SwiGLU, equation 6); Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.
    """

    def __init__(self, size: Size, *, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(size, dropout=dropout) for _ in range(size.n_layers))
        self.norm = nn.RMSNorm(size.width)

    def forward(self, events: Float[Tensor, "N D"], mask: Tensor) -> Float[Tensor, "N D"]:
        """States of N packed events; ``mask`` is ``window_mask`` of the packing."""
        states = events
        for block in self.blocks:
            states = block(states, mask)
        normed: Tensor = self.norm(states)
        return normed
