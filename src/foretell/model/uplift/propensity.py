"""The chance of each arm: the arms' shares where chance decided, an estimate from the features where people did.

This module owns both. It refuses to say whether they overlap enough (``evaluate.overlap``).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from foretell.model.boosting import fit_boosting
from foretell.model.uplift.contract import Floats, Integers, Table

__all__ = ["estimated_propensity", "known_shares"]

_FOLDS: Final = 3
_ASIDE: Final = 0.2
_TREES: Final[dict[str, Any]] = {
    "num_leaves": 7,
    "learning_rate": 0.1,
    "num_iterations": 300,
    "min_data_in_leaf": 30,
}


def known_shares(arm: Integers, *, n_arms: int) -> Floats:
    """The share of each arm for everybody, ``[n, K + 1]``: right where chance decided with fixed odds.

    Example:
        >>> known_shares(np.array([0, 1, 1, 1]), n_arms=1)[0].tolist()
        [0.25, 0.75]
    """
    share = np.bincount(arm, minlength=n_arms + 1) / len(arm)
    return np.tile(share, (len(arm), 1))


def estimated_propensity(features: Table, arm: Integers, *, n_arms: int, seed: int) -> Floats:
    """The chance of each arm given the features, of each person by a fit without their fold, ``[n, K + 1]``.

    Trees are added until a fifth of the fit's people, set aside, are told no better: too few trees would hide chances
    near zero, which the check of overlap looks for and which are not clipped; too many would invent them.

    References:
        Rosenbaum and Rubin, "The central role of the propensity score in observational studies for causal effects",
        Biometrika 70 (1983).
    """
    random = np.random.default_rng(seed)
    fold = random.permutation(len(arm)) % _FOLDS
    found = np.empty((len(arm), n_arms + 1))
    for part in range(_FOLDS):
        inside = fold == part
        aside = ~inside & (random.random(len(arm)) < _ASIDE)
        learn = ~inside & ~aside
        label = arm.astype(np.float64)
        model = fit_boosting(
            features[learn],
            label[learn],
            objective={"objective": "multiclass", "num_class": n_arms + 1, **_TREES},
            validation=(features[aside], label[aside], None),
            seed=seed,
        )
        found[inside] = model.predict(features[inside])
    return np.maximum(found, 1e-6)
