"""Two sets of answers to the same questions, held against each other on the same rows.

This module owns the paired differences with their intervals, the permutation test beside them, and the verdict. It
refuses rows that are not the same for both; the caller matches them.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from foretell.evaluate.assemble import outcome
from foretell.evaluate.definitions import definition
from foretell.evaluate.inputs import Clusters, FloatArray, clusters, finite, probabilities, require_rows
from foretell.evaluate.intervals import Interval, Resamples, Statistic, bootstrap, paired_difference
from foretell.evaluate.probability import row_logloss
from foretell.evaluate.quantiles import row_pinball
from foretell.evaluate.resampled import MeanStatistic
from foretell.evaluate.resampled_amounts import QuantileStatistic
from foretell.evaluate.resampled_probability import ProbabilityStatistic

__all__ = ["compare_forecasts", "compare_lists", "compare_probabilities", "permutation_p_value"]

_OF_PROBABILITIES: Final = ("auc", "average_precision", "logloss", "brier", "ece")
_OF_FORECASTS: Final = ("wape", "wql", "pinball", "mae", "bias", "coverage")
_CHUNK: Final = 200

Better = Literal["first", "second", "neither"]
_FOR_FIRST: Final[dict[str, Better]] = {"beats": "first", "behind": "second", "ties": "neither"}


def compare_probabilities(
    label: npt.ArrayLike,
    *,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Two models' probabilities of the same yes-or-no cases.

    Args:
        label: 0 or 1 ``[n]``.
        first: The first model's probabilities ``[n]``.
        second: The second model's ``[n]``.
        weight: How many real cases each row stands for ``[n]``.
        cluster: Who each row is about ``[n]``: rows of one user are drawn, and swapped, together.
        replicates: Resamples and permutations.
        seed: Decides both.

    Returns:
        ``metrics``: by name ``first``, ``second``, ``difference`` (first minus second: ``value``, ``low``, ``high``)
        and ``better``; ``permutation``: the ``metric`` tested and its ``p_value``; ``rows`` and ``clusters``.

    Raises:
        EvaluationError: If the arrays do not fit together or are no probabilities.

    Example:
        >>> label = np.tile([0, 1], 50)
        >>> found = compare_probabilities(label, first=np.where(label, 0.8, 0.2), second=np.full(100, 0.5))
        >>> found["metrics"]["auc"]["better"], found["permutation"]["p_value"] < 0.01
        ('first', True)
    """
    labels, one, weights = probabilities(label, probability=first, weight=weight)
    require_rows(len(labels))
    _, other, _ = probabilities(label, probability=second, weight=weight)
    units = clusters(cluster, n_rows=len(labels))
    pair = [
        ProbabilityStatistic(labels, probability=values, weight=weights, clusters=units, threshold=0.5)
        for values in (one, other)
    ]
    losses = [row_logloss(labels, probability=values) * weights for values in (one, other)]
    return _compared(
        pair,
        units=units,
        names=_OF_PROBABILITIES,
        tested=("logloss", losses[0] - losses[1]),
        replicates=replicates,
        seed=seed,
    )


def compare_lists(
    first: dict[str, FloatArray],
    *,
    second: dict[str, FloatArray],
    cluster: npt.ArrayLike | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Two models' lists, by what each list is worth: values ``[n]`` by metric, for example ``ndcg@10``.

    Args:
        first: The first model's values.
        second: The second model's, of the same lists' customers and moments.
        cluster: Who each list is for ``[n]``.
        replicates: Resamples and permutations.
        seed: Decides both.

    Returns:
        As ``compare_probabilities``; the first metric is the one tested.

    Raises:
        EvaluationError: If the values do not fit together.
    """
    names = tuple(first)
    one = {name: finite(first[name], name=name) for name in names}
    other = {name: finite(second[name], name=name, n_rows=len(one[names[0]])) for name in names}
    units = clusters(cluster, n_rows=len(one[names[0]]))
    pair = [MeanStatistic(values, clusters=units) for values in (one, other)]
    tested = (names[0], one[names[0]] - other[names[0]])
    return _compared(pair, units=units, names=names, tested=tested, replicates=replicates, seed=seed)


def compare_forecasts(
    actual: npt.ArrayLike,
    *,
    first: tuple[FloatArray, FloatArray],
    second: tuple[FloatArray, FloatArray],
    levels: FloatArray,
    cluster: npt.ArrayLike | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Two models' forecasts of the same quantities.

    Args:
        actual: What happened ``[n]``.
        first: The first model's quantiles ``[n, q]`` and mean ``[n]``.
        second: The second model's.
        levels: The quantile levels ``[q]``, the same for both.
        cluster: Which item each row is about ``[n]``.
        replicates: Resamples and permutations.
        seed: Decides both.

    Returns:
        As ``compare_probabilities``; the pinball loss is tested.

    Raises:
        EvaluationError: If the arrays do not fit together.
    """
    truth = finite(actual, name="actual")
    require_rows(len(truth))
    units = clusters(cluster, n_rows=len(truth))
    middle = int(np.argmin(np.abs(levels - 0.5)))
    pair = [
        QuantileStatistic(truth, quantiles=table, levels=levels, points=(table[:, middle], mean), clusters=units)
        for table, mean in (first, second)
    ]
    losses = [row_pinball(truth, quantiles=table, levels=levels).mean(axis=1) for table, _ in (first, second)]
    return _compared(
        pair,
        units=units,
        names=_OF_FORECASTS,
        tested=("pinball", losses[0] - losses[1]),
        replicates=replicates,
        seed=seed,
    )


def permutation_p_value(difference: FloatArray, *, units: Clusters, replicates: int = 1000, seed: int = 0) -> float:
    """How often a difference at least as large comes about where the two models are interchangeable.

    Each unit's answers are swapped between the models by the toss of a coin, which turns the sign of its summed
    difference; two-sided, and never below ``1 / (replicates + 1)``.

    Args:
        difference: Row losses of one model minus those of the other ``[n]``.
        units: Which rows are swapped together.
        replicates: How many permutations.
        seed: Decides them.

    References:
        Fisher, The Design of Experiments, 1935, section 21; Phipson and Smyth, Permutation P-values should never be
        zero, 2010 (the added one).

    Example:
        >>> alike = np.tile([1.0, -1.0], 50)
        >>> permutation_p_value(alike, units=clusters(None, n_rows=100))
        1.0
    """
    sums = units.sums(difference[:, None])[:, 0]
    observed = abs(sums.sum())
    generator = np.random.default_rng([seed, 35])
    at_least = 0
    for start in range(0, replicates, _CHUNK):
        signs = generator.choice([-1.0, 1.0], size=(min(_CHUNK, replicates - start), len(sums)))
        at_least += int((np.abs(signs @ sums) >= observed * (1 - 1e-12)).sum())
    return (at_least + 1) / (replicates + 1)


def _compared(
    pair: list[Any],
    *,
    units: Clusters,
    names: tuple[str, ...],
    tested: tuple[str, FloatArray],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    resamples = Resamples(units.count, replicates=replicates, seed=seed)
    statistics: list[Statistic] = pair
    first, second = (bootstrap(statistic, resamples=resamples) for statistic in statistics)
    differences = paired_difference(first, baseline=second)
    metrics = {}
    for name in names:
        if name in differences:
            ours, theirs = (float(side.point[side.names.index(name)]) for side in (first, second))
            gap = differences[name]
            metrics[name] = {
                "first": ours,
                "second": theirs,
                "difference": dict(vars(gap)),
                "better": _better(name, ours, theirs, gap),
            }
    p_value = permutation_p_value(tested[1], units=units, replicates=replicates, seed=seed)
    return {
        "metrics": metrics,
        "permutation": {"metric": tested[0], "p_value": p_value},
        "rows": len(tested[1]),
        "clusters": units.count,
    }


def _better(name: str, first: float, second: float, gap: Interval) -> Better:
    """Who is ahead; neither where the interval of the difference holds zero, or nothing is better or worse."""
    if definition(name).better == "zero" and not gap.low <= 0 <= gap.high:
        return "first" if abs(first) < abs(second) else "second"
    return _FOR_FIRST[outcome(name, difference=gap)]
