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
from foretell.sources.translation import Column

__all__ = ["Recognition", "RequestsRecognition", "examples_of"]

_EXAMPLES = 3


@dataclass(frozen=True)
class Recognition:
    """How foretell understands a source.

    Attributes:
        dialect: The dialect its rows are read in.
        confidence: How certain that is, between 0 and 1.
        columns: Where each canonical column comes from, and how certain that is.
        time_unit: In which unit or spelling times are.
        examples: Up to three rows as foretell reads them, times as ISO 8601.
        side_tables: Side tables found, by canonical name, and where.
        notes: What was assumed or left aside, in plain sentences.
    """

    dialect: str
    confidence: float
    columns: Mapping[str, Column]
    time_unit: str
    examples: tuple[Mapping[str, Any], ...]
    side_tables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """From canonical column to the shop's."""
        return {canonical: column.own for canonical, column in self.columns.items()}


class RequestsRecognition(Recognition):
    """The same of a web server's log: its requests, under canonical names."""


def examples_of(frame: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """The first three rows as a person reads them.

    Example:
        >>> examples_of(pl.DataFrame({"user_id": ["a"], "time": [0], "item_id": [None]}))
        ({'user_id': 'a', 'time': '1970-01-01T00:00:00+00:00'},)
    """
    return tuple(_readable(row) for row in frame.head(_EXAMPLES).iter_rows(named=True))


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    present = {name: value for name, value in row.items() if value is not None}
    for name in present.keys() & {columns.TIME, columns.RECEIVED_TIME}:
        try:
            present[name] = from_microseconds(present[name]).isoformat()
        except (ValueError, OverflowError):
            present[name] = f"{present[name]} microseconds"
    return present
