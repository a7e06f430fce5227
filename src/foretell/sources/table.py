"""A table somewhere: its column names, a sample of it, and all of its rows once the columns wanted are known.

This module owns the shape that every reader has, and how unreadable rows are set aside. It refuses to know
formats and meanings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import polars as pl

__all__ = ["RAW", "REASON", "SAMPLE_ROWS", "Rows", "Table", "no_rejects", "rejects"]

REASON: Final = "reason"
RAW: Final = "raw"
SAMPLE_ROWS: Final = 200
"""How many rows are looked at to recognise a dialect."""


def no_rejects() -> pl.DataFrame:
    """The table of rows set aside, empty."""
    return pl.DataFrame(schema={REASON: pl.String, RAW: pl.String})


def rejects(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """The table of rows set aside, from pairs of reason and raw text."""
    return pl.DataFrame(list(rows), schema={REASON: pl.String, RAW: pl.String}, orient="row")


@dataclass(frozen=True)
class Rows:
    """What a reader read.

    Attributes:
        frame: The rows under the shop's own column names.
        rejected: Lines that could not be read: ``reason`` and ``raw``.
        notes: What a user should know about the reading, in plain sentences.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=no_rejects)
    notes: tuple[str, ...] = ()


class Table(Protocol):
    """Anything rows can be read from."""

    @property
    def where(self) -> str:
        """The place, as a user would name it."""
        ...

    def columns(self) -> list[str]:
        """The shop's own column names."""
        ...

    def sample(self) -> pl.DataFrame:
        """The first ``SAMPLE_ROWS`` rows or fewer, all columns."""
        ...

    def read(self, columns: Sequence[str]) -> Rows:
        """All rows of the named columns."""
        ...
