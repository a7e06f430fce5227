"""How negatives are drawn for the sampled softmax, and how often each item is expected among them.

This module owns the draw. It refuses to compute losses (``model.objectives``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Drawing", "Negatives"]

Drawing = Literal["uniform", "popularity", "mixed"]

_POPULARITY_POWER: Final = 0.75
_UNIFORM_SHARE: Final[dict[Drawing, float]] = {"uniform": 1.0, "popularity": 0.0, "mixed": 0.2}


@dataclass(frozen=True)
class Negatives:
    """Negatives shared by the rows of a step.

    Attributes:
        cumulative: float64 ``[V]``: running sum of the chances, for a draw whose cost grows with the logarithm of the
            catalogue.
        log_expected_count: float32 ``[V]``: log of how often each item is expected among the negatives.
        n: How many are drawn.

    References:
        Mikolov et al., Distributed Representations of Words and Phrases, 2013 (popularity to the power 3/4);
        Yang et al., Mixed Negative Sampling for Learning Two-tower Neural Networks, 2020.
    """

    cumulative: Tensor
    log_expected_count: Tensor
    n: int

    @classmethod
    def of(cls, counts: NDArray[np.integer[Any]], *, n: int, drawing: Drawing) -> Negatives:
        """Plan the draw.

        Args:
            counts: How often each item code is a target, ``[V]``; code 0 is never drawn.
            n: How many to draw.
            drawing: ``uniform``, ``popularity`` (to the power 3/4) or ``mixed`` (a fifth of it uniform).
        """
        popular = counts.astype(np.float64) ** _POPULARITY_POWER
        popular[0] = 0.0
        uniform = (np.arange(len(counts)) > 0).astype(np.float64)
        share = _UNIFORM_SHARE[drawing]
        shares = share * uniform / max(uniform.sum(), 1.0) + (1 - share) * popular / max(popular.sum(), 1.0)
        expected = np.log(np.maximum(n * shares, 1e-12)).astype(np.float32)
        return cls(torch.from_numpy(np.cumsum(shares)), torch.from_numpy(expected), n)

    def draw(self) -> Tensor:
        """int64 ``[n]``, from torch's generator."""
        at = torch.rand(self.n, dtype=torch.float64) * self.cumulative[-1]
        return torch.searchsorted(self.cumulative, at, right=True).clamp_(max=len(self.cumulative) - 1)
