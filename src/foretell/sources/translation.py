"""What comes out of a translation: a frame in canonical columns, and an account of what happened on the way.

This module owns those two shapes. It refuses to translate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from foretell.sources.table import no_rejects

__all__ = ["Column", "Translation"]


@dataclass(frozen=True)
class Column:
    """Where a canonical column comes from.

    Attributes:
        own: The shop's column, or the path to it inside a nested one.
        confidence: How certain that is, between 0 and 1: by its name, and by how many of its cells make sense.
    """

    own: str
    confidence: float = 1.0


@dataclass(frozen=True)
class Translation:
    """A frame in canonical columns, and what happened on the way.

    Attributes:
        frame: Canonical columns and types.
        columns: Where each canonical column comes from.
        time_unit: In which unit or spelling times were.
        id_types: The types the shop's identifiers had.
        rejected: Rows of which a cell could not be read: ``reason`` and ``raw``.
        notes: What was assumed, in plain sentences.
        tables: Side tables that the events carried along.
    """

    frame: pl.DataFrame
    columns: Mapping[str, Column]
    time_unit: str
    id_types: Mapping[str, pl.DataType] = field(default_factory=dict)
    rejected: pl.DataFrame = field(default_factory=no_rejects)
    notes: tuple[str, ...] = ()
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, str]:
        """From canonical column to the shop's."""
        return {canonical: column.own for canonical, column in self.columns.items()}
