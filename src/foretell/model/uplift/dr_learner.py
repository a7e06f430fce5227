"""The DR-learner: regress the difference of doubly robust scores on the features.

This module owns that. Levels behind the scores are cross-fitted: no person's score rests on their own outcome twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel, fit_effects
from foretell.model.uplift.scores import cross_fitted_levels, doubly_robust_scores, folds_of

__all__ = ["effects", "fit"]

_FOLDS: Final = 2


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Fit one regression for each arm.

    References:
        Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects", Electronic Journal of
        Statistics 17 (2023), algorithm 1.
    """
    fold = folds_of(trial, n_folds=_FOLDS, seed=seed)
    scores = doubly_robust_scores(trial, levels=cross_fitted_levels(trial, fold=fold, size=size, seed=seed))
    boosters = {
        f"arm_{arm}": fit_effects(trial.features, scores[:, arm] - scores[:, 0], size=size, seed=seed)
        for arm in range(1, trial.n_arms + 1)
    }
    return UpliftModel("dr_learner", trial.n_arms, boosters)


def effects(model: UpliftModel, features: Table) -> Floats:
    """Each arm's regression, ``[n, K]``."""
    return np.stack([model.boosters[f"arm_{arm}"].predict(features) for arm in range(1, model.n_arms + 1)], axis=1)
