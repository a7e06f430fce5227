"""What was recognised in a source, for ``foretell inspect``.

This module owns the description. It refuses to read more than a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from foretell.core import columns
from foretell.core.time import from_microseconds

__all__ = ["Recognition", "examples_of"]

_EXAMPLES = 3


@dataclass(frozen=True)
class Recognition:
    """How foretell understands a source.

    Attributes:
        dialect: The dialect its rows are read in.
        confidence: How certain that is, between 0 and 1.
        mapping: From canonical column to the shop's.
        time_unit: In which unit or spelling times are.
        examples: Up to three rows as foretell reads them, times as ISO 8601.
        side_tables: Side tables found, by canonical name, and where.
        notes: What was assumed or left aside, in plain sentences.
    """

    dialect: str
    confidence: float
    mapping: Mapping[str, str]
    time_unit: str
    examples: tuple[Mapping[str, Any], ...]
    side_tables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def examples_of(frame: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """The first three rows as a person reads them."""
    return tuple(_readable(row) for row in frame.head(_EXAMPLES).iter_rows(named=True))


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    present = {name: value for name, value in row.items() if value is not None}
    if columns.TIME in present:
        try:
            present[columns.TIME] = from_microseconds(present[columns.TIME]).isoformat()
        except (ValueError, OverflowError):
            present[columns.TIME] = f"{present[columns.TIME]} microseconds"
    return present
