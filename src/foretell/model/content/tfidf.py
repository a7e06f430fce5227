"""Text vectors that need no pre-trained weights: weighted words and pieces of words, factorised.

This module owns that encoding. It refuses dictionaries and lists of stop words: pieces of words carry inflection,
compounds and scripts without spaces alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

__all__ = ["tfidf_vectors"]

_WORDS: Final = 50_000
_PIECES: Final = 50_000
_FEWEST: Final = 2
"""Texts a word must stand in: one that stands in a single text says nothing of another."""


def tfidf_vectors(texts: Sequence[str], *, width: int, seed: int) -> NDArray[np.float32]:
    """Vectors of unit length that are close where texts share rare words or pieces of words.

    Words and pairs of words count as much as pieces of three to five characters within words; the weights are
    factorised (latent semantic analysis), so that words found in each other's company come close too.

    Args:
        texts: The texts.
        width: K; where texts and words give a lower rank, the rest is zero.
        seed: Decides the factorisation's random projections.

    Returns:
        float32 ``[n, K]``; a text without a shared word has the zero vector.

    Example:
        >>> near = tfidf_vectors(["red nail polish", "nail polish blue", "green tea", "tea cup"], width=3, seed=0)
        >>> bool(near[0] @ near[1] > near[0] @ near[2])
        True

    References:
        Deerwester et al., Indexing by Latent Semantic Analysis, 1990; Salton and Buckley, Term-weighting Approaches in
        Automatic Text Retrieval, 1988 (logarithmic term frequency times inverse document frequency).
    """
    vectors = np.zeros((len(texts), width), dtype=np.float32)
    lowered = [text.lower() for text in texts]
    blocks = [
        _weights(lowered, analyzer="word", token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 2), max_features=_WORDS),
        _weights(lowered, analyzer="char_wb", ngram_range=(3, 5), max_features=_PIECES),
    ]
    filled = [block for block in blocks if block is not None]
    if not filled:
        return vectors
    table = sparse.csr_array(sparse.hstack(filled))
    rank = min(width, *table.shape)
    left, strength, _ = randomized_svd(table, rank, n_iter=4, random_state=seed)
    vectors[:, :rank] = normalize(left * strength)
    vectors[np.asarray(table.sum(axis=1)).ravel() == 0] = 0.0
    return vectors


def _weights(texts: list[str], **settings: object) -> sparse.csr_array | None:
    """Rows of unit length, or None where no two texts share anything."""
    vectoriser = TfidfVectorizer(min_df=_FEWEST, sublinear_tf=True, dtype=np.float32, **settings)
    try:
        return sparse.csr_array(vectoriser.fit_transform(texts))
    except ValueError:  # scikit-learn's word for an empty vocabulary
        return None
