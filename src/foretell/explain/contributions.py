"""What each input added to a blended logit, exactly: trees by TreeSHAP, linear and dense parts by their gradients.

This module owns the decomposition of a probability head's logit, and of an amount head's mean, into base, features and
sequence state, and the conversion of logits to probability points. It refuses to group features or to put them into
words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from foretell.model.amount_head import AmountHead
from foretell.model.dense import DenseNetwork
from foretell.model.inputs import HeadInputs
from foretell.predictor.fitted import FittedTask

__all__ = ["SEQUENCE", "Contributions", "feature_contributions", "in_points"]

SEQUENCE: Final = "sequence"
"""The name under which everything the sequence state added is told."""

_STEPS: Final = 32
_TOO_CLOSE: Final = 1e-6
_MISSING_SUFFIX: Final = "_is_missing"


@dataclass(frozen=True)
class Contributions:
    """A logit, or an amount, taken apart.

    Attributes:
        base: That of an average training example.
        parts: Feature (or ``SEQUENCE``) to what it added; ``base`` plus all parts is the whole.
        is_amount: Whether it is an amount and no logit.
    """

    base: float
    parts: Mapping[str, float]
    is_amount: bool = False

    @property
    def average(self) -> float:
        """The probability, or amount, of an average training example."""
        return self.base if self.is_amount else float(expit(self.base))

    @property
    def total(self) -> float:
        """The logit, or the amount."""
        return self.base + sum(self.parts.values())


def feature_contributions(fitted: FittedTask, inputs: HeadInputs) -> Contributions:
    """Take the calibrated logit of one example apart, or its mean amount.

    Args:
        fitted: The task, with a probability head or an amount head.
        inputs: One row.

    References:
        TreeSHAP: Lundberg et al., From local explanations to global understanding with explainable AI for
        trees, 2020. Integrated gradients (linear and dense parts): Sundararajan, Taly and Yan, Axiomatic
        Attribution for Deep Networks, 2017, equation 1.
    """
    if fitted.of_customers is not None:
        return _of_amount(fitted.of_customers, inputs.only(fitted.of_customers.names))
    head = fitted.head()
    inputs = inputs.only(head.names)
    names = inputs.names
    parts: dict[str, float] = dict.fromkeys((*names, SEQUENCE), 0.0)
    base = 0.0
    for component, weight in head.weights.items():
        if weight <= 0:
            continue
        if component in head.boosters:
            with_states = component == "lightgbm_sequence"
            matrix = inputs.with_states() if with_states else inputs.features
            found = head.boosters[component].contributions(matrix)[0]
            owners: tuple[str, ...] = (*names, *[SEQUENCE] * (len(found) - 1 - len(names)))
            added, start = found[:-1], float(found[-1])
        else:
            assert fitted.standardiser is not None, fitted.task.name
            plain = head.standardise(inputs.features, names)
            owners = tuple(_owner(name, names) for name in fitted.standardiser.names)
            if component == "sequence":
                plain = np.concatenate([plain, inputs.states], axis=1)
                owners += (SEQUENCE,) * inputs.states.shape[1]
            added, start = integrated_gradients(head.networks[component], plain[0])
        base += weight * start
        for owner, amount in zip(owners, added, strict=True):
            parts[owner] += weight * float(amount)
    slope, offset = head.calibration.slope, head.calibration.offset
    return Contributions(slope * base + offset, {name: slope * amount for name, amount in parts.items()})


def _of_amount(head: AmountHead, inputs: HeadInputs) -> Contributions:
    """The mean of one row taken apart: the trees tell it on the scale of its logarithm.

    A part's amount is its logarithm times the mean slope of the exponential on the way from the average example, so the
    parts add up and keep their signs and proportions (the integrated gradient of the exponential).
    """
    parts: dict[str, float] = dict.fromkeys((*inputs.names, SEQUENCE), 0.0)
    base = 0.0
    for share, model in head.weighted():
        found = model.mean_trees.contributions(model.matrix(inputs))[0]
        start, end = float(found[-1]), float(found.sum())
        slope = _mean_slope(np.exp, np.exp, start, end)
        owners = (*inputs.names, *[SEQUENCE] * (len(found) - 1 - len(inputs.names)))
        for owner, amount in zip(owners, found[:-1], strict=True):
            parts[owner] += share * model.factor * slope * float(amount)
        base += share * model.factor * float(np.exp(start))
    return Contributions(base, parts, is_amount=True)


def integrated_gradients(network: DenseNetwork, row: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """What each input of a network added to its output, on the way from its average training input to ``row``.

    Returns:
        ``[F]`` contributions and the output at the average input. Their sum is the output at ``row`` (the small
        error of the numerical integral is shared out in proportion).
    """
    start, end = network.mean, torch.from_numpy(np.array(row))
    steps = (torch.arange(_STEPS, dtype=torch.float32)[:, None] + 0.5) / _STEPS
    path = (start + steps * (end - start)).requires_grad_(True)
    (slopes,) = torch.autograd.grad(network(path).sum(), path)
    added = ((end - start) * slopes.mean(0)).double().numpy()
    base, full = network.raw(torch.stack([start, end]).numpy())
    missed = float(full - base - added.sum())
    total = float(np.abs(added).sum())
    return (added + missed * np.abs(added) / total if total > 0 else added), float(base)


def in_points(contributions: Contributions) -> dict[str, float]:
    """Logit contributions as shares of the probability's way from the average example to this one; amounts as they are.

    A part's effect is its logit times the mean slope of the sigmoid on that way, so the effects add up to
    ``p - p_base`` and keep their signs and proportions (the integrated gradient of the sigmoid).

    Example:
        >>> effects = in_points(Contributions(0.0, {"a": 2.0, "b": -2.0}))
        >>> round(effects["a"], 3), round(effects["b"], 3)
        (0.5, -0.5)
    """
    if contributions.is_amount:
        return dict(contributions.parts)
    slope = _mean_slope(expit, lambda logit: expit(logit) * (1 - expit(logit)), contributions.base, contributions.total)
    return {name: amount * slope for name, amount in contributions.parts.items()}


def _mean_slope(
    curve: Callable[[float], float], derivative: Callable[[float], float], start: float, end: float
) -> float:
    """The mean slope of a curve between two places; its derivative where they are next to each other."""
    way = end - start
    return float(curve(end) - curve(start)) / way if abs(way) > _TOO_CLOSE else float(derivative(end))


def _owner(name: str, names: tuple[str, ...]) -> str:
    """The feature a standardised column belongs to: ``x_is_missing`` belongs to ``x``."""
    return name if name in names else name.removesuffix(_MISSING_SUFFIX)
