"""Dilated causal convolutions over packed events.

This module owns the blocks and their dilations. It refuses to pad: a tap that would reach before a sequence's first
event reads zeros.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.activations import ACTIVATIONS, ActivationName
from foretell.model.backbones.contract import Backbone
from foretell.model.backbones.packing import Packing
from foretell.model.dropout import Dropout
from foretell.model.size import Size

__all__ = ["Convolution"]

_TAPS: Final = 3


class _Convolution(nn.Module):
    """One causal convolution of three taps, ``dilation`` events apart."""

    def __init__(self, width: int, *, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = nn.Linear(_TAPS * width, width)

    def forward(self, states: Tensor, packing: Packing) -> Tensor:
        taps = [states] + [packing.earlier(states, by=tap * self.dilation) for tap in range(1, _TAPS)]
        mixed: Tensor = self.taps(torch.cat(taps, dim=-1))
        return mixed


class _Block(nn.Module):
    """Norm, activation, convolution, twice, with a residual around both; the second reaches twice as far."""

    def __init__(self, size: Size, *, dilation: int, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(size.width) for _ in range(2))
        self.convolutions = nn.ModuleList(
            _Convolution(size.width, dilation=reach) for reach in (dilation, 2 * dilation)
        )
        self.dropout = Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def forward(self, states: Tensor, packing: Packing) -> Tensor:
        branch = states
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            branch = convolution(self.activation(norm(branch)), packing)
        updated: Tensor = states + self.dropout(branch)
        return updated


class Convolution(Backbone):
    """Residual blocks of dilated causal convolutions.

    Dilations double from convolution to convolution until a state sees about ``window`` events, then begin again; there
    are at least as many blocks as that takes.

    References:
        Yuan et al., A Simple Convolutional Generative Network for Next Item Recommendation, 2019 (NextItNet, figure 3);
        van den Oord et al., WaveNet, 2016 (dilation).
    """

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        super().__init__()
        cycle = _dilations(size.window)
        n_blocks = max(size.n_layers, len(cycle))
        dilations = [cycle[number % len(cycle)] for number in range(n_blocks)]
        self._receptive_events = 1 + (_TAPS - 1) * sum(3 * dilation for dilation in dilations)
        self.blocks = nn.ModuleList(
            _Block(size, dilation=dilation, dropout=dropout, activation=activation) for dilation in dilations
        )
        self.norm = nn.LayerNorm(size.width)

    @property
    def receptive_events(self) -> int:
        """The farthest taps of all convolutions together."""
        return self._receptive_events

    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events."""
        states = events
        for block in self.blocks:
            states = block(states, packing)
        normed: Tensor = self.norm(states)
        return normed


def _dilations(window: int) -> list[int]:
    """The first dilation of each block of a cycle: 1, 4, 16, ... until the window is covered.

    A block's second convolution has twice the first's dilation, so a block adds three times its own.
    """
    dilations, seen = [1], 1 + (_TAPS - 1) * 3
    while seen < window - 1:
        dilations.append(4 * dilations[-1])
        seen += (_TAPS - 1) * 3 * dilations[-1]
    return dilations
