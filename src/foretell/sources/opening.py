"""From a place to the tables in it: files, folders, patterns, databases, remote paths and tables in memory.

This module owns which reader opens which kind of place. It refuses to read rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from foretell.core.errors import ConfigError, SourceError
from foretell.sources.databases import is_database, open_database
from foretell.sources.dotted import with_dotted
from foretell.sources.formats.files import open_file
from foretell.sources.formats.folders import Opened, is_glob, open_folder, open_glob
from foretell.sources.formats.raw_bytes import readable
from foretell.sources.frames import FrameTable, is_frame
from foretell.sources.reading import ReadingConfig, SideTableConfig, reading_of, side_tables_of
from foretell.sources.remote import is_remote, open_remote
from foretell.sources.secrets import redacted
from foretell.sources.table import Table

__all__ = ["PLACES", "Access", "Place", "nothing_there", "open_place"]


def _is_path(source: object) -> bool:
    """True for a file or folder that is there."""
    try:
        return isinstance(source, (str, Path)) and Path(source).exists()
    except (OSError, ValueError):  # too long a name, or one with a NUL
        return False


def _is_pattern(source: object) -> bool:
    """True for a pattern of local paths."""
    if not isinstance(source, (str, Path)) or "://" in str(source) or "\0" in str(source):
        return False
    return is_glob(str(source))


def _open_frame(source: object, reading: ReadingConfig) -> Opened:
    """A table in memory."""
    reading.refuse_for("a table in memory")
    return Opened(FrameTable.open(source))


def _open_path(source: object, reading: ReadingConfig) -> Opened:
    """A file or a folder."""
    reading.refuse_for("a local path", files=True)
    path = Path(str(source))
    try:
        if path.is_dir():
            return open_folder(path, declared=reading.declared)
        return Opened(open_file(path, declared=reading.declared))
    except OSError as error:
        raise SourceError(
            "The path cannot be read.",
            received=f"{path}: {error.strerror or error}",
            remedy="Check its permissions.",
        ) from error


def _open_pattern(source: object, reading: ReadingConfig) -> Opened:
    """The files that match a pattern."""
    reading.refuse_for("a local path", files=True)
    return open_glob(str(source), declared=reading.declared)


def _open_remote(source: str, reading: ReadingConfig) -> Opened:
    """A file, folder or pattern of an object store or web server."""
    reading.refuse_for("a remote path", files=True, remote=True)
    return open_remote(source, declared=reading.declared, storage=reading.storage)


def _open_database(source: str, reading: ReadingConfig) -> Opened:
    """A table or query of a database."""
    reading.refuse_for("a database", database=True)
    return Opened(open_database(source, table=reading.table, query=reading.query))


@dataclass(frozen=True)
class Place:
    """A kind of place tables lie in.

    Attributes:
        description: One line for a list of sources.
        accepts: True for what lies in this kind of place.
        open: From the place and the settings to the tables in it.
    """

    description: str
    accepts: Callable[[Any], bool]
    open: Callable[[Any, ReadingConfig], Opened]


PLACES: Final[dict[str, Place]] = {
    "frame": Place("a Polars, pandas, Arrow or Spark table in memory", is_frame, _open_frame),
    "database": Place(
        "a table or query of a database: sqlite://, postgresql://, mysql://, mariadb://", is_database, _open_database
    ),
    "remote": Place("a file or folder elsewhere: s3://, gs://, az://, http://, https://", is_remote, _open_remote),
    "path": Place(
        "a file, or a folder of files: CSV, TSV, JSON lines, Parquet, Arrow, access log; plain, gzip or zstd",
        _is_path,
        _open_path,
    ),
    "pattern": Place("the files that match a pattern, such as logs/2026-*/part-*.csv.gz", _is_pattern, _open_pattern),
}
"""Kinds of places, asked in this order."""


def open_place(source: object, reading: ReadingConfig) -> Opened:
    """Whatever lies at ``source``.

    Raises:
        SourceError: If nothing does, or nothing foretell can read.
        ConfigError: If a setting has no effect on that kind of place.
    """
    place = next((place for place in PLACES.values() if place.accepts(source)), None)
    if place is None:
        raise nothing_there(source)
    opened = place.open(source, reading)
    return replace(opened, events=with_dotted(opened.events))


def nothing_there(source: object) -> SourceError:
    """Why nothing can be read from ``source``; where the path is at fault, that is raised."""
    if isinstance(source, str) and "://" in source:
        return SourceError(
            "This kind of address is not known.",
            received=redacted(source),
            remedy="Give sqlite://, postgresql://, mysql://, mariadb://, s3://, gs://, az://, http:// or https://.",
        )
    if isinstance(source, (str, Path)):
        readable(Path(source))
    return SourceError(
        "This is nothing foretell can read events from.",
        received=f"a {type(source).__name__}",
        remedy="Give a path, a URL, a table in memory (Polars, pandas, Arrow, Spark), or 'complete-journey'.",
    )


@dataclass(frozen=True)
class Access:
    """The way to the rows of a log and of the side tables that were declared.

    Attributes:
        log: The log's place.
        reading: Its settings.
        side_tables: By name the place of each side table (None for the log's own) and its settings.
    """

    log: object
    reading: ReadingConfig
    side_tables: Mapping[str, tuple[object, SideTableConfig]]

    @classmethod
    def of(cls, log: object, side_tables: Mapping[str, object] | None, settings: Mapping[str, Any]) -> Access:
        """Check what a user says.

        Raises:
            ConfigError: If a setting is unknown or out of range.
            UnknownNameError: If foretell knows no side table of a name.
        """
        return cls(log, reading_of(**settings), side_tables_of(side_tables))

    def open_side_tables(self) -> dict[str, tuple[Table, Mapping[str, str]]]:
        """The declared side tables and the mapping of each, opened.

        Raises:
            ConfigError: If one names neither a place nor a table of the log's database.
            SourceError: If there is nothing to read or it is damaged.
        """
        return {name: (self._open(name, *declared), declared[1].mapping) for name, declared in self.side_tables.items()}

    def _open(self, name: str, source: object, config: SideTableConfig) -> Table:
        settings = ReadingConfig(**{key: getattr(config, key) for key in ReadingConfig.model_fields})
        if source is None:
            if not is_database(self.log) or (config.table is None and config.query is None):
                raise ConfigError(
                    f"The side table {name} is declared without a place.",
                    received=f"{name}: no source",
                    remedy="Set source to a path or URL; in the log's own database table or query is enough.",
                )
            source = self.log
        if is_remote(source) and is_remote(self.log) and not settings.storage:
            settings = settings.model_copy(update={"storage": self.reading.storage})
        return open_place(source, settings).events
