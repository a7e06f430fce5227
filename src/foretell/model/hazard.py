"""Time to the next order as a discrete hazard, so that any horizon can be asked.

This module owns the time bins, the loss and the survival arithmetic. It refuses to know where the logits
come from.

With bins ``(e_k, e_{k+1}]`` of days since the last event and hazard ``h_k`` = P(order in bin k | none before),
survival is ``S(e_k) = prod_{i<k} (1 - h_i)``; inside a bin the rate is constant, so log S is linear there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = [
    "BIN_EDGES_DAYS",
    "LONGEST_WAIT_DAYS",
    "N_BINS",
    "expected_days",
    "hazard_loss",
    "log_survival",
    "probability_within",
]

BIN_EDGES_DAYS: Final = np.array(
    [0.0, 0.25, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 38, 48, 60, 80, 110, 150, 220, 366],
    dtype=np.float64,
)
N_BINS: Final = len(BIN_EDGES_DAYS) - 1
LONGEST_WAIT_DAYS: Final = float(BIN_EDGES_DAYS[-1])
"""The longest wait that is told; beyond it nothing is known."""


def hazard_loss(logits: Float[Tensor, "N K"], days: Float[Tensor, "N"], observed: Float[Tensor, "N"]) -> Tensor:
    """Mean negative log-likelihood of waiting times, censored ones included.

    Args:
        logits: Hazard logits per bin.
        days: Days until the next order, or until observation ended.
        observed: 1 where the order was seen, 0 where observation ended first.

    References:
        Singer and Willett, It's About Time: discrete-time survival analysis, 1993, equation 3.
    """
    edges = torch.as_tensor(BIN_EDGES_DAYS, dtype=days.dtype, device=days.device)
    bins = torch.bucketize(days, edges[1:-1])
    index = torch.arange(N_BINS, device=days.device)
    event = (index[None] == bins[:, None]) & (observed[:, None] > 0)
    # Where observation ended inside a bin, only the part that was watched counts as survived: leaving it out would
    # make every hazard too high.
    watched = ((days[:, None] - edges[:-1]) / edges.diff()).clamp(0, 1)
    loss = functional.softplus(logits) * torch.where(event, 1.0, watched) - logits * event
    return loss.sum(1).mean()


def log_survival(logits: NDArray[np.float64], days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log S(days) for hazard logits ``[n, K]`` and days ``[n]``; beyond the last edge the last rate goes on.

    Example:
        >>> bool(log_survival(np.full((1, N_BINS), -50.0), np.array([30.0]))[0] > -1e-6)
        True
    """
    step = -np.logaddexp(0.0, logits)  # log(1 - h) per bin
    cumulative = np.concatenate([np.zeros((len(logits), 1)), np.cumsum(step, axis=1)], axis=1)
    bins = np.clip(np.searchsorted(BIN_EDGES_DAYS, days, side="right") - 1, 0, N_BINS - 1)
    rows = np.arange(len(logits))
    share = (days - BIN_EDGES_DAYS[bins]) / np.diff(BIN_EDGES_DAYS)[bins]
    result: NDArray[np.float64] = cumulative[rows, bins] + step[rows, bins] * share
    return result


def probability_within(
    logits: NDArray[np.float64], *, elapsed_days: NDArray[np.float64], horizon_days: float
) -> NDArray[np.float64]:
    """P(order within the horizon | none in the days elapsed since the last event), shape ``[n]``."""
    before = log_survival(logits, elapsed_days)
    after = log_survival(logits, elapsed_days + horizon_days)
    within: NDArray[np.float64] = -np.expm1(after - before)
    return within


def expected_days(
    logits: NDArray[np.float64],
    *,
    elapsed_days: NDArray[np.float64],
    pace: NDArray[np.float64] | float = 1.0,
    longest_days: float = LONGEST_WAIT_DAYS,
) -> NDArray[np.float64]:
    """Median further days until the next order given the days elapsed, at most ``longest_days``, shape ``[n]``.

    The median, not the mean: the tail of customers who never return would carry the mean away.

    Args:
        logits: Hazard logits ``[n, K]``.
        elapsed_days: Days since the last event ``[n]``.
        pace: Factor on the log of survival (proportional hazards): above 1 orders come sooner. A calibrated
            probability p of no order within the horizon gives ``log(p) / log(S(horizon))``, so that date and
            probability agree.
        longest_days: The longest wait that is told.
    """
    low = np.zeros(len(logits))
    high = np.full(len(logits), float(longest_days))
    target = log_survival(logits, elapsed_days) + np.log(0.5) / pace
    for _ in range(40):
        middle = (low + high) / 2
        above = log_survival(logits, elapsed_days + middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    median: NDArray[np.float64] = (low + high) / 2
    return median
