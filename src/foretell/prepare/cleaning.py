"""Cleaning: every rule applied once, every removed row counted and kept aside with its reason.

This module owns the order of the rules and the arithmetic (rows in = rows out + removed). It refuses to
repair values: a row is kept as it is or set aside, but for refunds, whose sign moves into the action.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core.events import EventLog, in_event_order
from foretell.prepare.group_rules import GROUP_RULES, ROW
from foretell.prepare.refunds import normalise_refunds
from foretell.prepare.row_rules import ROW_RULES
from foretell.prepare.rules import CleaningRules

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


@dataclass(frozen=True)
class Cleaned:
    """A clean log and an account of what was taken out of it.

    Attributes:
        log: The rows that stay, in event order.
        quarantine: The rows taken out as they were read, with ``rule``, ``reason`` and, for unreadable ones,
            ``raw``.
        removed: How many rows each rule took, in the order of the rules; zeros are listed.
        rows_in: Rows read, the unreadable ones included.
        rows_out: Rows that stay; ``rows_in == rows_out + sum(removed.values())``.
    """

    log: EventLog
    quarantine: pl.DataFrame
    removed: Mapping[str, int]
    rows_in: int
    rows_out: int

    def save_quarantine(self, path: str | Path) -> Path:
        """Write the quarantine as Parquet, with the shop's own identifiers, and return where."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.quarantine.write_parquet(path)
        return path


def clean(log: EventLog, *, rules: CleaningRules | None = None) -> Cleaned:
    """Set aside every row that breaks a rule; the first rule that matches claims the row.

    Args:
        log: A log as a source read it.
        rules: The thresholds; None takes the defaults.

    Example:
        >>> frame = pl.DataFrame({"user_id": ["a", "a", None], "time": [10**15] * 3, "action": ["view"] * 3})
        >>> cleaned = clean(EventLog(frame))
        >>> cleaned.rows_in, cleaned.rows_out
        (3, 1)
        >>> {rule: count for rule, count in cleaned.removed.items() if count}
        {'missing_user': 1, 'exact_duplicate': 1}
    """
    rules = rules or CleaningRules()
    rows = normalise_refunds(log.events).with_row_index(ROW)
    rows, claims = _apply_row_rules(rows, rules)
    rows, group_claims = _apply_group_rules(rows, rules)
    claimed = pl.concat([claims, group_claims])

    rejected = log.rejected.height if log.rejected is not None else 0
    counts = dict(claimed.group_by(_RULE).len().iter_rows())
    removed = {name: rejected if name == UNREADABLE else int(counts.get(name, 0)) for name in REASONS}
    return Cleaned(
        log=replace(log, events=in_event_order(rows.drop(ROW)), rejected=None),
        quarantine=_quarantine(log, claimed),
        removed=removed,
        rows_in=log.events.height + rejected,
        rows_out=rows.height,
    )


def _apply_row_rules(rows: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All row rules in one pass: what stays, and which rule claimed which row."""
    names = [name for name, rule in ROW_RULES.items() if set(rule.needs) <= set(rows.columns)]
    verdict = nw.lit(None, dtype=nw.String)
    for name in reversed(names):
        verdict = nw.when(ROW_RULES[name].condition(rules)).then(nw.lit(name)).otherwise(verdict)
    judged = nw.from_native(rows, eager_only=True).with_columns(verdict.alias(_RULE)).to_native()
    claims = judged.filter(pl.col(_RULE).is_not_null()).select(ROW, _RULE)
    if claims.is_empty():
        return rows, claims
    return judged.filter(pl.col(_RULE).is_null()).drop(_RULE), claims


def _apply_group_rules(rows: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The group rules in order, each on what those before left; shifting ones until they remove nothing."""
    claims = [pl.DataFrame(schema={ROW: pl.UInt32, _RULE: pl.String})]
    names = [name for name, rule in GROUP_RULES.items() if set(rule.needs) <= set(rows.columns)]
    while names and rows.height:
        before = rows.height
        for name in names:
            lazy = nw.from_native(rows.lazy())
            found = GROUP_RULES[name].find(lazy, rules).to_native().collect()
            if found.is_empty():
                continue
            claims.append(found.select(ROW, pl.lit(name).alias(_RULE)))
            rows = rows.join(found, on=ROW, how="anti", maintain_order="left")
        if rows.height == before:
            break
        names = [name for name in names if GROUP_RULES[name].shifts]
    return rows, pl.concat(claims)


def _quarantine(log: EventLog, claimed: pl.DataFrame) -> pl.DataFrame:
    """The claimed rows as they were read, then what the source could not read."""
    reason = pl.col(_RULE).replace_strict(REASONS, return_dtype=pl.String).alias(_REASON)
    numbered = log.events.drop(_RULE, _REASON, _RAW, strict=False).with_row_index(ROW)
    kept_aside = claimed.join(numbered, on=ROW).sort(ROW).drop(ROW).with_columns(reason)
    kept_aside = log.restore_ids(kept_aside).select(_RULE, _REASON, pl.exclude(_RULE, _REASON))
    if log.rejected is None or log.rejected.is_empty():
        return kept_aside
    unreadable = log.rejected.select(pl.lit(UNREADABLE).alias(_RULE), _REASON, _RAW)
    return pl.concat([kept_aside, unreadable], how="diagonal")
