"""The encoder: vocabulary and behaviour model together, from histories to states at any cutoff.

This module owns batching for inference and the waiting-time summary of each state. It refuses gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.core.time import DAY
from foretell.features.blocks import blocks_of_users
from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories, last_event_before
from foretell.model.hazard import expected_days, probability_within
from foretell.model.vocabulary import Vocabulary

__all__ = ["EncodedPoints", "Encoder", "fields_of"]

_EVENTS_AT_ONCE: Final = 65_536
_BLOCK_ROWS: Final = 2_000_000


@dataclass(frozen=True)
class EncodedPoints:
    """What the sequence model knows of ``n`` users at their cutoffs.

    Attributes:
        states: float32 ``[n, D]``; zeros where the history is empty.
        hazard_logits: float64 ``[n, K]`` of the time to the next order.
        elapsed_days: Days from the last event to the cutoff; 0 where the history is empty.
    """

    states: NDArray[np.float32]
    hazard_logits: NDArray[np.float64]
    elapsed_days: NDArray[np.float64]

    def select(self, rows: NDArray[np.int64]) -> EncodedPoints:
        """Some of the points, in the order of ``rows``."""
        return EncodedPoints(self.states[rows], self.hazard_logits[rows], self.elapsed_days[rows])

    def order_within(self, days: float) -> NDArray[np.float64]:
        """P(an order within ``days`` after the cutoff) read off the hazard ``[n]``."""
        return probability_within(self.hazard_logits, elapsed_days=self.elapsed_days, horizon_days=float(days))

    def days_to_next_order(self) -> NDArray[np.float64]:
        """Median days from the cutoff to the next order ``[n]``."""
        return expected_days(self.hazard_logits, elapsed_days=self.elapsed_days)

    def days_to_next_order_given(self, no_order: NDArray[np.float64], *, horizon_days: float) -> NDArray[np.float64]:
        """The same, in keeping with calibrated probabilities of no order within the horizon ``[n]``.

        Above one half, no order within the horizon is the likelier thing, and the date lies beyond it.
        """
        pace = np.log(np.clip(no_order, 1e-9, 1 - 1e-9)) / self._log_survival(horizon_days)
        return expected_days(self.hazard_logits, elapsed_days=self.elapsed_days, pace=pace)

    def share_of_hazard(self, asked_days: float, *, horizon_days: float) -> NDArray[np.float64]:
        """How much of the hazard of the horizon falls due within the days asked about ``[n]``; above 1 beyond it.

        It is the exponent that carries a calibrated probability of nothing within the horizon to the days asked about:
        ``P(nothing within a) = P(nothing within h) ** (log S(a) / log S(h))``, proportional hazards.

        References:
            Cox, Regression Models and Life-Tables, 1972, equation 9 with the hazard's own shape as baseline.
        """
        return self._log_survival(asked_days) / self._log_survival(horizon_days)

    def _log_survival(self, days: float) -> NDArray[np.float64]:
        return np.asarray(np.log1p(-np.clip(self.order_within(days), 1e-9, 1 - 1e-9)))

    def summary(self) -> NDArray[np.float32]:
        """States with the waiting-time answers beside them, float32 ``[n, D + 4]``."""
        odds = [np.clip(self.order_within(days), 1e-6, 1 - 1e-6) for days in (7.0, 28.0)]
        extra = [np.log(p / (1 - p)) for p in odds]
        extra += [np.log1p(self.elapsed_days), np.log1p(self.days_to_next_order())]
        return np.concatenate([self.states, np.stack(extra, axis=1).astype(np.float32)], axis=1)


@dataclass(frozen=True)
class Encoder:
    """The pre-trained sequence model, ready to read histories.

    Attributes:
        vocabulary: What it knows by name.
        model: The network, in evaluation mode.
    """

    vocabulary: Vocabulary
    model: BehaviourModel

    @cached_property
    def item_names(self) -> NDArray[np.object_]:
        """The item ids the model knows, in the order of their codes (the first has code 1)."""
        return np.array(self.vocabulary.items, dtype=object)

    @cached_property
    def every_item_vector(self) -> Tensor:
        """The vector of each item code, ``[V, D]``; kept, because the model no longer changes."""
        with torch.no_grad():
            return self.model.embedding.items(torch.arange(self.vocabulary.n_items))  # type: ignore[no-any-return]

    @property
    def item_vectors(self) -> Tensor:
        """The vector of each of ``item_names``, ``[V - 1, D]``."""
        return self.every_item_vector[1:]

    @torch.no_grad()
    def encode(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> EncodedPoints:
        """States at each point.

        Args:
            histories: A ``history_frame`` with the events of every user asked about (later events are not seen).
            points: ``user_id``, ``cutoff``.
        """
        self.model.eval()
        states = np.zeros((points.height, self.model.size.width), dtype=np.float32)
        elapsed = np.zeros(points.height)
        for events, at in blocks_of_users(histories, points=points, block_rows=_BLOCK_ROWS):
            here = np.arange(points.height) if at is None else at
            if len(here):
                states[here], elapsed[here] = self._read(events, points[here])
        hazard = self.model.hazard(torch.tensor(states)).double().numpy()
        return EncodedPoints(states, hazard, elapsed)

    def _read(self, histories: pl.DataFrame, points: pl.DataFrame) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """States of points, and the days since their last events."""
        rows = last_event_before(points, histories=histories)
        states = np.zeros((len(rows), self.model.size.width), dtype=np.float32)
        elapsed = np.zeros(len(rows))
        known = np.flatnonzero(rows >= 0)
        if len(known):
            times = histories[columns.TIME].to_numpy()
            elapsed[known] = (points[columns.CUTOFF].to_numpy()[known] - times[rows[known]]) / DAY
            states[known] = self._states_at_rows(histories, rows[known])
        return states, elapsed

    def _states_at_rows(self, histories: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """States at given rows of the frame, visiting only the events they depend on."""
        _, batch = encode_histories(histories, vocabulary=self.vocabulary)
        needed, order = np.unique(rows, return_inverse=True)
        spans = _spans(needed, offsets=batch.offsets, look_back=self.model.backbone.receptive_events)
        found = np.empty((len(needed), self.model.size.width), dtype=np.float32)
        for first, last in _chunks(spans):
            piece = _cut(batch, spans[first:last])
            inside = (needed >= spans[first, 0]) & (needed < spans[last - 1, 1])
            starts = np.searchsorted(spans[first:last, 1], needed[inside], side="right")
            local = needed[inside] - spans[first:last][starts, 0] + piece.offsets[:-1][starts]
            states = self.model.states_at(fields_of(piece), Packing.of(piece), torch.from_numpy(local))
            found[inside] = states.numpy()
        return found[order.ravel()]


def fields_of(batch: Batch) -> dict[str, Tensor]:
    """The arrays of a packed batch as tensors, without a copy where they are contiguous."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in batch.values.items() if name != "time"
    }


def _spans(rows: NDArray[np.int64], *, offsets: NDArray[np.int64], look_back: int | None) -> NDArray[np.int64]:
    """Merge ``[row - look_back + 1, row]`` of the same user into disjoint spans ``[S, 2]`` (start, stop).

    Without a look-back each span begins with the user's first event.
    """
    user = np.searchsorted(offsets, rows, side="right") - 1
    start = offsets[user] if look_back is None else np.maximum(rows - look_back + 1, offsets[user])
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (user[1:] != user[:-1]) | (start[1:] > rows[:-1])
    firsts = np.flatnonzero(fresh)
    lasts = np.append(firsts[1:], len(rows)) - 1
    return np.stack([start[firsts], rows[lasts] + 1], axis=1)


def _chunks(spans: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Group consecutive spans so that each group holds about ``_EVENTS_AT_ONCE`` events."""
    group = (np.cumsum(spans[:, 1] - spans[:, 0]) - 1) // _EVENTS_AT_ONCE
    edges = np.concatenate([[0], np.flatnonzero(np.diff(group)) + 1, [len(spans)]])
    return [(int(first), int(last)) for first, last in pairwise(edges.tolist())]


def _cut(batch: Batch, spans: NDArray[np.int64]) -> Batch:
    lengths = spans[:, 1] - spans[:, 0]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    index = np.repeat(spans[:, 0] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Batch({name: array[index] for name, array in batch.values.items()}, offsets)
