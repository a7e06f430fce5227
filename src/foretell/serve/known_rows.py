"""Which events the run's own log holds already, so that an overlap between log and stream counts once.

This module owns one 64-bit fingerprint a row: of its ``event_id``, or of its whole content where it has none
(the two duplicate rules of batch cleaning). It refuses to keep the rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.serve.cleaning import ROW_SCHEMA

__all__ = ["KnownRows"]

_SEED: Final = 20_171
# Batch derives sessions, live does not; rows that agree in all else are of one session.
_CONTENT: Final = tuple(name for name in ROW_SCHEMA if name not in (columns.EVENT_ID, columns.SESSION_ID))


@dataclass(frozen=True)
class KnownRows:
    """The fingerprints of a log's rows.

    Attributes:
        fingerprints: uint64, sorted. Two different rows share one with a chance of about one in 10^19.

    Example:
        >>> log = pl.DataFrame({"user_id": ["a", "a"], "time": [5, 6], "action": ["view", "view"]})
        >>> KnownRows.of(log).holds(log.with_columns(event_id=pl.Series(["x", None]))).tolist()
        [False, True]
    """

    fingerprints: NDArray[np.uint64]

    @classmethod
    def of(cls, events: pl.DataFrame) -> KnownRows:
        """Fingerprint the events of a log, impressions included."""
        return cls(np.sort(_fingerprints(events)))

    def holds(self, events: pl.DataFrame) -> NDArray[np.bool_]:
        """Which of ``events`` (canonical columns) the log holds, shape ``[n]``."""
        if not len(self.fingerprints):
            return np.zeros(events.height, dtype=np.bool_)
        asked = _fingerprints(events)
        at = np.minimum(np.searchsorted(self.fingerprints, asked), len(self.fingerprints) - 1)
        found: NDArray[np.bool_] = self.fingerprints[at] == asked
        return found


def _fingerprints(events: pl.DataFrame) -> NDArray[np.uint64]:
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in ROW_SCHEMA.items() if name not in events.columns]
    rows = events.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in ROW_SCHEMA.items())
    by_id = rows.select(columns.EVENT_ID).hash_rows(seed=_SEED)
    if not rows[columns.EVENT_ID].has_nulls():
        return by_id.to_numpy()
    by_content = rows.select(_CONTENT).hash_rows(seed=_SEED)
    return by_content.zip_with(rows[columns.EVENT_ID].is_null(), by_id).to_numpy()
