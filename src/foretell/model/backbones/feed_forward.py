"""The gated feed-forward branch that backbones share.

This module owns that branch with its norm and its residual. It refuses to mix positions.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from foretell.model.activations import ACTIVATIONS, ActivationName
from foretell.model.dropout import Dropout

__all__ = ["GatedFeedForward"]


class GatedFeedForward(nn.Module):
    """``x + W_down(activation(W_gate norm(x)) * W_up norm(x))``, position by position.

    Args:
        width: Model width D; the hidden layer is twice as wide.
        dropout: Dropout on the branch.
        activation: The gate's nonlinearity.

    References:
        Shazeer, GLU Variants Improve Transformer, 2020 (equation 6); Zhang and Sennrich, Root Mean Square Layer
        Normalization, 2019.
    """

    def __init__(self, width: int, *, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        hidden = 2 * width
        self.norm = nn.RMSNorm(width)
        self.gate_and_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.dropout = Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def forward(self, states: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """The states with the branch added."""
        gate, up = self.gate_and_up(self.norm(states)).chunk(2, dim=-1)
        updated: Tensor = states + self.dropout(self.down(self.activation(gate) * up))
        return updated
