"""JSON lines: one object a line, plain or gzipped.

This module owns the quick way through a sound file and the careful one through a damaged one, where every
line that is no object is set aside. It refuses one big JSON array, which cannot be read in pieces.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.raw_bytes import all_bytes, head_of, is_gzip, lines_of, readable
from foretell.sources.table import SAMPLE_ROWS, Rows, rejects

__all__ = ["JsonLinesFile"]


class JsonLinesFile:
    """A text file of JSON objects, one a line. Keys may come and go from line to line.

    Keys that first appear in the last line count as well, so the file is read whole, once, when first asked.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path) -> JsonLinesFile:
        """Check that the file is there and is no JSON array.

        Raises:
            SourceError: If the file is missing, empty, no text, or one JSON array.
        """
        if head_of(readable(path)).lstrip().startswith(b"["):
            raise SourceError(
                "This is one JSON array, not JSON lines.",
                received=str(path),
                remedy="Write one object a line, for example with jq -c '.[]'.",
            )
        return cls(path)

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def columns(self) -> list[str]:
        """Every key that any line has."""
        return self._rows.frame.columns

    def sample(self) -> pl.DataFrame:
        """The first objects."""
        return self._rows.frame.head(SAMPLE_ROWS)

    def read(self, columns: Sequence[str]) -> Rows:
        """The named keys; lines that are no JSON object are set aside."""
        return replace(self._rows, frame=self._rows.frame.select(columns))

    @cached_property
    def _rows(self) -> Rows:
        content = io.BytesIO(all_bytes(self.path)) if is_gzip(self.path) else self.path
        try:
            return Rows(pl.read_ndjson(content, infer_schema_length=None))
        except (pl.exceptions.PolarsError, OSError):
            return _line_by_line(self.path)


def _line_by_line(path: Path) -> Rows:
    """The objects of a file in which not every line is one, or whose values have no common type."""
    objects: list[Mapping[str, Any]] = []
    bad: list[tuple[str, str]] = []
    for line, _ in lines_of(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            bad.append(("The line is not JSON.", line.rstrip("\r\n")))
            continue
        if not isinstance(value, dict):
            bad.append(("The line is JSON but not an object.", line.rstrip("\r\n")))
            continue
        objects.append(value)
    names = dict.fromkeys(key for row in objects for key in row)
    frame = pl.DataFrame([_column(name, [row.get(name) for row in objects]) for name in names])
    return Rows(frame, rejects(bad))


def _column(name: str, values: list[Any]) -> pl.Series:
    """A column of one type: whole numbers, numbers, or text; anything nested as its JSON text."""
    kinds = {type(value) for value in values if value is not None}
    try:
        if kinds == {int}:
            return pl.Series(name, values, dtype=pl.Int64)
        if kinds and kinds <= {int, float}:
            return pl.Series(name, values, dtype=pl.Float64)
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        pass  # numbers too large for 64 bits are kept as text
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
