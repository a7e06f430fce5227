"""Adding rows to a store: the same store as if all rows had been prepared at once, without preparing the past again.

This module owns what has to be looked at again. It refuses to look at more:

- Rules on single rows judge the new rows only.
- Rules that compare the rows of one user judge the users who have new rows, from their stored rows as they came.
- An event id that is known already is looked up by the ids of the new rows.
- Rules that compare with the whole log (medians, where it begins) read the columns they need.

Of everybody else the stored rows stay as they are and where they are in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError, SourceError
from foretell.core.events import UNATTRIBUTED
from foretell.dataset.store.arrival import arriving, write_table, write_tables
from foretell.dataset.store.manifest import Manifest, PartFiles
from foretell.dataset.store.pages import as_read, beside, in_sessions, merged, runs_of, write_part
from foretell.dataset.store.parting import by_range
from foretell.dataset.store.staging import Staging, collected
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.cleaning import UNREADABLE
from foretell.prepare.group_rule import ROW
from foretell.prepare.group_rules import COMPARING, GROUP_RULES
from foretell.prepare.netting import LEFT, NETTED, NETTING_RULES
from foretell.prepare.plan import RULE

__all__ = ["append_to_store"]

_COMPARED: Final = tuple(name for name in COMPARING if name not in NETTING_RULES)
"""The rules whose verdict on a user can change because of others."""

_PART: Final = "_part"


@dataclass(frozen=True)
class _Part:
    """One part while rows are added.

    Attributes:
        number: Which one.
        stored: Its kept rows, with the sessions they came with.
        aside: The rows that were claimed.
        before: The rows that netting had changed, as they were.
        touched: ``user_id`` of everybody with new rows; null for rows of nobody.
    """

    number: int
    stored: pl.DataFrame
    aside: pl.DataFrame
    before: pl.DataFrame | None
    touched: pl.DataFrame

    def of_touched(self, rows: pl.DataFrame) -> pl.LazyFrame:
        """Those rows whose users have new ones."""
        return rows.lazy().join(self.touched.lazy(), on=columns.USER_ID, how="semi", nulls_equal=True)

    def of_others(self, rows: pl.DataFrame) -> pl.LazyFrame:
        """Those rows whose users have none."""
        return rows.lazy().join(self.touched.lazy(), on=columns.USER_ID, how="anti", nulls_equal=True)

    def claimed_by(self, rules: Sequence[str]) -> pl.DataFrame:
        """The rows that one of the rules has claimed."""
        return self.aside.filter(pl.col(RULE).is_in(list(rules)))


def append_to_store(
    rows: pl.LazyFrame,
    folder: str | Path,
    *,
    tables: Mapping[str, pl.DataFrame] | None = None,
    rejected: pl.DataFrame | None = None,
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
        progress: Called with what has been done.

    Raises:
        RunError: If there is no finished store in the folder.
        SourceError: If there are no rows.
        SchemaError: If a required column is missing.

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
    store = HistoryStore.open(place)
    before = store.manifest
    before.sweep(place)
    arrived = collected(arriving(rows, first_row=before.next_row))
    if arrived.is_empty():
        raise SourceError("There are no events.", received="0 rows", remedy="Check the export that wrote it.")
    if (columns.SESSION_ID in arrived.columns) and not before.has_sessions:
        raise SchemaError(
            "The new rows have sessions; those in the store were derived.",
            received="a column session_id",
            remedy="Leave the column out, or prepare the whole log again.",
        )
    parts = _parts(store, arrived)
    touched = _rows_of_touched(store, parts, arrived)
    touched.repeats(store.rules)
    say("users with new rows")
    everyone = _rows_of_everyone(parts, touched)
    everyone.compare(store.rules, names=_COMPARED, progress=say)
    generation = before.generation + 1
    done = [_finish(store, part, touched=touched, everyone=everyone, generation=generation) for part in parts]
    loose = before.loose | write_tables(tables or {}, folder=place, generation=generation)
    manifest = _manifest(store, done, loose=loose, n_new=arrived.height, rejected=rejected, generation=generation)
    manifest.save(place)
    manifest.sweep(place)
    return manifest


def _beginnings(store: HistoryStore) -> list[str]:
    return [part.beginning or "" for part in store.manifest.parts[1:]]


def _parts(store: HistoryStore, arrived: pl.DataFrame) -> list[_Part]:
    owners = arrived.select(columns.USER_ID).unique().with_columns(by_range(_beginnings(store)).alias(_PART))
    apart = store.apart()
    found = []
    for number in range(len(store.manifest.parts)):
        stored = as_read(store.stored(number), has_sessions=store.manifest.has_sessions)
        if number == 0 and apart is not None:
            stored = pl.concat([stored, apart], how="diagonal", rechunk=False)
        touched = owners.filter(pl.col(_PART) == number).select(columns.USER_ID)
        found.append(_Part(number, stored, store.aside(number), store.before(number), touched))
    return found


def _rows_of_touched(store: HistoryStore, parts: list[_Part], arrived: pl.DataFrame) -> Staging:
    """All rows of everybody with new rows as they came, the new ones judged one by one."""
    numbered = arrived.with_columns(by_range(_beginnings(store)).alias(_PART))
    plans = []
    for part in parts:
        claimed = part.claimed_by(tuple(GROUP_RULES)).drop(RULE)
        old = collected(_together([part.of_touched(part.stored.drop(NETTED, strict=False)), part.of_touched(claimed)]))
        if part.before is not None:
            original = collected(part.of_touched(part.before))
            old = pl.concat([old.join(original, on=ROW, how="anti"), original], how="diagonal_relaxed")
        new = numbered.filter(pl.col(_PART) == part.number).drop(_PART)
        plans.append(_together([old.lazy(), new.lazy()]).sort(ROW).collect().lazy())
    plans = _alike(plans)
    new_rows = Staging([arrived.lazy()])
    new_rows.claim_by_row(store.rules)
    judged = new_rows.claims[0].lazy()
    claims = [collected(plan.select(ROW).join(judged, on=ROW)) for plan in plans]
    return Staging(plans, claims=claims, known_event_ids=_event_ids_of_others(parts, plans))


def _event_ids_of_others(parts: list[_Part], plans: list[pl.LazyFrame]) -> pl.LazyFrame | None:
    """Rows of users without new ones that share an event id with somebody who has: the first of them stays."""
    if columns.EVENT_ID not in plans[0].collect_schema():
        return None
    asked = pl.concat([plan.select(columns.EVENT_ID) for plan in plans]).drop_nulls().unique()
    compared = [name for name in GROUP_RULES if name != "exact_duplicate"]
    found = []
    for part in parts:
        for rows in (part.stored, part.claimed_by(compared)):
            if columns.EVENT_ID in rows.columns:
                named = rows.select(ROW, columns.USER_ID, columns.EVENT_ID)
                found.append(part.of_others(named).join(asked, on=columns.EVENT_ID, how="semi"))
    return collected(pl.concat([rows.select(ROW, columns.EVENT_ID) for rows in found])).lazy() if found else None


def _rows_of_everyone(parts: list[_Part], touched: Staging) -> Staging:
    """Everybody's rows before the rules that compare with the whole log; of most of them only as plans."""
    plans = []
    for part in parts:
        judged_again = part.of_others(part.claimed_by(_COMPARED).drop(RULE))
        plans.append(_together([part.of_others(part.stored), judged_again, touched.rows(part.number)]))
    return Staging(_alike([plan.drop(LEFT, strict=False) for plan in plans]))


def _together(plans: list[pl.LazyFrame]) -> pl.LazyFrame:
    return pl.concat(plans, how="diagonal_relaxed")


def _alike(plans: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """The plans with all columns that any has, in one order."""
    schemas = [plan.collect_schema() for plan in plans]
    kinds = {name: kind for schema in schemas for name, kind in schema.items()}
    for schema in schemas:  # a column of nothing has no type of its own
        kinds |= {name: kind for name, kind in schema.items() if kinds[name] == pl.Null}
    return [
        plan.select(pl.col(n).cast(k) if n in schema else pl.lit(None, dtype=k).alias(n) for n, k in kinds.items())
        for plan, schema in zip(plans, schemas, strict=True)
    ]


@dataclass(frozen=True)
class _Done:
    """A part after rows were added: its files, how many rows each rule has claimed, and the sales of nobody."""

    files: PartFiles
    removed: dict[str, int]
    apart: pl.DataFrame


def _finish(store: HistoryStore, part: _Part, *, touched: Staging, everyone: Staging, generation: int) -> _Done:
    """Write what has changed of a part."""
    files, number = store.manifest.parts[part.number], part.number
    aside = _aside(part, touched=touched, everyone=everyone)
    removed = {str(rule): int(count) for rule, count in aside.group_by(RULE).len().iter_rows()}
    moved = _moved(part, aside)
    if moved.is_empty():
        return _Done(files, removed, _nobody(part.stored))
    rows = everyone.rows(number).join(moved.lazy(), on=columns.USER_ID, how="semi", nulls_equal=True)
    fresh = collected(rows)
    named = fresh.filter(pl.col(columns.USER_ID).is_not_null())
    named = in_sessions(named, store.rules, has_sessions=store.manifest.has_sessions)
    events = merged(store.stored(number), runs=store.users(number), moved=moved, fresh=named)
    befores = [touched.before[number]] if touched.before is not None else []
    if part.before is not None:
        befores.append(collected(part.of_others(part.before)))
    files = PartFiles.named(
        number, generation=generation, beginning=files.beginning, nets=bool(befores), n_rows=events.height
    )
    write_part(events, runs_of(events), store.folder, files)
    beside(aside, store.folder / files.aside)
    if files.before is not None:
        beside(pl.concat(befores, how="diagonal_relaxed").sort(ROW), store.folder / files.before)
    nobody_moved = moved[columns.USER_ID].has_nulls()
    return _Done(files, removed, _nobody(fresh if nobody_moved else part.stored))


def _nobody(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col(columns.USER_ID).is_null()).sort(ROW)


def _aside(part: _Part, *, touched: Staging, everyone: Staging) -> pl.DataFrame:
    """Every claimed row of a part: as before where nobody had to look again, as found now where somebody did."""
    alone = [name for name in GROUP_RULES if name not in _COMPARED]
    single = part.aside.filter(~pl.col(RULE).is_in(list(GROUP_RULES)))
    as_before = [single, collected(part.of_others(part.claimed_by(alone)))]
    found = [touched.claimed(part.number), everyone.claimed(part.number)]
    # What netting says of a row that was claimed after all belongs to no row that came.
    frames = [frame.drop(NETTED, strict=False) for frame in (*as_before, *found)]
    return pl.concat(frames, how="diagonal_relaxed").sort(ROW)


def _moved(part: _Part, aside: pl.DataFrame) -> pl.DataFrame:
    """Whose kept rows may be others than before: everybody with new rows, and whoever is judged otherwise now."""
    old, new = (frame.select(ROW, RULE, columns.USER_ID) for frame in (part.aside, aside))
    differ = [old.join(new, on=[ROW, RULE], how="anti"), new.join(old, on=[ROW, RULE], how="anti")]
    return pl.concat([part.touched, *(frame.select(columns.USER_ID) for frame in differ)]).unique()


def _manifest(
    store: HistoryStore,
    done: Sequence[_Done],
    *,
    loose: dict[str, str],
    n_new: int,
    rejected: pl.DataFrame | None,
    generation: int,
) -> Manifest:
    """The manifest of the store with the new rows; the loose tables that changed are written on the way."""
    before, folder = store.manifest, store.folder
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
    return replace(
        before,
        generation=generation,
        parts=tuple(part.files for part in done),
        loose=loose,
        rows_in=before.next_row + n_new + n_unread,
        rows_out=sum(part.files.n_rows for part in done),
        kept_apart=apart.height,
        removed=dict(sorted(removed.items())),
        next_row=before.next_row + n_new,
    )


def _silent(_: str) -> None:
    return None
