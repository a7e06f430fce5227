"""Doubly robust scores: for each person and arm a number whose mean is the outcome had all received that arm.

This module owns that formula and the cross-fitting of what it needs. With all levels zero it is inverse propensity
weighting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.model.uplift import t_learner
from foretell.model.uplift.contract import Floats, Integers, Trial

__all__ = ["cross_fitted_levels", "doubly_robust_scores", "folds_of"]


def doubly_robust_scores(trial: Trial, *, levels: Floats) -> Floats:
    """``m_k(x) + 1(arm = k) (y - m_k(x)) / e_k(x)`` for control and each arm.

    Unbiased where the propensities are right, whatever the levels; and where the levels are right, whatever the
    propensities.

    Args:
        trial: Arms, outcomes and propensities of ``n`` people.
        levels: Expected outcome under control and each arm, from a fit that has not seen the person,
            ``[n, K + 1]``.

    Returns:
        Scores ``[n, K + 1]``.

    Example:
        >>> trial = Trial(np.zeros((40, 1), np.float32), np.arange(40) % 2, np.arange(40) % 2 * 1.0,
        ...     np.full((40, 2), 0.5))
        >>> doubly_robust_scores(trial, levels=np.zeros((40, 2))).mean(axis=0).tolist()
        [0.0, 1.0]

    References:
        Robins, Rotnitzky and Zhao, "Estimation of regression coefficients when some regressors are not always
        observed", JASA 89 (1994).
    """
    received = trial.arm[:, None] == np.arange(trial.n_arms + 1)
    return np.asarray(levels + received * (trial.outcome[:, None] - levels) / trial.propensity)


def folds_of(trial: Trial, *, n_folds: int, seed: int, cluster: NDArray[Any] | None = None) -> Integers:
    """A fold for each row, so that arms (and yes and no) are spread evenly, ``[n]``.

    Where ``cluster`` names the person of each row, a person's rows stay together instead.
    """
    random = np.random.default_rng(seed)
    if cluster is not None:
        _, person = np.unique(cluster, return_inverse=True)
        return np.asarray((random.permutation(person.max() + 1) % n_folds)[person])
    stratum = trial.arm * 2 + (trial.outcome > 0)
    fold = np.empty(len(stratum), dtype=np.int64)
    start = 0
    for value in np.unique(stratum):
        rows = random.permutation(np.flatnonzero(stratum == value))
        fold[rows] = (start + np.arange(len(rows))) % n_folds
        start += len(rows)
    return fold


def cross_fitted_levels(trial: Trial, *, fold: NDArray[np.int64], size: Mapping[str, Any], seed: int) -> Floats:
    """Expected outcome under control and each arm, of each person by a fit without their fold, ``[n, K + 1]``.

    References:
        Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters", Econometrics
        Journal 21 (2018), definition 3.2.
    """
    levels = np.empty((len(trial.outcome), trial.n_arms + 1))
    for part in np.unique(fold):
        inside = fold == part
        levels[inside] = t_learner.levels(t_learner.fit(trial.take(~inside), size, seed), trial.features[inside])
    return levels
