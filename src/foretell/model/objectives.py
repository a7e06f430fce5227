"""Pre-training objectives: the next item against sampled others.

This module owns the sampled softmax and its corrections. It refuses to draw and to run the backbone.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from foretell.model.fused_softmax import Candidates, fused_softmax_loss

__all__ = ["sampled_softmax_loss"]


def sampled_softmax_loss(
    states: Float[Tensor, "N D"],
    targets: Int[Tensor, "N"],
    *,
    target_vectors: Float[Tensor, "N D"],
    negatives: Int[Tensor, "M"],
    negative_vectors: Float[Tensor, "M D"],
    log_expected_count: Float[Tensor, "V"],
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Cross entropy of the next item against M shared negatives, corrected for how they were drawn.

    A negative's logit is lowered by the log of how often its item is expected among the negatives (logQ), so the
    negatives together estimate the full softmax's sum over all other items. The target's own term is there exactly
    once, so it is not corrected, and a negative equal to the target is taken out.

    Args:
        states: Queries, already scaled by the inverse temperature.
        targets: The item code of each row.
        target_vectors: Its vector.
        negatives: The item codes drawn for all rows together.
        negative_vectors: Their vectors.
        log_expected_count: Of each item code.
        dtype: In which the products with the negatives are computed.

    References:
        Bengio and Senecal, Adaptive Importance Sampling to Accelerate Training, 2008; Yi et al.,
        Sampling-Bias-Corrected Neural Modeling, 2019 (equation 4); Wu et al., On the Effectiveness of
        Sampled Softmax Loss for Item Recommendation, 2022.
    """
    candidates = Candidates(
        negative_vectors,
        with_target=False,
        correction=log_expected_count[negatives],
        hidden=_equal_pairs(targets, negatives),
    )
    return fused_softmax_loss(states, target_vectors, candidates=candidates, dtype=dtype)


def _equal_pairs(targets: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column wherever a negative is the row's target, found by sorting: a comparison of all is a matrix."""
    drawn, order = torch.sort(negatives, stable=True)
    first, last = torch.searchsorted(drawn, targets), torch.searchsorted(drawn, targets, right=True)
    times = last - first
    row = torch.repeat_interleave(torch.arange(len(targets), device=targets.device), times)
    place = torch.arange(len(row), device=row.device) - torch.repeat_interleave(times.cumsum(0) - times, times)
    return row, order[first[row] + place]
