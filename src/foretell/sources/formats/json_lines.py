"""JSON lines: one object a line, plain or compressed; nested objects and lists stay nested.

This module owns the quick way through a sound file and the careful one through a damaged one, where every
line that is no object is set aside. It refuses one big JSON array, which cannot be read in pieces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.formats.json_depth import MOST_LEVELS, is_deep, is_deep_line
from foretell.sources.formats.printable import printable
from foretell.sources.formats.raw_bytes import all_bytes, head_of, lines_of, readable
from foretell.sources.table import SAMPLE_ROWS, Rows, rejects
from foretell.sources.values import column_of, parse_json_lines, text_of, written

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
        content = all_bytes(self.path)
        if not is_deep(content):
            try:
                frame = parse_json_lines(content)
                if frame.height == content.count(b"\n") + (not content.endswith(b"\n")) or frame.height == sum(
                    1 for line in content.splitlines() if line.strip()
                ):
                    return Rows(frame)
            except pl.exceptions.PolarsError:
                pass  # some line is at fault; which one, the careful way finds
        del content
        return _line_by_line(self.path)


def _line_by_line(path: Path) -> Rows:
    """The objects of a file in which not every line is one, or whose values have no common type."""
    objects: list[Mapping[str, Any]] = []
    bad: list[tuple[str, str]] = []
    n_foreign = 0
    for line, is_utf_8 in lines_of(path):
        if not line.strip():
            continue
        n_foreign += not is_utf_8
        value, reason = _object_in(line)
        if value is None:
            bad.append((reason, line.rstrip("\r\n")))
        else:
            objects.append(value)
    notes = (f"{n_foreign:,} lines are not UTF-8 and were read as Windows-1252.",) if n_foreign else ()
    if not objects and bad:
        reason, raw = bad[0]
        raise SourceError(
            "Not one line of the file is a JSON object of its own.",
            received=f"{path}, first line {printable(raw)}. {reason}",
            remedy="Write one object a line: jq -c . does so with objects that span lines or share one.",
        )
    return Rows(_frame(objects), rejects(bad), notes)


def _object_in(line: str) -> tuple[dict[str, Any] | None, str]:
    """The object a line holds, or None and why there is none."""
    if is_deep_line(line.encode()):
        return None, f"The line is nested deeper than {MOST_LEVELS} levels."
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None, "The line is not JSON."
    if not isinstance(value, dict):
        return None, "The line is JSON but not an object."
    return value, ""


def _frame(objects: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    try:
        frame = parse_json_lines(written(objects))
        if frame.height == len(objects):
            return frame
    except pl.exceptions.PolarsError:
        pass  # the values of some key have no common type
    names = dict.fromkeys(key for row in objects for key in row)
    return pl.DataFrame([column_of(str(text_of(name)), [row.get(name) for row in objects]) for name in names])
