"""Whether arms can be compared at all: overlap of the propensities, and how alike the arms were beforehand.

This module owns those diagnostics and their verdicts. It refuses to repair: where an arm and control do not overlap,
no weighting makes their difference an effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from foretell.evaluate.inputs import FloatArray, IntArray
from foretell.evaluate.ordered import OrderedScores

__all__ = ["ArmOverlap", "balanced_chance", "imbalance", "overlap", "overlapping"]

EDGE: Final = 0.05
"""A person is comparable where, were arm and control equally many, their chance of the arm lies in [edge, 1 - edge]."""
MOST_OUTSIDE: Final = 0.2
_NOTED_OUTSIDE: Final = 0.01
_FEWEST_EFFECTIVE: Final = 0.1
_TELLING_AUC: Final = 0.52


@dataclass(frozen=True)
class ArmOverlap:
    """How far one arm and control can be compared.

    Attributes:
        arm: Its number, 1 to K.
        n_treated: People who received it.
        outside: Share of the people of arm and control with no counterpart in the other group.
        effective: Effective share of the people once weighted (Kish), the smaller of both groups.
        auc: How well the features tell who received the arm; 0.5 is what chance gives.
        low: Lower end of the 95 % interval of ``auc``.
        status: ``pass``, ``warn`` (some people have no counterpart) or ``fail`` (no effect may be spoken of).
    """

    arm: int
    n_treated: int
    outside: float
    effective: float
    auc: float
    low: float
    status: str

    @property
    def chance_is_doubtful(self) -> bool:
        """Whether the features tell who was treated better than chance allows."""
        return self.low > _TELLING_AUC


def balanced_chance(propensity: FloatArray, *, arm: int, share: FloatArray) -> FloatArray:
    """The chance of an arm against control as if both were equally many, ``[n]``.

    Example:
        >>> balanced_chance(np.array([[0.9, 0.1]]), arm=1, share=np.array([0.9, 0.1])).round(3).tolist()
        [0.5]
    """
    odds = (propensity[:, arm] / share[arm]) / (propensity[:, 0] / share[0])
    return np.asarray(odds / (1 + odds))


def overlap(arm: IntArray, *, propensity: FloatArray) -> list[ArmOverlap]:
    """The verdict on each arm.

    An arm fails where more than 20 % of the people have no counterpart, or weighting leaves less than 10 % of either
    group.

    Args:
        arm: 0 for control, 1 to K, shape ``[n]``.
        propensity: Estimated without the person's own row, shape ``[n, K + 1]``.

    Example:
        >>> found = overlap(np.array([0, 1] * 50), propensity=np.full((100, 2), 0.5))
        >>> found[0].status, found[0].effective
        ('pass', 1.0)

    References:
        Crump, Hotz, Imbens and Mitnik, "Dealing with limited overlap in estimation of average treatment effects",
        Biometrika 96 (2009). Kish, "Survey sampling", 1965 (effective size). Hanley and McNeil, "The meaning and use
        of the area under a ROC curve", Radiology 143 (1982), equation 1 (standard error).
    """
    share = np.bincount(arm, minlength=propensity.shape[1]) / len(arm)
    found = []
    for number in range(1, propensity.shape[1]):
        rows = (arm == 0) | (arm == number)
        chance = balanced_chance(propensity[rows], arm=number, share=share)
        treated = arm[rows] == number
        outside = float(((chance < EDGE) | (chance > 1 - EDGE)).mean())
        effective = min(_kish(1 / chance[treated]), _kish(1 / (1 - chance[~treated])))
        auc, low = _auc(treated, chance)
        status = "pass" if outside <= _NOTED_OUTSIDE else "warn"
        if outside > MOST_OUTSIDE or effective < _FEWEST_EFFECTIVE:
            status = "fail"
        found.append(ArmOverlap(number, int(treated.sum()), outside, effective, auc, low, status))
    return found


def overlapping(arm: IntArray, *, propensity: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Who has a counterpart in control under every arm, shape ``[n]``: of the others nothing can be said."""
    share = np.bincount(arm, minlength=propensity.shape[1]) / len(arm)
    inside = np.ones(len(arm), dtype=bool)
    for number in range(1, propensity.shape[1]):
        chance = balanced_chance(propensity, arm=number, share=share)
        inside &= (chance >= EDGE) & (chance <= 1 - EDGE)
    return inside


def imbalance(
    features: FloatArray, *, arm: IntArray, number: int, names: Sequence[str], propensity: FloatArray | None = None
) -> dict[str, float]:
    """Standardised mean differences of the features between an arm and control, largest first.

    Args:
        features: NaN where missing, shape ``[n, F]``.
        arm: Shape ``[n]``.
        number: The arm.
        names: Names of the features.
        propensity: Weighs people by the inverse of their chance, where given.

    Example:
        >>> imbalance(np.array([[0.0], [2], [4], [6]]), arm=np.array([0, 0, 1, 1]), number=1, names=["age"])
        {'age': 4.0}

    References:
        Austin, "Balance diagnostics for comparing the distribution of baseline covariates", Stat. Med. 28 (2009).
    """
    found = {}
    groups = (arm == number, arm == 0)
    for place, name in enumerate(names):
        means, spreads = [], []
        for side, rows in zip((number, 0), groups, strict=True):
            column = features[rows, place]
            known = np.isfinite(column)
            if not known.any():
                break
            weight = np.ones(len(column)) if propensity is None else 1 / propensity[rows, side]
            means.append(float(np.average(column[known], weights=weight[known])))
            spreads.append(float(column[known].var()))
        if len(means) == 2:
            spread = np.sqrt(sum(spreads) / 2)
            found[name] = float((means[0] - means[1]) / spread) if spread > 0 else 0.0
    return dict(sorted(found.items(), key=lambda entry: -abs(entry[1])))


def _kish(weight: FloatArray) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum() / len(weight))


def _auc(treated: np.ndarray[tuple[int], np.dtype[np.bool_]], chance: FloatArray) -> tuple[float, float]:
    ranked = OrderedScores(treated.astype(np.float64), score=chance)
    auc = float(ranked.rank_metrics(np.ones((1, len(chance))))[0, 0])
    n, m = int(treated.sum()), int((~treated).sum())
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (n - 1) * (one - auc**2) + (m - 1) * (two - auc**2)) / (n * m)
    return auc, auc - 1.959964 * float(np.sqrt(max(variance, 0.0)))
