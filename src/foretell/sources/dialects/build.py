"""Dialects from their parts: which columns are what, how rows unfold, and what is to be corrected afterwards.

This module owns what all dialects of fixed columns have in common. It refuses to know any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError, UnknownNameError
from foretell.sources.conform import conform
from foretell.sources.dialects.dialect import Plan
from foretell.sources.names import declared, find_fields, normal_name, shown
from foretell.sources.nested import PART, ROW
from foretell.sources.translation import Column, Translation
from foretell.sources.words import amounts

__all__ = [
    "Fields",
    "Unfolded",
    "apportioned",
    "check_canonical",
    "money",
    "numbered_ids",
    "plan_by_fields",
    "plan_nested",
    "scaled",
    "understand",
]

Fields = Mapping[str, Sequence[str]]
"""From canonical column to the spellings a dialect has for it, as ``normal_name`` writes them."""

_PAID: Final = (columns.PURCHASE, columns.REFUND)


@dataclass(frozen=True)
class Unfolded:
    """A nested log as a flat one.

    Attributes:
        frame: Plain columns only, one row an event and item.
        notes: What was assumed, in plain sentences.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


def check_canonical(mapping: Mapping[str, str]) -> None:
    """Refuse a mapping to columns foretell does not have.

    Raises:
        UnknownNameError: If it names one.
    """
    for canonical in mapping:
        if canonical not in columns.READABLE:
            raise UnknownNameError.among("canonical column", canonical, columns.READABLE)


def plan_by_fields(
    names: Sequence[str],
    mapping: Mapping[str, str],
    *,
    fields: Fields,
    needs: Sequence[str],
    also: Sequence[str] = (),
) -> Plan:
    """The plan of a flat dialect.

    Args:
        names: The shop's columns.
        mapping: The declared mapping, which wins.
        fields: The dialect's spellings.
        needs: Canonical columns that must be found.
        also: Further columns the translation reads where they are there, as ``normal_name`` writes them.

    Raises:
        SchemaError: If a needed column is not there.
    """
    found = {**find_fields(names, fields), **declared(mapping, names)}
    if columns.USER_ID not in found and columns.ANONYMOUS_ID in found:
        found[columns.USER_ID] = found.pop(columns.ANONYMOUS_ID)  # nobody logs in: the visitors are the customers
    if columns.RECEIVED_TIME not in mapping and found.get(columns.RECEIVED_TIME) == found.get(columns.TIME):
        found.pop(columns.RECEIVED_TIME, None)  # the only time there is says nothing of a delay
    missing = [name for name in needs if name not in found]
    if missing:
        wanted = ", ".join(f"{name} ({' or '.join(fields.get(name, (name,)))})" for name in missing)
        raise SchemaError(
            f"This dialect needs {wanted}.",
            received=shown(names) or "no columns",
            remedy="Declare those columns in the mapping, or choose another dialect.",
        )
    ordered: dict[str, str] = {name: found[name] for name in columns.READABLE if name in found}
    extra = [name for name in names if normal_name(name) in also]
    return Plan(ordered, tuple(dict.fromkeys([*ordered.values(), *extra])))


def plan_nested(names: Sequence[str], mapping: Mapping[str, str], *, reads: Sequence[str]) -> Plan:
    """The plan of a nested dialect: which outer columns to read; what is in them shows when they are unfolded.

    Args:
        names: The shop's outer columns.
        mapping: The declared mapping, to outer columns or to paths inside of them.
        reads: The outer columns the dialect reads, as ``normal_name`` writes them.
    """
    check_canonical(mapping)
    wanted = {own.split(".")[0] for own in mapping.values()}
    return Plan(dict(mapping), tuple(name for name in names if normal_name(name) in reads or name in wanted))


def understand(
    unfolded: Unfolded,
    mapping: Mapping[str, str],
    zone: str | None,
    *,
    fields: Fields,
    needs: Sequence[str] = columns.REQUIRED,
    confidence: float = 1.0,
) -> Translation:
    """Translate an unfolded log by the dialect's fields and the declared mapping.

    Raises:
        SchemaError: If a needed column is not in it, or the mapping names one that is not.
    """
    frame = unfolded.frame
    # A field that this log never fills is none of its columns; what the user names is, whatever is in it.
    empty = [name for name in frame.columns if frame[name].null_count() == frame.height]
    frame = frame.drop(name for name in empty if name not in mapping.values()) if frame.height else frame
    plan = plan_by_fields(frame.columns, mapping, fields=fields, needs=needs)
    translation = conform(frame, plan.mapping, zone=zone)
    return replace(
        translation,
        columns=scaled(translation.columns, confidence, declared=mapping),
        notes=(*unfolded.notes, *translation.notes),
    )


def scaled(found: Mapping[str, Column], confidence: float, *, declared: Mapping[str, str]) -> dict[str, Column]:
    """The columns with the dialect's own confidence in them; what the user declared is certain by name."""
    return {
        name: column if name in declared else Column(column.own, round(column.confidence * confidence, 2))
        for name, column in found.items()
    }


def apportioned(frame: pl.DataFrame, total: str, *, price: str | None, quantity: str | None) -> pl.Series:
    """An order's amount shared among its rows, by price times units where every row has them, else equally.

    Args:
        frame: Unfolded rows; ``ROW`` says which belong to one order.
        total: The column of the order's amount.
        price: The column of prices, or None.
        quantity: The column of units, or None.

    Example:
        >>> rows = pl.DataFrame({"_row": [0, 0], "off": ["3", "3"], "price": [1.0, 2.0]})
        >>> apportioned(rows, "off", price="price", quantity=None).to_list()
        [1.0, 2.0]
    """
    none = pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)
    amount = amounts(frame[total]).fill_nan(None) if total in frame.columns else none
    each = amounts(frame[price]).fill_nan(None) if price in frame.columns else none
    units = amounts(frame[quantity]).fill_nan(None) if quantity in frame.columns else none
    rows = pl.DataFrame(
        [frame[ROW].alias("row"), amount.alias("amount"), (each * units.fill_null(1.0)).alias("weight")]
    )
    whole = pl.col("weight").sum().over("row")
    is_weighed = pl.col("weight").is_not_null().all().over("row") & (whole > 0)
    share = pl.when(is_weighed).then(pl.col("weight") / whole).otherwise(1.0 / pl.len().over("row"))
    return rows.select(pl.col("amount") * share).to_series()


def numbered_ids(ids: pl.Expr) -> pl.Expr:
    """The id of an event for each row unfolded from it: itself for the first, with the row's number for the others."""
    return pl.when(pl.col(PART) == 0).then(ids).otherwise(pl.format("{}#{}", ids, pl.col(PART)))


def money(frame: pl.DataFrame, *, units: bool = False) -> pl.DataFrame:
    """Fill in what purchases and refunds leave unsaid: units, and money paid as price times units less discount.

    Args:
        frame: Canonical columns.
        units: True if a purchase without a quantity is one unit.
    """
    if columns.ITEM_ID not in frame.columns:
        return frame
    is_paid = pl.col(columns.ACTION).is_in(_PAID) & pl.col(columns.ITEM_ID).is_not_null()
    if units:
        known = pl.col(columns.QUANTITY) if columns.QUANTITY in frame.columns else pl.lit(None, dtype=pl.Float64)
        frame = frame.with_columns(pl.when(is_paid).then(known.fill_null(1.0)).otherwise(known).alias(columns.QUANTITY))
    if columns.PRICE in frame.columns and columns.QUANTITY in frame.columns:
        reckoned = pl.col(columns.PRICE) * pl.col(columns.QUANTITY)
        if columns.DISCOUNT in frame.columns:
            reckoned = reckoned - pl.col(columns.DISCOUNT).fill_null(0.0)
        known = pl.col(columns.VALUE) if columns.VALUE in frame.columns else pl.lit(None, dtype=pl.Float64)
        value = pl.when(is_paid).then(known.fill_null(reckoned)).otherwise(known)
        frame = frame.with_columns(value.alias(columns.VALUE))
    return frame.select(name for name in columns.READABLE if name in frame.columns)
