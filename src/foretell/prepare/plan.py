"""Cleaning as a plan: the same rules in the same order, on whatever engine holds the rows.

This module owns the order in which rules claim rows. It refuses thresholds and conditions (``row_rules``,
``group_rules``), to count what was seen (``noted``), and to know engines: how a result is kept between two steps is
handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.prepare.amounts import amount_expressions
from foretell.prepare.group_rule import ROW, Rows
from foretell.prepare.group_rules import COMPARING, GROUP_RULES, REPEATING
from foretell.prepare.netting import LEFT, net_refunds
from foretell.prepare.row_rules import claiming_rule, user_or_null
from foretell.prepare.rules import CleaningRules

__all__ = ["RULE", "Keep", "PlannedCleaning", "claim_by_group", "claim_by_row", "plan_cleaning"]

RULE: Final = "rule"
"""The column that names the rule which claimed a row."""

Keep = Callable[[Rows], Rows]
"""Computes a plan and gives its result as a new plan."""


@dataclass(frozen=True)
class PlannedCleaning:
    """What stays and what was claimed.

    Attributes:
        rows: The rows that stay and name a user, with their numbers in ``ROW``.
        apart: The sales that name none.
        claims: For each rule that fired the number of each claimed row, and the rule.
    """

    rows: Rows
    apart: Rows
    claims: tuple[Rows, ...]


def plan_cleaning(rows: Rows, *, rules: CleaningRules, keep: Keep) -> PlannedCleaning:
    """Apply every rule to rows of one currency; the first that matches claims the row.

    It is what ``clean`` does, without its counts of what was merely seen and without deriving sessions.

    Args:
        rows: Canonical columns, identifiers as text, and a distinct number for each row in ``ROW``; of rows that
            repeat one another the lowest number stays.
        rules: The thresholds.
        keep: Computes a plan and gives its result as a new plan: ``collect().lazy()`` in Polars, a checkpoint in
            Spark. Whether a rule fired has to be known before the next one is planned.

    Example:
        >>> import polars as pl
        >>> frame = pl.LazyFrame({ROW: [0, 1], "user_id": ["a", None], "time": [10**15] * 2, "action": ["view"] * 2})
        >>> keep = lambda plan: nw.from_native(plan.to_native().collect().lazy())
        >>> planned = plan_cleaning(nw.from_native(frame), rules=CleaningRules(), keep=keep)
        >>> [claims.collect().to_native().row(0) for claims in planned.claims]
        [(1, 'missing_user')]
    """
    names = rows.collect_schema().names()
    rows, claims = claim_by_row(rows.with_columns(user_or_null(), *amount_expressions(names)), rules=rules, keep=keep)
    rows, repeated = claim_by_group(rows, REPEATING, rules=rules, keep=keep)
    if rules.refunds == "net" and columns.ITEM_ID in names:
        rows = keep(net_refunds(rows))
    rows, others = claim_by_group(rows, COMPARING, rules=rules, keep=keep)
    rows = rows.drop(LEFT, strict=False)
    nameless = nw.col(columns.USER_ID).is_null()
    apart = keep(rows.filter(nameless))
    named = rows if _is_empty(apart) else keep(rows.filter(~nameless))
    return PlannedCleaning(named, apart, (*claims, *repeated, *others))


def claim_by_row(rows: Rows, *, rules: CleaningRules, keep: Keep) -> tuple[Rows, tuple[Rows, ...]]:
    """All row rules in one pass: what stays, and which rule claimed which row."""
    verdict = claiming_rule(rows.collect_schema().names(), rules)
    judged = keep(rows.with_columns(verdict.alias(RULE)))
    claimed = keep(judged.filter(~nw.col(RULE).is_null()).select(ROW, RULE))
    if _is_empty(claimed):
        return judged.drop(RULE), ()
    return keep(judged.filter(nw.col(RULE).is_null()).drop(RULE)), (claimed,)


def claim_by_group(
    rows: Rows, names: Sequence[str], *, rules: CleaningRules, keep: Keep
) -> tuple[Rows, tuple[Rows, ...]]:
    """Group rules in order, each on what those before left; shifting ones until they remove nothing."""
    claims: list[Rows] = []
    present = set(rows.collect_schema().names())
    names = [name for name in names if set(GROUP_RULES[name].needs) <= present]
    while names:
        fired = False
        for name in names:
            found = keep(GROUP_RULES[name].find(rows, rules))
            if _is_empty(found):
                continue
            fired = True
            claims.append(found.select(ROW, nw.lit(name).alias(RULE)))
            rows = keep(rows.join(found, on=ROW, how="anti"))
        names = [name for name in names if GROUP_RULES[name].shifts] if fired else []
    return rows, tuple(claims)


def _is_empty(rows: Rows) -> bool:
    return int(rows.select(nw.len().alias("n")).collect()["n"][0]) == 0
