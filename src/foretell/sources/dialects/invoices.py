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
from foretell.sources.attributes import carried
from foretell.sources.conform import conform
from foretell.sources.dialects.build import plan_by_fields, scaled
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields
from foretell.sources.translation import Translation

__all__ = ["INVOICES"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("customer_id",),
    columns.TIME: ("invoice_date",),
    columns.ITEM_ID: ("stock_code",),
    columns.PRICE: ("unit_price", "price"),
    columns.QUANTITY: ("quantity",),
    columns.ORDER_ID: ("invoice_no", "invoice"),
}
_DESCRIPTION: Final = "description"
_COUNTRY: Final = "country"
_CONFIDENCE: Final = 0.95
_REFUND_NOTE: Final = "Invoice lines that are cancelled (C...) or of a negative quantity are refunds."


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    """0.95 with all six columns, 0 without: their names together are unmistakable."""
    return _CONFIDENCE if len(find_fields(names, _FIELDS)) == len(_FIELDS) else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    return plan_by_fields(names, mapping, fields=_FIELDS, needs=tuple(_FIELDS), also=(_DESCRIPTION, _COUNTRY))


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    translation = conform(frame, mapping, zone=zone)
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
        frame=rows.select(name for name in columns.READABLE if name in rows.columns),
        columns=scaled(translation.columns, _CONFIDENCE, declared={}),
        notes=(*translation.notes, _REFUND_NOTE),
        tables=_tables(frame, mapping),
    )


def _tables(frame: pl.DataFrame, mapping: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Items with the title most often used for them, users with the country most often named."""
    items = carried(frame, columns.ITEM_ID, mapping[columns.ITEM_ID], {columns.TITLE: (_DESCRIPTION,)})
    users = carried(frame, columns.USER_ID, mapping[columns.USER_ID], {_COUNTRY: (_COUNTRY,)})
    return {name: table for name, table in (("items", items), ("users", users)) if table is not None}


INVOICES: Final = Dialect(
    name="invoices",
    description="lines of invoices: InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
