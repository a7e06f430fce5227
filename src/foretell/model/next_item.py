"""Joining what the sequence model and the transition graph say of the next item, by learned weights.

This module owns the mixture: its terms, its fit and its scores. It refuses to run the models whose scores it joins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from foretell.core.batch import Batch

__all__ = ["NextItemEvidence", "NextItemMixture", "fit_mixture", "gather_evidence"]

FLOOR: Final = 1e-5
"""Share of a history's graph score that an item has to which nothing points."""

_RIDGE: Final = 0.05
"""Pull of the weights towards where they start, in units of the log likelihood of all rows together."""

_TYPICAL_LOG_LENGTH: Final = 1.5


@dataclass(frozen=True)
class NextItemEvidence:
    """What is known of the next item of B histories, for V items.

    Attributes:
        sequence: float32 ``[B, V]``: the sequence model's logits.
        graph: ``[B, V]``, sparse: log of an item's share of the graph's score, above that of an item without a link.
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
class NextItemMixture:
    """Log-linear weights of the evidence.

    A history's score of an item is ``w_s * sequence + w_g * graph + popularity * log(1 + count)``, and for an item it
    holds already ``again + again_age * log(1 + steps since)`` on top: what it takes to come again is learned, not
    filtered. The first two weights change with the logarithm of the history's length.

    Attributes:
        sequence: Weight of the sequence model's logit at a typical length.
        sequence_length: How that weight changes per unit of log length.
        graph: Weight of the graph's log share at a typical length.
        graph_length: How that weight changes per unit of log length.
        popularity: Weight of the log count.
        again: Added for an item that is in the history.
        again_age: Added per unit of log(1 + steps since).

    References:
        Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002 (log-linear mixtures).
    """

    sequence: float = 1.0
    sequence_length: float = 0.0
    graph: float = 0.0
    graph_length: float = 0.0
    popularity: float = 0.0
    again: float = 0.0
    again_age: float = 0.0

    def scores(self, evidence: NextItemEvidence) -> Tensor:
        """Scores float32 ``[B, V]``; item code 0 (unknown) is never the answer.

        The evidence's logits are overwritten: at 12,000 items and 2,000 histories another copy is 100 MB.
        """
        length = evidence.log_length - _TYPICAL_LOG_LENGTH
        scores = evidence.sequence.mul_(torch.from_numpy(self.sequence + self.sequence_length * length)[:, None])
        if self.popularity:
            scores += torch.from_numpy(self.popularity * evidence.log_counts)
        _add(scores, evidence.graph, factor=self.graph + self.graph_length * length)
        known = evidence.again
        if known.nnz and (self.again or self.again_age):
            added = self.again + self.again_age * (known.data - 1.0)
            _add(scores, sparse.csr_array((added.astype(np.float32), known.indices, known.indptr), shape=known.shape))
        scores[:, 0] = float("-inf")
        return scores

    def to_dict(self) -> dict[str, float]:
        """The weights by name."""
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> NextItemMixture:
        """Rebuild from ``to_dict``."""
        return cls(**saved)


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
    shares = graph_scores.copy()
    total = np.repeat(shares.sum(axis=1), np.diff(shares.indptr))
    shares.data = np.log(shares.data / np.maximum(total, 1e-30) + FLOOR).astype(np.float32) - np.float32(np.log(FLOOR))
    return NextItemEvidence(
        sequence=logits,
        graph=shares,
        again=_again(histories, n_items=len(counts)),
        log_length=np.log(np.maximum(histories.lengths, 1)).astype(np.float32),
        log_counts=np.log1p(counts).astype(np.float32),
    )


def fit_mixture(evidence: NextItemEvidence, targets: NDArray[np.int64]) -> NextItemMixture:
    """The weights under which the true next items are likeliest.

    Args:
        evidence: Of histories the models were not trained to continue.
        targets: The item code that came next, ``[B]``; not 0.
    """
    rows, right = torch.arange(len(targets)), torch.from_numpy(targets)
    sequence = torch.log_softmax(evidence.sequence, dim=1)
    graph, known = _dense(evidence.graph), _dense(evidence.again)
    held, since = (known > 0).float(), (known - 1.0).clamp(min=0.0)
    counts = torch.from_numpy(evidence.log_counts - evidence.log_counts.mean())
    length = torch.from_numpy(evidence.log_length - _TYPICAL_LOG_LENGTH)[:, None]
    start = torch.tensor([0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0])
    weights = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([weights], max_iter=30, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        scores = (weights[0] + weights[1] * length) * sequence + (weights[2] + weights[3] * length) * graph
        scores = scores + weights[4] * counts + weights[5] * held + weights[6] * since
        scores = scores.index_fill(1, torch.tensor([0]), float("-inf"))
        value = (torch.logsumexp(scores, dim=1) - scores[rows, right]).mean()
        value = value + _RIDGE / len(targets) * (weights - start).square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return NextItemMixture(*(float(weight) for weight in weights.detach()))


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


def _add(scores: Tensor, part: sparse.csr_array, *, factor: NDArray[np.float32] | None = None) -> None:
    """Add a sparse matrix in place, each row times its factor."""
    degrees = np.diff(part.indptr)
    values = part.data if factor is None else part.data * np.repeat(factor, degrees)
    row = np.repeat(np.arange(part.shape[0], dtype=np.int64), degrees)
    flat = torch.from_numpy(row * part.shape[1] + part.indices)
    scores.view(-1).index_add_(0, flat, torch.from_numpy(values.astype(np.float32)))


def _dense(part: sparse.csr_array) -> Tensor:
    return torch.from_numpy(part.toarray().astype(np.float32))
