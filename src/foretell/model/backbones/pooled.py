"""A multi-layer perceptron over the event and the pooled history behind it.

This module owns the pooling, in which older events count less. It refuses order within the history: what is not
said by the events themselves and their age is not seen.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.activations import ActivationName
from foretell.model.backbones.contract import Backbone
from foretell.model.backbones.feed_forward import GatedFeedForward
from foretell.model.backbones.packing import Packing
from foretell.model.size import Size

__all__ = ["Pooled"]

_FADING_DAYS: Final = (1.0, 14.0, 120.0)
"""After so many days an event counts 1/e: this visit, these weeks, this season. Without times an event is a day."""

_REACH_IN_WINDOWS: Final = 4


class Pooled(Backbone):
    """The event beside three fading means of its history, and how much history there is, through a perceptron.

    References:
        Covington, Adams and Sargin, Deep Neural Networks for YouTube Recommendations, 2016 (pooled histories);
        Hillis and Steele, Data Parallel Algorithms, 1986 (the running sums).
    """

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        super().__init__()
        self.reach = _REACH_IN_WINDOWS * size.window
        n_inputs = (1 + len(_FADING_DAYS)) * size.width + len(_FADING_DAYS)
        self.inputs = nn.Linear(n_inputs, size.width)
        self.blocks = nn.ModuleList(
            GatedFeedForward(size.width, dropout=dropout, activation=activation) for _ in range(size.n_layers)
        )
        self.norm = nn.RMSNorm(size.width)

    @property
    def receptive_events(self) -> int:
        """How many events are pooled."""
        return self.reach

    def forward(self, events: Float[Tensor, "N D"], packing: Packing) -> Float[Tensor, "N D"]:
        """States of N packed events."""
        counted = torch.cat([events, torch.ones_like(events[:, :1])], dim=1)
        means, amounts = [], []
        for fading in _FADING_DAYS:
            sums = _fading_sums(counted, packing, fading_days=fading, reach=self.reach)
            means.append(sums[:, :-1] / sums[:, -1:])
            amounts.append(torch.log(sums[:, -1:]))
        # In float32 whatever products are computed in, like the sums that the blocks add to it.
        states = self.inputs(torch.cat([events, *means, *amounts], dim=1)).float()
        for block in self.blocks:
            states = block(states)
        normed: Tensor = self.norm(states)
        return normed


def _fading_sums(
    values: Float[Tensor, "N K"], packing: Packing, *, fading_days: float, reach: int
) -> Float[Tensor, "N K"]:
    """At each position the sum of its sequence's last ``reach`` values, each times ``exp(-age / fading_days)``.

    Each pass adds to the sum over the last s values the sum over the s before them, so that the number of passes grows
    with the logarithm of the length; in what order the values are added depends on nothing but their age in events.
    """
    days = packing.place.double() if packing.days is None else packing.days
    sums, step = values, 1
    while step < min(reach, packing.longest):
        age = (days - packing.earlier(days, by=step)).clamp(min=0)
        sums = sums + torch.exp(-age / fading_days).to(values.dtype)[:, None] * packing.earlier(sums, by=step)
        step *= 2
    return sums
