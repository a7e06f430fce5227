"""Packed sequences: values end to end, with offsets saying where each sequence starts.

This module owns the layout (no padding to the longest) and its checks. It refuses to know what the values
mean and holds NumPy arrays, not tensors: ``model`` turns them into tensors without a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretell.core.errors import SchemaError

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """``B`` sequences of any lengths, packed.

    Attributes:
        values: Named arrays, each of shape ``[N]`` with N the total number of positions.
        offsets: int64 of shape ``[B + 1]``; sequence b occupies ``offsets[b]:offsets[b + 1]``.

    Raises:
        SchemaError: If an array's length is not ``offsets[-1]`` or the offsets fall.

    Example:
        >>> batch = Batch({"item": np.array([7, 8, 9])}, np.array([0, 1, 3]))
        >>> len(batch), batch.lengths.tolist(), batch.sequence_of_position().tolist()
        (2, [1, 2], [0, 1, 1])
    """

    values: Mapping[str, NDArray[np.generic]]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        total = int(self.offsets[-1])
        if self.offsets[0] != 0 or (np.diff(self.offsets) < 0).any():
            raise SchemaError("Offsets must start at 0 and never fall.", received=self.offsets[:5].tolist())
        for name, array in self.values.items():
            if len(array) != total:
                raise SchemaError(
                    f"The packed array {name!r} does not fit its offsets.",
                    received=f"{len(array)} values for {total} positions",
                )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of each sequence, shape ``[B]``."""
        return np.diff(self.offsets)

    def sequence_of_position(self) -> NDArray[np.int64]:
        """For each of the N positions, the number of the sequence it belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def select(self, which: NDArray[np.int64]) -> Batch:
        """The sequences ``which``, packed anew in that order."""
        lengths = self.lengths[which]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = np.repeat(self.offsets[which] - offsets[:-1], lengths)
        index = starts + np.arange(offsets[-1])
        return Batch({name: array[index] for name, array in self.values.items()}, offsets)
