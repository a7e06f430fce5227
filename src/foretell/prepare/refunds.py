"""Refunds in one shape: the action says the direction, the amounts are magnitudes.

This module owns that rewriting, in Narwhals. It refuses to decide what is a refund: sources do, who know the
dialect, and a row that calls itself a purchase of a negative quantity is wrong rather than a refund.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns

__all__ = ["normalise_refunds"]

_AMOUNTS: Final = (columns.QUANTITY, columns.VALUE, columns.PRICE, columns.DISCOUNT)


def normalise_refunds(events: pl.DataFrame) -> pl.DataFrame:
    """Give refunds positive amounts, whichever sign the shop writes them with; twice changes nothing more.

    Example:
        >>> frame = pl.DataFrame({"action": ["purchase", "refund"], "value": [6.0, -3.0]})
        >>> normalise_refunds(frame).rows()
        [('purchase', 6.0), ('refund', 3.0)]
    """
    is_refund = nw.col(columns.ACTION) == columns.REFUND
    magnitudes = [
        nw.when(is_refund).then(nw.col(name).abs()).otherwise(nw.col(name)).alias(name)
        for name in _AMOUNTS
        if name in events.columns
    ]
    return nw.from_native(events, eager_only=True).with_columns(magnitudes).to_native()
