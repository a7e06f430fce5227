"""The rows of a log on their way to a store: from any source, a piece at a time where that can be done.

This module owns that choice and what is said of the reading. It refuses to clean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SourceError
from foretell.sources import Pieces, open_pieces, read_events, recognise

__all__ = ["OF_READING_ONLY", "Arrived", "arrived", "late_rows"]

OF_READING_ONLY: Final = ("identities", "stitch")
"""Settings that decide about whole logs, of which recognition sees a sample only."""


@dataclass(frozen=True)
class Arrived:
    """What was read.

    Attributes:
        rows: Canonical columns, lazily, in the order of arrival.
        given: How they were read and what came with them, as ``build_store`` and ``append_to_store`` take it:
            ``dialect``, ``mapping``, ``tables``, ``rejected`` and ``id_types``.
        notes: What was assumed, in plain sentences.
        in_pieces: Whether the rows were never in memory all at once.
    """

    rows: pl.LazyFrame
    given: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    in_pieces: bool = False


def arrived(
    source: object,
    *,
    choices: Mapping[str, Any],
    folder: Path,
    progress: Callable[[int, int], None],
) -> Arrived:
    """Read a log.

    Args:
        source: What ``read_events`` takes.
        choices: Its further arguments.
        folder: Where pieces are put while they wait.
        progress: Called with how many rows have been read, piece by piece, and how many there are.
    """
    pieces = open_pieces(source, **choices)
    if pieces is not None:
        return _in_pieces(pieces, folder, progress)
    of_sample = {name: value for name, value in choices.items() if name not in OF_READING_ONLY}
    mapping = recognise(source, **of_sample).mapping
    log = read_events(source, **choices)
    progress(len(log), len(log))
    given = {
        "dialect": log.dialect,
        "mapping": mapping,
        "tables": log.tables,
        "rejected": log.rejected,
        "id_types": log.id_types,
    }
    return Arrived(log.events.lazy(), given, log.notes)


def _in_pieces(pieces: Pieces, folder: Path, progress: Callable[[int, int], None]) -> Arrived:
    """Translate a piece at a time into files of the same columns."""
    total = int(pieces.rows.select(pl.len()).collect(engine="streaming").item())
    files, rejected, n_rows = [], [], 0
    kinds: dict[str, set[pl.DataType]] = {}
    notes: list[str] = list(pieces.notes)
    for number, piece in enumerate(pieces.read()):
        path = folder / f"piece-{number:05d}.arrow"
        piece.frame.write_ipc(path, compression="lz4")
        files.append(path)
        rejected.append(piece.rejected)
        notes += piece.notes
        for name, kind in piece.id_types.items():
            # A piece without a single id does not know of which type they are.
            if piece.frame[name].null_count() < piece.frame.height:
                kinds.setdefault(name, set()).add(kind)
        n_rows += piece.frame.height
        progress(n_rows, total)
    unread = pl.concat(rejected) if rejected else None
    if not n_rows and (unread is None or unread.is_empty()):
        raise SourceError(
            "There are no events.", received=f"{pieces.where}: 0 rows", remedy="Check the export that wrote it."
        )
    types = {name: next(iter(found)) if len(found) == 1 else pl.String() for name, found in kinds.items()}
    given = {
        "dialect": "canonical",
        "mapping": pieces.mapping,
        "tables": pieces.tables,
        "rejected": None if unread is None or unread.is_empty() else unread,
        "id_types": types,
    }
    return Arrived(pl.scan_ipc(files), given, tuple(dict.fromkeys(notes)), in_pieces=True)


def late_rows(rows: pl.LazyFrame, *, last: int) -> int:
    """How many rows are older than the last that was known (int64 microseconds).

    Example:
        >>> late_rows(pl.LazyFrame({"time": [3, 5, None]}), last=5)
        1
    """
    return int(rows.filter(pl.col(columns.TIME) < last).select(pl.len()).collect(engine="streaming").item())
