"""Histories packed on disk: what pre-training reads, laid down a block of users at a time and mapped into memory.

This module owns those files. It refuses to learn from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.core.time import DAY
from foretell.features.blocks import blocks_of_users
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train.pretraining_data import with_targets

__all__ = ["packed_on_disk"]

_BLOCK_ROWS: Final = 1_000_000
_SMALL: Final = ("price", "gap", "calendar", "order_start")


def packed_on_disk(
    histories: pl.DataFrame,
    *,
    vocabulary: Vocabulary,
    observed_until: int,
    folder: Path,
    block_rows: int = _BLOCK_ROWS,
) -> Batch:
    """The histories up to a moment, encoded, with the pre-training targets; the values are maps of files.

    Args:
        histories: A ``history_frame``; it may be mapped itself.
        vocabulary: The codes.
        observed_until: End of the training window in microseconds; later events are left out.
        folder: Where the files go, one a value.
        block_rows: About how many events are in memory at a time. It changes no value.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = int((histories[columns.TIME] <= observed_until).sum())
    nobody = histories.clear().select(columns.USER_ID)
    values: dict[str, NDArray[np.generic]] = {}
    ends, begin = [np.zeros(1, dtype=np.int64)], 0
    for events, _ in blocks_of_users(histories, points=nobody, block_rows=block_rows):
        known = events.filter(pl.col(columns.TIME) <= observed_until)
        if not known.height and values:
            continue
        _, batch = encode_histories(known, vocabulary=vocabulary)
        batch = with_targets(batch, actions=known[columns.ACTION], observed_until=observed_until)
        for name, array in batch.values.items():
            if name == "time":
                name, array = "day", array // DAY
            if name not in values:
                values[name] = _file(folder / f"{name}.npy", _kind(name, array), total)
            values[name][begin : begin + known.height] = array
        ends.append(batch.offsets[1:] + begin)
        begin += known.height
    return Batch(values, np.concatenate(ends))


def _kind(name: str, array: NDArray[np.generic]) -> np.dtype[np.generic]:
    """The smallest type that holds a field; codes of items and words are many."""
    if array.dtype.kind == "f":
        return array.dtype
    return np.dtype(np.int16 if name in _SMALL else np.int32)


def _file(path: Path, kind: np.dtype[np.generic], n: int) -> NDArray[np.generic]:
    if not n:  # nothing cannot be mapped
        return np.zeros(0, dtype=kind)
    mapped: NDArray[np.generic] = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(n,))
    return mapped
