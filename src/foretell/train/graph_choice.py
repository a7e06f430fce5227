"""How fast the transition graph should forget: chosen by what came next later.

This module owns that one choice. It refuses to count links (``model.graph``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foretell.core.batch import Batch
from foretell.model.graph.transitions import GraphConfig, TransitionGraph
from foretell.predictor.next_item import answerable

__all__ = ["graph_that_foresees"]

SHARES: Final = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Half-lives that are tried, as shares of the time the histories span."""

_MOST_ASKED: Final = 5_000
_ASKED_AT_ONCE: Final = 1_000


def graph_that_foresees(
    histories: Batch, *, n_items: int, later: Batch, targets: NDArray[np.int64], seed: int
) -> TransitionGraph:
    """The graph, of some that forget at different speeds, that ranks best what came next later.

    In a shop whose range changes with the season last month's neighbours say more than last year's; in another one
    all neighbours are needed. No forgetting is the first choice; faster and faster ones are tried while they gain.

    Args:
        histories: ``item`` and ``day`` of the packed training histories.
        n_items: Number of item codes V.
        later: Histories with something that came next, later than what is learned from.
        targets: The item code that came next, ``[B]``; rows of code 0 (unknown) are left out.
        seed: Decides which rows are asked where there are more than are needed.
    """
    known = answerable(later, targets, most=_MOST_ASKED, seed=seed)
    best = TransitionGraph.build(histories, n_items=n_items)
    span = _span_days(histories)
    if not len(known) or span < 1:
        return best
    asked, right = later.select(known), targets[known]
    found = _reciprocal_rank(best, asked, right)
    for share in SHARES:
        graph = TransitionGraph.build(histories, n_items=n_items, config=GraphConfig(half_life_days=share * span))
        value = _reciprocal_rank(graph, asked, right)
        if value <= found:  # forgetting still faster will not help where this much does not
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
