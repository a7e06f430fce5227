"""Refunds taken off the purchases they give back.

This module owns the matching: which units of which earlier purchase a refund or cancellation gives back. It refuses
to decide whether that is wanted (``CleaningRules.refunds``): a purchase that is netted tells of its refund before the
refund has happened.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.rules import CleaningRules

__all__ = ["LEFT", "NETTED", "NETTING_RULES", "matched_units", "net_refunds", "returned_units"]

NETTED: Final = "netted_quantity"
"""The column of a netted log that says how many units were taken off a row."""

LEFT: Final = "_left"
"""The units a row has left of which some were taken; only there while a netted log is being cleaned."""

_TAKEN: Final = "_taken"
_UNITS: Final = "_units"
_STOCK: Final = "_stock"
_NOTHING: Final = 1e-9
_PAIR: Final = (columns.USER_ID, columns.ITEM_ID)


def matched_units(rows: Rows) -> Rows:
    """How many units of each row are matched: of a refund, those it gives back; of a purchase, those given back.

    A refund gives back the latest units that the same user bought of the same item at the same price, up to its own
    moment, and had not given back yet; of a refund of more than that the rest stays unmatched. Seen as a stack of
    units, purchases push and refunds pop. The stack is never walked: with H its height after each row, a purchase
    that raised it from h keeps what no later H undercuts, ``min over later H - h``, and a refund has popped the
    fall of H.

    Returns:
        ``ROW``, the action and ``_taken``; one row for each purchase and refund of a pair that has refunds.
    """
    names = rows.collect_schema().names()
    key = [*_PAIR, columns.PRICE] if columns.PRICE in names else [*_PAIR]
    units = nw.col(columns.QUANTITY).fill_null(1.0) if columns.QUANTITY in names else nw.lit(1.0)
    is_refund = nw.col(columns.ACTION) == columns.REFUND
    known = ~nw.col(columns.USER_ID).is_null() & ~nw.col(columns.ITEM_ID).is_null()
    traded = rows.filter(nw.col(columns.ACTION).is_in((columns.PURCHASE, columns.REFUND)) & known)
    pairs = traded.filter(is_refund).select(*_PAIR).unique()
    lines = traded.join(pairs, on=list(_PAIR), how="semi").select(
        ROW,
        *key,
        columns.TIME,
        columns.ACTION,
        units.alias(_UNITS),
        nw.when(is_refund).then(nw.lit(1)).otherwise(nw.lit(0)).alias("_kind"),
    )
    order = (columns.TIME, "_kind", _UNITS, ROW)
    signed = nw.when(nw.col("_kind") == 1).then(-nw.col(_UNITS)).otherwise(nw.col(_UNITS))
    steps = lines.with_columns(signed.alias("_signed"))
    steps = steps.with_columns(nw.col("_signed").cum_sum().over(*key, order_by=order).alias("_sum"))
    steps = steps.with_columns(nw.col("_sum").cum_min().over(*key, order_by=order).alias("_lowest"))
    below = nw.when(nw.col("_lowest") < 0).then(nw.col("_lowest")).otherwise(nw.lit(0.0))
    steps = steps.with_columns((nw.col("_sum") - below).alias(_STOCK))
    steps = steps.with_columns(
        nw.col(_STOCK).cum_min(reverse=True).over(*key, order_by=order).alias("_later"),
        nw.col(_STOCK).shift(1).over(*key, order_by=order).fill_null(0.0).alias("_before"),
    )
    kept = nw.col("_later") - nw.col("_before")
    kept = nw.when(kept > _NOTHING).then(kept).otherwise(nw.lit(0.0))
    taken = nw.when(nw.col("_kind") == 1).then(nw.col("_before") - nw.col(_STOCK)).otherwise(nw.col(_UNITS) - kept)
    matched = steps.select(ROW, columns.ACTION, _UNITS, taken.alias(_TAKEN))
    return matched.filter(nw.col(_TAKEN) > _NOTHING)


def net_refunds(rows: Rows) -> Rows:
    """The rows with matched units taken off on both sides.

    ``_left`` is 0 where nothing is left of a row, null where nothing is taken off it.

    Quantity, value and discount shrink in proportion; ``netted_quantity`` says by how many units.
    """
    names = rows.collect_schema().names()
    matched = matched_units(rows).select(ROW, _UNITS, _TAKEN)
    joined = rows.join(matched, on=ROW, how="left")
    left = nw.col(_UNITS) - nw.col(_TAKEN)
    touched = ~nw.col(_TAKEN).is_null()
    # Null where nothing is taken, so that no rule of netting looks at the row.
    left = nw.when(left > _NOTHING).then(left).otherwise(nw.when(touched).then(nw.lit(0.0)).otherwise(nw.lit(None)))
    before = nw.col(NETTED).fill_null(0.0) if NETTED in names else nw.lit(0.0)
    untouched = nw.col(NETTED) if NETTED in names else nw.lit(None, dtype=nw.Float64)
    shrunk = [
        nw.when(touched).then(nw.col(name) * left / nw.col(_UNITS)).otherwise(nw.col(name)).alias(name)
        for name in (columns.VALUE, columns.DISCOUNT)
        if name in names
    ]
    if columns.QUANTITY in names:
        shrunk.append(nw.when(touched).then(left).otherwise(nw.col(columns.QUANTITY)).alias(columns.QUANTITY))
    netted = nw.when(touched).then(before + nw.col(_TAKEN)).otherwise(untouched).alias(NETTED)
    return joined.with_columns(*shrunk, netted, left.alias(LEFT)).drop(_UNITS, _TAKEN)


def returned_units(rows: Rows) -> Rows:
    """The refunds of purchases the log holds, with the units (and the money for them) that they give back of those."""
    names = rows.collect_schema().names()
    matched = matched_units(rows).filter(nw.col(columns.ACTION) == columns.REFUND).select(ROW, _UNITS, _TAKEN)
    joined = rows.join(matched, on=ROW, how="inner")
    money = [
        (nw.col(name) * nw.col(_TAKEN) / nw.col(_UNITS)).alias(name)
        for name in (columns.VALUE, columns.DISCOUNT)
        if name in names
    ]
    return joined.with_columns(*money, nw.col(_TAKEN).alias(columns.QUANTITY)).drop(_UNITS, _TAKEN)


def _used_up(rows: Rows, action: str) -> Rows:
    return rows.filter((nw.col(columns.ACTION) == action) & (nw.col(LEFT) <= 0)).select(ROW)


def _cancelled_purchase(rows: Rows, _: CleaningRules, __: Rows) -> Rows:
    return _used_up(rows, columns.PURCHASE)


def _netted_refund(rows: Rows, _: CleaningRules, __: Rows) -> Rows:
    return _used_up(rows, columns.REFUND)


NETTING_RULES: Final[dict[str, GroupRule]] = {
    "cancelled_purchase": GroupRule(
        "All of it was given back or cancelled later.", (LEFT,), (_cancelled_purchase,), compares=columns.USER_ID
    ),
    "netted_refund": GroupRule(
        "It was taken off the purchase it gives back.", (LEFT,), (_netted_refund,), compares=columns.USER_ID
    ),
}
"""In the order in which they claim rows; they fire only where refunds are netted."""
