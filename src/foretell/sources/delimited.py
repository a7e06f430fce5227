"""Delimited text: CSV, TSV and their kin, plain or gzipped.

This module owns the quick way through a sound file, every cell as text. It refuses to guess types, and hands
a file that is not sound to ``delimited_lines``, which goes line by line and loses none.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import SourceError
from foretell.sources.delimited_lines import read_lines
from foretell.sources.raw_bytes import all_bytes, head_of, is_gzip, readable
from foretell.sources.table import SAMPLE_ROWS, Rows

__all__ = ["DelimitedFile"]

_SEPARATORS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class DelimitedFile:
    """A text file whose first line names the columns.

    Attributes:
        path: The file.
        separator: What stands between cells.
    """

    path: Path
    separator: str

    @classmethod
    def open(cls, path: Path) -> DelimitedFile:
        """Find the separator by the first line: the most frequent of comma, semicolon, tab and bar.

        Raises:
            SourceError: If the file is missing, empty or no text.
        """
        first_line = head_of(readable(path)).split(b"\n", 1)[0].decode(errors="replace")
        return cls(path, max(_SEPARATORS, key=first_line.count))

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def columns(self) -> list[str]:
        """The names in the first line."""
        return self.sample().columns

    def sample(self) -> pl.DataFrame:
        """The first rows, all cells text."""
        head = head_of(self.path)
        # A last line cut by the end of the head would be read as a short row.
        whole_lines = head[: head.rfind(b"\n") + 1] or head
        try:
            frame = self._parse(io.BytesIO(whole_lines), n_rows=SAMPLE_ROWS)
        except (pl.exceptions.PolarsError, OSError):
            frame = pl.DataFrame()
        if frame.is_empty():
            return read_lines(self.path, separator=self.separator, columns=None, limit=SAMPLE_ROWS).frame
        return frame

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns; damaged lines are set aside."""
        content = io.BytesIO(all_bytes(self.path)) if self._needs_decoding() else self.path
        try:
            frame = self._parse(content, columns=list(columns))
        except (pl.exceptions.PolarsError, OSError):
            return read_lines(self.path, separator=self.separator, columns=columns)
        return Rows(frame)

    def _needs_decoding(self) -> bool:
        """Gzip is opened here, where its errors are explained; UTF-16 is unknown to Polars."""
        with self.path.open("rb") as stream:
            start = stream.read(2)
        return is_gzip(self.path) or start in (b"\xff\xfe", b"\xfe\xff")

    def _parse(
        self, content: Path | io.BytesIO, *, n_rows: int | None = None, columns: list[str] | None = None
    ) -> pl.DataFrame:
        frame = pl.read_csv(
            content,
            separator=self.separator,
            infer_schema=False,
            n_rows=n_rows,
            columns=columns,
        )
        if frame.width == 0:
            raise SourceError("The file names no columns.", received=self.where, remedy="Put names in its first line.")
        # A blank line comes out as a row without a single value.
        return frame.filter(~pl.all_horizontal(pl.all().is_null()))
