"""Joining what the sequence model and the transition graph say of the next item, by learned weights.

This module owns the mixture: its terms and its scores. It refuses to run the models whose scores it joins, and to
learn the weights (``next_item_fit``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from foretell.core.batch import Batch

__all__ = ["TYPICAL_LOG_LENGTH", "NextItemEvidence", "NextItemMixture", "Repeats", "gather_evidence"]

TYPICAL_LOG_LENGTH: Final = 1.5
"""The log length at which the weights are what their names say: a history of four or five items."""


@dataclass(frozen=True)
class NextItemEvidence:
    """What is known of the next item of B histories, for V items.

    Attributes:
        sequence: float32 ``[B, V]``: the sequence model's logits.
        graph: ``[B, V]``, sparse: an item's share of the graph's score.
        again: ``[B, V]``, sparse: for items in the history 1 + log(1 + steps since).
        log_length: float32 ``[B]``: log of how many items the history holds.
        log_counts: float32 ``[V]``: log(1 + times the item stands in the training histories).
    """

    sequence: Tensor
    graph: sparse.csr_array
    again: sparse.csr_array
    log_length: NDArray[np.float32]
    log_counts: NDArray[np.float32]


@dataclass(frozen=True)
class Repeats:
    """What is added to the score of an item that the history holds already.

    Attributes:
        held: For being held at all.
        since: Per unit of log(1 + steps since).
    """

    held: float = 0.0
    since: float = 0.0


@dataclass(frozen=True)
class NextItemMixture:
    """Log-linear weights of the evidence.

    A history's score of an item is ``w_s * sequence + w_g * log(1 + share / floor) + popularity * log(1 + count)``, and
    for an item it holds already ``held + since * log(1 + steps since)`` on top: what it takes to come again is learned,
    not filtered. The first two weights change with the logarithm of the history's length. The floor says how
    sure the graph is of what it has never seen: with a small one an item without a link is as good as excluded.

    Attributes:
        sequence: Weight of the sequence model's logit at a typical length.
        sequence_length: How that weight changes per unit of log length.
        graph: Weight of the log of the graph's share at a typical length.
        graph_length: How that weight changes per unit of log length.
        popularity: Weight of the log count.
        repeats: What is added for an item that is in the history.
        floor: The share of the graph's score that every item is given.

    References:
        Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002 (log-linear mixtures).
    """

    sequence: float = 1.0
    sequence_length: float = 0.0
    graph: float = 0.0
    graph_length: float = 0.0
    popularity: float = 0.0
    repeats: Repeats = Repeats()
    floor: float = 0.03

    def scores(self, evidence: NextItemEvidence) -> Tensor:
        """Scores float32 ``[B, V]``; item code 0 (unknown) is never the answer.

        The evidence's logits are overwritten: at 12,000 items and 2,000 histories another copy is 100 MB.
        """
        length = evidence.log_length - TYPICAL_LOG_LENGTH
        scores = evidence.sequence.mul_(torch.from_numpy(self.sequence + self.sequence_length * length)[:, None])
        if self.popularity:
            scores += torch.from_numpy(self.popularity * evidence.log_counts)
        graph, known = evidence.graph, evidence.again
        weights = np.repeat(self.graph + self.graph_length * length, np.diff(graph.indptr))
        _add(scores, np.log1p(graph.data / np.float32(self.floor)) * weights, at=graph)
        if self.repeats != Repeats():
            _add(scores, self.repeats.held + self.repeats.since * (known.data - 1.0), at=known)
        scores[:, 0] = float("-inf")
        return scores

    def to_dict(self) -> dict[str, Any]:
        """The weights by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> NextItemMixture:
        """Rebuild from ``to_dict``."""
        return cls(**{**saved, "repeats": Repeats(**saved["repeats"])})


def gather_evidence(
    histories: Batch, *, logits: Tensor, graph_scores: sparse.csr_array, counts: NDArray[np.float32]
) -> NextItemEvidence:
    """Bring what is known of the next items into the form the mixture joins.

    Args:
        histories: ``item`` codes of B histories.
        logits: The sequence model's ``[B, V]``.
        graph_scores: The transition graph's ``[B, V]``.
        counts: How often each item stands in the training histories ``[V]``.
    """
    total = np.repeat(graph_scores.sum(axis=1), np.diff(graph_scores.indptr))
    shares = (graph_scores.data / np.maximum(total, 1e-30)).astype(np.float32)
    return NextItemEvidence(
        sequence=logits,
        graph=sparse.csr_array((shares, graph_scores.indices, graph_scores.indptr), shape=graph_scores.shape),
        again=_again(histories, n_items=len(counts)),
        log_length=np.log(np.maximum(histories.lengths, 1)).astype(np.float32),
        log_counts=np.log1p(counts).astype(np.float32),
    )


def _again(histories: Batch, *, n_items: int) -> sparse.csr_array:
    """For each item of each history 1 + log(1 + steps since it last stood there)."""
    items = histories.values["item"].astype(np.int64)
    steps = np.repeat(histories.offsets[1:], histories.lengths) - np.arange(len(items)) - 1
    row = histories.sequence_of_position()
    # The last of several stands first in this order, and is the one that is kept.
    _, last = np.unique((row * n_items + items)[::-1], return_index=True)
    kept = len(items) - 1 - last
    kept = kept[(items[kept] > 0) & (items[kept] < n_items)]
    value = (1.0 + np.log1p(steps[kept])).astype(np.float32)
    shape = (len(histories), n_items)
    return sparse.csr_array(sparse.coo_array((value, (row[kept], items[kept])), shape=shape))


def _add(scores: Tensor, values: NDArray[np.floating], *, at: sparse.csr_array) -> None:
    """Add values in place, where a sparse matrix has its own."""
    row = np.repeat(np.arange(at.shape[0], dtype=np.int64), np.diff(at.indptr))
    flat = torch.from_numpy(row * at.shape[1] + at.indices)
    scores.view(-1).index_add_(0, flat, torch.from_numpy(values.astype(np.float32)))
