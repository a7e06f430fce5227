"""The S-learner: one model of the outcome that sees the arm as a feature; effects are differences of its answers.

This module owns that. It refuses to weigh arms: where trees find no use for the arm, the effect is zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel, fit_outcome

__all__ = ["effects", "fit"]


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Fit the single model, arms as columns of zeros and ones.

    References:
        Kuenzel, Sekhon, Bickel and Yu, "Metalearners for estimating heterogeneous treatment effects using machine
        learning", PNAS 116 (2019), equation 2.
    """
    arms = np.stack([trial.arm == arm for arm in range(1, trial.n_arms + 1)], axis=1)
    # Every tree may use the arm: a tree that does not see it spends itself on the outcome alone.
    seen = {**size, "feature_fraction": 1.0}
    booster = fit_outcome(np.hstack([trial.features, arms.astype(np.float32)]), trial.outcome, size=seen, seed=seed)
    return UpliftModel("s_learner", trial.n_arms, {"outcome": booster})


def effects(model: UpliftModel, features: Table) -> Floats:
    """The answer with each arm set, less the answer without any, ``[n, K]``."""
    settings = np.vstack([np.zeros(model.n_arms), np.eye(model.n_arms)]).astype(np.float32)
    answers = [
        model.boosters["outcome"].predict(np.hstack([features, np.broadcast_to(row, (len(features), model.n_arms))]))
        for row in settings
    ]
    return np.stack(answers[1:], axis=1) - answers[0][:, None]
