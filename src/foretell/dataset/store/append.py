"""Adding rows to a store: the same store as if all rows had been prepared at once, without preparing the past again.

This module owns that walk and what is written of it. It refuses to choose what is looked at again (``again``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SourceError
from foretell.core.events import UNATTRIBUTED
from foretell.dataset.id_types import type_names
from foretell.dataset.store.again import COMPARED, Part, due_rows, parts_again, rows_of_everyone, rows_of_touched
from foretell.dataset.store.arrival import (
    arriving,
    in_stored_types,
    joint_types,
    refuse_other_reading,
    write_table,
    write_tables,
)
from foretell.dataset.store.locking import locked
from foretell.dataset.store.manifest import Manifest, PartFiles
from foretell.dataset.store.pages import beside, has_passive, in_sessions, merged, write_part
from foretell.dataset.store.parting import by_range, range_beginnings
from foretell.dataset.store.staging import Staging, collected
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.cleaning import UNREADABLE
from foretell.prepare.group_rule import ROW
from foretell.prepare.group_rules import GROUP_RULES
from foretell.prepare.netting import NETTED
from foretell.prepare.plan import RULE

__all__ = ["append_to_store"]

_PIECE: Final = "_piece"


def append_to_store(
    rows: pl.LazyFrame,
    folder: str | Path,
    *,
    tables: Mapping[str, pl.DataFrame] | None = None,
    rejected: pl.DataFrame | None = None,
    id_types: Mapping[str, pl.DataType] | None = None,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Manifest:
    """Add rows that have arrived since, cleaned by the rules of the store.

    Files are written beside those of before; the manifest changes from one to the other in one step, so a store is
    whole at every moment. An interrupted call is simply made again.

    Args:
        rows: Canonical columns, lazily, in the order in which they arrived.
        folder: The store.
        tables: Side tables that replace those of the same name.
        rejected: Lines that could not be read.
        id_types: The types the shop's identifiers have in these rows.
        dialect: The dialect they were read in; None does not say.
        mapping: From canonical column to the shop's, as they were read; None does not say.
        progress: Called with what has been done.

    Raises:
        RunError: If there is no finished store in the folder, or rows are being added to it already.
        SourceError: If there are no rows.
        SchemaError: If a required column is missing, or rows were read otherwise than those of the store.

    Example:
        >>> import tempfile
        >>> from foretell.dataset.store.build import build_store
        >>> monday = pl.LazyFrame({"user_id": ["b", "a"], "time": [10**15] * 2, "action": ["view"] * 2})
        >>> store = Path(tempfile.mkdtemp()) / "store"
        >>> _ = build_store(monday, store)
        >>> append_to_store(monday.with_columns(pl.col("time") + 10**11), store).rows_out
        4
    """
    place, say = Path(folder), progress or _silent
    refuse_other_reading(HistoryStore.open(place), dialect=dialect, mapping=mapping or {})
    working = place.with_name(f".{place.name}.adding")
    with locked(place):
        store = HistoryStore.open(place)
        before = store.manifest
        before.sweep(place)
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir()
        try:
            arrived = collected(in_stored_types(arriving(rows, first_row=before.next_row), store))
            if arrived.is_empty():
                raise SourceError("There are no events.", received="0 rows", remedy="Check the export that wrote it.")
            n_new, due = arrived.height, due_rows(store)
            if due is not None:
                arrived = pl.concat([due, arrived], how="diagonal_relaxed")
            has_sessions = before.has_sessions or columns.SESSION_ID in arrived.columns
            parts = parts_again(store, arrived)
            touched = rows_of_touched(store, parts, arrived, folder=working)
            touched.repeats(store.rules)
            say("users with new rows")
            everyone = rows_of_everyone(parts, touched)
            everyone.compare(store.rules, names=COMPARED, progress=say)
            ending = _Ending(store, touched, everyone, generation=before.generation + 1, has_sessions=has_sessions)
            done: list[_Done] = []
            for part in parts:
                done.append(ending.finish(part, first=sum(len(finished.files) for finished in done)))
                say(f"part {part.number + 1} of {len(parts)}")
            loose = before.loose | write_tables(tables or {}, folder=place, generation=ending.generation)
            manifest = _manifest(store, done, loose=loose, n_new=n_new, rejected=rejected)
            manifest = replace(
                manifest,
                has_sessions=has_sessions,
                id_types=joint_types(before.id_types, type_names(id_types or {})),
                mapping=dict(mapping or {}) | before.mapping,
            )
            manifest.save(place)
            manifest.sweep(place)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    return manifest


@dataclass(frozen=True)
class _Done:
    """A part after rows were added: its files, how many rows each rule has claimed, and the sales of nobody."""

    files: tuple[PartFiles, ...]
    removed: dict[str, int]
    apart: pl.DataFrame


@dataclass(frozen=True)
class _Ending:
    """Writes what has changed.

    Attributes:
        store: The store as it was.
        touched: The rows of everybody with new ones.
        everyone: Everybody's rows, as the rules left them.
        generation: The generation to write.
        has_sessions: Whether the shop gave session ids of its own.
    """

    store: HistoryStore
    touched: Staging
    everyone: Staging
    generation: int
    has_sessions: bool

    def finish(self, part: Part, *, first: int) -> _Done:
        """Write what has changed of a part.

        Args:
            part: The part as it was.
            first: Which number its files are to have.
        """
        number = part.number
        aside = self._aside(part)
        removed = {str(rule): int(count) for rule, count in aside.group_by(RULE).len().iter_rows()}
        moved = _moved(self.store.aside(number), aside, touched=part.touched)
        if moved.is_empty():
            return _Done((self.store.manifest.parts[number],), removed, _nobody(part.stored))
        rows = self.everyone.rows(number).join(moved.lazy(), on=columns.USER_ID, how="semi", nulls_equal=True)
        fresh = collected(rows)
        named = fresh.filter(pl.col(columns.USER_ID).is_not_null())
        named = in_sessions(named, self.store.rules, has_sessions=self.has_sessions)
        events = merged(self.store.stored(number), runs=self.store.users(number), moved=moved, fresh=named)
        files = self._write(events, aside, self._before(part), number=number, first=first)
        nobody_moved = moved[columns.USER_ID].has_nulls()
        return _Done(files, removed, _nobody(fresh if nobody_moved else part.stored))

    def _write(
        self, events: pl.DataFrame, aside: pl.DataFrame, before: pl.DataFrame | None, *, number: int, first: int
    ) -> tuple[PartFiles, ...]:
        """The files of a part; of several parts if it has grown too large for one."""
        share = self.store.manifest.rows_per_part
        n_pieces = -(-events.height // share) if events.height > 2 * share else 1
        beginnings = range_beginnings(events.lazy(), n_parts=n_pieces)
        written = []
        for piece, beginning in enumerate([self.store.manifest.parts[number].beginning, *beginnings]):
            mine = by_range(beginnings) == piece
            rows = events.filter(mine) if beginnings else events
            files = PartFiles.named(
                first + piece,
                generation=self.generation,
                beginning=beginning,
                n_rows=rows.height,
                nets=before is not None,
                passive=has_passive(rows),
            )
            write_part(rows, self.store.folder, files)
            beside(aside.filter(mine), self.store.folder / files.aside)
            if before is not None and files.before is not None:
                beside(before.filter(mine), self.store.folder / files.before)
            written.append(files)
        return tuple(written)

    def _before(self, part: Part) -> pl.DataFrame | None:
        """The rows that netting changed, as they were."""
        befores = [self.touched.before[part.number]] if self.touched.before is not None else []
        if part.before is not None:
            befores.append(collected(part.of_others(part.before)))
        return pl.concat(befores, how="diagonal_relaxed").sort(ROW) if befores else None

    def _aside(self, part: Part) -> pl.DataFrame:
        """Every claimed row of a part: as before where nobody had to look again, as found now where somebody did."""
        alone = [name for name in GROUP_RULES if name not in COMPARED]
        single = part.aside.filter(~pl.col(RULE).is_in(list(GROUP_RULES)))
        as_before = [single, collected(part.of_others(part.claimed_by(alone)))]
        found = [self.touched.claimed(part.number), self.everyone.claimed(part.number)]
        # What netting says of a row that was claimed after all belongs to no row that came.
        frames = [frame.drop(NETTED, strict=False) for frame in (*as_before, *found)]
        return pl.concat(frames, how="diagonal_relaxed").sort(ROW)


def _nobody(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col(columns.USER_ID).is_null()).sort(ROW)


def _moved(old: pl.DataFrame, new: pl.DataFrame, *, touched: pl.DataFrame) -> pl.DataFrame:
    """Whose kept rows may be others than before: everybody with new rows, and whoever is judged otherwise now."""
    old, new = (frame.select(ROW, RULE, columns.USER_ID) for frame in (old, new))
    differ = [old.join(new, on=[ROW, RULE], how="anti"), new.join(old, on=[ROW, RULE], how="anti")]
    return pl.concat([touched, *(frame.select(columns.USER_ID) for frame in differ)]).unique()


def _manifest(
    store: HistoryStore, done: Sequence[_Done], *, loose: dict[str, str], n_new: int, rejected: pl.DataFrame | None
) -> Manifest:
    """The manifest of the store with the new rows; the loose tables that changed are written on the way."""
    before, folder = store.manifest, store.folder
    generation = before.generation + 1
    removed: dict[str, int] = {}
    for part in done:
        for rule, count in part.removed.items():
            removed[rule] = removed.get(rule, 0) + count
    apart = done[0].apart
    loose = {name: file for name, file in loose.items() if name != UNATTRIBUTED}
    if apart.height:
        loose[UNATTRIBUTED] = write_table(apart, UNATTRIBUTED, folder=folder, generation=generation)
    unreadable = store.unreadable()
    if rejected is not None and rejected.height:
        unreadable = rejected if unreadable is None else pl.concat([unreadable, rejected], how="diagonal_relaxed")
        loose[UNREADABLE] = write_table(unreadable, UNREADABLE, folder=folder, generation=generation)
    n_unread = 0 if unreadable is None else unreadable.height
    if n_unread:
        removed[UNREADABLE] = n_unread
    files = tuple(file for part in done for file in part.files)
    return replace(
        before,
        generation=generation,
        parts=files,
        loose=loose,
        rows_in=before.next_row + n_new + n_unread,
        rows_out=sum(file.n_rows for file in files),
        kept_apart=apart.height,
        removed=dict(sorted(removed.items())),
        next_row=before.next_row + n_new,
    )


def _silent(_: str) -> None:
    return None
