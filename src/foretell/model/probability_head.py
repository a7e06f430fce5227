"""The probability head: several models of one yes-or-no question, blended and calibrated on a later window.

This module owns the components and how they are joined. It refuses to choose anything on test data: early
stopping, blend weights and calibration all read the validation window only.

Components: ``lightgbm`` (features), ``lightgbm_sequence`` (features and sequence state), ``sequence`` (a dense
network on the state and the standardised features), ``linear`` (logistic regression on the standardised features).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from foretell.model.blend import blend_logits, fit_blend
from foretell.model.boosting import Boosting, fit_boosting, leaves_for
from foretell.model.calibration import PlattScaling, fit_platt
from foretell.model.dense import DenseNetwork, fit_dense
from foretell.model.inputs import HeadInputs

__all__ = ["COMPONENTS", "HeadAnswers", "ProbabilityHead", "Standardise", "fit_probability_head"]

COMPONENTS: Final = ("lightgbm", "lightgbm_sequence", "sequence", "linear")
Standardise = Callable[[NDArray[np.float32], tuple[str, ...]], NDArray[np.float32]]


@dataclass(frozen=True)
class HeadAnswers:
    """What a head says of some examples.

    Attributes:
        probability: Calibrated ``[n]``.
        uncalibrated: What the blend says before calibration ``[n]``, to show what calibration changed.
        alone: Calibrated, by one component alone ``[n]``, for the components asked about.
    """

    probability: NDArray[np.float64]
    uncalibrated: NDArray[np.float64]
    alone: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class ProbabilityHead:
    """A fitted yes-or-no answer.

    Attributes:
        names: Feature names in the order the head reads them.
        boosters: ``lightgbm`` and ``lightgbm_sequence``.
        networks: ``sequence`` and ``linear``.
        weights: Blend weight of each component.
        calibration: Platt scaling of the blended logit.
        alone: Platt scaling of each component on its own, for the comparison in the report.
    """

    names: tuple[str, ...]
    boosters: dict[str, Boosting]
    networks: dict[str, DenseNetwork]
    weights: dict[str, float]
    calibration: PlattScaling
    alone: dict[str, PlattScaling]
    standardise: Standardise = field(repr=False)

    def logits(
        self, inputs: HeadInputs, *, components: tuple[str, ...] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Logits of the components (by default those with weight), each ``[n]``."""
        wanted = components or tuple(name for name, weight in self.weights.items() if weight > 0)
        inputs = inputs.only(self.names)  # a head may have been fitted on a selection of the features
        return _component_logits(inputs, wanted, self.boosters, self.networks, self.standardise)

    def answers(self, inputs: HeadInputs, *, alone: tuple[str, ...] = ()) -> HeadAnswers:
        """The answers of the blend, and of some components on their own; each component is asked once."""
        blended = tuple(name for name, weight in self.weights.items() if weight > 0)
        logits = self.logits(inputs, components=tuple(dict.fromkeys((*blended, *alone))))
        blend = blend_logits(logits, self.weights)
        return HeadAnswers(
            probability=self.calibration.probability(blend),
            uncalibrated=np.asarray(expit(blend)),
            alone={name: self.alone[name].probability(logits[name]) for name in alone},
        )

    def probability(self, inputs: HeadInputs) -> NDArray[np.float64]:
        """Calibrated probability of each example ``[n]``."""
        return self.answers(inputs).probability

    def to_dict(self) -> dict[str, Any]:
        """Everything but boosters and networks, as JSON types."""
        return {
            "names": list(self.names),
            "weights": self.weights,
            "calibration": [self.calibration.slope, self.calibration.offset],
            "alone": {name: [scaling.slope, scaling.offset] for name, scaling in self.alone.items()},
            "hidden": {name: list(network.hidden) for name, network in self.networks.items()},
            "n_inputs": {name: len(network.mean) for name, network in self.networks.items()},
        }


def fit_probability_head(
    train: tuple[HeadInputs, NDArray[np.float64]],
    *,
    validation: tuple[HeadInputs, NDArray[np.float64], NDArray[np.float64] | None],
    standardise: Standardise,
    seed: int,
    components: tuple[str, ...] = COMPONENTS,
    learning_rate: float | None = None,
) -> ProbabilityHead:
    """Fit the components on the training window; stop, blend and calibrate them on the validation window.

    Args:
        train: Inputs and label of the training window.
        validation: Inputs, label and weight (how many real examples a row stands for) of the later window.
        standardise: Turns raw features into finite, comparable ones (fitted on the training window).
        seed: Decides every random choice.
        components: Which models to fit and blend.
        learning_rate: Of the trees; by default .05, and .02 where there are few examples of one answer.
    """
    inputs, label = train
    later, later_label, later_weight = validation
    # Components learn from the rows as they were sampled: weights of down-sampled negatives would drown the
    # positives. What the sampling did to the rates is put right by the weighted blend and calibration.
    rarer = float(min(label.sum(), len(label) - label.sum()))
    objective = {
        "objective": "binary",
        "num_leaves": leaves_for(rarer),
        "learning_rate": learning_rate or (0.05 if rarer > 2000 else 0.02),
        "min_data_in_leaf": int(np.clip(rarer / 20, 10, 100)),
    }
    boosters: dict[str, Boosting] = {
        name: fit_boosting(
            _matrix(inputs, name),
            label,
            objective=objective,
            validation=(_matrix(later, name), later_label, None),
            seed=seed,
        )
        for name in ("lightgbm", "lightgbm_sequence")
        if name in components
    }
    networks: dict[str, DenseNetwork] = {
        name: fit_dense(
            _dense_matrix(inputs, name, standardise),
            label,
            validation=(_dense_matrix(later, name, standardise), later_label),
            hidden=hidden,
            seed=seed,
        )
        for name, hidden in (("sequence", (64,)), ("linear", ()))
        if name in components
    }
    logits = _component_logits(later, components, boosters, networks, standardise)
    weights = fit_blend(logits, later_label, weight=later_weight)
    blended = blend_logits(logits, weights)
    calibration = fit_platt(blended, later_label, weight=later_weight)
    return ProbabilityHead(
        names=inputs.names,
        boosters=boosters,
        networks=networks,
        weights=weights,
        calibration=calibration,
        alone={name: fit_platt(logits[name], later_label, weight=later_weight) for name in components},
        standardise=standardise,
    )


def _component_logits(
    inputs: HeadInputs,
    components: tuple[str, ...],
    boosters: dict[str, Boosting],
    networks: dict[str, DenseNetwork],
    standardise: Standardise,
) -> dict[str, NDArray[np.float64]]:
    found: dict[str, NDArray[np.float64]] = {}
    plain = standardise(inputs.features, inputs.names) if set(components) - set(boosters) else None
    for name in components:
        if name in boosters:
            found[name] = boosters[name].raw(_matrix(inputs, name))
        elif plain is not None:
            found[name] = networks[name].raw(_beside_states(plain, inputs, name))
    return found


def _matrix(inputs: HeadInputs, name: str) -> NDArray[np.float32]:
    return inputs.with_states() if name == "lightgbm_sequence" else inputs.features


def _dense_matrix(inputs: HeadInputs, name: str, standardise: Standardise) -> NDArray[np.float32]:
    return _beside_states(standardise(inputs.features, inputs.names), inputs, name)


def _beside_states(plain: NDArray[np.float32], inputs: HeadInputs, name: str) -> NDArray[np.float32]:
    return np.concatenate([plain, inputs.states], axis=1) if name == "sequence" else plain
