"""The default backbone: a causal pre-norm transformer over packed events.

This module owns the blocks. It refuses to embed events or to compute losses.
"""

from __future__ import annotations

from torch import Tensor, nn

from foretell.model.activations import ActivationName
from foretell.model.backbones.attention import SlidingWindowAttention
from foretell.model.backbones.feed_forward import GatedFeedForward
from foretell.model.backbones.window_stack import WindowStack
from foretell.model.backbones.windows import WindowParts
from foretell.model.dropout import Dropout
from foretell.model.size import Size

__all__ = ["Transformer"]


class _Block(nn.Module):
    """Attention and a gated feed-forward layer, each with a norm before and a residual around it."""

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(size.width)
        self.attention = SlidingWindowAttention(size.width, n_heads=size.n_heads, window=size.window)
        self.feed_forward = GatedFeedForward(size.width, dropout=dropout, activation=activation)
        self.dropout = Dropout(dropout)

    def forward(self, states: Tensor, windows: WindowParts) -> Tensor:
        states = states + self.dropout(self.attention(self.attention_norm(states), windows))
        updated: Tensor = self.feed_forward(states)
        return updated


class Transformer(WindowStack):
    """Causal pre-norm transformer: sliding-window attention with relative position and time, gated feed-forward.

    References:
        Vaswani et al., Attention Is All You Need, 2017; Kang and McAuley, Self-Attentive Sequential
        Recommendation, 2018; Xiong et al., On Layer Normalization in the Transformer Architecture, 2020 (pre-norm).
    """

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        blocks = [_Block(size, dropout=dropout, activation=activation) for _ in range(size.n_layers)]
        super().__init__(blocks, norm=nn.RMSNorm(size.width), window=size.window)
