"""Amounts in one shape, the same in batch and live: refunds as magnitudes, value worked out where it is absent.

This module owns those expressions, in Narwhals. It refuses to decide what is a refund: sources do, who know the
dialect, and a row that calls itself a purchase of a negative quantity is wrong rather than a refund.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns

__all__ = ["amount_expressions", "complete_amounts", "derives_value"]

_AMOUNTS: Final = (columns.QUANTITY, columns.VALUE, columns.PRICE, columns.DISCOUNT)
_PAID: Final = (columns.PURCHASE, columns.REFUND)


def amount_expressions(names: Collection[str]) -> list[nw.Expr]:
    """What to compute of a log with the columns ``names``; doing it twice changes nothing more.

    Refunds get positive amounts, whichever sign the shop writes them with. A purchase or refund without a value gets
    ``price x quantity - discount``, never below zero; a quantity or discount that is not there counts as one unit and
    as nothing off.
    """
    shaped = {name: _magnitude(name) for name in _AMOUNTS if name in names}
    if columns.PRICE in names:
        derived = shaped[columns.PRICE]
        if columns.QUANTITY in names:
            derived = derived * shaped[columns.QUANTITY].fill_null(1.0)
        if columns.DISCOUNT in names:
            derived = derived - shaped[columns.DISCOUNT].fill_null(0.0)
        derived = nw.when(derived < 0).then(nw.lit(0.0)).otherwise(derived)
        value = shaped.get(columns.VALUE, nw.lit(None, dtype=nw.Float64))
        shaped[columns.VALUE] = nw.when(derives_value(names)).then(derived).otherwise(value)
    return [expression.alias(name) for name, expression in shaped.items()]


def derives_value(names: Collection[str]) -> nw.Expr:
    """True for the rows whose value is worked out; only meaningful for a log with prices."""
    paid = nw.col(columns.ACTION).is_in(_PAID) & ~nw.col(columns.PRICE).is_null()
    return paid & nw.col(columns.VALUE).is_null() if columns.VALUE in names else paid


def complete_amounts(events: pl.DataFrame) -> pl.DataFrame:
    """The frame with its amounts in one shape (``amount_expressions``).

    Example:
        >>> frame = pl.DataFrame({"action": ["purchase", "refund"], "price": [2.0, 2.0], "quantity": [3.0, -1.0]})
        >>> complete_amounts(frame).rows()
        [('purchase', 2.0, 3.0, 6.0), ('refund', 2.0, 1.0, 2.0)]
    """
    return nw.from_native(events, eager_only=True).with_columns(amount_expressions(events.columns)).to_native()


def _magnitude(name: str) -> nw.Expr:
    is_refund = nw.col(columns.ACTION) == columns.REFUND
    return nw.when(is_refund).then(nw.col(name).abs()).otherwise(nw.col(name))
