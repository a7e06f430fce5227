"""Cleaning as a plan: the same rules in the same order, on whatever engine holds the rows.

This module owns the order in which rules claim rows. It refuses thresholds and conditions (``row_rules``,
``group_rules``), to count what was seen (``noted``), and to know engines: how a result is kept between two steps is
handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.prepare.amounts import amount_expressions
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.group_rules import COMPARING, GROUP_RULES, REPEATING
from foretell.prepare.netting import LEFT, net_refunds
from foretell.prepare.row_rules import claiming_rule, user_or_null
from foretell.prepare.rules import CleaningRules
from foretell.prepare.workbench import Workbench

__all__ = ["RULE", "Claims", "PlannedCleaning", "claim_by_group", "claim_by_row", "plan_cleaning"]

RULE: Final = "rule"
"""The column that names the rule which claimed a row."""

Claims = tuple[Rows, ...]
"""Numbers of claimed rows, each with its rule."""


@dataclass(frozen=True)
class PlannedCleaning:
    """What stays and what was claimed.

    Attributes:
        rows: The rows that stay and name a user, with their numbers in ``ROW``.
        apart: The sales that name none.
        claims: For each rule that fired the number of each claimed row, and the rule.
        read: All rows as they were read, kept.
    """

    rows: Rows
    apart: Rows
    claims: Claims
    read: Rows


def plan_cleaning(rows: Rows, *, rules: CleaningRules, bench: Workbench) -> PlannedCleaning:
    """Apply every rule to rows of one currency; the first that matches claims the row.

    It is what ``clean`` does, without its counts of what was merely seen and without deriving sessions.

    Args:
        rows: Canonical columns, identifiers as text or numbers, and a distinct number for each row in ``ROW``; of rows
            that repeat one another the lowest number stays.
        rules: The thresholds.
        bench: Computes the steps: whether a rule fired has to be known before the next one is planned.

    Example:
        >>> import polars as pl
        >>> from foretell.prepare.workbench import PolarsWorkbench
        >>> frame = pl.LazyFrame({ROW: [0, 1], "user_id": ["a", None], "time": [10**15] * 2, "action": ["view"] * 2})
        >>> planned = plan_cleaning(nw.from_native(frame), rules=CleaningRules(), bench=PolarsWorkbench())
        >>> [claims.collect().to_native().row(0) for claims in planned.claims]
        [(1, 'missing_user')]
    """
    read = bench.keep(rows)
    shape = partial(_in_shape, bench=bench)
    claims = claim_by_row(shape(read), rules=rules, bench=bench)
    claims += claim_by_group(read, REPEATING, claims=claims, rules=rules, bench=bench, shape=shape)
    if rules.refunds == "net" and columns.ITEM_ID in rows.collect_schema().names():
        netted = bench.keep(net_refunds(shape(read, claims)))
        later = claim_by_group(netted, COMPARING, rules=rules, bench=bench)
        left, apart = _split(bench.without(netted, later).drop(LEFT, strict=False), bench)
        return PlannedCleaning(left, apart, claims + later, read)
    claims += claim_by_group(read, COMPARING, claims=claims, rules=rules, bench=bench, shape=shape)
    left, apart = _split(shape(read, claims), bench)
    return PlannedCleaning(left, apart, claims, read)


def _in_shape(rows: Rows, claims: Claims = (), *, bench: Workbench) -> Rows:
    """Kept rows less the claimed ones, with their amounts in one shape: worked out where read, which costs no copy."""
    left = bench.without(rows, claims) if claims else rows
    user = user_or_null(numeric=numeric_columns(left))
    return left.with_columns(user, *amount_expressions(left.collect_schema().names()))


def _split(rows: Rows, bench: Workbench) -> tuple[Rows, Rows]:
    """Rows that name a user, and sales that name none."""
    nameless = nw.col(columns.USER_ID).is_null()
    apart = bench.keep(rows.filter(nameless))
    return rows if _is_empty(apart) else rows.filter(~nameless), apart


def claim_by_row(rows: Rows, *, rules: CleaningRules, bench: Workbench) -> Claims:
    """All row rules in one pass over kept rows: which rule claims which row."""
    verdict = claiming_rule(rows.collect_schema().names(), rules, numeric=numeric_columns(rows))
    claimed = bench.keep(rows.with_columns(verdict.alias(RULE)).filter(~nw.col(RULE).is_null()).select(ROW, RULE))
    return () if _is_empty(claimed) else (claimed,)


def claim_by_group(
    rows: Rows,
    names: Sequence[str],
    *,
    rules: CleaningRules,
    bench: Workbench,
    claims: Claims = (),
    shape: Callable[[Rows, Claims], Rows] | None = None,
) -> Claims:
    """Group rules in order on kept rows, each on what those before left; shifting ones until they remove nothing.

    Args:
        rows: Rows that were kept.
        names: Which rules.
        rules: The thresholds.
        bench: Computes the steps.
        claims: What was claimed of these rows before.
        shape: From kept rows and claims to the rows that the rules see; without it those not claimed, as they are.

    Returns:
        What these rules claim.
    """
    shape = shape or bench.without
    left = shape(rows, claims)
    present = set(rows.collect_schema().names())
    names = [name for name in names if set(GROUP_RULES[name].needs) <= present]
    made: list[Rows] = []
    while names:
        fired = False
        for name in names:
            found = _found(left, GROUP_RULES[name], rules=rules, bench=bench)
            if found is None:
                continue
            fired = True
            made.append(found.select(ROW, nw.lit(name).alias(RULE)))
            left = shape(rows, (*claims, *made))
        names = [name for name in names if GROUP_RULES[name].shifts] if fired else []
    return tuple(made)


def _found(rows: Rows, rule: GroupRule, *, rules: CleaningRules, bench: Workbench) -> Rows | None:
    """What a rule claims, step by step; None where a step finds nothing."""
    found = rows
    for number, step in enumerate(rule.steps):
        found = step(rows, rules, found)
        found = bench.keep(bench.crowded(found, rule.crowding) if rule.crowding and not number else found)
        if _is_empty(found):
            return None
    return found


def numeric_columns(rows: Rows) -> frozenset[str]:
    """The columns of a plan that hold numbers."""
    return frozenset(name for name, kind in rows.collect_schema().items() if kind.is_numeric())


def _is_empty(rows: Rows) -> bool:
    return int(rows.select(nw.len().alias("n")).collect()["n"][0]) == 0
