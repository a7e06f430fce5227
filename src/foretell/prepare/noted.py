"""What cleaning saw and changed without removing a row, counted and said in words.

This module owns these counts. It refuses removals (``cleaning``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.time import HOUR
from foretell.core.wording import agreeing
from foretell.prepare.amounts import derives_value
from foretell.prepare.group_rule import ROW
from foretell.prepare.netting import LEFT, NETTED, matched_units
from foretell.prepare.rules import CleaningRules
from foretell.prepare.unit_rules import values_in_other_unit

__all__ = ["NOTED", "in_words", "late_rows", "odd_values", "partly_netted", "refunds_seen", "values_to_derive"]

NOTED: Final[dict[str, str]] = {
    "converted_currency": "{:,} rows were converted to one currency.",
    "derived_value": "{:,} purchases and refunds had no value: it is price x quantity - discount.",
    "derived_session": "{:,} rows had no session: a pause ends one.",
    "late": "{:,} rows were received long after they happened.",
    "refunds": "{:,} refunds and cancellations.",
    "matched_refunds": "{:,} of them give back an earlier purchase of the same user, item and price.",
    "counted_refunds": "{:,} refunds lower the units and the spend of the period they fall in.",
    "reduced_purchases": "{:,} purchases were reduced by what was given back later.",
    "reduced_refunds": "{:,} refunds were reduced by what was taken off purchases.",
    "values_in_other_unit": "{:,} values are a hundred times price x quantity, or a hundredth. Most are, so "
    "none is set aside: bring both columns in one unit.",
}
"""Everything that is counted and its words."""


def in_words(noted: Mapping[str, int]) -> list[str]:
    """The counts that are not zero as sentences.

    Example:
        >>> in_words({"late": 1200, "refunds": 0})
        ['1,200 rows were received long after they happened.']
    """
    return [agreeing(NOTED[name].format(count)) for name, count in noted.items() if count]


def values_to_derive(events: pl.DataFrame) -> int:
    """How many rows have no value that ``complete_amounts`` can work out."""
    return _count(events, derives_value(events.columns)) if columns.PRICE in events.columns else 0


def late_rows(events: pl.DataFrame, rules: CleaningRules) -> int:
    """How many rows were received long after they happened."""
    if columns.RECEIVED_TIME not in events.columns:
        return 0
    return _count(events, nw.col(columns.RECEIVED_TIME) - nw.col(columns.TIME) > int(rules.late_hours * HOUR))


def refunds_seen(rows: pl.DataFrame) -> dict[str, int]:
    """How many refunds there are, and how many of them, in whole or in part, have a purchase to give back."""
    n_refunds = _count(rows, nw.col(columns.ACTION) == columns.REFUND)
    if not n_refunds or columns.ITEM_ID not in rows.columns:
        return {"refunds": n_refunds, "matched_refunds": 0}
    matched = matched_units(nw.from_native(rows.lazy())).filter(nw.col(columns.ACTION) == columns.REFUND)
    return {"refunds": n_refunds, "matched_refunds": matched.select(ROW).to_native().collect().height}


def partly_netted(rows: pl.DataFrame) -> dict[str, int]:
    """How many rows of a log being netted stay with fewer units."""
    if LEFT not in rows.columns:
        return {}
    partly = (nw.col(LEFT) > 0).fill_null(False) & (nw.col(NETTED) > 0).fill_null(False)
    return {
        "reduced_purchases": _count(rows, partly & (nw.col(columns.ACTION) == columns.PURCHASE)),
        "reduced_refunds": _count(rows, partly & (nw.col(columns.ACTION) == columns.REFUND)),
    }


def odd_values(rows: pl.DataFrame, rules: CleaningRules) -> int:
    """How many values of a clean log are in another unit than its prices, which only happens where most are."""
    if not {columns.PRICE, columns.VALUE} <= set(rows.columns):
        return 0
    judged = values_in_other_unit(nw.from_native(rows.lazy()), rules).filter(nw.col("_off") == 1)
    return int(judged.select(ROW).to_native().collect().height)


def _count(frame: pl.DataFrame, condition: nw.Expr) -> int:
    lazy: pl.LazyFrame = nw.from_native(frame.lazy()).filter(condition.fill_null(False)).to_native()
    return len(lazy.collect())
