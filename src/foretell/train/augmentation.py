"""Augmentation: histories changed at random before a step reads them, their targets kept true.

This module owns the changes. Each is a switch that is off by default. It refuses to change what came next: an event
keeps the target it had, so a state learns from a poorer history what it would have from the whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.graph.neighbours import count_neighbours
from foretell.model.graph.places import places_in_rows

__all__ = ["Augmentation", "AugmentationConfig", "similar_items"]

_SIMILAR: Final = 5
"""Items each item may be replaced by."""

_WITHIN: Final = 3
"""Items at most so many places apart in a history are alike."""

Share = Annotated[float, Field(ge=0, lt=1)]


class AugmentationConfig(BaseModel):
    """Random changes of the training histories, drawn anew at every step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_dropout: Share = 0.0
    """Share of the events that are left out of a history."""

    crop: Share = 0.0
    """Share of the histories of which only a part is read: a stretch of half its length to all of it."""

    mask: Share = 0.0
    """Share of the events whose item and its content are hidden."""

    substitute: Share = 0.0
    """Share of the events whose item is replaced by one that stands near it in other histories."""

    insert: Share = 0.0
    """Share of the events behind which a similar item is put; what is put there is no target and has none."""

    @property
    def changes_nothing(self) -> bool:
        """Whether every switch is off."""
        return not any(self.model_dump().values())

    @property
    def needs_similar(self) -> bool:
        """Whether similar items must be known."""
        return bool(self.substitute or self.insert)


@dataclass(frozen=True)
class Augmentation:
    """The changes, ready to be applied.

    Attributes:
        config: What is done, and how often.
        similar: int32 ``[V, K]``: items like each item, the item itself where there are none; None where not needed.
        content: int ``[V, F]``: the content codes of each item.

    References:
        Xie et al., Contrastive Learning for Sequential Recommendation, 2022 (crop, mask); Liu et al., Contrastive
        Self-supervised Sequential Recommendation with Robust Augmentation, 2021 (substitute, insert).
    """

    config: AugmentationConfig
    similar: NDArray[np.int32] | None
    content: NDArray[np.integer]

    def applied(self, batch: Batch, *, random: np.random.Generator) -> Batch:
        """The histories changed: first what is left out, then what is put in, then what is hidden."""
        config = self.config
        if config.crop:
            batch = _cropped(batch, share=config.crop, random=random)
        if config.event_dropout:
            batch = _thinned(batch, share=config.event_dropout, random=random)
        if config.insert:
            batch = self._inserted(batch, random=random)
        values = dict(batch.values)
        n = len(values["item"])
        if config.substitute:
            items = values["item"].astype(np.int64)
            chosen = np.flatnonzero((random.random(n) < config.substitute) & (items > 0))
            self._put(values, chosen, self._like(items[chosen], random=random))
        if config.mask:
            self._put(values, np.flatnonzero(random.random(n) < config.mask), None)
        return Batch(values, batch.offsets)

    def _inserted(self, batch: Batch, *, random: np.random.Generator) -> Batch:
        items = batch.values["item"].astype(np.int64)
        behind = np.flatnonzero((random.random(len(items)) < self.config.insert) & (items > 0))
        times = np.ones(len(items), dtype=np.int64)
        times[behind] += 1
        index = np.repeat(np.arange(len(items)), times)
        new = np.cumsum(times)[behind] - 1
        values = {name: array[index] for name, array in batch.values.items()}
        offsets = np.concatenate([[0], np.cumsum(times)])[batch.offsets]
        self._put(values, new, self._like(items[behind], random=random))
        for name, nothing in (("next_item", 0), ("next_action", 0), ("wait_days", -1)):
            if name in values:
                values[name][new] = nothing
        return Batch(values, offsets)

    def _like(self, items: NDArray[np.int64], *, random: np.random.Generator) -> NDArray[np.int64]:
        assert self.similar is not None, "similar items are given wherever a switch needs them"
        return self.similar[items, random.integers(0, self.similar.shape[1], size=len(items))].astype(np.int64)

    def _put(
        self, values: dict[str, NDArray[np.generic]], at: NDArray[np.int64], items: NDArray[np.int64] | None
    ) -> None:
        """Write items, or nothing known, with their content, into copies of the arrays."""
        for name in [name for name in values if name == "item" or name.startswith("content_")]:
            array = values[name].copy()
            if items is None:
                array[at] = 0
            elif name == "item":
                array[at] = items
            else:
                array[at] = self.content[items, int(name.removeprefix("content_"))]
            values[name] = array


def similar_items(batch: Batch, *, n_items: int) -> NDArray[np.int32]:
    """For each item those that most often stand near it, int32 ``[V, 5]``; rows of lonely items name the item itself.

    Example:
        >>> similar_items(Batch({"item": np.array([1, 2, 1, 2, 3])}, np.array([0, 2, 5])), n_items=4)[1].tolist()
        [2, 3, 2, 2, 2]
    """
    items = batch.values["item"].astype(np.int64)
    equal = np.ones(len(items), dtype=np.float32)
    counts = count_neighbours(
        items, batch.offsets, n_items=n_items, reach=_WITHIN, decay=1.0, backward=1.0, strength=equal
    )
    counts = sparse.csr_array(counts - sparse.diags_array(counts.diagonal()))  # no item is like itself
    counts.eliminate_zeros()
    row, column, _, place = places_in_rows(counts)
    best = place < _SIMILAR
    found = np.repeat(np.arange(n_items, dtype=np.int32)[:, None], _SIMILAR, axis=1)
    found[row[best], place[best]] = column[best]
    known = np.minimum(np.diff(counts.indptr), _SIMILAR)
    # An item with fewer neighbours names the nearest of them again.
    again = (np.arange(_SIMILAR)[None] >= known[:, None]) & (known[:, None] > 0)
    return np.where(again, found[:, :1], found)


def _cropped(batch: Batch, *, share: float, random: np.random.Generator) -> Batch:
    lengths = batch.lengths
    cut = random.random(len(batch)) < share
    kept = np.where(cut, np.ceil(lengths * (0.5 + 0.5 * random.random(len(batch)))), lengths).astype(np.int64)
    first = batch.offsets[:-1] + np.floor((lengths - kept + 1) * random.random(len(batch))).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    index = np.repeat(first - offsets[:-1], kept) + np.arange(offsets[-1])
    return Batch({name: array[index] for name, array in batch.values.items()}, offsets)


def _thinned(batch: Batch, *, share: float, random: np.random.Generator) -> Batch:
    kept = random.random(int(batch.offsets[-1])) >= share
    offsets = np.concatenate([[0], np.cumsum(kept)])[batch.offsets].astype(np.int64)
    return Batch({name: array[kept] for name, array in batch.values.items()}, offsets)
