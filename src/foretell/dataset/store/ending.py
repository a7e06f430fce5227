"""What is written of a store when rows were added: the parts in which anybody's rows are others than before.

This module owns those files. It refuses to judge rows and to write the manifest (``append``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from foretell.core import columns
from foretell.dataset.store.again import COMPARED, Part
from foretell.dataset.store.manifest import PartFiles
from foretell.dataset.store.pages import beside, has_passive, in_sessions, merged, write_part
from foretell.dataset.store.parting import by_range, range_beginnings
from foretell.dataset.store.staging import Staging, collected
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.group_rule import ROW
from foretell.prepare.group_rules import GROUP_RULES
from foretell.prepare.netting import NETTED
from foretell.prepare.plan import RULE

__all__ = ["Ended", "Ending"]


@dataclass(frozen=True)
class Ended:
    """A part after rows were added: its files, how many rows each rule has claimed, and the sales of nobody."""

    files: tuple[PartFiles, ...]
    removed: dict[str, int]
    apart: pl.DataFrame


@dataclass(frozen=True)
class Ending:
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

    def finish(self, part: Part, *, first: int) -> Ended:
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
            return Ended((self.store.manifest.parts[number],), removed, _nobody(part.stored))
        rows = self.everyone.rows(number).join(moved.lazy(), on=columns.USER_ID, how="semi", nulls_equal=True)
        fresh = collected(rows)
        named = fresh.filter(pl.col(columns.USER_ID).is_not_null())
        named = in_sessions(named, self.store.rules, has_sessions=self.has_sessions)
        events = merged(self.store.stored(number), runs=self.store.users(number), moved=moved, fresh=named)
        files = self._write(events, aside, self._before(part), number=number, first=first)
        nobody_moved = moved[columns.USER_ID].has_nulls()
        return Ended(files, removed, _nobody(fresh if nobody_moved else part.stored))

    def _write(
        self, events: pl.DataFrame, aside: pl.DataFrame, before: pl.DataFrame | None, *, number: int, first: int
    ) -> tuple[PartFiles, ...]:
        """The files of a part; of several parts if it has grown too large for one."""
        share = self.store.manifest.rows_per_part
        n_pieces = -(-events.height // share) if events.height > 2 * share else 1
        beginnings = range_beginnings(events.lazy(), n_parts=n_pieces)
        written = []
        for piece, beginning in enumerate([self.store.manifest.parts[number].beginning, *beginnings]):
            rows = _piece(events, beginnings, piece)
            files = PartFiles.named(
                first + piece,
                generation=self.generation,
                beginning=beginning,
                n_rows=rows.height,
                nets=before is not None,
                passive=has_passive(rows),
            )
            write_part(rows, self.store.folder, files)
            beside(_piece(aside, beginnings, piece), self.store.folder / files.aside)
            if before is not None and files.before is not None:
                beside(_piece(before, beginnings, piece), self.store.folder / files.before)
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


def _piece(rows: pl.DataFrame, beginnings: Sequence[str], number: int) -> pl.DataFrame:
    """The rows of the users of one piece.

    Where there is one only, its condition would name no column, and Polars takes that for no mask of many rows.
    """
    return rows.filter(by_range(beginnings) == number) if beginnings else rows


def _nobody(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col(columns.USER_ID).is_null()).sort(ROW)


def _moved(old: pl.DataFrame, new: pl.DataFrame, *, touched: pl.DataFrame) -> pl.DataFrame:
    """Whose kept rows may be others than before: everybody with new rows, and whoever is judged otherwise now."""
    old, new = (frame.select(ROW, RULE, columns.USER_ID) for frame in (old, new))
    differ = [old.join(new, on=[ROW, RULE], how="anti"), new.join(old, on=[ROW, RULE], how="anti")]
    return pl.concat([touched, *(frame.select(columns.USER_ID) for frame in differ)]).unique()
