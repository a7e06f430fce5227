"""The amount head: how much somebody will spend, buy or do, as a mean and as quantiles around it.

This module owns the mean by trees, the quantiles relative to it and the average of two such models, with and without
the sequence state. It refuses negative amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.model.boosting import Boosting, fit_boosting
from foretell.model.inputs import HeadInputs
from foretell.model.quantile_head import Window, fit_quantile_trees

__all__ = ["AMOUNTS", "AmountHead", "AmountModel", "RelativeQuantiles", "fit_amount_head", "tweedie_deviance"]

Floats = NDArray[np.float64]
Part = tuple[HeadInputs, Floats]

_POWER: Final = 1.3
AMOUNTS: Final[dict[str, Any]] = {"objective": "tweedie", "tweedie_variance_power": _POWER, "num_leaves": 31}
"""What trees are told that learn an amount: many zeros, then sizes."""
_SHARES: Final = (0.5, 0.25, 0.75, 0.0, 1.0)
_LEAST_SHARE_OF_MEAN: Final = 1e-3
_FURTHEST_OFF: Final = 2.0
_FEWEST_IN_GROUP: Final = 200
_MOST_GROUPS: Final = 10


@dataclass(frozen=True)
class RelativeQuantiles:
    """Quantiles in units of the mean, corrected by the size of the mean.

    Attributes:
        levels: Rising quantile levels.
        trees: A booster for each level.
        sizes: Logarithms of the mean at which corrections are known ``[B]``, rising.
        corrections: What is added to each level at each size ``[B, Q]``; between sizes it is interpolated.
    """

    levels: tuple[float, ...]
    trees: tuple[Boosting, ...]
    sizes: Floats
    corrections: Floats

    def of(self, matrix: NDArray[np.float32], scale: Floats) -> Floats:
        """Quantiles ``[n, Q]`` in what is measured, never crossing and never negative."""
        raw = _relative(self.trees, _beside_mean(matrix, scale))
        correction = np.stack([np.interp(np.log(scale), self.sizes, column) for column in self.corrections.T], axis=1)
        return np.asarray(np.maximum(np.sort(raw + correction, axis=1), 0.0) * scale[:, None])


@dataclass(frozen=True)
class AmountModel:
    """A mean by trees, and quantiles in units of that mean.

    Attributes:
        reads_states: Whether it reads the sequence state beside the features.
        mean_trees: Booster of the mean.
        factor: What the booster's mean is multiplied by, so that the validation window's total is right.
        least: The least mean that quantiles are measured in.
        relative: The quantiles.
    """

    reads_states: bool
    mean_trees: Boosting
    factor: float
    least: float
    relative: RelativeQuantiles

    def matrix(self, inputs: HeadInputs) -> NDArray[np.float32]:
        """What the booster of the mean reads ``[n, F]``."""
        return _matrix(inputs, self.reads_states)

    def mean(self, inputs: HeadInputs) -> Floats:
        """Expected amount ``[n]``."""
        return _mean(self.mean_trees, self.factor, self.matrix(inputs))

    def quantiles(self, inputs: HeadInputs, mean: Floats) -> Floats:
        """Quantiles ``[n, Q]``, never crossing and never negative."""
        return self.relative.of(self.matrix(inputs), np.maximum(mean, self.least))


@dataclass(frozen=True)
class AmountHead:
    """Two models averaged: one reads the sequence state, the other does without.

    Attributes:
        names: The features both read, in order.
        with_sequence: Reads the sequence state; None where it got no share.
        plain: Reads the features alone.
        share: Weight of ``with_sequence``, chosen on validation.

    References:
        Averaging quantiles level by level: Lichtendahl, Grushka-Cockayne and Winkler, Is It Better to Average
        Probabilities or Quantiles?, 2013.
    """

    names: tuple[str, ...]
    with_sequence: AmountModel | None
    plain: AmountModel
    share: float

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels."""
        return self.plain.relative.levels

    def weighted(self) -> list[tuple[float, AmountModel]]:
        """The models that have a share, each with it."""
        parts = [(self.share, self.with_sequence), (1 - self.share, self.plain)]
        return [(share, model) for share, model in parts if model is not None and share > 0]

    def mean(self, inputs: HeadInputs) -> Floats:
        """Expected amount ``[n]``."""
        read = inputs.only(self.names)
        return np.asarray(sum(share * model.mean(read) for share, model in self.weighted()))

    def answers(self, inputs: HeadInputs) -> tuple[Floats, Floats]:
        """Expected amount ``[n]`` and its quantiles ``[n, Q]``."""
        return _answers(self.weighted(), inputs.only(self.names))

    def plain_answers(self, inputs: HeadInputs) -> tuple[Floats, Floats]:
        """The same of the model that reads the features alone."""
        return _answers([(1.0, self.plain)], inputs.only(self.names))

    def boosters(self) -> dict[str, Boosting]:
        """All boosters by the names they are saved under."""
        found = {}
        for name, model in self._models().items():
            found[f"amount_{name}_mean"] = model.mean_trees
            found |= {f"amount_{name}_{place}": trees for place, trees in enumerate(model.relative.trees)}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything but the boosters, as JSON types."""
        models = {
            name: {
                "factor": model.factor,
                "least": model.least,
                "levels": list(model.relative.levels),
                "sizes": model.relative.sizes.tolist(),
                "corrections": model.relative.corrections.tolist(),
            }
            for name, model in self._models().items()
        }
        return {"names": list(self.names), "share": self.share, "models": models}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], *, boosters: Mapping[str, Boosting]) -> AmountHead:
        """Rebuild from ``to_dict`` and ``boosters``."""
        models = {name: _read(name, body, boosters) for name, body in saved["models"].items()}
        return cls(tuple(saved["names"]), models.get("sequence"), models["plain"], saved["share"])

    def _models(self) -> dict[str, AmountModel]:
        first = {} if self.with_sequence is None else {"sequence": self.with_sequence}
        return {**first, "plain": self.plain}


def fit_amount_head(train: Part, *, validation: Part, levels: tuple[float, ...], seed: int) -> AmountHead:
    """Fit both models and choose their weights.

    The mean is learned by the Tweedie loss (many zeros, then amounts); the model with the sequence state is weighed by
    that loss on the validation window, which also stops the trees, sets the total and corrects the quantiles: so much
    is added to each level, among customers of about the same mean, that the share of amounts below it is right there.

    Args:
        train: Inputs and amounts of the training window.
        validation: Those of a later one.
        levels: Quantile levels.
        seed: Decides bagging and column sampling.

    References:
        Tweedie, An index which distinguishes between some important exponential families, 1984; the deviance with
        power p is in Jorgensen, Exponential dispersion models, Journal of the Royal Statistical Society B 49, 1987.
        Conformalized quantiles: Romano, Patterson and Candes, 2019, equation 6, one-sided for each level and within
        groups (Vovk, Conditional validity of inductive conformal predictors, 2012).
    """
    inputs, _ = train
    means = {states: _fit_mean(train, validation, reads_states=states, seed=seed) for states in (True, False)}
    later = {states: _mean(*means[states], _matrix(validation[0], states)) for states in (True, False)}
    losses = {
        share: tweedie_deviance(validation[1], share * later[True] + (1 - share) * later[False]) for share in _SHARES
    }
    share = min(losses, key=lambda one: losses[one])
    fitted = {
        states: _with_quantiles(train, validation, means[states], reads_states=states, levels=levels, seed=seed)
        for states in (True, False)
        if not states or share > 0
    }
    return AmountHead(inputs.names, fitted.get(True), fitted[False], share)


def tweedie_deviance(amounts: Floats, mean: Floats) -> float:
    """Mean Tweedie deviance of power 1.3: between counts (1) and sizes (2), finite where the amount is 0.

    Example:
        >>> tweedie_deviance(np.array([2.0]), np.array([2.0]))
        0.0
    """
    p, mean = _POWER, np.maximum(mean, 1e-9)
    own = amounts ** (2 - p) / ((1 - p) * (2 - p))
    deviance = 2 * (own - amounts * mean ** (1 - p) / (1 - p) + mean ** (2 - p) / (2 - p))
    return float(np.maximum(deviance, 0.0).mean())


def _answers(parts: list[tuple[float, AmountModel]], inputs: HeadInputs) -> tuple[Floats, Floats]:
    means = [(share, model, model.mean(inputs)) for share, model in parts]
    mean = sum(share * found for share, _, found in means)
    return np.asarray(mean), np.asarray(sum(share * model.quantiles(inputs, found) for share, model, found in means))


def _fit_mean(train: Part, validation: Part, *, reads_states: bool, seed: int) -> tuple[Boosting, float]:
    """The booster of the mean, and the factor that makes the validation window's total right."""
    matrix = _matrix(validation[0], reads_states)
    trees = fit_boosting(
        _matrix(train[0], reads_states),
        train[1],
        objective=AMOUNTS,
        validation=(matrix, validation[1], None),
        seed=seed,
    )
    total = float(trees.predict(matrix).sum())
    factor = float(validation[1].sum()) / total if total > 0 else 1.0
    return trees, float(np.clip(factor, 1 / _FURTHEST_OFF, _FURTHEST_OFF))


def _with_quantiles(
    train: Part,
    validation: Part,
    mean: tuple[Boosting, float],
    *,
    reads_states: bool,
    levels: tuple[float, ...],
    seed: int,
) -> AmountModel:
    trees, factor = mean
    least = max(float(train[1].mean()) * _LEAST_SHARE_OF_MEAN, 1e-9)

    def part(inputs: HeadInputs, amounts: Floats) -> Window:
        matrix = _matrix(inputs, reads_states)
        scale = np.maximum(_mean(trees, factor, matrix), least)
        return _beside_mean(matrix, scale), amounts, scale

    later = part(*validation)
    boosters = fit_quantile_trees(part(*train), validation=later, levels=levels, seed=seed)
    features, amounts, scale = later
    residual = (amounts / scale)[:, None] - _relative(boosters, features)
    sizes, corrections = _corrections(residual, np.log(scale), levels)
    return AmountModel(reads_states, trees, factor, least, RelativeQuantiles(levels, boosters, sizes, corrections))


def _relative(trees: tuple[Boosting, ...], features: NDArray[np.float32]) -> Floats:
    """Quantiles in units of the mean, before they are corrected ``[n, Q]``."""
    return np.stack([booster.predict(features) for booster in trees], axis=1)


def _corrections(residual: Floats, size: Floats, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Quantiles of what is left, in groups of about the same size: middles ``[B]`` and quantiles ``[B, Q]``."""
    order = np.argsort(size, kind="stable")
    groups = np.array_split(order, int(np.clip(len(order) // _FEWEST_IN_GROUP, 1, _MOST_GROUPS)))
    middles = np.array([np.median(size[group]) for group in groups])
    found = np.array([[np.quantile(residual[group, n], level) for n, level in enumerate(levels)] for group in groups])
    distinct = np.unique(middles, return_index=True)[1]  # many customers may have one and the same mean
    return middles[distinct], found[distinct]


def _matrix(inputs: HeadInputs, reads_states: bool) -> NDArray[np.float32]:
    return inputs.with_states() if reads_states else inputs.features


def _mean(trees: Boosting, factor: float, matrix: NDArray[np.float32]) -> Floats:
    return np.asarray(factor * trees.predict(matrix))


def _beside_mean(matrix: NDArray[np.float32], scale: Floats) -> NDArray[np.float32]:
    """What the quantiles read: the features, and the mean itself."""
    return np.concatenate([matrix, np.log(scale)[:, None].astype(np.float32)], axis=1)


def _read(name: str, saved: Mapping[str, Any], boosters: Mapping[str, Boosting]) -> AmountModel:
    levels = tuple(saved["levels"])
    relative = RelativeQuantiles(
        levels,
        tuple(boosters[f"amount_{name}_{place}"] for place in range(len(levels))),
        np.asarray(saved["sizes"]),
        np.asarray(saved["corrections"]),
    )
    mean_trees = boosters[f"amount_{name}_mean"]
    return AmountModel(name == "sequence", mean_trees, saved["factor"], saved["least"], relative)
