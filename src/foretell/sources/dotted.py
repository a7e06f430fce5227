"""Values inside of nested columns by dotted names: ``context.page.url`` beside ``context``.

This module owns making them columns that a mapping can name. It refuses lists: which element is meant only a
dialect knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from foretell.sources.table import HeaderlessTable, Rows, Table, scan_of

__all__ = ["with_dotted"]


def with_dotted(table: Table) -> Table:
    """The table with every plain value inside of a structure as a column more; one without structures as it is.

    Example:
        >>> from foretell.sources.frames import FrameTable
        >>> table = with_dotted(FrameTable(pl.DataFrame({"user": [{"id": 7, "at": {"city": "Ulm"}}]})))
        >>> table.columns(), table.read(["user.id", "user.at.city"]).frame.row(0)
        (['user', 'user.id', 'user.at.city'], (7, 'Ulm'))
    """
    return _Dotted(table) if _paths(table.sample().schema) else table


@dataclass(frozen=True)
class _Dotted:
    """A table with its nested values beside the columns they are in."""

    table: Table

    @property
    def where(self) -> str:
        return self.table.where

    def columns(self) -> list[str]:
        return [*self.table.columns(), *self._known]

    def sample(self) -> pl.DataFrame:
        return self.table.sample().with_columns(_value(path).alias(name) for name, path in self._known.items())

    @cached_property
    def _known(self) -> dict[str, tuple[str, ...]]:
        return _paths(self.table.sample().schema)

    def read(self, columns: Sequence[str]) -> Rows:
        paths = {name: path for name, path in self._known.items() if name in columns}
        outer = [paths[name][0] if name in paths else name for name in columns]
        rows = self.table.read(list(dict.fromkeys(outer)))
        present = _paths(rows.frame.schema)
        # A part file, or a column that turned out to be text, may lack what the sample had.
        values = {name: _value(path) if name in present else pl.lit(None) for name, path in paths.items()}
        return replace(rows, frame=rows.frame.select(values.get(name, pl.col(name)).alias(name) for name in columns))

    def scan(self) -> pl.LazyFrame | None:
        frame = scan_of(self.table)
        if frame is None:
            return None
        return frame.with_columns(_value(path).alias(name) for name, path in self._known.items())

    def without_header(self, columns: Sequence[str]) -> Table:
        if not isinstance(self.table, HeaderlessTable):
            return self
        return replace(self, table=self.table.without_header(columns))


def _paths(schema: Mapping[str, pl.DataType]) -> dict[str, tuple[str, ...]]:
    """From dotted name to the fields on the way; a column that has the name already keeps it."""
    found: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((name,), kind) for name, kind in schema.items()]
    while waiting:
        path, kind = waiting.pop(0)
        if isinstance(kind, pl.Struct):
            waiting = [*(((*path, field.name), field.dtype) for field in kind.fields), *waiting]
        elif len(path) > 1 and not kind.is_nested() and (name := ".".join(path)) not in schema:
            found.setdefault(name, path)
    return found


def _value(path: Sequence[str]) -> pl.Expr:
    value = pl.col(path[0])
    for name in path[1:]:
        value = value.struct.field(name)
    return value
