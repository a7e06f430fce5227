"""The contract of uplift learners: what they are given, what they leave, and how it is read.

This module owns the trial and the form every fitted learner has (boosters and plain numbers, so that one way of saving
serves all). It refuses any learner's arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.model.boosting import Boosting, fit_boosting

__all__ = ["SIZES", "Trial", "UpliftLearner", "UpliftModel", "fit_effects", "fit_outcome"]

Floats = NDArray[np.float64]
Table = NDArray[np.float32]
Integers = NDArray[np.int64]

SIZES: Final[dict[str, dict[str, Any]]] = {
    "stumps": {"num_leaves": 3, "learning_rate": 0.05, "num_iterations": 60, "min_data_in_leaf": 100},
    "small": {"num_leaves": 8, "learning_rate": 0.05, "num_iterations": 80, "min_data_in_leaf": 40},
}
"""How large the trees may grow, by name: effects are much fainter than outcomes, so little is often best."""

_FEWEST: Final = 10


@dataclass(frozen=True, eq=False)
class Trial:
    """People of a campaign: what was known before, which arm they received, what came of it.

    Attributes:
        features: Known before anybody was treated, NaN where missing, shape ``[n, F]``.
        arm: 0 for control, 1 to K for the treatments, shape ``[n]``.
        outcome: 0 or 1, or an amount, shape ``[n]``.
        propensity: The chance of each arm, control first, shape ``[n, K + 1]``; rows sum to one.

    Raises:
        SchemaError: If shapes differ or a propensity is not above zero.
        InsufficientDataError: If an arm has fewer than 10 people.

    Example:
        >>> trial = Trial(np.zeros((40, 1), np.float32), np.arange(40) % 2, np.ones(40), np.full((40, 2), 0.5))
        >>> trial.n_arms, trial.is_binary
        (1, True)
    """

    features: Table
    arm: Integers
    outcome: Floats
    propensity: Floats = field(repr=False)

    def __post_init__(self) -> None:
        n = len(self.outcome)
        if (
            self.features.ndim != 2
            or self.propensity.ndim != 2
            or {n}
            != {
                len(self.features),
                len(self.arm),
                len(self.propensity),
            }
        ):
            raise SchemaError(
                "The parts of a trial are not equally long.",
                received=f"features {self.features.shape}, arms {self.arm.shape}, outcomes {self.outcome.shape}, "
                f"propensities {self.propensity.shape}",
                remedy="Give one row for each person in each of them.",
            )
        counts = np.bincount(self.arm, minlength=self.n_arms + 1)
        if len(counts) != self.n_arms + 1 or counts.min() < _FEWEST:
            raise InsufficientDataError(
                "Every arm of a trial, and its control, needs people to learn from.",
                received=f"{counts.tolist()} people, control first",
                remedy=f"Give at least {_FEWEST} of each, or leave the small arm out.",
            )
        if not (self.propensity > 0).all():
            raise SchemaError(
                "A propensity is not above zero: nobody can tell what an impossible arm would have done.",
                received=f"smallest {self.propensity.min():g}",
                remedy="Leave those people out, or give the true chances.",
            )

    @property
    def n_arms(self) -> int:
        """How many treatments there are beside control."""
        return int(self.propensity.shape[1]) - 1

    @property
    def is_binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())

    def take(self, rows: NDArray[Any]) -> Trial:
        """Some of the people, by a mask or by places."""
        return replace(
            self,
            features=self.features[rows],
            arm=self.arm[rows],
            outcome=self.outcome[rows],
            propensity=self.propensity[rows],
        )


@dataclass(frozen=True)
class UpliftModel:
    """What a learner leaves behind, in a form that one way of saving serves.

    Attributes:
        learner: Its name in the registry.
        n_arms: How many treatments it speaks of.
        boosters: Trees by name.
        numbers: Plain numbers by name.
    """

    learner: str
    n_arms: int
    boosters: Mapping[str, Boosting] = field(default_factory=dict, repr=False)
    numbers: Mapping[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class UpliftLearner:
    """One way to estimate effects.

    Attributes:
        fit: From a trial, tree parameters and a seed to a model.
        effects: From a model and features ``[n, F]`` to each arm's effect over control, ``[n, K]``.
        words: What it is, in a sentence.
        in_units: Whether ``effects`` are in units of the outcome; otherwise they only rank.
    """

    fit: Callable[[Trial, Mapping[str, Any], int], UpliftModel]
    effects: Callable[[UpliftModel, Table], Floats]
    words: str
    in_units: bool = True


def fit_outcome(
    features: Table, outcome: Floats, *, size: Mapping[str, Any], seed: int, binary: bool | None = None
) -> Boosting:
    """Trees for an outcome: log loss where it is yes or no (or ``binary`` says so), squares elsewhere."""
    if binary is None:
        binary = bool(np.isin(outcome, (0.0, 1.0)).all())
    return fit_boosting(
        features, outcome, objective={"objective": "binary" if binary else "regression", **size}, seed=seed
    )


def fit_effects(features: Table, pseudo: Floats, *, size: Mapping[str, Any], seed: int) -> Boosting:
    """Trees for a pseudo-outcome, whose mean given the features is the effect: always by squares."""
    return fit_boosting(features, pseudo, objective={"objective": "regression", **size}, seed=seed)
