"""What a dialect is: a way in which shops write their events, and its translation.

This module owns the shape. It refuses to know any dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from foretell.sources.table import Table
from foretell.sources.translation import Translation

__all__ = ["Beside", "Dialect", "Plan"]


@dataclass(frozen=True)
class Plan:
    """What is to be read and how it is to be understood.

    Attributes:
        mapping: From canonical column to the shop's, as far as names tell before a row is read.
        reads: The columns to read; in a nested log the outermost ones.
    """

    mapping: Mapping[str, str]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """What the other files of a folder add to the events of a dialect.

    Attributes:
        tables: Side tables by canonical name.
        used: The names of the files that were read.
        notes: What was assumed, in plain sentences.
    """

    tables: Mapping[str, pl.DataFrame]
    used: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dialect:
    """One way in which shops write their events.

    Attributes:
        name: How it is called in configs and reports.
        description: One line for a list of dialects.
        recognise: From column names and a sample to a confidence between 0 (no) and 1 (certain).
        plan: From all column names and the declared mapping to what is read.
        translate: From a frame with the columns read, the plan's mapping and the declared time zone to the
            translation.
        headerless: From the cells of the first line and a sample to the names the columns should have, or None
            where the first line is a header (or the dialect never comes without one).
        beside: From the tables that lie in the same folder, by file name, to what they add.
    """

    name: str
    description: str
    recognise: Callable[[Sequence[str], pl.DataFrame], float]
    plan: Callable[[Sequence[str], Mapping[str, str]], Plan]
    translate: Callable[[pl.DataFrame, Mapping[str, str], str | None], Translation]
    headerless: Callable[[Sequence[str], pl.DataFrame], tuple[str, ...] | None] | None = None
    beside: Callable[[Mapping[str, Table]], Beside] | None = None
