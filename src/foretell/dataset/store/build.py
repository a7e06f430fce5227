"""Building a store from a whole log, a part of the users at a time.

This module owns that walk. It refuses to append (``append``) and to recognise dialects (``sources``): it is given rows
in canonical columns.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from foretell.core import columns
from foretell.core.errors import RunError, SourceError
from foretell.core.events import UNATTRIBUTED
from foretell.dataset.id_types import type_names
from foretell.dataset.store.arrival import arriving, refuse_currencies, write_table, write_tables
from foretell.dataset.store.manifest import MANIFEST, ROWS_PER_PART, Manifest, PartFiles, building_place
from foretell.dataset.store.pages import beside, has_passive, in_sessions, write_part
from foretell.dataset.store.parting import by_range, divide, range_beginnings
from foretell.dataset.store.staging import Staging, collected, silent
from foretell.prepare.cleaning import UNREADABLE
from foretell.prepare.netting import LEFT
from foretell.prepare.rules import CleaningRules

__all__ = ["build_store", "refuse_full"]


def build_store(
    rows: pl.LazyFrame,
    out: str | Path,
    *,
    rules: CleaningRules | None = None,
    tables: Mapping[str, pl.DataFrame] | None = None,
    rejected: pl.DataFrame | None = None,
    id_types: Mapping[str, pl.DataType] | None = None,
    dialect: str = "canonical",
    mapping: Mapping[str, str] | None = None,
    rows_per_part: int = ROWS_PER_PART,
    progress: Callable[[str], None] | None = None,
) -> Manifest:
    """Clean a log of any size into a store.

    It keeps what ``prepare.clean`` keeps, and of rows sent twice the one that arrived first.

    Args:
        rows: Canonical columns, lazily, in the order in which they arrived.
        out: The folder to make.
        rules: The thresholds of cleaning; None takes the defaults.
        tables: Side tables by name.
        rejected: Lines that could not be read, as ``EventLog.rejected``.
        id_types: The types the shop's identifiers have.
        dialect: The dialect the rows were read in.
        mapping: From canonical column to the shop's, as they were read.
        rows_per_part: About how many rows are held in memory at a time. It changes no row of the result.
        progress: Called with what has been done.

    Raises:
        RunError: If the folder holds something already.
        SourceError: If there are no rows.

    Example:
        >>> import tempfile
        >>> log = pl.LazyFrame({"user_id": ["b", "a", None], "time": [10**15] * 3, "action": ["view"] * 3})
        >>> made = build_store(log, Path(tempfile.mkdtemp()) / "store")
        >>> made.rows_in, made.rows_out, made.removed
        (3, 2, {'missing_user': 1})
    """
    folder, say = Path(out), progress or silent
    refuse_full(folder)
    n_rows = int(collected(rows.select(pl.len())).item())
    if n_rows == 0:
        raise SourceError("There are no events.", received="0 rows", remedy="Check the export that wrote it.")
    refuse_currencies(rows, rules=rules or CleaningRules())
    arrived = arriving(rows, first_row=0)
    building = building_place(folder)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        n_parts = max(1, -(-n_rows // rows_per_part))
        beginnings = range_beginnings(arrived, n_parts=n_parts)
        parts = divide(arrived, part=by_range(beginnings), n_parts=len(beginnings) + 1, folder=building / "staging")
        say("divided by user")
        staging = Staging(parts, folder=building / "staging")
        staging.clean(rules or CleaningRules(), progress=say)
        manifest = _write(
            staging,
            building,
            beginnings=beginnings,
            rules=rules or CleaningRules(),
            rows_in=n_rows,
            loose=write_tables(tables or {}, folder=building, generation=1),
            rejected=rejected,
            read=_Reading(type_names(id_types or {}), dialect, dict(mapping or {})),
            rows_per_part=rows_per_part,
            say=say,
        )
        shutil.rmtree(building / "staging")
        if folder.exists():
            folder.rmdir()
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return manifest


@dataclass(frozen=True)
class _Reading:
    """How the rows were read: the types of identifiers, the dialect, the mapping."""

    id_types: dict[str, str]
    dialect: str
    mapping: dict[str, str]


def refuse_full(folder: Path) -> None:
    """Go on if a store can be made in a folder.

    Raises:
        RunError: If it holds something already.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError("The output path is a file.", received=str(folder), remedy="Give a folder as --out.")
    if (folder / MANIFEST).is_file():
        raise RunError(
            "There is a store here already.",
            received=str(folder),
            remedy="Add rows to it with --append, or choose another folder.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise RunError("The folder is not empty.", received=str(folder), remedy="Choose another.")


def _write(
    staging: Staging,
    folder: Path,
    *,
    beginnings: list[str],
    rules: CleaningRules,
    rows_in: int,
    loose: dict[str, str],
    rejected: pl.DataFrame | None,
    read: _Reading,
    rows_per_part: int,
    say: Callable[[str], None],
) -> Manifest:
    has_sessions = columns.SESSION_ID in staging.columns
    parts = []
    apart = pl.DataFrame()
    for number, beginning in enumerate([None, *beginnings]):
        kept = collected(staging.rows(number)).drop(LEFT, strict=False)
        if number == 0:
            apart = kept.filter(pl.col(columns.USER_ID).is_null())
        kept = kept.filter(pl.col(columns.USER_ID).is_not_null())
        events = in_sessions(kept, rules, has_sessions=has_sessions)
        files = PartFiles.named(
            number,
            generation=1,
            beginning=beginning,
            n_rows=events.height,
            nets=staging.before is not None,
            passive=has_passive(events),
        )
        write_part(events, folder, files)
        beside(staging.claimed(number), folder / files.aside)
        if staging.before is not None and files.before is not None:
            beside(staging.before[number], folder / files.before)
        parts.append(files)
        say(f"part {number + 1} of {len(beginnings) + 1}")
    if apart.height:
        loose[UNATTRIBUTED] = write_table(apart, UNATTRIBUTED, folder=folder, generation=1)
    removed = staging.removed()
    if rejected is not None and rejected.height:
        loose[UNREADABLE] = write_table(rejected, UNREADABLE, folder=folder, generation=1)
        removed[UNREADABLE] = rejected.height
    manifest = Manifest(
        generation=1,
        parts=tuple(parts),
        loose=loose,
        rows_in=rows_in + removed.get(UNREADABLE, 0),
        rows_out=sum(part.n_rows for part in parts),
        kept_apart=apart.height,
        removed=removed,
        next_row=rows_in,
        rules=rules.model_dump(mode="json"),
        id_types=read.id_types,
        dialect=read.dialect,
        has_sessions=has_sessions,
        mapping=read.mapping,
        rows_per_part=rows_per_part,
    )
    manifest.save(folder)
    return manifest
