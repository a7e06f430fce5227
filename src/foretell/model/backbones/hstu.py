"""HSTU: pointwise attention without a softmax, gated by the event itself.

This module owns its blocks. It refuses to embed events or to compute losses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from foretell.model.activations import ACTIVATIONS, ActivationName
from foretell.model.backbones.attention import in_blocks, with_previous
from foretell.model.backbones.relative import RelativeBias
from foretell.model.backbones.window_stack import WindowStack
from foretell.model.backbones.windows import WindowParts, Windows
from foretell.model.dropout import Dropout
from foretell.model.size import Size

__all__ = ["Hstu"]

_EPSILON = 1e-6


class _Block(nn.Module):
    """Project to U, V, Q, K; aggregate V by ``silu(Q K + bias)``; gate by U; project back; add."""

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName) -> None:
        super().__init__()
        self.n_heads, self.window = size.n_heads, size.window
        self.norm = nn.LayerNorm(size.width, eps=_EPSILON)
        self.gate_value_query_key = nn.Linear(size.width, 4 * size.width)
        self.bias = RelativeBias(size.n_heads, n_distances=size.window)
        self.context_norm = nn.LayerNorm(size.width, eps=_EPSILON)
        self.output = nn.Linear(size.width, size.width)
        self.dropout = Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def forward(self, states: Tensor, windows: WindowParts) -> Tensor:
        projected = self.activation(self.gate_value_query_key(self.norm(states)))
        gate, rest = projected.tensor_split((states.shape[1],), dim=-1)
        context = windows.each(self._context, rest)
        updated: Tensor = states + self.output(self.dropout(self.context_norm(context) * gate))
        return updated

    def _context(self, projected: Tensor, windows: Windows) -> Tensor:
        parts = projected.chunk(3, dim=-1)
        value, query, key = (in_blocks(part, window=windows.window, n_heads=self.n_heads) for part in parts)
        logits = query @ with_previous(key).transpose(-1, -2) + self.bias(windows.distance(), windows.gaps)
        # Divided by the window of the size and not of these blocks, so that short company changes nothing.
        weights = torch.where(windows.allowed[:, None], functional.silu(logits), 0.0) / self.window
        return (
            (weights.to(query.dtype) @ with_previous(value)).transpose(1, 2).reshape(len(projected), parts[0].shape[1])
        )


class Hstu(WindowStack):
    """Hierarchical sequential transduction units on sliding windows.

    A unit has no feed-forward layer and half of a transformer block's parameters, so a size has twice as many of them.

    References:
        Zhai et al., Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative
        Recommendations, 2024, equations 1 to 3.
    """

    def __init__(self, size: Size, *, dropout: float, activation: ActivationName = "silu") -> None:
        blocks = [_Block(size, dropout=dropout, activation=activation) for _ in range(2 * size.n_layers)]
        super().__init__(blocks, norm=nn.LayerNorm(size.width, eps=_EPSILON), window=size.window)
