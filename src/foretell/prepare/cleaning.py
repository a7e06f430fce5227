"""Cleaning: every rule applied once, every removed row counted and kept aside with its reason.

This module owns the order of the rules and the arithmetic (rows in = rows out + removed + kept apart). It refuses to
repair what a row says: a row stays or is set aside. What is brought into one shape (signs of refunds, an absent value,
currencies, refunds to be netted) is declared in ``CleaningRules`` and counted in ``noted``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.events import CLEANED_TABLES, RETURNED, UNATTRIBUTED, EventLog, in_event_order
from foretell.prepare import noted as notes
from foretell.prepare.amounts import complete_amounts
from foretell.prepare.currency import in_one_currency
from foretell.prepare.group_rule import ROW, Rows
from foretell.prepare.group_rules import COMPARING, GROUP_RULES, REPEATING
from foretell.prepare.netting import LEFT, net_refunds, returned_units
from foretell.prepare.plan import Claims, claim_by_group, claim_by_row
from foretell.prepare.row_rules import ROW_RULES, user_or_null
from foretell.prepare.rules import CleaningRules
from foretell.prepare.sessions import with_sessions
from foretell.prepare.workbench import PolarsWorkbench

__all__ = ["REASONS", "UNREADABLE", "Cleaned", "clean"]

UNREADABLE: Final = "unreadable"
REASONS: Final[dict[str, str]] = {
    UNREADABLE: "The source could not be read here.",
    **{name: rule.reason for name, rule in ROW_RULES.items()},
    **{name: rule.reason for name, rule in GROUP_RULES.items()},
}
"""Every rule and its reason in plain words, in the order in which the rules claim rows."""

_RULE: Final = "rule"
_REASON: Final = "reason"
_RAW: Final = "raw"
_BENCH: Final = PolarsWorkbench()

_Claimed = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class Cleaned:
    """A clean log and an account of what was taken out of it.

    Attributes:
        log: The rows that stay, in event order; sales that name no user are in its table ``unattributed``, and what
            was given back, where it is to count against what was bought, is told once more in ``returned``.
        quarantine: The rows taken out as they were read, with ``rule``, ``reason`` and, for unreadable ones,
            ``raw``.
        removed: How many rows each rule took, in the order of the rules; zeros are listed.
        rows_in: Rows read, the unreadable ones included.
        rows_out: Rows that stay; ``rows_in == rows_out + sum(removed.values()) + kept_apart``.
        kept_apart: Rows of the table ``unattributed``.
        noted: What was seen or changed without removing a row (``noted.NOTED``); zeros are listed.
    """

    log: EventLog
    quarantine: pl.DataFrame
    removed: Mapping[str, int]
    rows_in: int
    rows_out: int
    kept_apart: int = 0
    noted: Mapping[str, int] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """What was seen or changed, in words."""
        return notes.in_words(self.noted)

    def save_quarantine(self, path: str | Path) -> Path:
        """Write the quarantine as Parquet, with the shop's own identifiers, and return where."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.quarantine.write_parquet(path)
        return path


def clean(log: EventLog, *, rules: CleaningRules | None = None) -> Cleaned:
    """Set aside every row that breaks a rule; the first rule that matches claims the row.

    Args:
        log: A log as a source read it, or one cleaned before: cleaning twice changes nothing more.
        rules: The thresholds; None takes the defaults.

    Raises:
        ConfigError: If the rows name several currencies and the rules do not say what they are worth.

    Example:
        >>> frame = pl.DataFrame({"user_id": ["a", "a", None], "time": [10**15] * 3, "action": ["view"] * 3})
        >>> cleaned = clean(EventLog(frame))
        >>> cleaned.rows_in, cleaned.rows_out
        (3, 1)
        >>> {rule: count for rule, count in cleaned.removed.items() if count}
        {'missing_user': 1, 'exact_duplicate': 1}
    """
    rules = rules or CleaningRules()
    read = _all_rows(log)
    rows, converted = in_one_currency(read, rules)
    rows = complete_amounts(_with_one_nobody(rows)).with_row_index(ROW)
    rows, claims = _claimed(rows, partial(claim_by_row, rules=rules, bench=_BENCH))
    counted = {"converted_currency": converted, "derived_value": notes.values_to_derive(_kept(read, rows))}

    rows, repeats = _claimed(rows, partial(claim_by_group, names=REPEATING, rules=rules, bench=_BENCH))
    counted |= notes.refunds_seen(rows)
    if rules.refunds == "net" and counted["matched_refunds"]:
        # An engine's join keeps no order; rows that tie in event order must.
        rows = net_refunds(nw.from_native(rows.lazy())).to_native().collect().sort(ROW)
    rows, others = _claimed(rows, partial(claim_by_group, names=COMPARING, rules=rules, bench=_BENCH))
    counted |= notes.partly_netted(rows) | {"late": notes.late_rows(rows, rules)}
    counted["values_in_other_unit"] = notes.odd_values(rows, rules)

    rows, counted["derived_session"] = _in_sessions(rows.drop(LEFT, strict=False), rules)
    events, apart = _split(rows.drop(ROW))
    returned = _returned(rows) if rules.refunds == "targets" else rows.clear()
    counted["counted_refunds"] = returned.height
    claimed = pl.concat([claims, repeats, others])
    rejected = log.rejected.height if log.rejected is not None else 0
    counts = dict(claimed.group_by(_RULE).len().iter_rows())
    removed = {name: rejected if name == UNREADABLE else int(counts.get(name, 0)) for name in REASONS}
    cleaned = replace(
        log,
        events=in_event_order(events),
        tables=_tables(log, {UNATTRIBUTED: apart, RETURNED: returned}),
        rejected=None,
        histories=None,
    )
    return Cleaned(
        log=cleaned,
        quarantine=_quarantine(log, read, claimed),
        removed=removed,
        rows_in=read.height + rejected,
        rows_out=events.height,
        kept_apart=apart.height,
        noted={name: counted.get(name, 0) for name in notes.NOTED},
    )


def _all_rows(log: EventLog) -> pl.DataFrame:
    """Every row of a log, those that an earlier cleaning kept apart included."""
    apart = log.table(UNATTRIBUTED)
    return log.events if apart is None else pl.concat([log.events, apart], how="diagonal")


def _kept(read: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they were read of those that are left."""
    return read if rows.height == read.height else read[rows[ROW]]


def _claimed(rows: pl.DataFrame, claim: Callable[[Rows], Claims]) -> _Claimed:
    """What a step of the plan leaves, in the order the rows had, and what it claims."""
    frames = [pl.DataFrame(schema={ROW: pl.UInt32, _RULE: pl.String})]
    claims = claim(nw.from_native(rows.lazy()))
    frames += [part.to_native().collect().select(pl.col(ROW).cast(pl.UInt32), _RULE) for part in claims]
    claimed = pl.concat(frames)
    if claimed.is_empty():
        return rows, claimed
    return _BENCH.collect(_BENCH.without(nw.from_native(rows.lazy()), claims)), claimed


def _with_one_nobody(rows: pl.DataFrame) -> pl.DataFrame:
    return nw.from_native(rows, eager_only=True).with_columns(user_or_null()).to_native()


def _split(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of users, and sales that name none."""
    nameless = rows[columns.USER_ID].is_null()
    return (rows.filter(~nameless), rows.filter(nameless)) if nameless.any() else (rows, rows.clear())


def _in_sessions(rows: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, int]:
    """The rows with sessions where they had none, and how many got one."""
    known = rows[columns.SESSION_ID].count() if columns.SESSION_ID in rows.columns else 0
    if rules.session_gap_minutes is None or known == rows.height:
        return rows, 0
    lazy = with_sessions(nw.from_native(rows.lazy()), gap_minutes=rules.session_gap_minutes)
    rows = lazy.to_native().collect()
    return rows, rows[columns.SESSION_ID].count() - known


def _returned(rows: pl.DataFrame) -> pl.DataFrame:
    if columns.ITEM_ID not in rows.columns:
        return rows.clear()
    lazy: pl.LazyFrame = returned_units(nw.from_native(rows.lazy())).to_native()
    return lazy.collect().sort(ROW).drop(ROW)


def _tables(log: EventLog, made: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The side tables with those that cleaning made, in event order; an empty one is none."""
    brought = {name: table for name, table in log.tables.items() if name not in CLEANED_TABLES}
    return brought | {name: in_event_order(table) for name, table in made.items() if not table.is_empty()}


def _quarantine(log: EventLog, read: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """The claimed rows as they were read, then what the source could not read."""
    reason = pl.col(_RULE).replace_strict(REASONS, return_dtype=pl.String).alias(_REASON)
    numbered = read.drop(_RULE, _REASON, _RAW, strict=False).with_row_index(ROW)
    kept_aside = claimed.join(numbered, on=ROW).sort(ROW).drop(ROW).with_columns(reason)
    kept_aside = log.restore_ids(kept_aside).select(_RULE, _REASON, pl.exclude(_RULE, _REASON))
    if log.rejected is None or log.rejected.is_empty():
        return kept_aside
    unreadable = log.rejected.select(pl.lit(UNREADABLE).alias(_RULE), _REASON, _RAW)
    return pl.concat([kept_aside, unreadable], how="diagonal")
