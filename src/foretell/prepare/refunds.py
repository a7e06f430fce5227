"""Refunds in one shape: the action says the direction, the amounts are magnitudes.

This module owns that rewriting, in Narwhals. It refuses to net refunds against their purchases.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

from foretell.core import columns

__all__ = ["normalise_refunds"]

_AMOUNTS = (columns.QUANTITY, columns.VALUE, columns.PRICE, columns.DISCOUNT)


def normalise_refunds(events: pl.DataFrame) -> pl.DataFrame:
    """Turn purchases of a negative quantity or value into refunds, and give refunds positive amounts.

    A purchase whose *price* is negative (an accounting entry such as bad debt) is no refund and stays as it is.
    Doing it twice changes nothing more.

    Example:
        >>> frame = pl.DataFrame({"action": ["purchase", "refund"], "quantity": [-2.0, 1.0], "value": [-6.0, -3.0]})
        >>> normalise_refunds(frame).rows()
        [('refund', 2.0, 6.0), ('refund', 1.0, 3.0)]
    """
    rows = nw.from_native(events, eager_only=True)
    amounts = [name for name in _AMOUNTS if name in rows.columns]
    gives_back = _gives_back(rows.columns)
    if gives_back is not None:
        is_purchase = nw.col(columns.ACTION) == columns.PURCHASE
        action = nw.when(is_purchase & gives_back).then(nw.lit(columns.REFUND)).otherwise(nw.col(columns.ACTION))
        rows = rows.with_columns(action.alias(columns.ACTION))
    is_refund = nw.col(columns.ACTION) == columns.REFUND
    magnitudes = [nw.when(is_refund).then(nw.col(name).abs()).otherwise(nw.col(name)).alias(name) for name in amounts]
    return rows.with_columns(magnitudes).to_native()


def _gives_back(names: list[str]) -> nw.Expr | None:
    """True where money or goods flow back to the shop; None where the log cannot say."""
    parts: list[nw.Expr] = []
    if columns.QUANTITY in names:
        parts.append((nw.col(columns.QUANTITY) < 0).fill_null(False))
    if columns.VALUE in names:
        negative = (nw.col(columns.VALUE) < 0).fill_null(False)
        if columns.PRICE in names:
            negative = negative & ~(nw.col(columns.PRICE) < 0).fill_null(False)
        parts.append(negative)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else parts[0] | parts[1]
