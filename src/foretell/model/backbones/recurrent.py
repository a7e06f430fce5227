"""Recurrent backbones: GRU and LSTM, one event after another.

This module owns both, which differ in their cell alone. It refuses a bound on how far back they remember.
"""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from foretell.model.activations import ActivationName
from foretell.model.backbones.contract import Backbone
from foretell.model.backbones.feed_forward import GatedFeedForward
from foretell.model.backbones.packing import Packing
from foretell.model.dropout import Dropout
from foretell.model.size import Size

__all__ = ["Gru", "Lstm"]


class _Block(nn.Module):
    """A recurrent layer and a gated feed-forward layer, each with a norm before and a residual around it."""

    def __init__(self, cell: type[nn.GRU | nn.LSTM], size: Size, *, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(size.width)
        self.cell = cell(size.width, size.width)
        self.feed_forward = GatedFeedForward(size.width, dropout=dropout, activation=activation)
        self.dropout = Dropout(dropout)

    def forward(self, states: Tensor, n_at_step: Tensor) -> Tensor:
        remembered: Tensor = self.cell(PackedSequence(self.norm(states), n_at_step))[0].data
        updated: Tensor = self.feed_forward(states + self.dropout(remembered))
        return updated


class _Recurrent(Backbone):
    """Recurrent layers without padding: each step moves on just the sequences that still have an event."""

    cell: ClassVar[type[nn.GRU | nn.LSTM]]

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _Block(self.cell, size, dropout=dropout, activation=activation) for _ in range(size.n_layers)
        )
        self.norm = nn.RMSNorm(size.width)

    @property
    def receptive_events(self) -> None:
        """All events of the sequence."""
        return

    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events."""
        if not len(packing):
            return events
        order, n_at_step = packing.steps()
        n_at_step = n_at_step.cpu()  # where the layout of a PackedSequence is asked to be
        states = events[order]
        for block in self.blocks:
            states = block(states, n_at_step)
        normed: Tensor = self.norm(states)
        return normed[order.argsort()]


class Gru(_Recurrent):
    """Gated recurrent units.

    References:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014; Hidasi et al., Session-based
        Recommendations with Recurrent Neural Networks, 2016.
    """

    cell = nn.GRU


class Lstm(_Recurrent):
    """Long short-term memory.

    References:
        Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Gers, Schmidhuber and Cummins, Learning to Forget,
        2000 (the forget gate).
    """

    cell = nn.LSTM
