"""From quantiles of single weeks to sample paths over several: what may be sold week after week.

This module owns the curve drawn through quantiles and the order of ranks in which an item's weeks go together, learned
on a window the quantiles were not learned from. It refuses to add quantiles up: the .9 quantile of four weeks is not
four times that of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["RankPaths", "quantile_at", "rank_of"]

Floats = NDArray[np.float64]

_N_PATHS: Final = 200
_FEWEST: Final = 50
_STEEPEST: Final = 1e-9


def quantile_at(rank: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """What a curve through quantiles says at any rank between 0 and 1.

    Straight lines join the quantiles, the lowest with zero at rank 0. Above the highest the tail falls exponentially,
    with the steepness that the two highest quantiles have between them; with a single quantile there is no tail.

    Args:
        rank: ``[n, M]``, each in [0, 1).
        quantiles: ``[n, Q]``, rising and not negative.
        levels: Their levels.

    Returns:
        ``[n, M]``, rising with the rank.

    Example:
        >>> quantile_at(np.array([[0.25, 0.5, 0.75, 0.975]]), np.array([[4.0, 6.0]]), (0.5, 0.75)).round(6).tolist()
        [[2.0, 4.0, 6.0, 12.643856]]
    """
    edges, known = np.array([0.0, *levels]), np.concatenate([np.zeros((len(quantiles), 1)), quantiles], axis=1)
    left = np.clip(np.searchsorted(edges, rank, side="right") - 1, 0, len(levels) - 1)
    low, high = (np.take_along_axis(known, left + step, axis=1) for step in (0, 1))
    between = low + (high - low) * np.minimum((rank - edges[left]) / (edges[left + 1] - edges[left]), 1.0)
    beyond = np.log((1.0 - levels[-1]) / np.maximum(1.0 - rank, 1e-12))
    tail = quantiles[:, -1:] + _steepness(quantiles, levels)[:, None] * beyond
    curve: Floats = np.where(rank > levels[-1], tail, between)
    return curve


def rank_of(units: Floats, quantiles: Floats, levels: tuple[float, ...], *, chance: Floats) -> Floats:
    """At which rank of the curve each amount lies; where many ranks say the same amount, ``chance`` takes one of them.

    Args:
        units: ``[n]``, not negative.
        quantiles: ``[n, Q]``.
        levels: Their levels.
        chance: ``[n]`` in [0, 1).

    Example:
        >>> rank_of(np.array([2.0, 0.0]), np.array([[4.0, 6.0], [0.0, 6.0]]), (0.5, 0.75), chance=np.array([0.0, 0.5]))
        array([0.25, 0.25])

    References:
        Czado, Gneiting and Held, Predictive Model Assessment for Count Data, 2009 (equation 1, randomised PIT).
    """
    edges, known = np.array([0.0, *levels]), np.concatenate([np.zeros((len(quantiles), 1)), quantiles], axis=1)
    bounds = []
    for at in ((known < units[:, None]).sum(axis=1), (known <= units[:, None]).sum(axis=1)):
        right = np.clip(at, 1, len(levels))
        rows = np.arange(len(units))
        low, high = known[rows, right - 1], known[rows, right]
        part = np.clip((units - low) / np.maximum(high - low, _STEEPEST), 0.0, 1.0)
        bounds.append(edges[right - 1] + part * (edges[right] - edges[right - 1]))
    steepness = np.maximum(_steepness(quantiles, levels), _STEEPEST)
    beyond = 1.0 - (1.0 - levels[-1]) * np.exp(-np.maximum(units - known[:, -1], 0.0) / steepness)
    inside = bounds[0] + chance * (bounds[1] - bounds[0])
    ranks: Floats = np.where(units > known[:, -1], beyond, inside)
    return ranks


def _steepness(quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Units by which the tail rises each time what is left above it falls to a third (1 / e)."""
    if len(levels) == 1:
        return np.zeros(len(quantiles))
    apart = np.log((1.0 - levels[-2]) / (1.0 - levels[-1]))
    steepness: Floats = (quantiles[:, -1] - quantiles[:, -2]) / apart
    return steepness


@dataclass(frozen=True)
class RankPaths:
    """How the weeks of a forecast go together: paths of ranks, in each week evenly spread over 0 to 1.

    Attributes:
        ranks: ``[M, W]``; row m is one path over the weeks.
        learned: Whether the paths were seen; if not, all weeks are as high as each other, the careful thing for orders.

    Example:
        >>> paths = RankPaths.alike(2).paths(np.array([[[10.0], [20.0]]]), (0.5,))
        >>> paths.shape, float(paths[0].sum(axis=1).max().round(2))
        ((1, 200, 2), 30.0)
    """

    ranks: Floats
    learned: bool = True

    @classmethod
    def alike(cls, n_weeks: int) -> RankPaths:
        """Weeks that are all high or all low together: no totals spread wider."""
        return cls(np.repeat(_even(_N_PATHS)[:, None], n_weeks, axis=1), learned=False)

    @classmethod
    def learn(cls, units: Floats, *, quantiles: Floats, levels: tuple[float, ...], seed: int) -> RankPaths:
        """Take the ranks at which outcomes lay on a later window, and spread each week's evenly in their order.

        Args:
            units: What was sold ``[n, W]``: an item from a cutoff on, week after week.
            quantiles: What had been forecast ``[n, W, Q]``.
            levels: The quantiles' levels.
            seed: Decides which of many rows are taken, and ranks where amounts are equal.

        Returns:
            200 paths; ``alike`` where fewer than 50 rows could be learned from.

        References:
            Clark, Gangopadhyay, Hay, Rajagopalan and Wilby, The Schaake Shuffle, 2004 (section 3).
        """
        n, n_weeks = units.shape
        if n < _FEWEST:
            return cls.alike(n_weeks)
        random = np.random.default_rng(seed)
        rows = random.choice(n, size=_N_PATHS, replace=n < _N_PATHS)
        ranks = np.empty((_N_PATHS, n_weeks))
        for week in range(n_weeks):
            seen = rank_of(units[rows, week], quantiles[rows, week], levels, chance=random.random(_N_PATHS))
            # A row drawn twice lies twice at the same place: chance decides which comes first.
            ranks[np.lexsort((random.random(_N_PATHS), seen)), week] = _even(_N_PATHS)
        return cls(ranks)

    def paths(self, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
        """Sample paths ``[n, M, W]`` of forecasts ``[n, W, Q]``: each week alone is spread as its quantiles say."""
        weeks = range(quantiles.shape[1])
        drawn = [np.broadcast_to(self.ranks[:, week], (len(quantiles), len(self.ranks))) for week in weeks]
        return np.stack([quantile_at(drawn[week], quantiles[:, week], levels) for week in weeks], axis=2)

    def to_dict(self) -> dict[str, Any]:
        """JSON types: the place of each path in each week, which says its rank."""
        places = np.round(self.ranks * len(self.ranks) - 0.5).astype(int)
        return {"places": places.tolist(), "learned": self.learned}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> RankPaths:
        """Read what ``to_dict`` wrote."""
        places = np.array(saved["places"], dtype=np.int64)
        return cls(_even(len(places))[places], learned=saved["learned"])


def _even(n: int) -> Floats:
    """The middles of ``n`` equal parts of 0 to 1."""
    ranks: Floats = (np.arange(n) + 0.5) / n
    return ranks
