"""What a treatment changes, and whether a ranking finds the people it changes most.

This module owns the Qini and uplift curves and their areas, with the definition named because libraries
differ. It refuses to call an effect causal: that needs randomised treatment, which the caller must state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import EvaluationError, FloatArray, binary, finite
from foretell.evaluate.ordered_uplift import OrderedUplift

__all__ = ["OrderedUplift", "Treatment", "UpliftCurve", "qini", "qini_curve", "uplift_auc", "uplift_curve"]


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Who was treated, how the model ranks the effect, and whether chance decided who was treated.

    Attributes:
        treated: 1 where the person received the treatment, 0 where not, shape ``[n]``.
        score: The predicted effect (uplift) or any score people would be chosen by, shape ``[n]``.
        randomised: True only when treatment was assigned by chance; otherwise figures are associations.
        responses: What those who responded are called, in the plural, for example ``"customers who came back"``.
    """

    treated: npt.ArrayLike
    score: npt.ArrayLike
    randomised: bool
    responses: str = "responses"


@dataclass(frozen=True)
class UpliftCurve:
    """A curve over the share of people targeted, best scores first.

    Attributes:
        share: Share of the people targeted, from 0 to 1, shape ``[m]``.
        gain: Extra responses per head of the whole population caused by targeting them, shape ``[m]``.
        random: The same when as many are picked at random (a straight line), shape ``[m]``.
    """

    share: FloatArray
    gain: FloatArray
    random: FloatArray

    @property
    def area(self) -> float:
        """Area between the curve and the random line, in responses per head."""
        return float(np.trapezoid(self.gain - self.random, self.share))


def qini_curve(label: npt.ArrayLike, *, treatment: Treatment, weight: npt.ArrayLike | None = None) -> UpliftCurve:
    """The Qini curve: extra responses among the treated of the best-scored share of people.

    At each share, ``gain = (Y_t - Y_c N_t / N_c) / N`` with responses ``Y`` and head counts ``N`` of treated
    and control among those targeted, and ``N`` all people. Ties enter together; points without control use no
    correction.

    Args:
        label: 1 where the person responded, shape ``[n]``.
        treatment: Who was treated and how people are ranked.
        weight: Row weights, shape ``[n]``.

    Returns:
        The curve per head, with its random line.

    Raises:
        EvaluationError: If the arrays do not fit together, or nobody or everybody was treated.

    Example:
        >>> facts = Treatment(treated=[1, 0, 1, 0], score=[0.9, 0.9, 0.1, 0.1], randomised=True)
        >>> qini_curve([1, 0, 0, 0], treatment=facts).gain.tolist()
        [0.0, 0.25, 0.25]

    References:
        Radcliffe, "Using control groups to target on predicted lift", Direct Marketing Analytics Journal 1
        (2007).
    """
    rows, row_weights = _prepare(label, treatment, weight)
    share, gain = rows.qini(row_weights)
    return UpliftCurve(share[0], gain[0], gain[0, -1] * share[0])


def uplift_curve(label: npt.ArrayLike, *, treatment: Treatment, weight: npt.ArrayLike | None = None) -> UpliftCurve:
    """The uplift curve: difference of response rates among the best-scored share, times that share.

    At each share ``s``, ``gain = (Y_t / N_t - Y_c / N_c) s``. Unlike Qini it weighs treated and control alike
    when they are unequally many. Ties enter together; points where one arm is missing are zero.

    Args:
        label: 1 where the person responded, shape ``[n]``.
        treatment: Who was treated and how people are ranked.
        weight: Row weights, shape ``[n]``.

    Returns:
        The curve per head, with its random line.

    Raises:
        EvaluationError: If the arrays do not fit together, or nobody or everybody was treated.

    Example:
        >>> facts = Treatment(treated=[1, 0, 1, 0], score=[0.9, 0.9, 0.1, 0.1], randomised=True)
        >>> uplift_curve([1, 0, 0, 0], treatment=facts).gain.tolist()
        [0.0, 0.5, 0.5]

    References:
        Gutierrez and Gerardy, "Causal inference and uplift modelling: a review of the literature", PMLR 67
        (2017).
    """
    rows, row_weights = _prepare(label, treatment, weight)
    share, gain = rows.uplift(row_weights)
    return UpliftCurve(share[0], gain[0], gain[0, -1] * share[0])


def qini(label: npt.ArrayLike, *, treatment: Treatment, weight: npt.ArrayLike | None = None) -> float:
    """Unnormalised Qini coefficient per head: the area between the Qini curve and its random line.

    It is in responses per head of population, so figures of different data sets cannot be compared; zero is
    what targeting at random gives.

    Args:
        label: 1 where the person responded, shape ``[n]``.
        treatment: Who was treated and how people are ranked.
        weight: Row weights, shape ``[n]``.

    Returns:
        The area, positive when the ranking finds people who respond because of the treatment.

    Raises:
        EvaluationError: If the arrays do not fit together, or nobody or everybody was treated.

    Example:
        >>> facts = Treatment(treated=[1, 0, 1, 0], score=[0.9, 0.9, 0.1, 0.1], randomised=True)
        >>> qini([1, 0, 0, 0], treatment=facts)
        0.0625

    References:
        Radcliffe, "Using control groups to target on predicted lift", Direct Marketing Analytics Journal 1
        (2007).
    """
    return qini_curve(label, treatment=treatment, weight=weight).area


def uplift_auc(label: npt.ArrayLike, *, treatment: Treatment, weight: npt.ArrayLike | None = None) -> float:
    """Area between the uplift curve and its random line, in responses per head.

    Args:
        label: 1 where the person responded, shape ``[n]``.
        treatment: Who was treated and how people are ranked.
        weight: Row weights, shape ``[n]``.

    Returns:
        The area; zero is what targeting at random gives.

    Raises:
        EvaluationError: If the arrays do not fit together, or nobody or everybody was treated.

    Example:
        >>> facts = Treatment(treated=[1, 0, 1, 0], score=[0.9, 0.9, 0.1, 0.1], randomised=True)
        >>> uplift_auc([1, 0, 0, 0], treatment=facts)
        0.125

    References:
        Gutierrez and Gerardy, "Causal inference and uplift modelling: a review of the literature", PMLR 67
        (2017).
    """
    return uplift_curve(label, treatment=treatment, weight=weight).area


def _prepare(
    label: npt.ArrayLike, treatment: Treatment, weight: npt.ArrayLike | None
) -> tuple[OrderedUplift, FloatArray]:
    labels, scores, row_weights = binary(label, probability=treatment.score, weight=weight)
    treated = finite(treatment.treated, name="treated", n_rows=len(labels))
    received = (row_weights * treated).sum()
    if not np.isin(treated, (0.0, 1.0)).all() or not 0 < received < row_weights.sum():
        raise EvaluationError(
            "Uplift needs treated and untreated people, marked 1 and 0.",
            received=f"{received:g} treated of {row_weights.sum():g}",
            remedy="Give both groups, or leave the treatment out.",
        )
    return OrderedUplift(labels, treated=treated, score=scores), row_weights[None]
