"""Pre-training objectives: next item, next action, time to the next order.

This module owns the losses and how negatives are drawn. It refuses to run the backbone.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

__all__ = ["sampled_softmax_loss"]


def sampled_softmax_loss(
    states: Float[Tensor, "N D"],
    targets: Int[Tensor, "N"],
    *,
    target_vectors: Float[Tensor, "N D"],
    negatives: Int[Tensor, "M"],
    negative_vectors: Float[Tensor, "M D"],
    log_expected_count: Float[Tensor, "V"],
) -> Tensor:
    """Cross entropy of the next item against M shared negatives, corrected for how they were drawn.

    A negative's logit is lowered by the log of how often its item is expected among the negatives (logQ), so the
    negatives together estimate the full softmax's sum over all other items. The target's own term is there exactly
    once, so it is not corrected, and a negative equal to the target is taken out.

    References:
        Bengio and Senecal, Adaptive Importance Sampling to Accelerate Training, 2008; Yi et al.,
        Sampling-Bias-Corrected Neural Modeling, 2019 (equation 4); Wu et al., On the Effectiveness of
        Sampled Softmax Loss for Item Recommendation, 2022.
    """
    positive = (states * target_vectors).sum(1)
    others = states @ negative_vectors.T - log_expected_count[negatives]
    others = others.masked_fill(targets[:, None] == negatives[None], float("-inf"))
    logits = torch.cat([positive[:, None], others], dim=1).float()
    zeros = torch.zeros(len(targets), dtype=torch.long, device=states.device)
    return functional.cross_entropy(logits, zeros)
