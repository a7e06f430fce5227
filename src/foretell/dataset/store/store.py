"""A finished store, opened: frames that are the store's own pages.

This module owns reading. It refuses to write (``build``, ``append``).
"""

from __future__ import annotations

import shutil
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.events import RETURNED, SIDE_TABLES, UNATTRIBUTED, EventLog, in_event_order
from foretell.core.history import history_rows
from foretell.dataset.id_types import types_of
from foretell.dataset.store.manifest import MANIFEST, Manifest
from foretell.dataset.store.pages import GIVEN_SESSION, alike, mapped
from foretell.prepare.cleaning import REASONS, UNREADABLE
from foretell.prepare.group_rule import ROW
from foretell.prepare.netting import returned_units
from foretell.prepare.plan import RULE
from foretell.prepare.rules import CleaningRules

__all__ = ["HistoryStore"]

_INNER: Final = (ROW, GIVEN_SESSION)


@dataclass(frozen=True)
class HistoryStore:
    """A clean log on disk.

    Opening reads the manifest only. Events lie sorted by user, then time, as uncompressed Arrow columns, with the row
    at which each user begins beside them: the operating system brings in the pages that are touched and drops them
    again.

    Attributes:
        folder: Where it lies.
        manifest: What it holds.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path) -> HistoryStore:
        """Open a store.

        Raises:
            RunError: If there is no finished store in the folder.
        """
        place = Path(folder)
        return cls(place, Manifest.load(place))

    @staticmethod
    def is_one(folder: str | Path) -> bool:
        """Whether a store lies in the folder."""
        try:
            return (Path(folder) / MANIFEST).is_file()
        except (OSError, ValueError):  # too long a name, or one with a NUL
            return False

    def __len__(self) -> int:
        return self.manifest.rows_out

    @property
    def rules(self) -> CleaningRules:
        """The thresholds it was cleaned with."""
        return CleaningRules.model_validate(self.manifest.rules)

    def stored(self, part: int) -> pl.DataFrame:
        """The rows of a part with what the store notes of them, mapped into memory."""
        return mapped(self.folder / self.manifest.parts[part].events)

    def schema(self) -> dict[str, pl.DataType]:
        """The columns that any row has, kept or not, and their types."""
        found: dict[str, pl.DataType] = {}
        for files in self.manifest.parts:
            rows = mapped(self.folder / files.events).schema, pl.read_parquet_schema(self.folder / files.aside)
            for name, kind in (entry for schema in rows for entry in schema.items()):
                if found.get(name, pl.Null()) == pl.Null():
                    found[name] = kind
        return found

    def last_time(self) -> int | None:
        """The moment of the last event, int64 microseconds; None where there are none."""
        ends = [self.stored(part)[columns.TIME].max() for part in range(len(self.manifest.parts))]
        return max((int(str(end)) for end in ends if end is not None), default=None)

    def users(self, part: int) -> pl.DataFrame:
        """``user_id``, ``begin`` and ``end``: whose events the rows ``begin..end`` of the part are."""
        return mapped(self.folder / self.manifest.parts[part].users)

    def events(self) -> pl.DataFrame:
        """Everyone's events by user and time, mapped into memory."""
        parts = [self.stored(part).drop(*_INNER, strict=False) for part in range(len(self.manifest.parts))]
        # Days may have brought columns that earlier ones had not.
        return pl.concat(parts, how="diagonal_relaxed", rechunk=False)

    def histories(self) -> pl.DataFrame:
        """The ``history_frame`` of the events, mapped into memory."""
        frames = []
        for number, part in enumerate(self.manifest.parts):
            file = part.histories
            frames.append(history_rows(self.stored(number)) if file is None else mapped(self.folder / file))
        return pl.concat(frames, rechunk=False)

    def log(self) -> EventLog:
        """The clean log; its events stay on disk until they are touched."""
        known: tuple[str, ...] = (*SIDE_TABLES, UNATTRIBUTED)
        tables = {name: self._loose(name) for name in known if name in self.manifest.loose}
        if UNATTRIBUTED in tables:
            tables[UNATTRIBUTED] = in_event_order(tables[UNATTRIBUTED].sort(ROW)).drop(ROW)
        events = self.events()
        if self.rules.refunds == "targets" and columns.ITEM_ID in events.columns:
            tables |= self._returned()
        return EventLog(
            events,
            tables,
            types_of(self.manifest.id_types),
            self.manifest.dialect,
            histories=self.histories(),
        )

    def snapshot(self, folder: str | Path) -> HistoryStore:
        """The store as it is now in another folder, where rows added here later do not show.

        Files of a store never change, so on the same disk the snapshot is made of links and takes no room.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for name in self.manifest.names() - {MANIFEST}:
            (place / name).unlink(missing_ok=True)
            try:
                (place / name).hardlink_to(self.folder / name)
            except OSError:  # another disk, or one that knows no links
                shutil.copyfile(self.folder / name, place / name)
        self.manifest.save(place)
        return HistoryStore(place, self.manifest)

    def history(self, user_id: str) -> pl.DataFrame:
        """The events of one user, read from its rows alone; none for somebody unknown."""
        beginnings = [part.beginning or "" for part in self.manifest.parts[1:]]
        part = bisect_right(beginnings, str(user_id))
        found = self.users(part).filter(pl.col(columns.USER_ID) == str(user_id))
        begin, end = found.row(0)[1:] if found.height else (0, 0)
        return self.stored(part).slice(begin, end - begin).drop(*_INNER, strict=False)

    def aside(self, part: int) -> pl.DataFrame:
        """The rows of a part that rules claimed, with their rule and number."""
        return pl.read_parquet(self.folder / self.manifest.parts[part].aside)

    def before(self, part: int) -> pl.DataFrame | None:
        """The rows of a part that netting changed, as they were; None where refunds are not netted."""
        name = self.manifest.parts[part].before
        return None if name is None else pl.read_parquet(self.folder / name)

    def apart(self) -> pl.DataFrame | None:
        """The sales that name no user, with their numbers; None where there are none."""
        return self._loose(UNATTRIBUTED) if UNATTRIBUTED in self.manifest.loose else None

    def unreadable(self) -> pl.DataFrame | None:
        """The lines that could not be read; None where there were none."""
        return self._loose(UNREADABLE) if UNREADABLE in self.manifest.loose else None

    def quarantine(self) -> pl.DataFrame:
        """Every row that was set aside with ``rule`` and ``reason``, in the order of arrival; amounts in one shape."""
        frames = []
        for part in range(len(self.manifest.parts)):
            aside, before = self.aside(part), self.before(part)
            if before is not None:
                netted = aside.select(ROW, RULE).join(before, on=ROW)
                aside = pl.concat([aside.join(netted, on=ROW, how="anti"), netted], how="diagonal_relaxed")
            frames.append(aside)
        reason = pl.col(RULE).replace_strict(REASONS, return_dtype=pl.String).alias("reason")
        rows = pl.concat(frames, how="diagonal_relaxed").sort(ROW).drop(ROW).with_columns(reason)
        unreadable = self.unreadable()
        if unreadable is not None:
            named = unreadable.with_columns(pl.lit(UNREADABLE).alias(RULE))
            rows = pl.concat([rows, named], how="diagonal_relaxed")
        return rows.select(RULE, "reason", pl.exclude(RULE, "reason"))

    def _loose(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / self.manifest.loose[name])

    def _returned(self) -> dict[str, pl.DataFrame]:
        frames = [self.stored(part).drop(GIVEN_SESSION, strict=False) for part in range(len(self.manifest.parts))]
        apart = self.apart()
        if apart is not None:
            frames.append(apart)
        traded = pl.col(columns.ACTION).is_in((columns.PURCHASE, columns.REFUND))
        # A part may have been written before the log had a column.
        plans = alike([rows.filter(traded).lazy() for rows in frames])
        found = [returned_units(nw.from_native(plan)).to_native().collect() for plan in plans]
        returned = pl.concat(found, how="diagonal_relaxed").sort(ROW).drop(ROW)
        return {RETURNED: in_event_order(returned)} if returned.height else {}
