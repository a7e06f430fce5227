"""What has to be looked at again when rows are added to a store.

This module owns that choice. It refuses to look at more:

- Rules on single rows judge the new rows only, and those that lay in the future when they came.
- Rules that compare the rows of one user judge the users who have new rows, from their stored rows as they came.
- An event id that is known already is looked up by the ids of the new rows.
- Rules that compare with the whole log (medians, where it begins) read the columns they need.

Of everybody else the stored rows stay as they are and where they are in the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.dataset.store.pages import alike, as_read
from foretell.dataset.store.parting import by_range
from foretell.dataset.store.staging import Staging, collected
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.group_rule import ROW
from foretell.prepare.group_rules import COMPARING, GROUP_RULES
from foretell.prepare.netting import LEFT, NETTED, NETTING_RULES
from foretell.prepare.plan import RULE
from foretell.prepare.row_rules import FUTURE

__all__ = ["COMPARED", "Part", "due_rows", "parts_again", "rows_of_everyone", "rows_of_touched"]

COMPARED: Final = tuple(name for name in COMPARING if name not in NETTING_RULES)
"""The rules whose verdict on a user can change because of others."""

_PART: Final = "_part"


@dataclass(frozen=True)
class Part:
    """One part while rows are added.

    Attributes:
        number: Which one.
        stored: Its kept rows, with the sessions they came with.
        aside: The rows that were claimed and still are, unless a rule that compares says otherwise.
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


def due_rows(store: HistoryStore) -> pl.DataFrame | None:
    """Rows that lay in the future when they came and do not any more: they count as new; None if there are none."""
    is_due = (pl.col(RULE) == FUTURE) & (pl.col(columns.TIME) <= store.rules.latest())
    found = [store.aside(part).filter(is_due).drop(RULE) for part in range(len(store.manifest.parts))]
    due = pl.concat(found, how="diagonal_relaxed")
    return due if due.height else None


def parts_again(store: HistoryStore, arrived: pl.DataFrame) -> list[Part]:
    """The parts of a store, each with those who have new rows.

    Args:
        store: The store as it is.
        arrived: The new rows, and those that are due.
    """
    owners = arrived.select(columns.USER_ID).unique().with_columns(_part_of(store))
    apart = store.apart()
    found = []
    for number in range(len(store.manifest.parts)):
        stored = as_read(store.stored(number))
        if number == 0 and apart is not None:
            stored = pl.concat([stored, apart], how="diagonal_relaxed", rechunk=False)
        touched = owners.filter(pl.col(_PART) == number).select(columns.USER_ID)
        aside = store.aside(number).join(arrived.select(ROW), on=ROW, how="anti")
        found.append(Part(number, stored, aside, store.before(number), touched))
    return found


def rows_of_touched(store: HistoryStore, parts: list[Part], arrived: pl.DataFrame, *, folder: Path) -> Staging:
    """All rows of everybody with new rows as they came, the new ones judged one by one; they are kept in ``folder``."""
    numbered = arrived.with_columns(_part_of(store))
    plans = []
    for part in parts:
        claimed = part.claimed_by(tuple(GROUP_RULES)).drop(RULE)
        old = collected(_together([part.of_touched(part.stored.drop(NETTED, strict=False)), part.of_touched(claimed)]))
        if part.before is not None:
            original = collected(part.of_touched(part.before))
            old = pl.concat([old.join(original, on=ROW, how="anti"), original], how="diagonal_relaxed")
        new = numbered.filter(pl.col(_PART) == part.number).drop(_PART)
        path = folder / f"touched-{part.number:04d}.arrow"
        rows = collected(_together([old.lazy(), new.lazy()]).sort(ROW))
        rows.write_ipc(path, compression="uncompressed")
        plans.append(pl.scan_ipc(path))
    plans = alike(plans)
    new_rows = Staging([arrived.lazy()])
    new_rows.claim_by_row(store.rules)
    judged = new_rows.claims[0].lazy()
    claims = [collected(plan.select(ROW).join(judged, on=ROW)) for plan in plans]
    return Staging(plans, folder=folder, claims=claims, known_event_ids=_event_ids_of_others(parts, plans))


def rows_of_everyone(parts: list[Part], touched: Staging) -> Staging:
    """Everybody's rows before the rules that compare with the whole log; of most of them only as plans."""
    plans = []
    for part in parts:
        judged_again = part.of_others(part.claimed_by(COMPARED).drop(RULE))
        plans.append(_together([part.of_others(part.stored), judged_again, touched.rows(part.number)]))
    return Staging(alike([plan.drop(LEFT, strict=False) for plan in plans]))


def _part_of(store: HistoryStore) -> pl.Expr:
    return by_range([part.beginning or "" for part in store.manifest.parts[1:]]).alias(_PART)


def _event_ids_of_others(parts: list[Part], plans: list[pl.LazyFrame]) -> pl.LazyFrame | None:
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


def _together(plans: list[pl.LazyFrame]) -> pl.LazyFrame:
    return pl.concat(plans, how="diagonal_relaxed")
