"""How fast the transition graph should forget, and how far likeness by content links items: chosen by what came later.

This module owns these choices. It refuses to count links (``model.graph``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.predictor.next_item import answerable

__all__ = ["graph_that_foresees"]

SHARES: Final = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Half-lives that are tried, as shares of the time the histories span."""

CONTENT_SHARES: Final = (0.03, 0.1, 0.3, 1.0)
"""Strengths of links by content that are tried."""

_MOST_ASKED: Final = 5_000
_ASKED_AT_ONCE: Final = 1_000


def graph_that_foresees(
    histories: Batch,
    *,
    n_items: int,
    later: Batch,
    targets: NDArray[np.int64],
    seed: int,
    alike: sparse.csr_array | None = None,
) -> TransitionGraph:
    """The graph, of some that forget faster or slower and heed content more or less, that best ranks what came later.

    In a shop whose range changes with the season last month's neighbours say more than last year's; in another one
    all neighbours are needed. No forgetting is the first choice; faster and faster ones are tried while they gain.

    Args:
        histories: ``item`` and ``day`` of the packed training histories.
        n_items: Number of item codes V.
        later: Histories with something that came next, later than what is learned from.
        targets: The item code that came next, ``[B]``; rows of code 0 (unknown) are left out.
        seed: Decides which rows are asked where there are more than are needed.
        alike: Which items are alike by content, rows that sum to one ``[V, V]``, if that is known. Links to them are
            made stronger while it helps.
    """
    known = answerable(later, targets, most=_MOST_ASKED, seed=seed)
    best = TransitionGraph.build(histories, n_items=n_items)
    if not len(known):
        return best
    span = _span_days(histories)
    asked, right = later.select(known), targets[known]
    found = _reciprocal_rank(best, asked, right)
    for share in SHARES if span >= 1 else ():
        graph = TransitionGraph.build(histories, n_items=n_items, config=GraphConfig(half_life_days=share * span))
        value = _reciprocal_rank(graph, asked, right)
        if value <= found:  # forgetting still faster will not help where this much does not
            break
        best, found = graph, value
    counted = best
    for share in CONTENT_SHARES if alike is not None and alike.nnz else ():
        graph = counted.with_alike(alike, share=share)
        value = _reciprocal_rank(graph, asked, right)
        if value <= found:
            break
        best, found = graph, value
    return best


def _span_days(histories: Batch) -> float:
    days = histories.values["day"]
    return float(days.max() - days.min()) if len(days) else 0.0


def _reciprocal_rank(graph: TransitionGraph, asked: Batch, right: NDArray[np.int64]) -> float:
    """Mean reciprocal rank of what came next, among what the graph points at; 0 where it does not."""
    total = 0.0
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        rows = np.arange(first, min(first + _ASKED_AT_ONCE, len(asked)))
        scores = graph.scores(asked.select(rows))
        of_right = np.asarray(scores[np.arange(len(rows)), right[rows]]).ravel()
        row = np.repeat(np.arange(len(rows)), np.diff(scores.indptr))
        before = np.bincount(row[scores.data >= of_right[row]], minlength=len(rows))
        total += float((1.0 / np.maximum(before, 1))[of_right > 0].sum())
    return total / len(asked)
