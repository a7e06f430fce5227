"""Item vectors from the graph's spectrum: where the sequence model's item table starts from.

This module owns the factorisation. It refuses to train: the vectors are where training begins, not where it ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from foretell.core.batch import Batch
from foretell.model.graph.neighbours import count_neighbours

__all__ = ["spectral_vectors"]

_REACH: Final = 15
_STEP_DECAY: Final = 0.9
_GAIN: Final = 20.0


def spectral_vectors(histories: Batch, *, n_items: int, width: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors of items that are close where the items stand near each other in histories.

    The undirected co-visitation counts, divided by the root of both items' counts and then compressed by a
    logarithm, are factorised; items that were never seen get the zero vector.

    Args:
        histories: ``item`` codes, a sequence a user.
        n_items: Number of codes V.
        width: D; the rank is at most the number of items.
        seed: Decides the random projections.

    Returns:
        float32 ``[V, D]``.

    References:
        Levy and Goldberg, Neural Word Embedding as Implicit Matrix Factorization, 2014 (shifted counts, square root of
        the spectrum); Halko et al., Finding Structure with Randomness, 2011 (the factorisation).
    """
    items = histories.values["item"].astype(np.int64)
    near = count_neighbours(items, histories.offsets, n_items=n_items, reach=_REACH, decay=_STEP_DECAY, backward=1.0)
    counts = np.maximum(np.bincount(items, minlength=n_items), 1).astype(np.float32)
    damped = sparse.diags_array(counts**-0.5)
    near = sparse.csr_array(damped @ near @ damped)
    near.data = np.log1p(_GAIN * near.data)
    vectors = np.zeros((n_items, width), dtype=np.float32)
    rank = min(width, n_items - 1)
    if rank < 1:
        return vectors
    left, strength, _ = randomized_svd(near, rank, n_iter=4, random_state=seed)
    vectors[:, :rank] = left * np.sqrt(strength)
    vectors[0] = 0.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors
