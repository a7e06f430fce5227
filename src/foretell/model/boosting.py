"""Gradient-boosted trees, trained the same reproducible way everywhere and saved as text.

This module owns LightGBM's settings. It refuses pickles: a booster is saved as LightGBM's own text format.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import lightgbm
import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Boosting", "fit_boosting", "leaves_for"]

_REPRODUCIBLE: Final[dict[str, Any]] = {
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "feature_pre_filter": False,
}


@dataclass(frozen=True)
class Boosting:
    """A trained booster.

    Attributes:
        booster: LightGBM's booster.
    """

    booster: lightgbm.Booster

    def raw(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Raw scores (logits for a binary objective) ``[n]``."""
        with _threads_of_torch_kept():
            scores = self.booster.predict(features, raw_score=True, num_threads=_threads_for(features))
        return np.asarray(scores, dtype=np.float64)

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Predictions on the objective's own scale ``[n]``."""
        with _threads_of_torch_kept():
            values = self.booster.predict(features, num_threads=_threads_for(features))
        return np.asarray(values, dtype=np.float64)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """TreeSHAP contributions ``[n, F + 1]`` on the raw scale; the last column is the base value.

        References:
            Lundberg et al., From local explanations to global understanding with explainable AI for trees, 2020.
        """
        with _threads_of_torch_kept():
            values = self.booster.predict(features, pred_contrib=True, num_threads=_threads_for(features))
        return np.asarray(values, dtype=np.float64)

    def gains(self) -> NDArray[np.float64]:
        """Total gain of the splits on each feature ``[F]``."""
        return np.asarray(self.booster.feature_importance(importance_type="gain"), dtype=np.float64)

    def to_text(self) -> str:
        """The booster in LightGBM's text format."""
        return str(self.booster.model_to_string())

    @classmethod
    def from_text(cls, text: str) -> Boosting:
        """Rebuild a booster from its text."""
        return cls(lightgbm.Booster(model_str=text))


def _threads_for(features: NDArray[np.float32]) -> int:
    """One row is answered fastest by one thread; the result is the same."""
    return 1 if len(features) < 256 else 2


def _threads_to_train(features: NDArray[np.float32]) -> int:
    """Small tables are learned fastest by one thread; the trees are the same."""
    return 1 if features.size < 500_000 else 2


@contextmanager
def _threads_of_torch_kept() -> Iterator[None]:
    """LightGBM and torch share one OpenMP setting: what one sets, the other would compute with from then on.

    A network trained on another number of threads differs in its last bits, and a resumed run from an unbroken one.
    """
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def leaves_for(n_informative: float) -> int:
    """How many leaves a tree may have, given the number of examples of the rarer class.

    Example:
        >>> leaves_for(200.0), leaves_for(5_000.0)
        (5, 31)
    """
    return int(np.clip(n_informative / 40, 5, 31))


def fit_boosting(
    features: NDArray[np.float32],
    label: NDArray[np.float64],
    *,
    objective: dict[str, Any],
    weight: NDArray[np.float64] | None = None,
    validation: tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64] | None] | None = None,
    offset: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Boosting:
    """Train a booster; with ``validation`` it stops when that no longer improves.

    Args:
        features: ``[n, F]``.
        label: ``[n]``.
        objective: LightGBM parameters of the objective, size and learning rate; ``num_iterations`` is the limit.
        weight: ``[n]`` or None.
        validation: Features, label and weight of the later window that decides when to stop.
        offset: Raw score ``[n]`` each row starts from; the booster learns, and answers, what comes on top. Early
            stopping does not know it, so it goes without ``validation``.
        seed: Decides bagging and column sampling.

    References:
        Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, 2017.
    """
    assert offset is None or validation is None, "early stopping does not know the offset"
    settings = {
        "learning_rate": 0.05,
        "num_iterations": 500,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.6,
        "lambda_l2": 5.0,
        "min_data_in_leaf": 40,
        **_REPRODUCIBLE,
        "num_threads": _threads_to_train(features),
        **objective,
        "seed": seed,
    }
    data = lightgbm.Dataset(features, label, weight=weight, init_score=offset, params=settings, free_raw_data=True)
    callbacks: list[Any] = []
    valid: list[lightgbm.Dataset] = []
    if validation is not None:
        valid = [lightgbm.Dataset(validation[0], validation[1], weight=validation[2], reference=data)]
        callbacks = [lightgbm.early_stopping(40, verbose=False)]
    with _threads_of_torch_kept():
        booster = lightgbm.train(settings, data, valid_sets=valid, callbacks=callbacks)
    best = booster.best_iteration if validation is not None and booster.best_iteration > 0 else None
    # Reloading keeps the best iterations only and drops the training data.
    return Boosting.from_text(booster.model_to_string(num_iteration=best))
