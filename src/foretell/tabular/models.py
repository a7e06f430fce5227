"""The models side by side, each from a table to a logit, with everything they learn from training rows.

This module owns the order of work within one fit: encode, construct, select, standardise, train. It refuses to
choose between the models (``choose``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from foretell.core.errors import ConfigError
from foretell.features.selection import select_features
from foretell.features.transform import Standardiser
from foretell.model.boosting import Boosting, fit_boosting
from foretell.tabular.construct import Combination, combine, find_combinations
from foretell.tabular.encode import TableEncoder
from foretell.tabular.forest import Forest, fit_forest
from foretell.tabular.network import Network, NetworkConfig, fit_network
from foretell.tabular.recognise import Recognition

__all__ = ["MODELS", "FittedModels", "Linear", "Preparation", "fit_models", "fit_preparation"]

Floats = NDArray[np.float64]

MODELS: Final[dict[str, str]] = {
    "logistic": "Logistic regression on standardised features",
    "dense_64_32_1": "Dense network, 64-32-1, ReLU and sigmoid, Adam",
    "lightgbm": "Gradient-boosted trees",
    "forest": "Random forest",
}
"""The models by name, in words."""

_FEWEST_ROWS_TO_SELECT: Final = 300
_FALSE_DISCOVERIES: Final = 0.1


@dataclass(frozen=True)
class Linear:
    """Logistic regression: ``logit = features @ weights + bias``."""

    weights: Floats
    bias: float

    def raw(self, inputs: NDArray[np.float32]) -> Floats:
        """Logits ``[n]``."""
        return np.asarray(np.einsum("nf,f->n", inputs.astype(np.float64), self.weights) + self.bias)


@dataclass(frozen=True)
class Preparation:
    """What turns a table into the models' inputs.

    Attributes:
        encoder: Columns to features.
        combinations: Constructed features.
        names: The features kept.
        standardiser: Their scales, for the models that need them.
        middles: The median of each feature, where a forest meets a missing value.
        selection: Every feature with its association and why it was dropped, strongest first.
    """

    encoder: TableEncoder
    combinations: tuple[Combination, ...]
    names: tuple[str, ...]
    standardiser: Standardiser
    middles: Floats
    selection: pl.DataFrame = field(repr=False)

    def features(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The kept features of a table, raw."""
        return combine(self.encoder.transform(frame), combinations=self.combinations).select(self.names)

    def inputs(self, features: pl.DataFrame, name: str) -> NDArray[np.float32]:
        """What the model ``name`` reads."""
        if name in ("logistic", "dense_64_32_1"):
            return self.standardiser.transform(features)
        raw = features.to_numpy().astype(np.float32)
        return raw if name == "lightgbm" else np.where(np.isnan(raw), self.middles.astype(np.float32), raw)


@dataclass(frozen=True)
class FittedModels:
    """Models trained on the same rows.

    Attributes:
        preparation: What they read.
        models: Each by name.
        rounds: How many passes or trees those that stop early took.
    """

    preparation: Preparation
    models: dict[str, Linear | Network | Boosting | Forest]
    rounds: dict[str, int]

    def logits(self, frame: pl.DataFrame, *, names: Sequence[str] | None = None) -> dict[str, Floats]:
        """Logits ``[n]`` of the named models, by default all."""
        features = self.preparation.features(frame)
        return {
            name: self.models[name].raw(self.preparation.inputs(features, name)) for name in names or tuple(self.models)
        }


def fit_preparation(frame: pl.DataFrame, label: Floats, *, recognition: Recognition) -> Preparation:
    """Learn levels, combinations, selection and scales from training rows."""
    encoder = TableEncoder.fit(frame, recognition=recognition)
    encoded = encoder.transform(frame)
    numeric = [column.name for column in recognition.columns if column.kind == "number"]
    combinations = find_combinations(encoded, names=numeric)
    features = combine(encoded, combinations=combinations)
    selection = select_features(
        features.fill_nan(None),
        label=pl.Series("label", label.astype(np.int64)),
        kind="binary",
        duplicate_correlation=0.9999,
        false_discovery_rate=_FALSE_DISCOVERIES if frame.height >= _FEWEST_ROWS_TO_SELECT else 1.0,
    )
    kept = set(selection.filter(pl.col("kept"))["name"].to_list())
    names = tuple(name for name in features.columns if name in kept) or tuple(features.columns)
    chosen = features.select(names)
    return Preparation(
        encoder,
        combinations,
        names,
        Standardiser.fit(chosen, method="rank_gauss"),
        np.array([_middle(chosen[name].to_numpy()) for name in names]),
        selection,
    )


def fit_models(
    frame: pl.DataFrame,
    label: Floats,
    *,
    recognition: Recognition,
    names: Sequence[str],
    validation: tuple[pl.DataFrame, Floats] | None = None,
    rounds: dict[str, int] | None = None,
    weight: Floats | None = None,
    network: NetworkConfig | None = None,
    seed: int = 0,
) -> FittedModels:
    """Train the named models on the same rows.

    Args:
        frame: Training rows.
        label: 0 or 1 ``[n]``.
        recognition: What the columns are.
        names: Which of ``MODELS``.
        validation: Rows that decide when network and trees stop.
        rounds: How long they train where nothing decides.
        weight: How much each row counts ``[n]``, 1 on average; all the same without it.
        network: The dense network's activation, loss and optimiser.
        seed: Decides every random choice.

    Raises:
        ConfigError: If there is no such model.
    """
    unknown = [name for name in names if name not in MODELS]
    if unknown or not names:
        raise ConfigError(
            "There is no such model.", received=", ".join(unknown) or "none", remedy=f"Known: {', '.join(MODELS)}."
        )
    preparation = fit_preparation(frame, label, recognition=recognition)
    features = preparation.features(frame)
    later = None if validation is None else (preparation.features(validation[0]), validation[1])
    models: dict[str, Linear | Network | Boosting | Forest] = {}
    taken: dict[str, int] = {}
    for name in names:
        inputs = preparation.inputs(features, name)
        checked = None if later is None else (preparation.inputs(later[0], name), later[1])
        longest = (rounds or {}).get(name)
        if name == "logistic":
            models[name] = _fit_linear(inputs, label, weight)
        elif name == "forest":
            n_trees = 500 if len(label) > 1000 else 100
            models[name] = fit_forest(inputs, label, weight=weight, n_trees=n_trees, seed=seed)
        elif name == "dense_64_32_1":
            dense = fit_network(
                inputs, label, weight=weight, validation=checked, epochs=longest, config=network, seed=seed
            )
            models[name], taken[name] = dense, dense.epochs
        else:
            trees = _fit_trees(inputs, label, checked, longest, weight, seed)
            models[name], taken[name] = trees, int(trees.booster.num_trees())
    return FittedModels(preparation, models, taken)


def _fit_linear(inputs: NDArray[np.float32], label: Floats, weight: Floats | None) -> Linear:
    model = LogisticRegression(C=0.3, max_iter=2000).fit(inputs.astype(np.float64), label, sample_weight=weight)
    return Linear(np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0]))


def _fit_trees(
    inputs: NDArray[np.float32],
    label: Floats,
    validation: tuple[NDArray[np.float32], Floats] | None,
    rounds: int | None,
    weight: Floats | None,
    seed: int,
) -> Boosting:
    rarer = min(label.sum(), len(label) - label.sum())
    objective = {
        "objective": "binary",
        "num_leaves": 8,
        "learning_rate": 0.04,
        "num_iterations": rounds or 500,
        "feature_fraction": 0.5,
        "min_data_in_leaf": int(np.clip(rarer / 10, 2, 30)),
        "lambda_l2": 5.0 if rarer >= 100 else 1.0,
    }
    checked = None if validation is None else (*validation, None)
    return fit_boosting(inputs, label, objective=objective, weight=weight, validation=checked, seed=seed)


def _middle(values: Floats) -> float:
    present = values[np.isfinite(values)]
    return float(np.median(present)) if len(present) else 0.0
