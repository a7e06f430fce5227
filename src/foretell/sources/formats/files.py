"""Which reader a file needs, by its first bytes and its name.

This module owns ``FORMATS``: a new file format is one module and one line here. It refuses folders.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foretell.core.errors import SourceError
from foretell.sources.access_logs.lines import looks_like_access_log
from foretell.sources.access_logs.table import AccessLogFile
from foretell.sources.formats.arrow_ipc import FILE_MAGIC, STREAM_MAGIC, ArrowFile
from foretell.sources.formats.compression import SUFFIXES
from foretell.sources.formats.declared import NOTHING, Declared
from foretell.sources.formats.delimited import DelimitedFile
from foretell.sources.formats.json_lines import JsonLinesFile
from foretell.sources.formats.parquet import ParquetFile
from foretell.sources.formats.printable import printable
from foretell.sources.formats.raw_bytes import peek, readable
from foretell.sources.table import Table

__all__ = ["FORMATS", "Format", "format_of", "open_file"]

_PARQUET_MAGIC: Final = b"PAR1"
_ROTATION: Final = re.compile(r"\.log[-.]\d+$")
"""What log rotation appends to a name: access.log.1, access.log-20260131."""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: What it is called in messages; files of one name can be parts of one log.
        open: From a path and what was declared to the table in it.
    """

    name: str
    open: Callable[[Path, Declared], Table]


def _open_delimited(path: Path, declared: Declared) -> Table:
    declared.refuse_for("delimited text", delimited=True)
    return DelimitedFile.open(path, separator=declared.separator, columns=declared.columns)


def _open_json_lines(path: Path, declared: Declared) -> Table:
    declared.refuse_for("JSON lines")
    return JsonLinesFile.open(path)


def _open_parquet(path: Path, declared: Declared) -> Table:
    declared.refuse_for("a Parquet file")
    return ParquetFile.open(path)


def _open_arrow(path: Path, declared: Declared) -> Table:
    declared.refuse_for("an Arrow file")
    return ArrowFile.open(path)


def _open_access_log(path: Path, declared: Declared) -> Table:
    declared.refuse_for("an access log", access_log=True)
    return AccessLogFile.open(path, config=declared.access_log)


_DELIMITED: Final = Format("delimited text", _open_delimited)
_JSON_LINES: Final = Format("JSON lines", _open_json_lines)
_PARQUET: Final = Format("Parquet", _open_parquet)
_ARROW: Final = Format("Arrow", _open_arrow)
_ACCESS_LOG: Final = Format("access log", _open_access_log)

FORMATS: Final[dict[str, Format]] = {
    ".csv": _DELIMITED,
    ".tsv": _DELIMITED,
    ".txt": _DELIMITED,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".json": _JSON_LINES,
    ".parquet": _PARQUET,
    ".pq": _PARQUET,
    ".arrow": _ARROW,
    ".arrows": _ARROW,
    ".feather": _ARROW,
    ".ipc": _ARROW,
    ".log": _ACCESS_LOG,
}
"""From the ending of a file's name (before ``.gz`` or ``.zst``) to the format."""


def format_of(path: Path) -> str | None:
    """The ending that says how to read ``path``, or None if it is no table foretell knows.

    Example:
        >>> format_of(Path("a/events.CSV.gz")), format_of(Path("access.log.2.gz")), format_of(Path("notes.md"))
        ('.csv', '.log', None)
    """
    name = path.name.lower()
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    if _ROTATION.search(name):
        return ".log"
    return next((ending for ending in FORMATS if name.endswith(ending)), None)


def open_file(path: Path, *, declared: Declared = NOTHING) -> Table:
    """The table in a file; its content wins over its name where the two disagree.

    Args:
        path: The file.
        declared: What the user says about its layout.

    Raises:
        SourceError: If the file is missing, empty, damaged or of no known format.
        ConfigError: If something was declared that has no effect on this kind of file.
    """
    start = peek(readable(path))
    chosen = _by_content(start, declared) or FORMATS.get(format_of(path) or "") or _by_first_letter(start)
    if chosen is None:
        raise SourceError(
            "This kind of file is not known.",
            received=printable(str(path), limit=1000),
            remedy=f"Give one of {', '.join(FORMATS)}; for delimited text of another name declare the separator.",
        )
    return chosen.open(path, declared)


def _by_content(start: bytes, declared: Declared) -> Format | None:
    if start.startswith(_PARQUET_MAGIC):
        return _PARQUET
    if start.startswith((FILE_MAGIC, STREAM_MAGIC)):
        return _ARROW
    if declared.access_log is not None or (not declared.is_delimited and looks_like_access_log(start)):
        return _ACCESS_LOG
    return _DELIMITED if declared.is_delimited else None


def _by_first_letter(start: bytes) -> Format | None:
    """A file of unknown name whose first letter opens an object holds JSON lines."""
    return _JSON_LINES if start.lstrip().startswith(b"{") else None
