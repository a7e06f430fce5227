"""What the pre-training loop reads: packed histories with their targets, cut into steps.

This module owns targets (next item, next action, time to the next order) and the order of the steps, a pure
function of seed and step number so that a resumed run continues exactly. It refuses to touch the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.core.time import DAY

__all__ = ["PretrainingData", "short_first", "with_targets"]


def with_targets(batch: Batch, *, actions: pl.Series, observed_until: int) -> Batch:
    """Add the pre-training targets to encoded histories.

    Adds ``next_item`` and ``next_action`` (code of the user's next event, 0 at the last one), and for the last
    event of each moment ``wait_days`` until the next purchase with ``wait_observed`` 1, or until
    ``observed_until`` with 0; elsewhere ``wait_days`` is -1.

    Args:
        batch: Encoded histories, a sequence a user.
        actions: The action name of each position.
        observed_until: End of the training window in microseconds.
    """
    n = int(batch.offsets[-1])
    last = np.zeros(n, dtype=bool)
    last[batch.offsets[1:][batch.lengths > 0] - 1] = True
    times = batch.values["time"].astype(np.int64)
    next_item = np.where(last, 0, np.roll(batch.values["item"], -1))
    next_action = np.where(last, 0, np.roll(batch.values["action"], -1))
    moment_end = last | (np.roll(times, -1) != times)
    purchases = np.flatnonzero((actions == columns.PURCHASE).to_numpy())
    position = np.searchsorted(purchases, np.arange(n), side="right")
    following = purchases[np.minimum(position, len(purchases) - 1)] if len(purchases) else np.zeros(n, dtype=int)
    user = batch.sequence_of_position()
    observed = (position < len(purchases)) & (user[following] == user)
    wait = np.where(observed, times[following] - times, observed_until - times) / DAY
    values = dict(batch.values)
    values |= {
        "next_item": next_item,
        "next_action": next_action,
        "wait_days": np.where(moment_end, wait, -1.0).astype(np.float32),
        "wait_observed": observed.astype(np.float32),
    }
    return Batch(values, batch.offsets)


@dataclass(frozen=True)
class PretrainingData:
    """Packed histories with targets, served in steps.

    Attributes:
        batch: The packed histories, pieces of at most ``events_per_step`` events.
        events_per_step: How many events a step holds, about.
        seed: Decides the order of the steps.
    """

    batch: Batch
    events_per_step: int
    seed: int

    @classmethod
    def cut(cls, batch: Batch, *, events_per_step: int, seed: int) -> PretrainingData:
        """Cut histories longer than a step into pieces, so that no step is larger than planned."""
        bounds = [
            np.append(np.arange(start, stop, events_per_step), stop)
            for start, stop in zip(batch.offsets[:-1], batch.offsets[1:], strict=True)
            if stop > start
        ]
        ends = np.concatenate([piece[1:] for piece in bounds]) if bounds else np.empty(0, dtype=np.int64)
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        return cls(Batch(batch.values, offsets), events_per_step, seed)

    @property
    def n_events(self) -> int:
        """Events of an epoch."""
        return int(self.batch.offsets[-1])

    def take(self, which: NDArray[np.int64], *, multiple: int = 1) -> Batch:
        """The pieces of a step, packed anew, short ones first; whole numbers are int64 whatever they are kept as.

        Args:
            which: The pieces.
            multiple: What the number of events shall be a multiple of; what is missing is filled.
        """
        return short_first(self.batch.select(which), multiple=multiple)

    def steps(self, epoch: int) -> list[NDArray[np.int64]]:
        """The pieces of each step of an epoch, a function of seed and epoch alone."""
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.batch))
        total = np.cumsum(self.batch.lengths[order])
        step = (total - 1) // self.events_per_step
        return np.split(order, np.flatnonzero(np.diff(step)) + 1)


def short_first(batch: Batch, *, multiple: int = 1) -> Batch:
    """Sequences in the order of their length, whole numbers as int64.

    Args:
        batch: Sequences with their targets.
        multiple: Events without targets, each a sequence of its own, are put in front until the events number a
            multiple of this.
    """
    batch = batch.select(np.argsort(batch.lengths, kind="stable"))
    n_fill = -int(batch.offsets[-1]) % multiple
    values = {name: _filled(name, array, n_fill) for name, array in batch.values.items()}
    return Batch(values, np.concatenate([np.arange(n_fill), batch.offsets + n_fill]))


def _filled(name: str, array: NDArray[np.generic], n_fill: int) -> NDArray[np.generic]:
    kind = np.dtype(np.int64) if array.dtype.kind == "i" else array.dtype
    found = np.empty(len(array) + n_fill, dtype=kind)
    found[:n_fill] = -1 if name == "wait_days" else 0
    found[n_fill:] = array
    return found
