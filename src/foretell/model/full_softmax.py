"""The full softmax over a catalogue, fused with its gradients so that the logits never exist all at once.

This module owns the exact cross entropy of the next item. It refuses sampling (``objectives``).
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import FunctionCtx

__all__ = ["full_softmax_loss"]

_LOGITS_AT_ONCE: Final = 4_000_000
"""Logits of one chunk: 16 MB, which stays in the processor's last cache and is used again by the next chunk."""


def full_softmax_loss(
    states: Float[Tensor, "N D"], targets: Int[Tensor, "N"], *, vectors: Float[Tensor, "V D"], skip_first: bool = True
) -> Tensor:
    """Mean cross entropy of the targets among all V items, with exact gradients.

    Forward and backward are one pass over chunks of rows: the logits of a chunk become probabilities in place, and the
    gradients are products of those. The memory is that of one chunk, whatever N.

    Args:
        states: Queries, already scaled by the inverse temperature.
        targets: The item code of each row.
        vectors: The vector of each item code.
        skip_first: Code 0 (any unknown item) is no candidate.

    Example:
        >>> vectors = torch.eye(3)
        >>> full_softmax_loss(torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([1]), vectors=vectors).item()
        0.693...

    References:
        Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, 2024 (the loss without its logits).
    """
    loss: Tensor = _FullSoftmax.apply(states, vectors, targets, skip_first)  # type: ignore[no-untyped-call]
    return loss


class _FullSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, states: Tensor, vectors: Tensor, targets: Tensor, skip_first: bool) -> Tensor:
        n, n_items = len(states), len(vectors)
        at_once = max(1, min(n, _LOGITS_AT_ONCE // n_items))
        of_states, of_vectors = torch.empty_like(states), torch.zeros_like(vectors)
        buffer = states.new_empty(at_once, n_items)
        total = states.new_zeros((), dtype=torch.float64)
        across = vectors.t()
        for first in range(0, n, at_once):
            rows = slice(first, min(first + at_once, n))
            logits = torch.mm(states[rows], across, out=buffer[: rows.stop - first])
            if skip_first:
                logits[:, 0] = float("-inf")
            right = targets[rows, None]
            of_target = logits.gather(1, right)
            highest = logits.max(1, keepdim=True).values
            odds = logits.sub_(highest).exp_()
            mass = odds.sum(1, keepdim=True)
            total += (highest + mass.log() - of_target).sum(dtype=torch.float64)
            slopes = odds.div_(mass * n)
            slopes.scatter_add_(1, right, torch.full_like(of_target, -1.0 / n))
            torch.mm(slopes, vectors, out=of_states[rows])
            of_vectors.addmm_(slopes.t(), states[rows])
        ctx.save_for_backward(of_states, of_vectors)
        return (total / max(n, 1)).to(states.dtype)

    @staticmethod
    def backward(ctx: FunctionCtx, *slopes: Tensor) -> tuple[Tensor, Tensor, None, None]:
        of_states, of_vectors = ctx.saved_tensors  # type: ignore[attr-defined]
        return of_states * slopes[0], of_vectors * slopes[0], None, None
