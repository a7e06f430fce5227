"""The quantile head: how much, as quantiles that widen where the data says so.

This module owns one booster per quantile level, their ordering and their correction on a later window. It
refuses negative quantities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.model.boosting import Boosting, fit_boosting
from foretell.model.quantile_paths import RankPaths

__all__ = ["QuantileBlend", "QuantileHead", "fit_quantile_head", "fit_quantile_trees", "fit_share"]

_LEAST_GAIN: Final = 0.01

Window = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]
"""Features ``[n, F]``, units ``[n]`` and scale ``[n]`` of a window."""


@dataclass(frozen=True)
class QuantileHead:
    """Fitted quantiles of a non-negative quantity relative to a scale per example.

    Attributes:
        names: Feature names in the order the head reads them.
        levels: Increasing quantile levels.
        boosters: One per level.
        shifts: Added to each level (in units of the scale) so that the validation window is covered as promised.
    """

    names: tuple[str, ...]
    levels: tuple[float, ...]
    boosters: tuple[Boosting, ...]
    shifts: tuple[float, ...]

    def quantiles(self, features: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles ``[n, Q]`` in units, never crossing and never negative.

        Args:
            features: ``[n, F]``.
            scale: The size of each example (``[n]``, for example mean past units) that the boosters think in.
        """
        raw = np.stack([booster.predict(features) for booster in self.boosters], axis=1) + np.asarray(self.shifts)
        ordered: NDArray[np.float64] = np.maximum(np.sort(raw, axis=1), 0.0) * scale[:, None]
        return ordered

    def to_dict(self) -> dict[str, Any]:
        """Everything but the boosters, as JSON types."""
        return {"names": list(self.names), "levels": list(self.levels), "shifts": list(self.shifts)}


@dataclass(frozen=True)
class QuantileBlend:
    """Two heads averaged: one reads a signal in its last feature, the other does without.

    Attributes:
        with_signal: Reads every feature; None where it got no share.
        plain: Reads all but the last.
        share: Weight of ``with_signal``, chosen on validation.
        together: How the weeks of an item go together; None where it is not asked.
    """

    with_signal: QuantileHead | None
    plain: QuantileHead
    share: float
    together: RankPaths | None = None

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels of both heads."""
        return self.plain.levels

    def quantiles(self, features: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles ``[n, Q]`` in units: averaging quantiles level by level keeps them in order.

        References:
            Lichtendahl, Grushka-Cockayne and Winkler, Is It Better to Average Probabilities or Quantiles?, 2013.
        """
        plain = self.plain.quantiles(features[:, :-1], scale)
        if self.with_signal is None or self.share == 0:  # the signal need not even be known
            return plain
        return self.share * self.with_signal.quantiles(features, scale) + (1 - self.share) * plain


def fit_share(
    first: NDArray[np.float64], second: NDArray[np.float64], *, units: NDArray[np.float64], levels: tuple[float, ...]
) -> float:
    """The weight of ``first`` in the average, of five tried, with the least pinball loss on the validation window.

    ``first`` has to earn its place: a gain of less than 1 % over ``second`` alone counts as noise.
    """
    losses = {
        share: _pinball(share * first + (1 - share) * second, units, levels) for share in (0.5, 0.25, 0.75, 0.0, 1.0)
    }
    best = min(losses, key=lambda share: losses[share])
    return best if losses[best] < (1 - _LEAST_GAIN) * losses[0.0] else 0.0


def _pinball(quantiles: NDArray[np.float64], units: NDArray[np.float64], levels: tuple[float, ...]) -> float:
    gap = units[:, None] - quantiles
    level = np.asarray(levels)[None]
    return float(np.maximum(level * gap, (level - 1) * gap).mean())


def fit_quantile_head(
    train: Window, *, validation: Window, names: tuple[str, ...], levels: tuple[float, ...], seed: int
) -> QuantileHead:
    """Fit the trees of each level, and shift each level so that the share of outcomes below it is right later on.

    Args:
        train: The training window.
        validation: The later window: decides when to stop, and the shifts (split-conformal correction per level).
        names: Feature names.
        levels: Quantile levels.
        seed: Decides bagging and column sampling.

    References:
        Romano, Patterson and Candes, Conformalized Quantile Regression, 2019 (equation 6, one-sided per level).
    """
    boosters = fit_quantile_trees(train, validation=validation, levels=levels, seed=seed)
    later, later_units, later_scale = validation
    shifts = tuple(
        _weighted_quantile(later_units / later_scale - booster.predict(later), level, later_scale)
        for booster, level in zip(boosters, levels, strict=True)
    )
    return QuantileHead(names=names, levels=levels, boosters=boosters, shifts=shifts)


def fit_quantile_trees(
    train: Window, *, validation: Window, levels: tuple[float, ...], seed: int
) -> tuple[Boosting, ...]:
    """Fit each level by pinball loss on ``units / scale``, weighted by scale so that errors count in units.

    Args:
        train: The training window.
        validation: The later window, which decides when to stop.
        levels: Quantile levels.
        seed: Decides bagging and column sampling.

    References:
        Koenker and Bassett, Regression Quantiles, 1978.
    """
    features, units, scale = train
    later, later_units, later_scale = validation
    boosters = []
    for level in levels:
        objective = {
            "objective": "quantile",
            "alpha": level,
            "num_leaves": 31,
            "learning_rate": 0.08,
            "num_iterations": 250,
            "lambda_l2": 1.0,
        }
        booster = fit_boosting(
            features,
            units / scale,
            objective=objective,
            weight=scale,
            validation=(later, later_units / later_scale, later_scale),
            seed=seed,
        )
        boosters.append(booster)
    return tuple(boosters)


def _weighted_quantile(values: NDArray[np.float64], level: float, weight: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weight[order]) / weight.sum()
    at = min(int(np.searchsorted(cumulative, level)), len(values) - 1)
    return float(values[order[at]])
