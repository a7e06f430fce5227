"""Adding rows to a store: the same store as if all rows had been prepared at once, without preparing the past again.

This module owns that walk and the manifest it ends with. It refuses to choose what is looked at again (``again``) and
to write parts (``ending``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from foretell.core import columns
from foretell.core.errors import SourceError
from foretell.core.events import UNATTRIBUTED
from foretell.dataset.id_types import type_names
from foretell.dataset.store.again import COMPARED, due_rows, parts_again, rows_of_everyone, rows_of_touched
from foretell.dataset.store.arrival import (
    arriving,
    in_stored_types,
    joint_types,
    refuse_currencies,
    refuse_other_reading,
    write_table,
    write_tables,
)
from foretell.dataset.store.ending import Ended, Ending
from foretell.dataset.store.locking import locked
from foretell.dataset.store.manifest import Manifest
from foretell.dataset.store.staging import collected, silent
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.cleaning import UNREADABLE

__all__ = ["append_to_store"]


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
    place, say = Path(folder), progress or silent
    refuse_other_reading(HistoryStore.open(place), dialect=dialect, mapping=mapping or {})
    working = place.with_name(f".{place.name}.adding")
    with locked(place):
        store = HistoryStore.open(place)
        before = store.manifest
        before.sweep(place)
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir()
        try:
            refuse_currencies(rows, rules=store.rules, store=store)
            arrived = collected(in_stored_types(arriving(rows, first_row=before.next_row), store))
            if arrived.is_empty():
                raise SourceError("There are no events.", received="0 rows", remedy="Check the export that wrote it.")
            done, has_sessions = _added(store, arrived, working=working, say=say)
            loose = before.loose | write_tables(tables or {}, folder=place, generation=before.generation + 1)
            manifest = _manifest(store, done, loose=loose, n_new=arrived.height, rejected=rejected)
            reading = {
                "has_sessions": has_sessions,
                "id_types": joint_types(before.id_types, type_names(id_types or {})),
                "mapping": dict(mapping or {}) | before.mapping,
            }
            manifest = manifest.model_copy(update=reading)
            manifest.save(place)
        except BaseException:
            before.sweep(place)
            raise
        finally:
            shutil.rmtree(working, ignore_errors=True)
        manifest.sweep(place)
    return manifest


def _added(
    store: HistoryStore, arrived: pl.DataFrame, *, working: Path, say: Callable[[str], None]
) -> tuple[list[Ended], bool]:
    """Clean the rows into the parts they belong to; also says whether the shop gives session ids of its own."""
    due = due_rows(store)
    rows = arrived if due is None else pl.concat([due, arrived], how="diagonal_relaxed")
    has_sessions = store.manifest.has_sessions or columns.SESSION_ID in rows.columns
    parts = parts_again(store, rows)
    touched = rows_of_touched(store, parts, rows, folder=working)
    touched.repeats(store.rules)
    say("users with new rows")
    everyone = rows_of_everyone(parts, touched)
    everyone.compare(store.rules, names=COMPARED, progress=say)
    generation = store.manifest.generation + 1
    ending = Ending(store, touched, everyone, generation=generation, has_sessions=has_sessions)
    done: list[Ended] = []
    for part in parts:
        done.append(ending.finish(part, first=sum(len(finished.files) for finished in done)))
        say(f"part {part.number + 1} of {len(parts)}")
    return done, has_sessions


def _manifest(
    store: HistoryStore, done: Sequence[Ended], *, loose: dict[str, str], n_new: int, rejected: pl.DataFrame | None
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
    account = {
        "generation": generation,
        "parts": files,
        "loose": loose,
        "rows_in": before.next_row + n_new + n_unread,
        "rows_out": sum(file.n_rows for file in files),
        "kept_apart": apart.height,
        "removed": dict(sorted(removed.items())),
        "next_row": before.next_row + n_new,
    }
    return before.model_copy(update=account)
