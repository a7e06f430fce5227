"""Which reader a file needs, by its first bytes and its name.

This module owns ``FORMATS``: a new file format is one module and one line here. It refuses folders.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from foretell.core.errors import SourceError
from foretell.sources.delimited import DelimitedFile
from foretell.sources.json_lines import JsonLinesFile
from foretell.sources.parquet import ParquetFile
from foretell.sources.raw_bytes import is_parquet, readable
from foretell.sources.table import Table

__all__ = ["FORMATS", "format_of", "open_file"]

FORMATS: Final[dict[str, Callable[[Path], Table]]] = {
    ".csv": DelimitedFile.open,
    ".tsv": DelimitedFile.open,
    ".txt": DelimitedFile.open,
    ".jsonl": JsonLinesFile.open,
    ".ndjson": JsonLinesFile.open,
    ".json": JsonLinesFile.open,
    ".parquet": ParquetFile.open,
    ".pq": ParquetFile.open,
}
"""From the ending of a file's name (before ``.gz``) to the reader."""


def format_of(path: Path) -> str | None:
    """The ending that says how to read ``path``, or None if it is no table foretell knows.

    Example:
        >>> format_of(Path("a/events.CSV.gz")), format_of(Path("notes.md"))
        ('.csv', None)
    """
    name = path.name.lower().removesuffix(".gz")
    return next((ending for ending in FORMATS if name.endswith(ending)), None)


def open_file(path: Path) -> Table:
    """The table in a file; its content wins over its name where the two disagree.

    Raises:
        SourceError: If the file is missing, empty, damaged or of no known format.
    """
    readable(path)
    if is_parquet(path):
        return ParquetFile.open(path)
    ending = format_of(path)
    if ending is None:
        raise SourceError(
            "This kind of file is not known.", received=str(path), remedy=f"Give one of {', '.join(FORMATS)}."
        )
    return FORMATS[ending](path)
