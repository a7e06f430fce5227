"""What a dialect is: a way in which shops write their events, and its translation.

This module owns the shape. It refuses to know any dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from foretell.sources.table import no_rejects

__all__ = ["Dialect", "Translation"]


@dataclass(frozen=True)
class Translation:
    """A frame in canonical columns, and what happened on the way.

    Attributes:
        frame: Canonical columns and types.
        mapping: From canonical column to the shop's.
        time_unit: In which unit or spelling times were.
        id_types: The types the shop's identifiers had.
        rejected: Rows of which a cell could not be read: ``reason`` and ``raw``.
        notes: What was assumed, in plain sentences.
        tables: Side tables that the events carried along.
    """

    frame: pl.DataFrame
    mapping: Mapping[str, str]
    time_unit: str
    id_types: Mapping[str, pl.DataType] = field(default_factory=dict)
    rejected: pl.DataFrame = field(default_factory=no_rejects)
    notes: tuple[str, ...] = ()
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialect:
    """One way in which shops write their events.

    Attributes:
        name: How it is called in configs and reports.
        description: One line for a list of dialects.
        recognise: From column names and a sample to a confidence between 0 (no) and 1 (certain).
        columns: From all column names and the declared mapping to the mapping canonical -> own, and the
            further columns the translation reads.
        to_canonical: From a frame with those columns and the mapping to the translation.
    """

    name: str
    description: str
    recognise: Callable[[Sequence[str], pl.DataFrame], float]
    columns: Callable[[Sequence[str], Mapping[str, str]], tuple[dict[str, str], tuple[str, ...]]]
    to_canonical: Callable[[pl.DataFrame, Mapping[str, str]], Translation]
