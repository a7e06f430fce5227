"""The T-learner: one model of the outcome for each arm and one for control; effects are differences.

This module owns that, and the levels (expected outcome under each arm) the X- and DR-learners start from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel, fit_outcome

__all__ = ["effects", "fit", "levels"]


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Fit a model of the outcome on the people of each arm alone.

    References:
        Kuenzel et al., "Metalearners for estimating heterogeneous treatment effects", PNAS 116 (2019), equation 1.
    """
    boosters = {
        f"arm_{arm}": fit_outcome(
            trial.features[trial.arm == arm],
            trial.outcome[trial.arm == arm],
            size=size,
            seed=seed,
            binary=trial.is_binary,
        )
        for arm in range(trial.n_arms + 1)
    }
    return UpliftModel("t_learner", trial.n_arms, boosters)


def levels(model: UpliftModel, features: Table) -> Floats:
    """Expected outcome under control and each arm, ``[n, K + 1]``."""
    return np.stack([model.boosters[f"arm_{arm}"].predict(features) for arm in range(model.n_arms + 1)], axis=1)


def effects(model: UpliftModel, features: Table) -> Floats:
    """Level of each arm less that of control, ``[n, K]``."""
    expected = levels(model, features)
    return expected[:, 1:] - expected[:, :1]
