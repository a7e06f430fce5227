"""The order of a sparse matrix's values within each of its rows.

This module owns that order. It refuses to choose how many are wanted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["places_in_rows"]


def places_in_rows(
    matrix: sparse.csr_array, *, lowest_first: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.floating], NDArray[np.int64]]:
    """The kept values row by row, the largest of a row first; ties go to the lower column.

    Args:
        matrix: Any values ``[B, V]``.
        lowest_first: The lowest value of a row first.

    Returns:
        For each value, in that order: its row, its column, itself, and its place within its row from 0.

    Example:
        >>> row, column, value, place = places_in_rows(sparse.csr_array([[0.0, 1.0, 3.0], [2.0, 0.0, 2.0]]))
        >>> [part.tolist() for part in (row, column, value, place)]
        [[0, 0, 1, 1], [2, 1, 0, 2], [3.0, 1.0, 2.0, 2.0], [0, 1, 0, 1]]
    """
    degrees = np.diff(matrix.indptr)
    row = np.repeat(np.arange(len(degrees)), degrees)
    order = np.lexsort((matrix.indices, matrix.data if lowest_first else -matrix.data, row))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1].astype(np.int64), degrees)
    return row, matrix.indices[order], matrix.data[order], place
