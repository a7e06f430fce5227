"""One answered task: the declaration, its fitted head and what the head needs beside its inputs.

This module owns that bundle and the shape of its saved form. It refuses to fit and to read files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foretell.core.task import Task
from foretell.features.transform import Standardiser
from foretell.model.amount_head import AmountHead
from foretell.model.baseline import Baseline
from foretell.model.customer_value import CustomerValue
from foretell.model.inputs import HeadInputs
from foretell.model.probability_head import ProbabilityHead, Standardise
from foretell.model.quantile_head import QuantileBlend
from foretell.model.rhythm import RhythmBaseline

__all__ = ["FitRecord", "FittedTask"]


@dataclass(frozen=True)
class FitRecord:
    """What was found while fitting a task, kept to judge it by.

    Attributes:
        baselines: The plain models the head is held against.
        strengths: Measured association of each feature with the target in training, strongest first.
        thresholds: Where yes begins, for the head (under ``foretell``) and each baseline: best F1 on validation.
        validation_rate: Share of positives in the validation window.
    """

    baselines: Mapping[str, Baseline | RhythmBaseline] = field(default_factory=dict)
    strengths: tuple[Mapping[str, object], ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    validation_rate: float | None = None


@dataclass(frozen=True)
class FittedTask:
    """A task that can be answered.

    Attributes:
        task: What is asked.
        probability: The head of yes-or-no and ranking tasks.
        amounts: The head of how-much tasks: of items' demand, or of customers' amounts.
        value: Expected orders and money, where the task gives them.
        standardiser: How this head's features are made comparable.
        levels: Known values of categorical inputs, ordered by their training rate (placements, campaign kinds).
        record: What was found while fitting.
    """

    task: Task
    probability: ProbabilityHead | None = None
    amounts: QuantileBlend | AmountHead | None = None
    value: CustomerValue | None = None
    standardiser: Standardiser | None = None
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    record: FitRecord = FitRecord()

    @staticmethod
    def standardise_with(standardiser: Standardiser) -> Standardise:
        """The function heads call to make raw features comparable."""

        def standardise(features: NDArray[np.float32], names: tuple[str, ...]) -> NDArray[np.float32]:
            return standardiser.transform_matrix(features, names=names)

        return standardise

    def head(self) -> ProbabilityHead:
        """The probability head; only asked of tasks that have one."""
        assert self.probability is not None, self.task.name
        return self.probability

    @property
    def quantiles(self) -> QuantileBlend | None:
        """The head of items' demand, where there is one."""
        return self.amounts if isinstance(self.amounts, QuantileBlend) else None

    @property
    def of_customers(self) -> AmountHead | None:
        """The head of customers' amounts, where there is one."""
        return self.amounts if isinstance(self.amounts, AmountHead) else None

    def amount_head(self) -> AmountHead:
        """The head of customers' amounts; only asked of tasks that have one."""
        assert self.of_customers is not None, self.task.name
        return self.of_customers

    def estimate(self, inputs: HeadInputs) -> NDArray[np.float64]:
        """The one number each example is answered with ``[n]``: a probability, or the mean of an amount."""
        return self.head().probability(inputs) if self.of_customers is None else self.of_customers.mean(inputs)
