"""The items that opinions on the next item are compared on: all of them, or the true one and those drawn for the step.

This module owns their logits. It refuses to draw.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from foretell.model.behaviour import BehaviourModel

__all__ = ["shortlist_logits"]

_HIDDEN = -1e30


def shortlist_logits(
    model: BehaviourModel,
    queries: Float[Tensor, "N D"],
    *,
    targets: Int[Tensor, "N"],
    drawn: Int[Tensor, "M"] | None,
    log_expected_count: Float[Tensor, "M"] | None = None,
) -> Float[Tensor, "N C"]:
    """Logits of the candidates; several models asked alike answer about the same ones.

    Args:
        model: Whose item vectors.
        queries: What each row looks for.
        targets: The item code that came next.
        drawn: Item codes drawn for all rows; None takes the whole catalogue, without code 0.
        log_expected_count: Log of how often each of them was expected: each stands for as many as it was unlikely.

    Returns:
        ``[N, V - 1]``, or ``[N, 1 + M]`` with the target first, and hidden among the drawn.
    """
    items = model.embedding.items
    if drawn is None:
        every: Tensor = items(torch.arange(1, items.identity.num_embeddings, device=queries.device))
        return queries @ every.T
    others = queries @ items(drawn).T
    if log_expected_count is not None:
        others = others - log_expected_count
    others = others.masked_fill(targets[:, None] == drawn, _HIDDEN)
    return torch.cat([(queries * items(targets)).sum(1, keepdim=True), others], dim=1)
