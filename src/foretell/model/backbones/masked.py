"""A bidirectional transformer that is trained to fill in what is hidden.

This module owns the network and the vector that stands for what is hidden. It refuses to choose what to hide and where
to answer: that is ``foretell.model.masking``.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.activations import ActivationName
from foretell.model.backbones.contract import Bidirectional
from foretell.model.backbones.feed_forward import GatedFeedForward
from foretell.model.backbones.packing import Packing
from foretell.model.backbones.relative import RelativeBias
from foretell.model.backbones.windows import log_gaps
from foretell.model.dropout import Dropout
from foretell.model.size import Size

__all__ = ["Masked"]

_OTHER_SIDE: Final = 2.0


class _Block(nn.Module):
    """Attention to the whole sequence and a gated feed-forward layer, each with a norm before and a residual."""

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        self.n_heads, self.window = size.n_heads, size.window
        self.attention_norm = nn.RMSNorm(size.width)
        self.query_key_value = nn.Linear(size.width, 3 * size.width, bias=False)
        self.output = nn.Linear(size.width, size.width, bias=False)
        self.bias = RelativeBias(size.n_heads, n_distances=2 * size.window + 1)
        with torch.no_grad():
            self.bias.distance.copy_(_nearness(size.n_heads, window=size.window))
        self.feed_forward = GatedFeedForward(size.width, dropout=dropout, activation=activation)
        self.dropout = Dropout(dropout)

    def forward(self, states: Tensor, packing: Packing, gaps: Tensor | None) -> Tensor:
        projected = packing.padded(self.query_key_value(self.attention_norm(states))).chunk(3, dim=-1)
        query, key, value = (_by_head(part, n_heads=self.n_heads) for part in projected)
        position = torch.arange(packing.longest, device=states.device)
        distance = (position[:, None] - position[None]).clamp(-self.window, self.window) + self.window
        bias = torch.where(packing.present[:, None, None], self.bias(distance, gaps), float("-inf"))
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        attended = self.output(packing.packed(context.transpose(1, 2).flatten(2)))
        updated: Tensor = self.feed_forward(states + self.dropout(attended))
        return updated


class Masked(Bidirectional):
    """Bidirectional pre-norm transformer with relative position and time; every event of a sequence sees every other.

    References:
        Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2019; Sun et al., BERT4Rec: Sequential
        Recommendation with Bidirectional Encoder Representations from Transformer, 2019.
    """

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        super().__init__()
        self.window = size.window
        self.hidden = nn.Parameter(torch.randn(size.width))
        self.blocks = nn.ModuleList(_Block(size, dropout=dropout, activation=activation) for _ in range(size.n_layers))
        self.norm = nn.RMSNorm(size.width)

    @property
    def receptive_events(self) -> int:
        """The window without the position that answers."""
        return self.window - 1

    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events, each of which knows its whole sequence."""
        if not len(packing):
            return events
        gaps = None
        if packing.days is not None:
            days = packing.padded(packing.days)
            gaps = log_gaps(days[:, :, None] - days[:, None, :]).to(events.dtype)
        states = events
        for block in self.blocks:
            states = block(states, packing, gaps)
        normed: Tensor = self.norm(states)
        return normed


def _by_head(values: Float[Tensor, "B T D"], *, n_heads: int) -> Float[Tensor, "B H T d"]:
    return values.view(*values.shape[:2], n_heads, values.shape[2] // n_heads).transpose(1, 2)


def _nearness(n_heads: int, *, window: int) -> Tensor:
    """Where the biases begin: heads by turns look at the event before and the one after, later pairs of them farther.

    A hidden position holds no item of its own, so it must find its neighbours by their place alone; without such a
    beginning that search takes hundreds of steps.

    References:
        Press, Smith and Lewis, Train Short, Test Long: Attention with Linear Biases, 2022.
    """
    head = torch.arange(n_heads)[:, None]
    distance = torch.arange(-window, window + 1)[None]
    ahead = torch.where(head % 2 == 0, distance, -distance) - 1
    return -(4.0 ** -(head // 2)) * ahead.abs() - _OTHER_SIDE * (ahead < 0)
