"""The invoice dialect: one row a line of an invoice, as in UCI's Online Retail and Online Retail II.

This module owns the meaning of cancellations and the tables such files carry along (product descriptions,
countries). It refuses to net cancellations against their invoices.

References:
    Chen, Online Retail, UCI Machine Learning Repository (2015), https://doi.org/10.24432/C5BW33: "If this
    code starts with letter 'c', it indicates a cancellation."
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.conform import conform
from foretell.sources.dialect import Dialect, Translation
from foretell.sources.names import declared, normal_name, shown
from foretell.sources.words import identifiers, text

__all__ = ["INVOICES"]

_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("customer_id",),
    columns.TIME: ("invoice_date",),
    columns.ITEM_ID: ("stock_code",),
    columns.PRICE: ("unit_price", "price"),
    columns.QUANTITY: ("quantity",),
    columns.ORDER_ID: ("invoice_no", "invoice"),
}
_DESCRIPTION: Final = "description"
_COUNTRY: Final = "country"
_REFUND_NOTE: Final = "Invoice lines that are cancelled (C...) or of a negative quantity are refunds."


def _found(names: Sequence[str]) -> dict[str, str]:
    by_normal = {normal_name(name): name for name in reversed(names)}
    return {
        canonical: next(by_normal[spelling] for spelling in spellings if spelling in by_normal)
        for canonical, spellings in _SPELLINGS.items()
        if any(spelling in by_normal for spelling in spellings)
    }


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    """0.95 with all six columns, 0 without: their names together are unmistakable."""
    return 0.95 if len(_found(names)) == len(_SPELLINGS) else 0.0


def _columns(names: Sequence[str], mapping: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    found = {**_found(names), **declared(mapping, names)}
    missing = [spellings[0] for canonical, spellings in _SPELLINGS.items() if canonical not in found]
    if missing:
        raise SchemaError(
            f"An invoice table needs {', '.join(missing)}.",
            received=shown(names),
            remedy="Use dialect='canonical' with a mapping if the columns mean something else.",
        )
    extra = tuple(name for name in names if normal_name(name) in (_DESCRIPTION, _COUNTRY))
    return {name: found[name] for name in columns.CANONICAL if name in found}, extra


def _to_canonical(frame: pl.DataFrame, mapping: Mapping[str, str]) -> Translation:
    translation = conform(frame, mapping)
    is_refund = pl.col(columns.ORDER_ID).str.contains(r"^[Cc]").fill_null(False) | (
        pl.col(columns.QUANTITY) < 0
    ).fill_null(False)
    rows = translation.frame.with_columns(
        pl.when(is_refund).then(pl.lit(columns.REFUND)).otherwise(pl.col(columns.ACTION)).alias(columns.ACTION),
        pl.col(columns.QUANTITY).abs(),
    )
    if columns.VALUE not in mapping:
        rows = rows.with_columns((pl.col(columns.PRICE) * pl.col(columns.QUANTITY)).alias(columns.VALUE))
    return replace(
        translation,
        frame=rows.select(name for name in columns.CANONICAL if name in rows.columns),
        notes=(*translation.notes, _REFUND_NOTE),
        tables=_tables(frame, mapping),
    )


def _tables(frame: pl.DataFrame, mapping: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Items with the title most often used for them, users with the country most often named."""
    by_normal = {normal_name(name): name for name in frame.columns}
    tables = {}
    if _DESCRIPTION in by_normal:
        tables["items"] = _most_frequent(
            frame, mapping[columns.ITEM_ID], columns.ITEM_ID, by_normal[_DESCRIPTION], columns.TITLE
        )
    if _COUNTRY in by_normal:
        tables["users"] = _most_frequent(
            frame, mapping[columns.USER_ID], columns.USER_ID, by_normal[_COUNTRY], _COUNTRY
        )
    return tables


def _most_frequent(frame: pl.DataFrame, own_key: str, key: str, own_value: str, value: str) -> pl.DataFrame:
    ids, _ = identifiers(frame[own_key])
    pairs = pl.DataFrame([ids.alias(key), text(frame[own_value]).alias(value)]).drop_nulls()
    return (
        pairs.group_by(key, value)
        .len()
        .sort(key, "len", value, descending=[False, True, False])
        .unique(key, keep="first", maintain_order=True)
        .drop("len")
    )


INVOICES: Final = Dialect(
    name="invoices",
    description="lines of invoices: InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID",
    recognise=_recognise,
    columns=_columns,
    to_canonical=_to_canonical,
)
