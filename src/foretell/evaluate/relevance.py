"""Which recommended items were wanted.

This module owns the packed sets of wanted items, the hits of ranked lists among them, and the metrics of
every single list. It refuses to average (``ranking``). A repeated item in a list counts once, at its first
place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.inputs import EvaluationError, FloatArray, IntArray

__all__ = ["RANKING_METRICS", "RelevantSets", "hits", "per_list"]

RANKING_METRICS: Final = ("hit_rate", "ndcg", "recall", "precision", "mrr")


@dataclass(frozen=True)
class RelevantSets:
    """The items each list's owner wanted, packed: list ``i`` owns ``values[offsets[i]:offsets[i + 1]]``.

    Attributes:
        values: Item codes, shape ``[offsets[-1]]``; repeats count once.
        offsets: Ascending from 0, shape ``[n + 1]``.

    Raises:
        EvaluationError: If the offsets do not describe the values.

    Example:
        >>> RelevantSets(np.array([7, 8, 8]), np.array([0, 1, 3])).counts.tolist()
        [1, 1]
    """

    values: IntArray
    offsets: IntArray

    def __post_init__(self) -> None:
        offsets, values = self.offsets, self.values
        fits = len(offsets) and offsets[0] == 0 and offsets[-1] == len(values) and (np.diff(offsets) >= 0).all()
        if not fits:
            raise EvaluationError(
                "The offsets of the relevant sets do not describe their values.",
                received=f"{len(values)} values, offsets from {offsets[:1]} to {offsets[-1:]}",
                remedy="offsets must rise from 0 to len(values), one more entry than there are lists.",
            )

    @property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """Distinct (list, item) pairs, sorted by list then item."""
        owner = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        order = np.lexsort((self.values, owner))
        owner, item = owner[order], self.values[order].astype(np.int64)
        fresh = np.ones(len(owner), dtype=bool)
        fresh[1:] = (owner[1:] != owner[:-1]) | (item[1:] != item[:-1])
        return owner[fresh], item[fresh]

    @property
    def counts(self) -> IntArray:
        """How many distinct items each list's owner wanted, shape ``[n]``."""
        return np.bincount(self.pairs[0], minlength=len(self.offsets) - 1).astype(np.int64)


def hits(ranked: npt.ArrayLike, *, relevant: RelevantSets) -> npt.NDArray[np.bool_]:
    """Which places of each list hold a wanted item (its first appearance only).

    Args:
        ranked: Item codes, best first, shape ``[n, k]``; -1 marks an empty place.
        relevant: What each list's owner wanted.

    Returns:
        Shape ``[n, k]``.

    Raises:
        EvaluationError: If the number of lists differs or ``ranked`` is not two-dimensional.

    Example:
        >>> hits([[4, 5, 4]], relevant=RelevantSets(np.array([4]), np.array([0, 1]))).tolist()
        [[True, False, False]]
    """
    lists = np.asarray(ranked)
    n_lists = len(relevant.offsets) - 1
    if lists.ndim != 2 or len(lists) != n_lists:
        raise EvaluationError(
            "Ranked lists must be a table of item codes, one row per set of wanted items.",
            received=f"shape {lists.shape} for {n_lists} sets",
            remedy="Give integer codes of shape [n, k]; fill short lists with -1.",
        )
    lists = lists.astype(np.int64)
    owner, item = relevant.pairs
    if not lists.size or not len(owner):
        return np.zeros(lists.shape, dtype=bool)
    stride = max(int(lists.max()), int(item.max())) + 1
    wanted = owner * stride + item
    keys = np.arange(n_lists)[:, None] * stride + lists
    place = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    found = (wanted[place] == keys) & (lists >= 0)
    # Keep the first appearance: a hit is repeated when the same pair was already found further up.
    rows, columns = np.nonzero(found)
    _, first = np.unique(place[rows, columns], return_index=True)
    once = np.zeros(lists.shape, dtype=bool)
    once[rows[first], columns[first]] = True
    return once


def per_list(hit: npt.NDArray[np.bool_], *, counts: IntArray, k: int) -> FloatArray:
    """The five metrics of every list, in the order of ``RANKING_METRICS``.

    With ``h_j`` one where place ``j`` holds a wanted item and ``R`` the number wanted: hit rate is ``max h``,
    recall ``sum h / R``, precision ``sum h / k``, reciprocal rank ``1 / first place``, and NDCG is
    ``sum_j h_j / log2(j + 1)`` divided by the same sum for ``min(k, R)`` hits in front.

    Args:
        hit: From ``hits``, shape ``[n, at least k]``; missing places count as misses.
        counts: How many items were wanted, shape ``[n]``.
        k: The cut.

    Returns:
        Shape ``[n, 5]``; rows of lists whose owner wanted nothing are NaN.

    Example:
        >>> per_list(np.array([[False, True]]), counts=np.array([1]), k=2).round(3).tolist()
        [[1.0, 0.631, 1.0, 0.5, 0.5]]

    References:
        Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20 (2002),
        binary gain.
    """
    top = hit[:, :k]
    found = top.sum(axis=1).astype(np.float64)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(counts, k)]
    first = np.where(found > 0, top.argmax(axis=1) + 1.0, np.inf) if top.shape[1] else np.full(len(top), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.stack(
            [
                (found > 0).astype(np.float64),
                top @ discount[: top.shape[1]] / ideal,
                found / counts,
                found / k,
                1 / first,
            ],
            axis=1,
        )
    values[counts == 0] = np.nan
    return values
