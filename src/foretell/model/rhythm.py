"""From the features of customers to what BG/NBD reads, and its answer as a baseline.

This module owns that translation and the baseline's saved form. It refuses to fit on examples: BG/NBD wants every
customer once, at one cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.model.baseline import Baseline
from foretell.model.beta_geometric import BetaGeometric, Purchasing
from foretell.model.inputs import HeadInputs

__all__ = ["RHYTHM_FEATURES", "RhythmBaseline", "column", "has_rhythm", "purchasing_of", "read_baseline"]

RHYTHM_FEATURES: Final = ("order_count_all_time", "order_recency_days", "order_gap_mean_days")


def has_rhythm(inputs: HeadInputs) -> bool:
    """Whether the inputs tell how many orders there were, how far apart and how long ago."""
    return set(RHYTHM_FEATURES) <= set(inputs.names)


def column(inputs: HeadInputs, name: str) -> NDArray[np.float64]:
    """A feature as float64 ``[n]``, NaN where it is missing or the inputs lack it."""
    if name not in inputs.names:
        return np.full(len(inputs), np.nan)
    return inputs.features[:, inputs.names.index(name)].astype(np.float64)


def purchasing_of(inputs: HeadInputs) -> tuple[Purchasing, NDArray[np.bool_]]:
    """What BG/NBD reads, and which of the examples have ordered at all; of the others it is all zeros.

    Example:
        >>> features = np.array([[3, 5, 10], [0, np.nan, np.nan]], "f4")
        >>> inputs = HeadInputs(features, RHYTHM_FEATURES, np.zeros((2, 0), "f4"))
        >>> customers, bought = purchasing_of(inputs)
        >>> customers.last_days.tolist(), customers.age_days.tolist(), bought.tolist()
        ([20.0, 0.0], [25.0, 0.0], [True, False])
    """
    orders, recency, gap = (np.nan_to_num(column(inputs, name)) for name in RHYTHM_FEATURES)
    repeats = np.maximum(orders - 1, 0.0)
    last_days = np.maximum(gap, 0.0) * repeats
    return Purchasing(repeats, last_days, last_days + np.maximum(recency, 0.0)), orders > 0


@dataclass(frozen=True)
class RhythmBaseline:
    """BG/NBD as a baseline of a yes-or-no task: P(at least one order within the horizon), or of none.

    Attributes:
        model: The fitted model.
        horizon_days: The task's horizon.
        of_none: Whether the question is churn.
        newcomer_rate: The answer for whoever never ordered: the rate of positives among them in training.

    Example:
        >>> model = BetaGeometric(r=0.24, alpha=31.0, a=0.8, b=2.4)
        >>> inputs = HeadInputs(np.array([[3, 5, 10]], "f4"), RHYTHM_FEATURES, np.zeros((1, 0), "f4"))
        >>> RhythmBaseline(model, horizon_days=28, of_none=True, newcomer_rate=0.1).probability(inputs).round(2)
        array([0.54])
    """

    model: BetaGeometric
    horizon_days: int
    of_none: bool
    newcomer_rate: float

    def probability(self, inputs: HeadInputs) -> NDArray[np.float64]:
        """Probability of each example ``[n]``."""
        customers, bought = purchasing_of(inputs)
        some = self.model.within(customers, horizon_days=self.horizon_days)
        return np.where(bought, 1 - some if self.of_none else some, self.newcomer_rate)

    def to_dict(self) -> dict[str, Any]:
        """The baseline as JSON types."""
        return {"bg_nbd": self.model.to_dict(), **{name: getattr(self, name) for name in _PLAIN}}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RhythmBaseline:
        """Rebuild a baseline from ``to_dict``."""
        return cls(BetaGeometric.from_dict(saved["bg_nbd"]), **{name: saved[name] for name in _PLAIN})


_PLAIN: Final = ("horizon_days", "of_none", "newcomer_rate")


def read_baseline(saved: Mapping[str, Any]) -> Baseline | RhythmBaseline:
    """A baseline of either kind from its ``to_dict``."""
    return RhythmBaseline.from_dict(saved) if "bg_nbd" in saved else Baseline.from_dict(dict(saved))
