"""The X-learner: effects imputed for each person from the other group's model, then learned, then weighted.

This module owns that. Weights are the arm's share among arm and control: the larger group's model imputed the other
group's effects, so the smaller group's effects are the better ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.model.uplift import t_learner
from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel, fit_effects

__all__ = ["effects", "fit"]


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Fit the two models of imputed effects of each arm.

    References:
        Kuenzel et al., "Metalearners for estimating heterogeneous treatment effects", PNAS 116 (2019), equations
        3 to 5; the weight is the mean propensity of the arm among arm and control.
    """
    expected = t_learner.levels(t_learner.fit(trial, size, seed), trial.features)
    control = trial.arm == 0
    boosters, weights = {}, []
    for arm in range(1, trial.n_arms + 1):
        treated = trial.arm == arm
        among_treated = (trial.outcome - expected[:, 0])[treated]
        among_control = (expected[:, arm] - trial.outcome)[control]
        boosters[f"treated_{arm}"] = fit_effects(trial.features[treated], among_treated, size=size, seed=seed)
        boosters[f"control_{arm}"] = fit_effects(trial.features[control], among_control, size=size, seed=seed)
        chance, base = trial.propensity[:, arm].mean(), trial.propensity[:, 0].mean()
        weights.append(float(chance / (chance + base)))
    return UpliftModel("x_learner", trial.n_arms, boosters, {"weight": weights})


def effects(model: UpliftModel, features: Table) -> Floats:
    """The weighted mean of both models' effects, ``[n, K]``."""
    columns = [
        weight * model.boosters[f"control_{arm}"].predict(features)
        + (1 - weight) * model.boosters[f"treated_{arm}"].predict(features)
        for arm, weight in enumerate(model.numbers["weight"], start=1)
    ]
    return np.stack(columns, axis=1)
