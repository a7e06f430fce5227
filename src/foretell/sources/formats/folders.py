"""Folders and globs: one table cut into part files, or a log ``events.*`` with its side tables beside it.

This module owns which files of a folder belong to the log and says which do not. It refuses to mix formats:
a folder of CSV and Parquet parts is more likely an accident than a log.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from foretell.core.errors import SourceError
from foretell.core.events import SIDE_TABLES
from foretell.sources.formats.declared import NOTHING, Declared
from foretell.sources.formats.files import format_of, open_file
from foretell.sources.formats.parts import listed, open_parts
from foretell.sources.table import Table

__all__ = ["Opened", "is_glob", "open_folder", "open_glob"]

EVENTS: Final = ("events", "interactions")
"""What the table of events is called in a folder; the second is Amazon Personalize's word."""
_WEAK_ENDINGS: Final = (".json", ".txt", ".log")
"""What may lie beside a log without being part of it: settings, read-me files, what a job wrote."""


@dataclass(frozen=True)
class Opened:
    """A log that was found and not read yet.

    Attributes:
        events: The table of events.
        side_tables: The side tables beside it, by canonical name.
        notes: What was left aside, in plain sentences.
        others: Further tables in the same folder, by file name, which a dialect may know.
    """

    events: Table
    side_tables: Mapping[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    others: Mapping[str, Table] = field(default_factory=dict)


def open_folder(folder: Path, *, declared: Declared = NOTHING) -> Opened:
    """The log in a folder.

    Raises:
        SourceError: If there is no event table in it, or parts of several formats.
    """
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "_")))
    events = [entry for entry in entries if _stem(entry) in EVENTS and _is_table(entry)]
    if not events:
        return _open_parts(folder, declared)
    if len(events) > 1:
        raise SourceError(
            "The folder holds several event tables.",
            received=", ".join(entry.name for entry in events),
            remedy="Keep one of them.",
        )
    side_tables = {_stem(entry): entry for entry in entries if _stem(entry) in SIDE_TABLES and _is_table(entry)}
    unused = [entry for entry in entries if entry not in {events[0], *side_tables.values()}]
    return Opened(
        _open(events[0], declared),
        {name: _open(path, NOTHING) for name, path in side_tables.items()},
        _notes(unused),
        _others(unused),
    )


def is_glob(place: str) -> bool:
    """True if ``place`` is a pattern of paths.

    Example:
        >>> is_glob("logs/2026-*/part-*.csv.gz"), is_glob("events.csv")
        (True, False)
    """
    return glob.has_magic(place)


def open_glob(pattern: str, *, declared: Declared = NOTHING) -> Opened:
    """The log in the files that match a pattern such as ``logs/2026-*/part-*.csv.gz``; ``**`` goes any depth.

    A folder that matches stands for the tables in it.

    Raises:
        SourceError: If nothing matches, or the files are of several formats.
    """
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns too
    files: list[Path] = []
    notes: tuple[str, ...] = ()
    for match in matches:
        if match.is_dir():
            found, unused = _tables_in(match, declared)
            files += found
            notes += _notes(unused)
        else:
            files.append(match)
    files = list(dict.fromkeys(files))
    if not files:
        raise SourceError(
            "No file matches the pattern.",
            received=pattern,
            remedy="Check the path; put it in quotes so that the shell leaves it alone.",
        )
    return Opened(open_parts(files, place=pattern, declared=declared), notes=notes)


def _open_parts(folder: Path, declared: Declared) -> Opened:
    data, unused = _tables_in(folder, declared)
    if not data:
        raise SourceError(
            "The folder holds no events.",
            received=f"{folder} with {listed([path.name for path in unused]) or 'nothing in it'}",
            remedy="Put events.parquet, or CSV, JSON-lines, Arrow or Parquet part files of one kind, into it.",
        )
    return Opened(open_parts(data, place=str(folder), declared=declared), notes=_notes(unused))


def _tables_in(folder: Path, declared: Declared) -> tuple[list[Path], list[Path]]:
    """The files of a folder that are parts of a log, and those that are not."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    if declared.is_delimited or declared.access_log is not None:
        return files, []
    tables = [path for path in files if format_of(path) is not None]
    data = [path for path in tables if format_of(path) not in _WEAK_ENDINGS] or tables
    return data, [path for path in files if path not in set(data)]


def _open(path: Path, declared: Declared) -> Table:
    return _open_parts(path, declared).events if path.is_dir() else open_file(path, declared=declared)


def _others(paths: Sequence[Path]) -> dict[str, Table]:
    """Those of the files left aside that are tables; one that is none is nobody's loss, as nobody asked for it."""
    tables: dict[str, Table] = {}
    for path in paths:
        if path.is_file() and format_of(path) is not None:
            with contextlib.suppress(SourceError):
                tables[path.name] = open_file(path)
    return tables


def _is_table(path: Path) -> bool:
    return path.is_dir() or format_of(path) is not None


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0].lower()


def _notes(unused: Sequence[Path]) -> tuple[str, ...]:
    if not unused:
        return ()
    names = [entry.name + ("/" if entry.is_dir() else "") for entry in unused]
    return (f"Not part of the log and left aside: {listed(names)}.",)
