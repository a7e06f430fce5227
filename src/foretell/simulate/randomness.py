"""Named random streams: one seed, one independent stream per purpose and day.

This module owns how randomness enters. It refuses a shared generator: a part of the shop that draws one
number more must not shift what any other part, or any later day, draws.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["Streams", "pick"]


class Streams:
    """Independent generators by purpose and index, all from one seed.

    Args:
        seed: A non-negative integer.

    Example:
        >>> streams = Streams(7)
        >>> float(streams("orders", 3).random()) == float(Streams(7)("orders", 3).random())
        True
        >>> float(streams("orders", 3).random()) == float(streams("orders", 4).random())
        False
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, purpose: str, index: int = 0) -> np.random.Generator:
        """The generator of ``purpose`` on day (or other index) ``index``, always from its beginning."""
        key = (crc32(purpose.encode()), index)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self._seed, spawn_key=key)))


def pick(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each row of ``weights`` ``[N, C]`` the column drawn in proportion to it, given ``uniform`` ``[N]``.

    Example:
        >>> pick(np.array([[1.0, 3.0], [1.0, 0.0]]), np.array([0.5, 0.9])).tolist()
        [1, 0]
    """
    edges = np.cumsum(weights, axis=1)
    point = uniform * edges[:, -1]
    found = (edges <= point[:, None]).sum(axis=1, dtype=np.int64)
    drawn: NDArray[np.int64] = np.minimum(found, weights.shape[1] - 1)
    return drawn
