"""The softmax over candidates, fused with its gradients: no logit outlives the chunk it was computed in.

This module owns the arithmetic that the exact and the sampled softmax share. It refuses to choose candidates
(``full_softmax``, ``objectives``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import FunctionCtx

__all__ = ["Candidates", "fused_softmax_loss"]

_LOGITS_AT_ONCE: Final = 4_000_000
"""Logits of one chunk: at most 16 MB, which stay in the processor's last cache and are used again by the next chunk."""

_ROWS_STEP: Final = 128
"""Chunks come in whole multiples of so many rows: a processor's bfloat16 product is compiled anew for every shape."""

_HIDDEN: Final = -1e30
"""As good as minus infinity, without its not-a-numbers where every candidate of a row is hidden."""


@dataclass(frozen=True)
class Candidates:
    """What the targets of N rows are compared with.

    Attributes:
        vectors: ``[C, D]``.
        with_target: Whether each row's target stands among the candidates; otherwise it is one more beside them.
        correction: ``[C]``: subtracted from a candidate's logit; None for nothing.
        hidden: Row and column, two int64 ``[K]``, of pairs that do not count; None for none.
        hides_first: The first candidate counts for no row.
    """

    vectors: Float[Tensor, "C D"]
    with_target: bool
    correction: Float[Tensor, "C"] | None = None
    hidden: tuple[Int[Tensor, "K"], Int[Tensor, "K"]] | None = None
    hides_first: bool = False


def fused_softmax_loss(
    states: Float[Tensor, "N D"],
    target_vectors: Float[Tensor, "N D"],
    *,
    candidates: Candidates,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Mean cross entropy of each row's target among its candidates, with its gradients computed on the way.

    A chunk of rows is multiplied with the candidates, becomes probabilities in place and is multiplied back at once, so
    the memory is that of one chunk, whatever N. The target's own term is added outside of the matrix: its logit is
    exact whatever ``dtype`` is.

    Args:
        states: Queries, already scaled by the inverse temperature.
        target_vectors: The vector of each row's target.
        candidates: What it is compared with.
        dtype: In which the products are computed. A bfloat16 logit is off by up to 1/256 of itself.

    References:
        Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, 2024 (the loss without its logits).
    """
    loss: Tensor = _FusedSoftmax.apply(states, target_vectors, candidates.vectors, candidates, dtype)  # type: ignore[no-untyped-call]
    return loss


class _FusedSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, states: Tensor, target_vectors: Tensor, vectors: Tensor, kind: Candidates, dtype: torch.dtype
    ) -> Tensor:
        n, n_candidates = len(states), len(vectors)
        of_target = (states * target_vectors).sum(1)
        queries, keys = states.to(dtype), vectors.to(dtype)
        across = keys.t()
        level, uneven = _level(kind.correction, dtype)
        at_once = _rows_at_once(n, n_candidates)
        queries = torch.cat([queries, queries.new_zeros(-n % min(at_once, _ROWS_STEP), queries.shape[1])])
        logits, odds = (queries.new_empty(at_once, n_candidates) for _ in range(2))
        of_states, of_vectors = torch.empty_like(states), torch.zeros_like(vectors)
        weight, total = torch.empty_like(of_target), states.new_zeros((), dtype=torch.float64)
        hidden = None if kind.hidden is None else _by_chunk(kind.hidden, n=n, at_once=at_once)
        for number, first in enumerate(range(0, n, at_once)):
            rows, filled = slice(first, min(first + at_once, n)), slice(first, min(first + at_once, len(queries)))
            scored = torch.mm(queries[filled], across, out=logits[: filled.stop - first])
            if uneven is not None:
                scored.sub_(uneven)
            if kind.hides_first:
                scored[:, 0] = _HIDDEN
            if hidden is not None:
                row, column = hidden[number]
                scored[row - first, column] = _HIDDEN
            likely = torch.softmax(scored, 1, out=odds[: filled.stop - first])
            # The largest probability is never too small for a logarithm.
            mass = scored.amax(1).float() - likely.amax(1).float().log() - level
            margin = mass[: rows.stop - first] - of_target[rows]
            share = torch.ones_like(margin) if kind.with_target else torch.sigmoid(margin)
            lost = margin if kind.with_target else torch.nn.functional.softplus(margin)
            total += lost.sum(dtype=torch.float64)
            weight[rows] = share
            of_states[rows] = torch.mm(likely, keys)[: rows.stop - first]
            # What fills the last chunk is zero here, and counts for nothing.
            counted = torch.zeros_like(queries[filled])
            counted[: rows.stop - first] = states[rows] * share[:, None]
            of_vectors += torch.mm(likely.t(), counted)
        weight = (weight / max(n, 1))[:, None]
        of_states.sub_(target_vectors).mul_(weight)
        ctx.save_for_backward(of_states, states * -weight, of_vectors.div_(max(n, 1)))
        return (total / max(n, 1)).to(states.dtype)

    @staticmethod
    def backward(ctx: FunctionCtx, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        of_states, of_targets, of_vectors = ctx.saved_tensors  # type: ignore[attr-defined]
        return of_states * slopes[0], of_targets * slopes[0], of_vectors * slopes[0], None, None


def _rows_at_once(n: int, n_candidates: int) -> int:
    most = max(1, min(n, _LOGITS_AT_ONCE // max(n_candidates, 1)))
    return most if most < _ROWS_STEP else most - most % _ROWS_STEP


def _level(correction: Tensor | None, dtype: torch.dtype) -> tuple[float, Tensor | None]:
    """A correction as the number all candidates share, kept exact, and what is left of it."""
    if correction is None or not len(correction):
        return 0.0, None
    level = float(correction.mean())
    left = correction - level
    return level, None if float(left.abs().max()) < 1e-6 * max(1.0, abs(level)) else left.to(dtype)


def _by_chunk(pairs: tuple[Tensor, Tensor], *, n: int, at_once: int) -> list[tuple[Tensor, Tensor]]:
    """The pairs of each chunk of rows; rows never fall."""
    row, column = pairs
    edges = torch.searchsorted(row, torch.arange(at_once, n + at_once, at_once, device=row.device)).tolist()
    begins = [0, *edges[:-1]]
    return [(row[begin:end], column[begin:end]) for begin, end in zip(begins, edges, strict=True)]
