"""What another way of choosing what to show would have earned, from the log of the way that chose.

This module owns the estimates (inverse propensity, self-normalised, direct, doubly robust), their intervals and the
checks that say how far they may be trusted. It refuses logs without propensities: without them nobody knows how often
the other way's choices were tried.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import Clusters, EvaluationError, FloatArray, clusters, finite, require_rows
from foretell.evaluate.intervals import Estimate, Interval, Resamples, bootstrap
from foretell.evaluate.resampled import ratio

__all__ = ["OffPolicyStatistic", "off_policy_value"]

_NAMES: Final = ("logged", "ips", "snips", "mean_weight")
_WITH_MODEL: Final = ("direct", "doubly_robust")
_FEWEST_EFFECTIVE: Final = 100.0
_LEAST_SHARE: Final = 0.01
_TOP: Final = 0.01
_FURTHEST_FROM_ONE: Final = 0.1
_NEXT_TO_ONE: Final = 0.005
_FEWEST_UNITS: Final = 30


class OffPolicyStatistic:
    """Every estimate as a function of how often each cluster was drawn.

    With weights ``w = target / propensity`` of the rows' own choices: ``logged`` is the mean reward as logged, ``ips``
    the mean of ``w r``, ``snips`` the same over the mean of ``w``, ``direct`` the mean of the reward a model expects of
    the target policy, ``doubly_robust`` the mean of that plus ``w (r - predicted)``, ``mean_weight`` the mean of ``w``.

    Args:
        reward: Shape ``[n]``.
        weight: As the estimates take them, shape ``[n]``.
        uncut: As they are, shape ``[n]``: ``mean_weight`` is theirs.
        model: The model's reward of the row's own choice and of the target policy, each ``[n]``; None without one.
        clusters: The resampling unit of each row.

    References:
        Horvitz and Thompson, "A generalization of sampling without replacement from a finite universe", 1952.
        Swaminathan and Joachims, "The self-normalized estimator for counterfactual learning", NeurIPS 2015.
        Dudik, Langford and Li, "Doubly robust policy evaluation and learning", ICML 2011, equation 2.
    """

    def __init__(
        self,
        reward: FloatArray,
        *,
        weight: FloatArray,
        uncut: FloatArray,
        model: tuple[FloatArray, FloatArray] | None,
        clusters: Clusters,
    ) -> None:
        self.names: tuple[str, ...] = _NAMES if model is None else (*_NAMES, *_WITH_MODEL)
        self.n_rows = clusters.count
        parts = [np.ones(len(reward)), reward, weight * reward, weight, uncut]
        if model is not None:
            predicted, expected = model
            parts += [expected, expected + weight * (reward - predicted)]
        self._sums = clusters.sums(np.stack(parts, axis=1))

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Values of each draw in the order of ``names``, shape ``[r, m]``."""
        n, reward, weighted, weight, uncut, *of_model = (counts @ self._sums).T
        columns = [
            ratio(reward, denominator=n),
            ratio(weighted, denominator=n),
            ratio(weighted, denominator=weight),
            ratio(uncut, denominator=n),
            *(ratio(part, denominator=n) for part in of_model),
        ]
        return np.stack(columns, axis=1)


def off_policy_value(
    reward: npt.ArrayLike,
    *,
    propensity: npt.ArrayLike,
    target: npt.ArrayLike,
    predicted: npt.ArrayLike | None = None,
    expected: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    largest_weight: float | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """The value of a policy that did not choose, from the log of one that did.

    Args:
        reward: What came of each row, for example 1 for a click, shape ``[n]``.
        propensity: The chance with which the logged choice had been made, in (0, 1], shape ``[n]``.
        target: The chance with which the other policy would have made that same choice, in [0, 1], shape ``[n]``.
        predicted: What a model expects of the logged choice, shape ``[n]``; it must not have seen the row.
        expected: What it expects of the other policy: its predictions of all choices, weighted by that policy's
            chances, shape ``[n]``; given with ``predicted``.
        cluster: The customer of each row, the unit that is resampled; rows themselves when None.
        largest_weight: Weights are cut here: less variance, some bias.
        replicates: Resamples.
        seed: Fixes them.

    Returns:
        ``rows``; ``estimates`` (``logged``, ``ips``, ``snips`` and, with a model, ``direct`` and ``doubly_robust``) and
        ``gains`` over ``logged``, each ``value``, ``low``, ``high`` (95 %, paired); ``weights``: ``effective_rows``,
        ``mean`` with its interval, ``largest``, ``share_of_top`` (of the total, in the top hundredth of the rows) and
        ``cut`` (how many were); ``checks`` (``code``, ``name``, ``status``, ``message``).

    Raises:
        EvaluationError: If arrays do not fit together, a chance is out of range, or no row has any weight.

    Example:
        >>> found = off_policy_value([1, 0, 0, 1], propensity=[0.5] * 4, target=[1, 0, 1, 0])
        >>> found["estimates"]["ips"]["value"], found["estimates"]["snips"]["value"]
        (0.5, 0.5)
    """
    got = finite(reward, name="reward")
    require_rows(len(got))
    chance = _chances(propensity, "propensity", len(got), above_zero=True)
    wanted = _chances(target, "target", len(got), above_zero=False)
    if (predicted is None) != (expected is None):
        raise EvaluationError(
            "A model's prediction of the logged choice goes with its expectation of the policy.",
            received="predicted alone" if expected is None else "expected alone",
            remedy="Give both, or neither.",
        )
    weight = wanted / chance
    if not weight.any():
        raise EvaluationError(
            "The policy would have made none of the logged choices, so the log says nothing of it.",
            received="a target of 0 in every row",
            remedy="Check that target is the policy's chance of the choice that was logged.",
        )
    n_cut, uncut = 0, weight
    if largest_weight is not None:
        if not largest_weight > 0:
            raise EvaluationError(
                "The largest weight is above 0.", received=f"{largest_weight:g}", remedy="Give 10, or leave it out."
            )
        n_cut = int((weight > largest_weight).sum())
        weight = np.minimum(weight, largest_weight)
    model = None
    if predicted is not None and expected is not None:
        names = ("predicted", predicted), ("expected", expected)
        own, of_policy = (finite(values, name=name, n_rows=len(got)) for name, values in names)
        model = (own, of_policy)
    units = clusters(cluster, n_rows=len(got))
    statistic = OffPolicyStatistic(got, weight=weight, uncut=uncut, model=model, clusters=units)
    estimate = bootstrap(statistic, resamples=Resamples(units.count, replicates=replicates, seed=seed))
    logged = [estimate.names.index("logged")]
    gain = Estimate(
        estimate.names, estimate.point - estimate.point[logged], estimate.replicates - estimate.replicates[:, logged]
    )
    told = [name for name in statistic.names if name != "mean_weight"]
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    mean = _plain(estimate.interval("mean_weight"))
    weights = {
        "effective_rows": effective,
        "mean": mean,
        "largest": float(weight.max()),
        "share_of_top": float(np.sort(weight)[-max(int(len(weight) * _TOP), 1) :].sum() / weight.sum()),
        "cut": n_cut,
    }
    return {
        "rows": len(got),
        "estimates": {name: _plain(estimate.interval(name)) for name in told},
        "gains": {name: _plain(gain.interval(name)) for name in told if name != "logged"},
        "weights": weights,
        "checks": [_fits(mean), _enough(effective, n_rows=len(got), n_units=units.count)],
    }


def _chances(values: npt.ArrayLike, name: str, n_rows: int, *, above_zero: bool) -> FloatArray:
    found = finite(values, name=name, n_rows=n_rows)
    low = found.min()
    if low < 0 or found.max() > 1 or (above_zero and low == 0):
        raise EvaluationError(
            f"The column {name} holds chances{' above 0' if above_zero else ''} and at most 1.",
            received=f"values from {low:g} to {found.max():g}",
            remedy="Percentages are divided by 100; what was shown had a chance above 0 to be shown.",
        )
    return found


def _fits(mean: dict[str, float] | None) -> dict[str, str]:
    """Weights average one where the chances are right and every choice of the policy has been tried."""
    told = {"code": "OP001", "name": "the chances fit the log"}
    if mean is None:
        return {**told, "status": "warn", "message": "There are too few rows to say whether the weights average one."}
    value, low, high = mean["value"], mean["low"], mean["high"]
    words = f"The weights, before any is cut, average {value:.3f} ({low:.3f} to {high:.3f})"
    if abs(value - 1) < _NEXT_TO_ONE or (low <= 1 <= high and high - low < 2 * _FURTHEST_FROM_ONE):
        return {**told, "status": "pass", "message": f"{words}; they should average one."}
    if low <= 1 <= high:
        return {**told, "status": "warn", "message": f"{words}: too few rows to say whether they average one."}
    status = "fail" if abs(value - 1) > _FURTHEST_FROM_ONE else "warn"
    words += (
        " and should average one: the logged chances or the policy's are not right, or the policy makes choices that "
        "the log never tried, or chance had it so, as it does in one sound log of twenty. Unless it was chance, the "
        "estimates are off by about as much, or by more."
    )
    return {**told, "status": status, "message": words}


def _enough(effective: float, *, n_rows: int, n_units: int) -> dict[str, str]:
    is_enough = effective >= _FEWEST_EFFECTIVE and effective >= _LEAST_SHARE * n_rows
    words = f"The weighted rows say as much as {effective:,.0f} of {n_rows:,} that count alike."
    if not is_enough:
        words += " The policy chooses what the log has seldom tried: collect a log that tries more, or cut the weights."
    if n_units < _FEWEST_UNITS:
        is_enough = False
        words += f" They are of {n_units:,} customers only: intervals of so few say too little."
    status = "pass" if is_enough else "warn"
    return {"code": "OP002", "name": "enough of the policy's choices were tried", "status": status, "message": words}


def _plain(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else dict(vars(interval))
