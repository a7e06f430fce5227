"""How much each part of something contributed: occlusion and Shapley sampling over any function of subsets.

This module owns the two methods. It refuses to know what the parts are or what the function computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["METHODS", "Attribution", "Game", "Method", "occlusion", "shapley"]

Floats = NDArray[np.float64]
Game = Callable[[NDArray[np.bool_]], Floats]
"""Subsets ``[K, M]`` (True: the part is there) to values ``[K]``."""

Method = Literal["shapley", "occlusion"]


@dataclass(frozen=True)
class Attribution:
    """What each of M parts contributed.

    Attributes:
        effects: ``[M]``.
        full: The value with all parts.
        empty: The value without any.
    """

    effects: Floats
    full: float
    empty: float


def occlusion(game: Game, *, n_parts: int) -> Attribution:
    """The value with everything minus the value without the part.

    Two parts that say the same both get little: either can stand in for the other. ``shapley`` shares between
    them what they say.

    Example:
        >>> occlusion(lambda kept: kept @ np.array([1.0, 2.0]), n_parts=2).effects.tolist()
        [1.0, 2.0]

    References:
        Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014, section 4.2.
    """
    kept = np.concatenate([np.ones((1, n_parts)), np.zeros((1, n_parts)), 1 - np.eye(n_parts)]).astype(np.bool_)
    values = _values(game, kept)
    return Attribution(values[0] - values[2:], float(values[0]), float(values[1]))


def shapley(game: Game, *, n_parts: int, n_permutations: int = 16, seed: int = 0) -> Attribution:
    """What each part adds on average when the parts arrive in random order.

    The effects add up to ``full - empty`` exactly, however few orders are drawn. Orders come in pairs, one the
    reverse of the other, and as rotations of one random order, so that every part arrives early, midway and late
    about equally often: both take away much of the noise of independent draws.

    Args:
        game: Subsets to values.
        n_parts: M.
        n_permutations: How many orders are drawn, rounded up to an even number; the game is asked about at most
            ``n_permutations * (M - 1) + 2`` subsets, in one call.
        seed: Decides the orders.

    Example:
        >>> both_needed = lambda kept: kept.all(axis=1).astype(float)
        >>> shapley(both_needed, n_parts=2).effects.tolist()
        [0.5, 0.5]

    References:
        Strumbelj and Kononenko, Explaining prediction models and individual predictions with feature
        contributions, 2014, algorithm 1. Reversed orders: Mitchell, Cooper, Frank and Holmes, Sampling
        Permutations for Shapley Value Estimation, 2022, section 4.1. Rotated orders: van Campen, Hamers, Husslage
        and Lindelauf, A new approximation method for the Shapley value applied to the WTC 9/11 terrorist attack,
        2018 (structured random sampling).
    """
    generator = np.random.default_rng(seed)
    n_pairs = -(-n_permutations // 2)
    if n_pairs <= n_parts:
        first = generator.permutation(n_parts)
        forward = [np.roll(first, pair * n_parts // n_pairs) for pair in range(n_pairs)]
    else:
        forward = [generator.permutation(n_parts) for _ in range(n_pairs)]
    orders = np.array([order for one in forward for order in (one, one[::-1])], dtype=np.int64)
    # place[p, m]: when part m arrives in order p. After step s the parts with place < s are there.
    place = np.argsort(orders, axis=1)
    kept = place[:, None, :] < np.arange(n_parts + 1)[None, :, None]
    values = _values(game, kept.reshape(-1, n_parts)).reshape(len(orders), n_parts + 1)
    added = np.take_along_axis(np.diff(values, axis=1), place, axis=1)
    return Attribution(added.mean(axis=0), float(values[0, -1]), float(values[0, 0]))


def _values(game: Game, kept: NDArray[np.bool_]) -> Floats:
    """The values of subsets, each distinct subset asked about once."""
    distinct, inverse = np.unique(kept, axis=0, return_inverse=True)
    return game(distinct)[inverse.ravel()]


METHODS: Final[tuple[Method, ...]] = ("shapley", "occlusion")
