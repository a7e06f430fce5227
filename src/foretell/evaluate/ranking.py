"""Metrics of ranked lists, as vectorised functions of the lists and of what people then wanted.

This module owns hit rate, NDCG, recall, precision and reciprocal rank at ``k``, and two figures of the
catalogue side: coverage and the share of recommendations that go to the most popular items. It refuses
sampled candidates: the lists must have been ranked among all items. A repeated item in a list counts once, at
its first place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foretell.evaluate.relevance import RANKING_METRICS, RelevantSets, hits, per_list

__all__ = [
    "RANKING_METRICS",
    "RelevantSets",
    "coverage",
    "hit_rate",
    "mrr",
    "ndcg",
    "popular_items",
    "popularity_share",
    "precision",
    "recall",
]


def _mean(ranked: npt.ArrayLike, relevant: RelevantSets, k: int, metric: str) -> float:
    values = per_list(hits(ranked, relevant=relevant), counts=relevant.counts, k=k)
    wanted = values[relevant.counts > 0, RANKING_METRICS.index(metric)]
    return float(wanted.mean()) if len(wanted) else float("nan")


def hit_rate(ranked: npt.ArrayLike, *, relevant: RelevantSets, k: int = 10) -> float:
    """Share of lists with at least one wanted item in the first ``k``; see ``per_list``.

    Example:
        >>> hit_rate([[1, 2]], relevant=RelevantSets(np.array([2]), np.array([0, 1])), k=2)
        1.0
    """
    return _mean(ranked, relevant, k, "hit_rate")


def ndcg(ranked: npt.ArrayLike, *, relevant: RelevantSets, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first ``k``; see ``per_list``.

    Example:
        >>> ndcg([[2, 1]], relevant=RelevantSets(np.array([2]), np.array([0, 1])), k=2)
        1.0
    """
    return _mean(ranked, relevant, k, "ndcg")


def recall(ranked: npt.ArrayLike, *, relevant: RelevantSets, k: int = 10) -> float:
    """Share of the wanted items found in the first ``k``; see ``per_list``.

    Example:
        >>> recall([[2, 1]], relevant=RelevantSets(np.array([2, 3]), np.array([0, 2])), k=2)
        0.5
    """
    return _mean(ranked, relevant, k, "recall")


def precision(ranked: npt.ArrayLike, *, relevant: RelevantSets, k: int = 10) -> float:
    """Share of the first ``k`` places holding a wanted item; see ``per_list``.

    Example:
        >>> precision([[2, 1]], relevant=RelevantSets(np.array([2]), np.array([0, 1])), k=2)
        0.5
    """
    return _mean(ranked, relevant, k, "precision")


def mrr(ranked: npt.ArrayLike, *, relevant: RelevantSets, k: int = 10) -> float:
    """Mean reciprocal rank: one over the place of the first wanted item, zero beyond ``k``; see ``per_list``.

    Example:
        >>> mrr([[1, 2]], relevant=RelevantSets(np.array([2]), np.array([0, 1])), k=2)
        0.5
    """
    return _mean(ranked, relevant, k, "mrr")


def coverage(ranked: npt.ArrayLike, *, n_items: int, k: int = 10) -> float:
    """Share of the catalogue that appears in the first ``k`` places of at least one list.

    Args:
        ranked: Item codes, shape ``[n, k]``; -1 marks an empty place.
        n_items: How many items could have been recommended.
        k: The cut.

    Returns:
        A value in [0, 1]; NaN without items.

    Example:
        >>> coverage([[0, 1], [0, 2]], n_items=4, k=2)
        0.75

    References:
        Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender systems by coverage and
        serendipity", RecSys 2010.
    """
    top = np.asarray(ranked)[:, :k]
    return len(np.unique(top[top >= 0])) / n_items if n_items else float("nan")


def popular_items(popularity: npt.ArrayLike, *, share: float = 0.01) -> npt.NDArray[np.bool_]:
    """Marks the most popular items: the top ``share`` of the catalogue, at least one.

    Args:
        popularity: How often each item code was bought in training, shape ``[n_items]``.
        share: Which part of the catalogue counts as most popular; 0.01 is the top 1 %.

    Returns:
        Shape ``[n_items]``; among equals the lower code is taken.

    Example:
        >>> popular_items([5, 9, 1]).tolist()
        [False, True, False]
    """
    counts = np.asarray(popularity, dtype=np.float64)
    head = np.zeros(len(counts), dtype=bool)
    head[np.argsort(-counts, kind="stable")[: max(1, round(share * len(counts)))]] = True
    return head


def popularity_share(ranked: npt.ArrayLike, *, popularity: npt.ArrayLike, share: float = 0.01, k: int = 10) -> float:
    """Share of the recommendations that fall on the most popular items.

    Args:
        ranked: Item codes, shape ``[n, k]``; -1 marks an empty place.
        popularity: How often each item code was bought in training, shape ``[n_items]``.
        share: Which part of the catalogue counts as most popular.
        k: The cut.

    Returns:
        A value in [0, 1]; NaN without recommendations.

    Example:
        >>> popularity_share([[0, 1], [0, 2]], popularity=[9, 5, 1], k=2)
        0.5
    """
    top = np.asarray(ranked)[:, :k]
    top = top[top >= 0]
    return float(popular_items(popularity, share=share)[top].mean()) if top.size else float("nan")
