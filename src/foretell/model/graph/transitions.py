"""The transition graph: a time-decayed, partly directed co-visitation graph that ranks the next item.

This module owns its settings, its weights and the scores it gives histories. It refuses to learn by gradient: it is
built in one pass over the training histories, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.graph.neighbours import count_neighbours, strength_by_length

__all__ = ["REMEMBERED", "GraphConfig", "TransitionGraph"]

REMEMBERED: Final = 50
"""Items of a history that are looked at: what lies further back weighs nothing next to them."""

_SCORES_AT_ONCE: Final = 8_000_000


class GraphConfig(BaseModel):
    """How the transition graph counts and forgets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reach: Annotated[int, Field(ge=1, le=200)] = 15
    """Steps within a history that link two items."""

    step_decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    """How much each step apart counts of the one before."""

    backward: Annotated[float, Field(ge=0, le=1)] = 0.5
    """What a link counts against the direction of time: 0 is a directed graph, 1 an undirected one."""

    popularity_power: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Links are divided by both items' counts to this power, so that the popular do not drown the others."""

    age_decay: Annotated[float, Field(gt=0, le=1)] = 0.6
    """How much each item of the asking history counts of the one after it."""

    half_life_days: Annotated[float, Field(gt=0)] | None = None
    """Days after which an event counts half, before the last one known; by default all count the same."""

    most_neighbours: Annotated[int, Field(ge=1)] = 200
    """Links kept for each item, the strongest."""

    content_share: Annotated[float, Field(ge=0, le=10)] = 0.0
    """How strong links to items of like content are together, in units of what an item's links come to on average."""


@dataclass(frozen=True)
class TransitionGraph:
    """Weighted links between items.

    Attributes:
        links: float32 ``[V, V]``, row i: what follows item i, by code; code 0 (unknown) has none.
        counts: float32 ``[V]``: how often each item stands in the training histories, each time by its age.
        config: How it was made.

    Example:
        >>> histories = Batch({"item": np.array([1, 2, 1, 2, 3])}, np.array([0, 2, 5]))
        >>> graph = TransitionGraph.build(histories, n_items=4)
        >>> int(graph.scores(Batch({"item": np.array([1])}, np.array([0, 1]))).toarray().argmax())
        2

    References:
        Sarwar et al., Item-Based Collaborative Filtering Recommendation Algorithms, 2001 (item neighbourhoods);
        Garg et al., Sequence and Time Aware Neighborhood for Session-based Recommendations, 2019 (decays).
    """

    links: sparse.csr_array
    counts: NDArray[np.float32]
    config: GraphConfig

    @classmethod
    def build(
        cls,
        histories: Batch,
        *,
        n_items: int,
        config: GraphConfig | None = None,
        alike: sparse.csr_array | None = None,
    ) -> TransitionGraph:
        """Count the links of packed histories.

        Args:
            histories: ``item`` codes, a sequence a user, in the order of time; with a half-life their ``day`` too.
            n_items: Number of codes V.
            config: How to count.
            alike: Which items are alike by content, rows that sum to one ``[V, V]``; linked if ``config`` gives such
                links a share.
        """
        config = config or GraphConfig()
        items = histories.values["item"].astype(np.int64)
        fading = _fading(histories, config)
        counts = np.bincount(items, minlength=n_items).astype(np.float32)
        links = count_neighbours(
            items,
            histories.offsets,
            n_items=n_items,
            reach=config.reach,
            decay=config.step_decay,
            backward=config.backward,
            strength=None if fading is None else strength_by_length(histories.lengths) * fading,
        )
        damped = np.maximum(counts, 1.0) ** np.float32(-config.popularity_power)
        links = _strongest(_scaled(links, rows=damped, columns=damped), config.most_neighbours)
        if fading is not None:
            counts = np.bincount(items, weights=fading, minlength=n_items).astype(np.float32)
        graph = cls(links, counts, config.model_copy(update={"content_share": 0.0}))
        return (
            graph if alike is None or not config.content_share else graph.with_alike(alike, share=config.content_share)
        )

    def with_alike(self, alike: sparse.csr_array, *, share: float) -> TransitionGraph:
        """The same graph with links to items of like content beside those that were counted.

        An item with few events has few links or none; what its like are followed by is then better than nothing.

        Args:
            alike: Rows that sum to one ``[V, V]``.
            share: What they come to, in units of what the counted links of an item come to on average.
        """
        average = float(self.links.sum()) / max(self.n_items, 1)
        links = sparse.csr_array(self.links + np.float32(share * average) * alike, dtype=np.float32)
        return TransitionGraph(links, self.counts, self.config.model_copy(update={"content_share": share}))

    @property
    def n_items(self) -> int:
        """Number of item codes V."""
        return int(self.links.shape[0])

    def scores(self, histories: Batch) -> sparse.csr_array:
        """What each history's last items point at, float32 ``[B, V]``, zero where nothing does."""
        return sparse.csr_array(self._weights(histories) @ self.links)

    def pair_shares(
        self, histories: Batch, *, rows: NDArray[np.int64], items: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The share of each history's score that each of some items has.

        Args:
            histories: ``item`` codes of B histories.
            rows: The history of each pair ``[n]``.
            items: The item code of each pair ``[n]``.

        Returns:
            float32 ``[n]``, zero where nothing points at the item.
        """
        shares = np.zeros(len(rows), dtype=np.float32)
        asked = np.argsort(rows, kind="stable")
        for history, scores in self.dense_scores(histories, rows=np.unique(rows)):
            first, last = np.searchsorted(rows[asked], (history[0], history[-1] + 1))
            pair = asked[first:last]
            place = np.searchsorted(history, rows[pair])
            total = np.maximum(scores.sum(axis=1), np.float32(1e-30))
            shares[pair] = scores[place, items[pair]] / total[place]
        return shares

    def dense_scores(
        self, histories: Batch, *, rows: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The same scores with their zeros, of some histories at a time, which bounds memory.

        Args:
            histories: ``item`` codes of B histories.
            rows: Which of them, rising; by default all.

        Yields:
            Which histories ``[b]``, and their scores float32 ``[b, V]``.
        """
        rows = np.arange(len(histories)) if rows is None else rows
        at_once = max(1, _SCORES_AT_ONCE // max(self.n_items, 1))
        for first in range(0, len(rows), at_once):
            part = rows[first : first + at_once]
            yield part, self.scores(histories.select(part)).toarray()

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Links and counts as plain arrays."""
        links = self.links
        return {"offsets": links.indptr, "items": links.indices, "weights": links.data, "counts": self.counts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], *, config: GraphConfig) -> TransitionGraph:
        """Rebuild from ``to_arrays``."""
        counts = arrays["counts"].astype(np.float32)
        parts = (arrays["weights"], arrays["items"], arrays["offsets"])
        return cls(sparse.csr_array(parts, shape=(len(counts), len(counts))), counts, config)

    def _weights(self, histories: Batch) -> sparse.csr_array:
        """How much each item of each history counts, ``[B, V]``."""
        lengths = histories.lengths
        age = np.repeat(histories.offsets[1:], lengths) - np.arange(int(histories.offsets[-1])) - 1
        items = histories.values["item"].astype(np.int64)
        counted = (age < REMEMBERED) & (items > 0) & (items < self.n_items)
        weight = (self.config.age_decay ** age[counted]).astype(np.float32)
        rows = histories.sequence_of_position()[counted]
        shape = (len(histories), self.n_items)
        return sparse.csr_array(sparse.coo_array((weight, (rows, items[counted])), shape=shape))


def _fading(histories: Batch, config: GraphConfig) -> NDArray[np.float32] | None:
    """What each event counts by its age; None where all count the same."""
    if config.half_life_days is None or not int(histories.offsets[-1]):
        return None
    day = np.asarray(histories.values["day"], dtype=np.float32)
    fading: NDArray[np.float32] = np.exp2((day - day.max()) / np.float32(config.half_life_days))
    return fading


def _scaled(links: sparse.csr_array, *, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> sparse.csr_array:
    scaled = links.copy()
    scaled.data = scaled.data * np.repeat(rows, np.diff(links.indptr)) * columns[links.indices]
    return scaled


def _strongest(links: sparse.csr_array, most: int) -> sparse.csr_array:
    """At most so many links a row; ties go to the lower code."""
    degrees = np.diff(links.indptr)
    if not len(degrees) or degrees.max() <= most:
        return links
    links = links.sorted_indices()
    kept = np.ones(len(links.data), dtype=np.bool_)
    # A partition of each long row: ordering all links, of which a few in a hundred stay, takes fifty times as long.
    for row in np.flatnonzero(degrees > most):
        part = slice(links.indptr[row], links.indptr[row + 1])
        value = links.data[part]
        least = np.partition(value, len(value) - most)[len(value) - most]
        stays = value > least
        stays[np.flatnonzero(value == least)[: most - int(stays.sum())]] = True
        kept[part] = stays
    offsets = np.concatenate([[0], np.cumsum(np.minimum(degrees, most))]).astype(links.indptr.dtype)
    return sparse.csr_array((links.data[kept], links.indices[kept], offsets), shape=links.shape)
