"""The response model: who responds when treated, whatever they would have done anyway.

This module owns the ranking most shops use instead of uplift. It refuses to call it an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel, fit_outcome

__all__ = ["effects", "fit"]


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Fit a model of the outcome on the people of each arm, control left out."""
    boosters = {}
    for arm in range(1, trial.n_arms + 1):
        rows = trial.arm == arm
        boosters[f"arm_{arm}"] = fit_outcome(
            trial.features[rows], trial.outcome[rows], size=size, seed=seed, binary=trial.is_binary
        )
    return UpliftModel("response_model", trial.n_arms, boosters)


def effects(model: UpliftModel, features: Table) -> Floats:
    """The expected outcome under each arm, to rank by, ``[n, K]``."""
    return np.stack([model.boosters[f"arm_{arm}"].predict(features) for arm in range(1, model.n_arms + 1)], axis=1)
