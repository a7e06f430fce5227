"""How sure a figure is: bootstrap intervals that resample whole users or items.

This module owns the resamples, the estimate they give and the paired difference of two models on the same
resamples. It refuses to know any metric: a ``Statistic`` says what a weighting of the clusters is worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import EvaluationError, FloatArray

__all__ = ["Estimate", "Interval", "Resamples", "Statistic", "bootstrap", "paired_difference"]

LEVEL: Final = 0.95
_CELLS_PER_CHUNK: Final = 2_000_000
_CELLS_KEPT: Final = 128_000_000
_FEWEST_DEFINED: Final = 20


class Statistic(Protocol):
    """Something with a value for every weighting of the clusters.

    Attributes:
        names: The metrics it gives, in order.
        n_rows: How many rows one weighting touches; it sizes the chunks.
    """

    names: tuple[str, ...]
    n_rows: int

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Values of each metric, shape ``[r, m]``, when cluster ``c`` counts ``counts[r, c]`` times."""
        ...


@dataclass(frozen=True)
class Interval:
    """A figure with its interval; ``low <= value <= high`` always holds.

    Attributes:
        value: The figure on the rows as they are.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
    """

    value: float
    low: float
    high: float


class Resamples:
    """Bootstrap resamples: how often each cluster is drawn, the same for every model of a task.

    Each replicate draws as many clusters as there are, with replacement (multinomial counts), so rows of one
    user or item always come and go together.

    Args:
        n_clusters: How many users or items there are.
        replicates: How many resamples.
        seed: Fixes the draws.

    Example:
        >>> Resamples(5, replicates=50, seed=1).counts(0, stop=2).sum(axis=1).tolist()
        [5.0, 5.0]

    References:
        Efron, "Bootstrap methods: another look at the jackknife", Ann. Statist. 7 (1979).
        Field and Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69 (2007).
    """

    def __init__(self, n_clusters: int, *, replicates: int = 200, seed: int = 0) -> None:
        if replicates < _FEWEST_DEFINED:
            raise EvaluationError(
                "An interval needs more resamples.",
                received=f"{replicates} replicates",
                remedy=f"Ask for at least {_FEWEST_DEFINED}; 200 is the default.",
            )
        self.n_clusters = n_clusters
        self.replicates = replicates
        self.seed = seed

    def _draw(self, replicate: int) -> npt.NDArray[np.uint8]:
        generator = np.random.default_rng([self.seed, replicate])
        drawn = generator.integers(0, self.n_clusters, size=self.n_clusters)
        return np.bincount(drawn, minlength=self.n_clusters).astype(np.uint8)

    @cached_property
    def _kept(self) -> npt.NDArray[np.uint8]:
        return np.stack([self._draw(replicate) for replicate in range(self.replicates)])

    def counts(self, start: int, *, stop: int) -> FloatArray:
        """How often each cluster was drawn in some replicates, shape ``[stop - start, n_clusters]``."""
        if self.n_clusters * self.replicates <= _CELLS_KEPT:
            return self._kept[start:stop].astype(np.float64)
        return np.stack([self._draw(replicate) for replicate in range(start, stop)]).astype(np.float64)

    def chunks(self, n_rows: int) -> Iterator[FloatArray]:
        """All replicates in order, so many at a time that a table over ``n_rows`` rows stays small."""
        step = max(1, _CELLS_PER_CHUNK // max(n_rows, self.n_clusters, 1))
        for start in range(0, self.replicates, step):
            yield self.counts(start, stop=min(start + step, self.replicates))


@dataclass(frozen=True)
class Estimate:
    """Figures of one model with the figures of every resample.

    Attributes:
        names: The metrics.
        point: Their values on the rows as they are, shape ``[m]``; NaN where undefined.
        replicates: Their values in each resample, shape ``[r, m]``.
    """

    names: tuple[str, ...]
    point: FloatArray
    replicates: FloatArray

    def interval(self, name: str, *, level: float = LEVEL) -> Interval | None:
        """The percentile interval of one metric, widened where needed to contain the value.

        Args:
            name: One of ``names``.
            level: The nominal coverage.

        Returns:
            The interval, or None when the metric is undefined here or in nearly all resamples.
        """
        column = self.names.index(name)
        return _percentile(float(self.point[column]), self.replicates[:, column], level)


def bootstrap(statistic: Statistic, *, resamples: Resamples) -> Estimate:
    """Evaluate a statistic on the rows as they are and on every resample.

    Args:
        statistic: What to evaluate; its cluster numbering is that of ``resamples``.
        resamples: The draws; use the same object for all models of a task so that differences are paired.

    Returns:
        The figures and their replicates.

    Example:
        >>> from foretell.evaluate.inputs import clusters
        >>> from foretell.evaluate.resampled import MeanStatistic
        >>> rows = MeanStatistic({"mean": np.arange(9.0)}, clusters=clusters(None, n_rows=9))
        >>> estimate = bootstrap(rows, resamples=Resamples(9, replicates=50))
        >>> estimate.interval("mean").value
        4.0
    """
    point = statistic.evaluate(np.ones((1, resamples.n_clusters)))[0]
    values = [statistic.evaluate(counts) for counts in resamples.chunks(statistic.n_rows)]
    return Estimate(statistic.names, point, np.concatenate(values))


def paired_difference(mine: Estimate, *, baseline: Estimate, level: float = LEVEL) -> dict[str, Interval]:
    """Mine minus the baseline, metric by metric, with the interval of the difference on the same resamples.

    Pairing removes what both share (an easy week, a group of hard customers), so that the interval of the
    difference is usually much narrower than the two intervals suggest.

    Args:
        mine: The model's estimate.
        baseline: The baseline's, from the same ``Resamples``.
        level: The nominal coverage.

    Returns:
        One interval for each metric both have and that is defined in both.

    Raises:
        EvaluationError: If the estimates hold different numbers of resamples.

    Example:
        >>> one = Estimate(("auc",), np.array([0.8]), np.full((40, 1), 0.8))
        >>> paired_difference(one, baseline=one)["auc"]
        Interval(value=0.0, low=0.0, high=0.0)

    References:
        Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapters 8 and 13.
    """
    if len(mine.replicates) != len(baseline.replicates):
        raise EvaluationError(
            "Only estimates from the same resamples can be compared.",
            received=f"{len(mine.replicates)} and {len(baseline.replicates)} replicates",
            remedy="Pass the same Resamples object to both bootstraps.",
        )
    differences = {}
    for name in mine.names:
        if name in baseline.names:
            here, there = mine.names.index(name), baseline.names.index(name)
            point = float(mine.point[here] - baseline.point[there])
            interval = _percentile(point, mine.replicates[:, here] - baseline.replicates[:, there], level)
            if interval is not None:
                differences[name] = interval
    return differences


def _percentile(point: float, replicates: FloatArray, level: float) -> Interval | None:
    defined = replicates[np.isfinite(replicates)]
    if not np.isfinite(point) or len(defined) < _FEWEST_DEFINED:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(point, min(float(low), point), max(float(high), point))
