"""From fits inside training to the answer: which model is chosen, how the blend is weighed, how chances are calibrated.

This module owns the procedure. It refuses test rows: everything here reads training rows only, each answered by models
that had not seen it (earlier ones, where rows have a time).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from foretell.evaluate.decisions import best_f1_threshold
from foretell.evaluate.probability import auc, logloss
from foretell.model.blend import blend_logits, fit_blend
from foretell.model.calibration import PlattScaling, fit_platt
from foretell.tabular.models import FittedModels, fit_models
from foretell.tabular.network import NetworkConfig
from foretell.tabular.recognise import Recognition
from foretell.tabular.split import Fold, validation_folds

__all__ = ["BLEND", "Choice", "choose_and_fit"]

Floats = NDArray[np.float64]
Step = Callable[[int, int], None]

BLEND: Final = "blend"
_CALIBRATION_SHARE: Final = 0.5
_FEWEST_TO_CALIBRATE: Final = 50
_FEWEST_TO_CHOOSE: Final = 30
_STOPPING_SHARE: Final = 0.15
_FEWEST_TO_STOP: Final = 10
_HALF_LIVES: Final = (None, 0.5, 0.25, 0.125)
_FEWEST_ROWS_TO_FORGET: Final = 1000
_ROUNDS_TO_FORGET: Final = {"dense_64_32_1": 10, "lightgbm": 120}
_ROUNDS_OF_FEW_ROWS: Final = {"dense_64_32_1": 30, "lightgbm": 60}


@dataclass(frozen=True)
class Choice:
    """What was decided inside training.

    Attributes:
        chosen: The model that answers: the one with the best AUC on the rows that decided.
        weights: The blend's weight of each model.
        calibrations: Platt scaling of each model and of the blend.
        thresholds: Where yes begins for the best F1, of each.
        scores: AUC, log loss (calibrated) and rows that decided, of each.
        positive_rate: Share of yes among the rows that decided.
        half_life: After which share of the time that training spans a row counts half; None where all count the same.
    """

    chosen: str
    weights: dict[str, float]
    calibrations: dict[str, PlattScaling]
    thresholds: dict[str, float]
    scores: dict[str, dict[str, float]]
    positive_rate: float
    half_life: float | None = None


def choose_and_fit(
    frame: pl.DataFrame,
    label: Floats,
    *,
    recognition: Recognition,
    names: Sequence[str],
    times: Floats | None = None,
    network: NetworkConfig | None = None,
    seed: int = 0,
    step: Step | None = None,
) -> tuple[FittedModels, Choice]:
    """Train on all rows given, after fits inside them have chosen, blended and calibrated.

    Args:
        frame: Training rows, in the order of time where there is one.
        label: 0 or 1 ``[n]``.
        recognition: What the columns are.
        names: Which models.
        times: The rows' times, rising.
        network: The dense network's activation, loss and optimiser.
        seed: Decides every random choice.
        step: Told how many fits are done, of how many.

    Returns:
        The models trained on all rows, and what was decided.
    """
    folds = validation_folds(label, times=times, seed=seed)
    fit = partial(fit_models, recognition=recognition, network=network, seed=seed)
    half_life = _half_life(frame, label, names, folds, times, fit=fit)
    rounds = _rounds(frame, label, names, in_time=times is not None, seed=seed, fit=fit)
    n_fits = len(folds) + 1
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    for number, fold in enumerate(folds):
        part = (frame[fold.train], label[fold.train])
        weight = _weights(times, fold.train, half_life)
        fitted = fit(*part, names=names, rounds=rounds, weight=weight)
        for name, found in fitted.logits(frame[fold.validation]).items():
            parts[name].append(found)
        if step:
            step(number + 1, n_fits)
    logits = {name: np.concatenate(values) for name, values in parts.items()}
    truth = np.concatenate([label[fold.validation] for fold in folds])
    choice = replace(_decide(logits, truth, folds, in_time=times is not None), half_life=half_life)
    weight = _weights(times, np.arange(len(label)), half_life)
    final = fit(frame, label, names=names, rounds=rounds, weight=weight)
    if step:
        step(n_fits, n_fits)
    return final, choice


def _half_life(
    frame: pl.DataFrame,
    label: Floats,
    names: Sequence[str],
    folds: list[Fold],
    times: Floats | None,
    *,
    fit: Callable[..., FittedModels],
) -> float | None:
    """How fast the past is to be forgotten, as a share of the time that training spans: what later rows say.

    Asked of the trees alone (or the first model), for all models: what drifts, drifts for all of them.
    """
    if times is None or len(label) < _FEWEST_ROWS_TO_FORGET:
        return None
    asked = ["lightgbm"] if "lightgbm" in names else [names[0]]
    scores: dict[float | None, float] = {}
    for candidate in _HALF_LIVES:
        found = []
        for fold in folds:
            fitted = fit(
                frame[fold.train],
                label[fold.train],
                names=asked,
                rounds=_ROUNDS_TO_FORGET,
                weight=_weights(times, fold.train, candidate),
            )
            found.append(fitted.logits(frame[fold.validation])[asked[0]])
        truth = np.concatenate([label[fold.validation] for fold in folds])
        scores[candidate] = auc(truth, probability=expit(np.concatenate(found)))
    return max(scores, key=lambda candidate: scores[candidate])


def _weights(times: Floats | None, rows: NDArray[np.int64], half_life: float | None) -> Floats | None:
    """How much each training row counts, 1 on average."""
    if times is None or half_life is None:
        return None
    moments = times[rows]
    span = max(float(moments.max() - moments.min()), 1e-12)
    weight = 0.5 ** ((moments.max() - moments) / (half_life * span))
    return np.asarray(weight / weight.mean())


def _rounds(
    frame: pl.DataFrame,
    label: Floats,
    names: Sequence[str],
    *,
    in_time: bool,
    seed: int,
    fit: Callable[..., FittedModels],
) -> dict[str, int]:
    """How long network and trees train: decided once, by the latest (or a random) part of the rows.

    Deciding anew within every fold, on the rows that the fold is then judged by, would flatter the models that stop
    early over those that do not.
    """
    stopping = [name for name in names if name in ("dense_64_32_1", "lightgbm")]
    place = np.arange(len(label)) if in_time else np.random.default_rng([seed, 6]).permutation(len(label))
    cut = int(len(label) * (1 - _STOPPING_SHARE))
    train, later = np.sort(place[:cut]), np.sort(place[cut:])
    rarer = [min(label[rows].sum(), len(rows) - label[rows].sum()) for rows in (train, later)]
    if not stopping or rarer[0] < 2 or rarer[1] < _FEWEST_TO_STOP:
        return {name: rounds for name, rounds in _ROUNDS_OF_FEW_ROWS.items() if name in stopping}
    fitted = fit(frame[train], label[train], names=stopping, validation=(frame[later], label[later]))
    return {name: max(taken, 1) for name, taken in fitted.rounds.items()}


def _decide(logits: dict[str, Floats], truth: Floats, folds: list[Fold], *, in_time: bool) -> Choice:
    weights = fit_blend(logits, truth)
    candidates = {**logits, BLEND: blend_logits(logits, weights)} if len(logits) > 1 else logits
    late = _latest(folds, truth) if in_time else slice(None)
    calibrations = {name: fit_platt(values[late], truth[late]) for name, values in candidates.items()}
    chances = {name: calibrations[name].probability(values) for name, values in candidates.items()}
    scores = {
        name: {
            "auc": auc(truth, probability=chance),
            "logloss": logloss(truth[late], probability=chance[late]),
            "rows": float(len(truth)),
        }
        for name, chance in chances.items()
    }
    rarer = min(truth.sum(), len(truth) - truth.sum())
    by_auc = max(scores, key=lambda name: (scores[name]["auc"], name == BLEND))
    # Few rows cannot tell models apart; the blend is then the safe answer.
    chosen = by_auc if rarer >= _FEWEST_TO_CHOOSE or BLEND not in scores else BLEND
    return Choice(
        chosen=chosen,
        weights=weights,
        calibrations=calibrations,
        thresholds={
            name: float(best_f1_threshold(truth[late], probability=chance[late])) for name, chance in chances.items()
        },
        scores=scores,
        positive_rate=float(truth[late].mean()),
    )


def _latest(folds: list[Fold], truth: Floats) -> slice:
    """The latest blocks that hold about half of the deciding rows, more where that half says too little."""
    sizes = [len(fold.validation) for fold in folds]
    start = 0
    for number in range(len(sizes)):
        start = sum(sizes[:number])
        rest = truth[start:]
        next_rest = truth[start + sizes[number] :]
        rarer = min(next_rest.sum(), len(next_rest) - next_rest.sum()) if len(next_rest) else 0
        if len(next_rest) < _CALIBRATION_SHARE * len(truth) or rarer < _FEWEST_TO_CALIBRATE:
            return slice(len(truth) - len(rest), None)
    return slice(start, None)
