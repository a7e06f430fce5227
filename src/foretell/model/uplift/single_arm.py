"""The same for everybody: each arm's mean effect, so that the best decision is one arm for all.

This module owns that baseline. It ranks nobody above anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel

__all__ = ["effects", "fit", "mean_effects"]


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Take the mean effects; ``size`` and ``seed`` decide nothing where nothing grows and nothing is drawn."""
    del size, seed
    return UpliftModel("single_arm", trial.n_arms, {}, {"effect": mean_effects(trial).tolist()})


def mean_effects(trial: Trial) -> Floats:
    """Each arm's mean outcome less that of control, weighted by inverse propensities, ``[K]``.

    References:
        Hajek, comment on "An essay on the logical foundations of survey sampling", 1971: weights that sum to one.
    """
    means = np.empty(trial.n_arms + 1)
    for arm in range(trial.n_arms + 1):
        rows = trial.arm == arm
        means[arm] = np.average(trial.outcome[rows], weights=1 / trial.propensity[rows, arm])
    return np.asarray(means[1:] - means[0])


def effects(model: UpliftModel, features: Table) -> Floats:
    """The same row for everybody, ``[n, K]``."""
    return np.tile(np.array(model.numbers["effect"]), (len(features), 1))
