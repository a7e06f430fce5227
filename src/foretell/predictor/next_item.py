"""Which item comes next, of the whole catalogue: the sequence model and the transition graph in one ranking.

This module owns ranking every known item for histories, exactly. It refuses questions about windows of time: those
are tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.core.batch import Batch
from foretell.model.backbones import Packing
from foretell.model.graph.transitions import TransitionGraph
from foretell.model.next_item import NextItemEvidence, NextItemMixture, gather_evidence
from foretell.model.next_item_fit import Shortlists, fit_mixture
from foretell.predictor.encoder import Encoder, fields_of

__all__ = ["NextItemRanker", "answerable"]

_SCORES_AT_ONCE: Final = 16_000_000
_FIT_ON_SCORES: Final = 400_000_000
"""Scores that may be computed to learn the mixture: some seconds of work."""

_FEWEST_TO_FIT_ON: Final = 500


@dataclass(frozen=True)
class NextItemRanker:
    """Ranks the next item for histories, those of users never seen included.

    Attributes:
        encoder: The sequence model.
        graph: The transition graph over the same item codes.
        mixture: How the two are joined.
        companions: More sequence models with the same vocabulary; the mean of all their opinions enters the mixture.
    """

    encoder: Encoder
    graph: TransitionGraph
    mixture: NextItemMixture
    companions: tuple[Encoder, ...] = ()

    @classmethod
    def fit(
        cls,
        encoder: Encoder,
        graph: TransitionGraph,
        *,
        companions: tuple[Encoder, ...] = (),
        histories: Batch,
        targets: NDArray[np.int64],
        seed: int,
    ) -> NextItemRanker:
        """Learn the mixture from histories and what came next, later than the training of either part.

        Args:
            encoder: The sequence model.
            graph: The transition graph.
            companions: More sequence models with the same vocabulary.
            histories: Encoded histories, one for each target, each ending before it.
            targets: The item code that came next; rows of code 0 (unknown) are left out.
            seed: Decides which rows are taken where there are more than are needed.
        """
        most = max(_FEWEST_TO_FIT_ON, _FIT_ON_SCORES // graph.n_items)
        known = answerable(histories, targets, most=most, seed=seed)
        ranker = cls(encoder, graph, NextItemMixture(), companions)
        if not len(known):
            return ranker
        parts = [
            Shortlists.of(ranker.evidence(histories.select(rows)), targets[rows])
            for rows in np.array_split(known, -(-len(known) // ranker._at_once))
        ]
        return cls(encoder, graph, fit_mixture(Shortlists.joined(parts)), companions)

    def scores(self, histories: Batch) -> Tensor:
        """Scores float32 ``[B, V]`` of every item code; higher comes sooner."""
        return self.mixture.scores(self.evidence(histories))

    def scored(self, histories: Batch) -> Iterator[tuple[slice, Tensor]]:
        """Scores of many histories, some at a time: which of them, and their ``[b, V]``."""
        for first in range(0, len(histories), self._at_once):
            rows = slice(first, min(first + self._at_once, len(histories)))
            yield rows, self.scores(histories.select(np.arange(rows.start, rows.stop)))

    def best(
        self, histories: Batch, *, k: int, new_only: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k best item codes of each history, best first, and their scores.

        Args:
            histories: Encoded histories.
            k: How many.
            new_only: Leave out the items that a history holds.
        """
        codes, values = [], []
        k = min(k, self.graph.n_items - 1)
        for rows, scores in self.scored(histories):
            if new_only:
                held = histories.select(np.arange(rows.start, rows.stop))
                scores[held.sequence_of_position(), held.values["item"].astype(np.int64)] = float("-inf")
            value, code = torch.topk(scores, k, dim=1)
            codes.append(code.numpy())
            values.append(value.numpy())
        if not codes:
            return np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32)
        return np.concatenate(codes), np.concatenate(values)

    @torch.no_grad()
    def evidence(self, histories: Batch) -> NextItemEvidence:
        """What both parts know of the next item of each history; an empty history has zero logits."""
        return gather_evidence(
            histories,
            logits=self._opinion(histories),
            graph_scores=self.graph.scores(histories),
            counts=self.graph.counts,
        )

    @property
    def _at_once(self) -> int:
        """Histories whose scores fit into memory together."""
        return max(1, _SCORES_AT_ONCE // self.graph.n_items)

    def _opinion(self, histories: Batch) -> Tensor:
        """The sequence model's logits; of several models the mean of their log probabilities."""
        if not self.companions:
            return self._logits(self.encoder, histories)
        total = torch.log_softmax(self._logits(self.encoder, histories), dim=1)
        for encoder in self.companions:
            total += torch.log_softmax(self._logits(encoder, histories), dim=1)
        return total.div_(1 + len(self.companions))

    def _logits(self, encoder: Encoder, histories: Batch) -> Tensor:
        model = encoder.model
        filled = np.flatnonzero(histories.lengths > 0)
        if len(filled) < len(histories):
            logits = torch.zeros(len(histories), self.graph.n_items)
            if len(filled):
                logits[torch.from_numpy(filled)] = self._logits(encoder, histories.select(filled))
            return logits
        rows = torch.from_numpy(histories.offsets[1:] - 1)
        states = model.states_at(fields_of(histories), Packing.of(histories), rows)
        return model.item_queries(states) @ encoder.every_item_vector.T


def answerable(histories: Batch, targets: NDArray[np.int64], *, most: int, seed: int) -> NDArray[np.int64]:
    """The rows with a history and a target that is known by name; a sample of them where there are more than enough.

    Args:
        histories: Encoded histories.
        targets: The item code that came next after each; 0 where it is unknown.
        most: How many are enough.
        seed: Decides the sample.

    Example:
        >>> histories = Batch({"item": np.array([3, 1])}, np.array([0, 1, 1, 2]))
        >>> answerable(histories, np.array([1, 2, 0]), most=5, seed=0).tolist()
        [0]
    """
    known = np.flatnonzero((targets > 0) & (histories.lengths > 0))
    if len(known) > most:
        known = np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
    return known
