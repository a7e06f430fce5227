"""Which items stand near which in histories, as one sparse matrix.

This module owns counting. It refuses to score histories (``transitions``) and to make vectors (``spectral``).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["count_neighbours", "strength_by_length"]

_PAIRS_AT_ONCE: Final = 20_000_000


def count_neighbours(
    items: NDArray[np.integer],
    offsets: NDArray[np.int64],
    *,
    n_items: int,
    reach: int,
    decay: float,
    backward: float,
    strength: NDArray[np.float32] | None = None,
) -> sparse.csr_array:
    """Weighted counts of item j standing after (or before) item i in the same history.

    A pair ``k`` steps apart counts ``decay ** (k - 1)`` times the strength of its later position, by default
    ``strength_by_length``. Backward pairs count a share of that.

    Args:
        items: Item codes of packed histories ``[N]``; code 0 (unknown) has no neighbours.
        offsets: Where each history begins, ``[B + 1]``.
        n_items: Number of codes V.
        reach: Steps to look ahead.
        decay: How much each step counts of the one before.
        backward: What a pair counts the other way round.
        strength: What each position counts ``[N]``.

    Returns:
        float32 ``[V, V]``, row i: what stands near item i.

    Example:
        >>> count_neighbours(np.array([1, 2]), np.array([0, 2]), n_items=3, reach=1, decay=1.0, backward=0.5).nnz
        2
    """
    lengths = np.diff(offsets)
    # Whole histories at a time, so that the pairs of a large log never exist all at once.
    chunk = (np.cumsum(lengths) * 2 * reach) // _PAIRS_AT_ONCE
    edges = np.concatenate([[0], np.flatnonzero(np.diff(chunk)) + 1, [len(lengths)]])
    counted = sparse.csr_array((n_items, n_items), dtype=np.float32)
    for first, last in pairwise(edges.tolist()):
        part = slice(int(offsets[first]), int(offsets[last]))
        counted = counted + _count(
            items[part].astype(np.int32),
            lengths[first:last],
            n_items,
            reach=reach,
            decay=decay,
            backward=backward,
            strength=strength_by_length(lengths[first:last]) if strength is None else strength[part],
        )
    return counted


def strength_by_length(lengths: NDArray[np.int64]) -> NDArray[np.float32]:
    """``1 / log(2 + length)`` for each position of histories of given lengths: in long ones single neighbours say less.

    Example:
        >>> [f"{value:.2f}" for value in strength_by_length(np.array([1, 2]))]
        ['0.91', '0.72', '0.72']
    """
    strength = 1.0 / np.log(2.0 + np.maximum(lengths, 1))
    return np.repeat(strength, lengths).astype(np.float32)


def _count(
    items: NDArray[np.int32],
    lengths: NDArray[np.int64],
    n_items: int,
    *,
    reach: int,
    decay: float,
    backward: float,
    strength: NDArray[np.float32],
) -> sparse.csr_array:
    history = np.repeat(np.arange(len(lengths)), lengths)
    earlier, later, counts = [], [], []
    for steps in range(1, min(reach, max(len(items) - 1, 0)) + 1):
        together = history[steps:] == history[:-steps]
        if not together.any():
            break
        together &= (items[steps:] > 0) & (items[:-steps] > 0)
        earlier.append(items[:-steps][together])
        later.append(items[steps:][together])
        counts.append(strength[steps:][together] * np.float32(decay ** (steps - 1)))
    if not counts:
        return sparse.csr_array((n_items, n_items), dtype=np.float32)
    before, after, count = np.concatenate(earlier), np.concatenate(later), np.concatenate(counts)
    ahead = sparse.coo_array((count, (before, after)), shape=(n_items, n_items)).tocsr()
    return sparse.csr_array(ahead + backward * ahead.T)
