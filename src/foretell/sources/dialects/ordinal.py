"""Moments for logs that have none: an order is kept as an order, and said to be nothing more.

This module owns the made-up calendar of logs without times. It refuses to look like a real one silently: whoever
uses it must say so.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from foretell.core.time import DAY, SECOND, parse_time

__all__ = ["ENDING", "backwards_by_day", "backwards_by_gap"]

ENDING: Final = parse_time("2020-12-31")
"""The moment of everybody's last event, in microseconds."""


def backwards_by_day(length: pl.Expr, place: pl.Expr) -> pl.Expr:
    """A day between events, so that each sequence ends at ``ENDING``: the last event is the newest for everyone.

    Args:
        length: How many events the sequence has.
        place: Which of them this is, from 0.
    """
    return pl.lit(ENDING) - (length.cast(pl.Int64) - 1 - place.cast(pl.Int64)) * DAY


def backwards_by_gap(gap_seconds: pl.Expr, sequence: str) -> pl.Expr:
    """The real gaps between events, each sequence ending at ``ENDING``.

    Args:
        gap_seconds: Seconds since the event before, 0 for the first.
        sequence: The column that numbers the sequences.
    """
    elapsed = gap_seconds.cast(pl.Float64).cum_sum().over(sequence)
    return pl.lit(ENDING) - ((elapsed.max().over(sequence) - elapsed) * SECOND).round(0).cast(pl.Int64)
