"""Learned biases of attention: how much nearness in position and in time matters, for each head.

This module owns the two tables. It refuses to know which pairs may see each other.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from foretell.model.backbones.windows import TIME_SCALES_DAYS

__all__ = ["RelativeBias"]


class RelativeBias(nn.Module):
    """A number for each head and distance, and a slope for each head and time scale.

    Both start at zero, so that attention begins by content alone.

    Args:
        n_heads: H.
        n_distances: How many distances are told apart.

    References:
        Shaw et al., Self-Attention with Relative Position Representations, 2018.
    """

    def __init__(self, n_heads: int, *, n_distances: int) -> None:
        super().__init__()
        self.distance = nn.Parameter(torch.zeros(n_heads, n_distances))
        self.time = nn.Parameter(torch.zeros(n_heads, len(TIME_SCALES_DAYS)))

    def forward(self, distance: Int[Tensor, "Q K"], gaps: Float[Tensor, "S B Q K"] | None) -> Float[Tensor, "#B H Q K"]:
        """The bias of each pair of query and key, given their distance and ``log_gaps``."""
        bias = self.distance[:, distance][None]
        if gaps is None:
            return bias
        slopes = self.time @ gaps.flatten(1)
        return bias + slopes.view(len(self.time), *gaps.shape[1:]).transpose(0, 1)
