"""Delimited text: CSV, TSV and their kin, plain or compressed, with or without a line of names.

This module owns the quick way through a sound file, every cell as text. It refuses to guess types, and hands a file
that is not sound to ``delimited_lines``, which goes line by line and loses none.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core.errors import ConfigError, SchemaError, SourceError
from foretell.sources.formats.compression import compression_of
from foretell.sources.formats.delimited_lines import read_lines
from foretell.sources.formats.printable import printable
from foretell.sources.formats.raw_bytes import all_bytes, head_of, is_plain_utf_8, readable
from foretell.sources.table import SAMPLE_ROWS, Rows

__all__ = ["DelimitedFile"]

_SEPARATORS: Final = (",", ";", "\t", "|")
_CHUNK: Final = 1 << 22
_BLANK: Final = "<blank>\n"
"""A name that no column of a file with one line of names can have."""
_AGAIN: Final = re.compile(r"(.*)_duplicated_\d+$", re.DOTALL)
"""How Polars calls a column whose name another one has already."""


@dataclass(frozen=True)
class DelimitedFile:
    """A text file of rows and cells.

    Attributes:
        path: The file.
        separator: What stands between cells.
        names: The columns, where no line of the file names them.
        n_comments: So many lines before the first row are comments.
    """

    path: Path
    separator: str
    names: tuple[str, ...] | None = None
    n_comments: int = 0

    @classmethod
    def open(cls, path: Path, *, separator: str | None = None, columns: Sequence[str] | None = None) -> DelimitedFile:
        """Find the separator by the first line: the most frequent of comma, semicolon, tab and bar.

        Args:
            path: The file.
            separator: What stands between cells, where the first line does not tell.
            columns: The names of the columns of a file without a line of names.

        Raises:
            SourceError: If the file is missing, empty or no text.
            SchemaError: If the first line has more cells than ``columns`` names.
            ConfigError: If the separator is not one character, or a name is declared twice.
        """
        head = head_of(readable(path))
        n_comments = _comment_lines(head)
        first_line = _after(head, n_comments).lstrip(b"\r\n").split(b"\n", 1)[0].decode(errors="replace")
        table = cls(path, separator or max(_SEPARATORS, key=first_line.count), n_comments=n_comments)
        if len(table.separator.encode()) != 1 or table.separator in '"\r\n':
            raise ConfigError(
                "A separator is one plain character.", received=repr(separator), remedy="Say ',', ';', '|' or '\\t'."
            )
        return table if columns is None else table.without_header(columns)

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def without_header(self, columns: Sequence[str]) -> DelimitedFile:
        """The same file with ``columns`` for names, its first line a row like every other.

        Raises:
            SchemaError: If the first line has more cells than there are names.
            ConfigError: If a name is declared twice.
        """
        if len(set(columns)) < len(columns) or not columns:
            raise ConfigError(
                "Each declared column needs a name of its own.",
                received=", ".join(columns) or "no names",
                remedy="Name every column once, from left to right.",
            )
        table = replace(self, names=tuple(columns))
        first = read_lines(self.path, separator=self.separator, columns=None, limit=1, skip=self.n_comments)
        n_cells = max(first.frame.width, 1)
        if n_cells > len(columns):
            raise SchemaError(
                f"The first line of the file has {n_cells:,} cells where {len(columns):,} columns are declared.",
                received=f"{self.path}: {printable(self.separator.join(first.frame.columns))}",
                remedy="Name every column from left to right, also those that foretell has no use for.",
            )
        return table

    def columns(self) -> list[str]:
        """The names in the first line, or those declared."""
        return list(self.names) if self.names is not None else self.sample().columns

    def sample(self) -> pl.DataFrame:
        """The first rows, all cells text."""
        return self._sample

    @cached_property
    def _sample(self) -> pl.DataFrame:
        head = _after(head_of(self.path), self.n_comments)
        # A last line cut by the end of the head would be read as a short row.
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        try:
            frame = _without_blank_lines(self._parse(whole_lines, n_rows=SAMPLE_ROWS))
        except (pl.exceptions.PolarsError, OSError):
            frame = pl.DataFrame()
        if frame.is_empty():
            return self._line_by_line(columns=None, limit=SAMPLE_ROWS).frame
        return frame

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns; damaged lines are set aside."""
        rows = self._read(columns)
        return replace(rows, notes=(*self._comments, *self._same_names, *rows.notes))

    @property
    def _same_names(self) -> tuple[str, ...]:
        """Which of several columns of one name keeps it."""
        names = [] if self.names is not None else self.columns()
        again = {name: found[1] for name in names if (found := _AGAIN.match(name)) and found[1] in names}
        return tuple(
            f"Several columns are named {name!r}: the first keeps the name, the others are "
            f"{', '.join(repr(other) for other in again if again[other] == name)}; map the one that is meant."
            for name in dict.fromkeys(again.values())
        )

    @property
    def _comments(self) -> tuple[str, ...]:
        if not self.n_comments:
            return ()
        return (f"{self.n_comments:,} lines before the first row are comments (#) and are left aside.",)

    def _read(self, columns: Sequence[str]) -> Rows:
        content = self.path if self._can_be_mapped() else _after(all_bytes(self.path), self.n_comments)
        frame = self._sound_rows(content, columns)
        if frame is not None:
            return Rows(frame)
        try:
            # Lines that are no rows of their own are blank or belong to a cell: which, only all cells tell.
            whole = self._parse(content)
        except (pl.exceptions.PolarsError, OSError):
            return self._line_by_line(columns=columns)
        if _swallows_rows(whole, self.separator):
            return self._line_by_line(columns=columns)
        return Rows(_without_blank_lines(whole).select(columns))

    def _sound_rows(self, content: Path | bytes, columns: Sequence[str]) -> pl.DataFrame | None:
        """The named columns where every line is a row; None where the whole rows have to be looked at."""
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        try:
            # Polars sees that a row has a cell too many only where it is asked about the cells of every column.
            whole = pl.scan_csv(source, separator=self.separator, **self._header())
            frame = whole.select(*columns, _is_blank().alias(_BLANK)).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError):
            return None
        n_named = 1 if self.names is None else 0
        is_sound = not frame[_BLANK].any() and frame.height + n_named == _count_lines(content)
        return frame.drop(_BLANK) if is_sound else None

    def scan(self) -> pl.LazyFrame | None:
        """All columns, lazily; None where the encoding is not UTF-8."""
        if not is_plain_utf_8(self.path) or self.n_comments:
            return None
        return pl.scan_csv(self.path, separator=self.separator, **self._header()).filter(~_is_blank())

    def _can_be_mapped(self) -> bool:
        """Compressed files are opened here, where their errors are explained; UTF-16 and comments are cut off."""
        return not self.n_comments and compression_of(self.path) is None and is_plain_utf_8(self.path)

    def _header(self) -> dict[str, Any]:
        if self.names is None:
            return {"infer_schema": False}
        return {"has_header": False, "schema": dict.fromkeys(self.names, pl.String)}

    def _line_by_line(self, *, columns: Sequence[str] | None, limit: int | None = None) -> Rows:
        return read_lines(
            self.path,
            separator=self.separator,
            columns=columns,
            names=self.names,
            limit=limit,
            skip=self.n_comments,
        )

    def _parse(self, content: Path | bytes, *, n_rows: int | None = None) -> pl.DataFrame:
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        frame = pl.read_csv(source, separator=self.separator, n_rows=n_rows, **self._header())
        if frame.width == 0:
            raise SourceError("The file names no columns.", received=self.where, remedy="Put names in its first line.")
        return frame


def _comment_lines(head: bytes) -> int:
    """How many lines before the line of names are comments: a sign # in front, and fewer cells than that line has."""
    lines = head.split(b"\n")
    n_comments = next((place for place, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), 0)
    first = lines[n_comments]
    separator = max(_SEPARATORS, key=lambda sign: first.count(sign.encode())).encode()
    # A line of names may itself start with that sign.
    is_header = any(line.count(separator) >= first.count(separator) for line in lines[:n_comments])
    return 0 if is_header or not any(line.strip() for line in lines[:n_comments]) else n_comments


def _after(content: bytes, n_lines: int) -> bytes:
    """The content without its first lines."""
    for _ in range(n_lines):
        content = content[content.find(b"\n") + 1 :]
    return content


def _is_blank() -> pl.Expr:
    """A blank line comes out of Polars as a row without a single value."""
    return pl.all_horizontal(pl.all().is_null())


def _without_blank_lines(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~_is_blank())


def _count_lines(content: Path | bytes) -> int:
    """How many lines there are, the last one with or without its end."""
    if isinstance(content, bytes):
        return content.count(b"\n") + (not content.endswith(b"\n"))
    n_lines, last = 0, b"\n"
    with content.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            n_lines += chunk.count(b"\n")
            last = chunk[-1:]
    return n_lines + (last != b"\n")


def _swallows_rows(frame: pl.DataFrame, separator: str) -> bool:
    """True if a cell holds a line that could be a row: a quote was opened by mistake and closed by another."""
    if frame.width == 1:
        return False
    cut = "\\" + separator if not separator.isalnum() else separator
    row = rf"\n[^\n]*(?:{cut}[^\n]*){{{min(frame.width - 1, 100)}}}"
    return any(frame[name].str.contains(row).any() for name in frame.columns if frame[name].str.contains("\n").any())
