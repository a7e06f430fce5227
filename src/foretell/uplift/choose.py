"""Which learner's effects to act on, chosen inside training by how well they rank people it has not seen.

This module owns the candidates (each learner, their mean, and the mean with the response model), the choice, and the
calibration of the chosen effects. It refuses to look at rows that will be judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foretell.evaluate.ordered_effects import OrderedEffects
from foretell.model.uplift import BASELINES, SIZES, UPLIFT_LEARNERS, Trial, UpliftModel
from foretell.model.uplift.scores import cross_fitted_levels, doubly_robust_scores, folds_of

__all__ = ["Calibration", "FittedUplift", "choose_and_fit", "component_effects"]

Floats = NDArray[np.float64]

MEAN: Final = "mean"
MEAN_AND_RESPONSE: Final = "mean_and_response"
RESPONSE: Final = "response_model"
_FOLDS: Final = 3
_DRAWS: Final = 40
_SMALLEST_SLOPE: Final = 0.02


@dataclass(frozen=True)
class Calibration:
    """From a ranking to effects in units of the outcome, a line for each arm.

    Attributes:
        middle: Mean of each component in training, by name, ``[K]``.
        spread: Its standard deviation, ``[K]``.
        level: Each arm's mean effect, ``[K]``.
        slope: Effect for one standard deviation of the ranking, ``[K]``.
    """

    middle: Mapping[str, list[float]]
    spread: Mapping[str, list[float]]
    level: list[float]
    slope: list[float]

    def effects(self, components: Mapping[str, Floats]) -> Floats:
        """Effects ``[n, K]`` from the chosen components' raw ones."""
        parts = [(components[name] - np.array(self.middle[name])) / np.array(self.spread[name]) for name in self.middle]
        return np.asarray(np.array(self.level) + np.array(self.slope) * np.mean(parts, axis=0))


@dataclass(frozen=True)
class FittedUplift:
    """Learners fitted on a trial, and what was chosen.

    Attributes:
        models: Fitted components by name (``learner:size``).
        chosen: ``mean``, ``mean_and_response`` or one learner.
        calibrations: Makes the ranking of each candidate effects.
        scores: Of each candidate: gain area inside training, and its standard error against the mean's.
    """

    models: Mapping[str, UpliftModel] = field(repr=False)
    chosen: str
    calibrations: Mapping[str, Calibration] = field(repr=False)
    scores: Mapping[str, dict[str, float]]

    def effects(self, features: NDArray[np.float32]) -> Floats:
        """The effect of each arm over control, in units of the outcome, by the chosen candidate, ``[n, K]``."""
        return self.calibrations[self.chosen].effects(component_effects(self.only_chosen().models, features))

    def all_effects(self, features: NDArray[np.float32]) -> dict[str, Floats]:
        """The same by every candidate."""
        raw = component_effects(self.models, features)
        return {name: line.effects(raw) for name, line in self.calibrations.items()}

    def only_chosen(self) -> FittedUplift:
        """Without what the chosen candidate does not need."""
        line = self.calibrations[self.chosen]
        models = {name: model for name, model in self.models.items() if name in line.middle}
        return FittedUplift(models, self.chosen, {self.chosen: line}, self.scores)


def component_effects(models: Mapping[str, UpliftModel], features: NDArray[np.float32]) -> dict[str, Floats]:
    """Raw effects of each fitted component, ``[n, K]`` each."""
    known = {**UPLIFT_LEARNERS, **BASELINES}
    return {name: known[model.learner].effects(model, features) for name, model in models.items()}


def choose_and_fit(
    trial: Trial,
    *,
    learners: Sequence[str] = tuple(UPLIFT_LEARNERS),
    sizes: Sequence[str] = tuple(SIZES),
    cluster: NDArray[Any] | None = None,
    seed: int = 0,
) -> FittedUplift:
    """Fit every learner out of fold, choose, calibrate, and fit the chosen ones on everybody.

    The mean of all learners (each in standard deviations) is kept unless another candidate's gain area, on the same
    doubly robust scores, is better by more than one standard error of the difference: effects are so faint that the
    best of many noisy figures is mostly luck.

    Args:
        trial: The people to learn from.
        learners: Which of ``UPLIFT_LEARNERS``.
        sizes: Which of ``SIZES``.
        cluster: The person of each row, where people have several: their rows stay in one fold.
        seed: Decides folds and trees.

    Returns:
        Every component, fitted on the whole trial, and the choice.

    Example:
        >>> random = np.random.default_rng(0)
        >>> features = random.normal(size=(600, 1)).astype(np.float32)
        >>> arm = np.arange(600) % 2
        >>> outcome = arm * (features[:, 0] > 0) * 1.0
        >>> trial = Trial(features, arm, outcome, np.full((600, 2), 0.5))
        >>> fitted = choose_and_fit(trial, sizes=("stumps",))
        >>> effects = fitted.effects(features)[:, 0]
        >>> bool(effects[features[:, 0] > 0].mean() > effects[features[:, 0] <= 0].mean() + 0.5)
        True

    References:
        Breiman et al., "Classification and regression trees", 1984, section 3.4.3 (one standard error).
        Chernozhukov, Demirer, Duflo and Fernandez-Val, "Generic machine learning inference on heterogeneous treatment
        effects", 2018, equation 2.1 (the line that calibrates a proxy of the effect).
    """
    fold = folds_of(trial, n_folds=_FOLDS, seed=seed, cluster=cluster)
    names = [(f"{learner}:{size}", learner, size) for learner in (*learners, RESPONSE) for size in sizes]
    raw = {name: np.empty((len(trial.outcome), trial.n_arms)) for name, *_ in names}
    for part in range(_FOLDS):
        inside = fold == part
        fitted = {name: _fit(trial.take(~inside), learner, size, seed) for name, learner, size in names}
        for name, found in component_effects(fitted, trial.features[inside]).items():
            raw[name][inside] = found
    levels = cross_fitted_levels(trial, fold=fold, size=SIZES[sizes[0]], seed=seed)
    scores = doubly_robust_scores(trial, levels=levels)
    effect = scores[:, 1:] - scores[:, :1]
    candidates = _candidates([name for name, *_ in names])
    lines = {candidate: _line(raw, parts, effect) for candidate, parts in candidates.items()}
    ranked = {candidate: line.effects(raw) for candidate, line in lines.items()}
    figures = _figures(ranked, effect=effect, seed=seed)
    chosen = _chosen(figures)
    models = {name: _fit(trial, learner, size, seed) for name, learner, size in names}
    return FittedUplift(models, chosen, lines, figures)


def _fit(trial: Trial, learner: str, size: str, seed: int) -> UpliftModel:
    return {**UPLIFT_LEARNERS, **BASELINES}[learner].fit(trial, SIZES[size], seed)


def _candidates(names: list[str]) -> dict[str, list[str]]:
    """The components each candidate is the mean of."""
    response = [name for name in names if name.startswith(RESPONSE)]
    effects = [name for name in names if name not in response]
    by_learner: dict[str, list[str]] = {}
    for name in effects:
        by_learner.setdefault(name.partition(":")[0], []).append(name)
    return {MEAN: effects, MEAN_AND_RESPONSE: effects + response, **by_learner}


def _line(raw: Mapping[str, Floats], parts: list[str], effect: Floats) -> Calibration:
    middle = {name: raw[name].mean(axis=0).tolist() for name in parts}
    spread = {name: np.maximum(raw[name].std(axis=0), 1e-12).tolist() for name in parts}
    n_arms = effect.shape[1]
    ranking = Calibration(middle, spread, [0.0] * n_arms, [1.0] * n_arms).effects(raw)
    centred = ranking - ranking.mean(axis=0)
    variance = np.maximum((centred**2).mean(axis=0), 1e-12)
    slope = (centred * (effect - effect.mean(axis=0))).mean(axis=0) / variance
    level = effect.mean(axis=0)
    # A ranking of no use still ranks; its effects are all but the arm's mean.
    smallest = _SMALLEST_SLOPE * np.maximum(np.abs(level), 1e-9)
    return Calibration(middle, spread, level.tolist(), np.maximum(slope, smallest).tolist())


def _figures(ranked: Mapping[str, Floats], *, effect: Floats, seed: int) -> dict[str, dict[str, float]]:
    """Gain area of each candidate, mean over arms; over resamples the standard error of its gap to the mean's."""
    random = np.random.default_rng(seed)
    drawn = random.poisson(1.0, size=(_DRAWS, len(effect))).astype(np.float64)
    weights = np.vstack([np.ones(len(effect)), drawn])
    areas = {
        name: np.mean(
            [
                OrderedEffects(effect[:, arm], score=ranking[:, arm]).areas(weights)[:, 1]
                for arm in range(effect.shape[1])
            ],
            axis=0,
        )
        for name, ranking in ranked.items()
    }
    return {
        name: {
            "gain_area": float(found[0]),
            "standard_error": float((found - areas[MEAN])[1:].std()),
        }
        for name, found in areas.items()
    }


def _chosen(figures: Mapping[str, dict[str, float]]) -> str:
    best, most = MEAN, 0.0
    for name, found in figures.items():
        ahead = found["gain_area"] - figures[MEAN]["gain_area"]
        if ahead > max(found["standard_error"], most):
            best, most = name, ahead
    return best
