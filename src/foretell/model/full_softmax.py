"""The full softmax over a catalogue, fused with its gradients so that the logits never exist all at once.

This module owns the exact cross entropy of the next item. It refuses sampling (``objectives``).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from foretell.model.fused_softmax import Candidates, fused_softmax_loss

__all__ = ["full_softmax_loss"]


def full_softmax_loss(
    states: Float[Tensor, "N D"],
    targets: Int[Tensor, "N"],
    *,
    vectors: Float[Tensor, "V D"],
    skip_first: bool = True,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Mean cross entropy of the targets among all V items, with exact gradients.

    Args:
        states: Queries, already scaled by the inverse temperature.
        targets: The item code of each row.
        vectors: The vector of each item code.
        skip_first: Code 0 (any unknown item) is no candidate.
        dtype: In which the products are computed.

    Example:
        >>> vectors = torch.eye(3)
        >>> full_softmax_loss(torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([1]), vectors=vectors).item()
        0.693...
    """
    candidates = Candidates(vectors, with_target=True, hides_first=skip_first)
    return fused_softmax_loss(states, vectors[targets], candidates=candidates, dtype=dtype)
