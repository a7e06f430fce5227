"""Which items are alike by what is said of them, as one sparse matrix beside the one that histories give.

This module owns that likeness: categories and brands by how rare they are, and given vectors. It refuses to look at
histories.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foretell.model.graph.places import places_in_rows

__all__ = ["alike_by_content"]

_ALIKE: Final = 15
_SHARPNESS: Final = 3
"""Likeness to this power: what is almost the same counts, what is of the same kind hardly does."""

_SCORES_AT_ONCE: Final = 8_000_000
_MOST_ITEMS: Final = 20_000
"""Each item is compared with each: twice as many items take four times as long."""


def alike_by_content(codes: NDArray[np.integer], vectors: NDArray[np.float32] | None = None) -> sparse.csr_array | None:
    """For each item the fifteen most like it, weights that sum to one.

    The likeness of two items is the cosine of their values, each weighted by the logarithm of how rare it is, plus the
    cosine of their vectors.

    Args:
        codes: The values of each item in F fields ``[V, F]``; 0 is none. Row 0, the unknown item, is like nothing.
        vectors: A vector of unit length for each item ``[V, K]``, zero where it has none.

    Returns:
        float32 ``[V, V]``; None where nothing is said of any item, or there are more than 20,000.

    Example:
        >>> alike_by_content(np.array([[0], [1], [1], [2]])).toarray().tolist()
        [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]

    References:
        Spärck Jones, A Statistical Interpretation of Term Specificity, 1972 (rarity); Sarwar et al., Item-Based
        Collaborative Filtering Recommendation Algorithms, 2001 (neighbourhoods).
    """
    n_items = len(codes)
    said = _by_rarity(codes)
    known = np.asarray(vectors, dtype=np.float32) if vectors is not None and vectors.shape[1] else None
    if n_items > _MOST_ITEMS or (not said.nnz and known is None):
        return None
    turned = sparse.csr_array(said.T)
    at_once = max(1, _SCORES_AT_ONCE // n_items)
    parts = []
    for first in range(0, n_items, at_once):
        rows = np.arange(first, min(first + at_once, n_items))
        scores = (said[rows] @ turned).toarray()
        if known is not None:
            scores += known[rows] @ known.T
        scores[rows - first, rows] = 0.0  # itself
        scores[:, 0] = 0.0
        scores[rows == 0] = 0.0
        parts.append(_strongest(scores))
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def _by_rarity(codes: NDArray[np.integer]) -> sparse.csr_array:
    """Rows of unit length with a value's rarity at each value, ``[V, P]``."""
    blocks = [sparse.coo_array((len(codes), 0), dtype=np.float32)]
    for field in range(codes.shape[1]):
        column = codes[:, field].astype(np.int64)
        counts = np.bincount(column)
        rarity = np.log(len(codes) / np.maximum(counts, 1))[column].astype(np.float32)
        known = np.flatnonzero((column > 0) & (rarity > 0))
        entries = (rarity[known], (known, column[known]))
        blocks.append(sparse.coo_array(entries, shape=(len(codes), len(counts))))
    said = sparse.csr_array(sparse.hstack(blocks, format="csr"), dtype=np.float32)
    lengths = np.sqrt(np.asarray(said.multiply(said).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1.0 / np.maximum(lengths, 1e-6)).astype(np.float32) @ said)


def _strongest(scores: NDArray[np.float32]) -> sparse.csr_array:
    """The largest positive scores of each row, sharpened, that sum to one."""
    most = min(_ALIKE, scores.shape[1])
    least = np.partition(scores, -most, axis=1)[:, -most][:, None]
    # Many items can be equally alike: of those that tie for the last place the lower codes, the more popular items.
    row, column, value, place = places_in_rows(
        sparse.csr_array(np.where(scores >= least, np.maximum(scores, 0.0), 0.0))
    )
    kept = place < most
    sharp = value[kept].astype(np.float32) ** _SHARPNESS
    total = np.bincount(row[kept], weights=sharp, minlength=len(scores))
    entries = ((sharp / total[row[kept]]).astype(np.float32), (row[kept], column[kept]))
    return sparse.csr_array(sparse.coo_array(entries, shape=scores.shape))
