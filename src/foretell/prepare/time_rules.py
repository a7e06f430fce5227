"""The cleaning rule for rows that lie far from all others in time.

This module owns where a log begins and ends. It refuses single moments that are impossible by themselves
(``row_rules``).
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import HOUR
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.rules import CleaningRules

__all__ = ["TIME_RULES"]

_DAY_HOURS: Final = 24
_HOUR: Final = "_hour"
_KEY: Final = "_key"
_EARLIEST: Final = "_first"
_LATEST: Final = "_last"
_MIRROR: Final = 24_000_000
"""Hours after 1970 beyond any log, so that hours counted back from it are above zero."""


def _hours(rows: Rows, _: CleaningRules, __: Rows) -> Rows:
    """How many rows lie in each hour."""
    return rows.select((nw.col(columns.TIME) // HOUR).alias(_HOUR)).group_by(_HOUR).agg(nw.len().alias("_rows"))


def _bounds(_: Rows, rules: CleaningRules, hours: Rows) -> Rows:
    """Where the log begins and ends, where rows lie beyond; nearly all logs have no such bound.

    The log begins at the last full hour at which the 24 hours that follow hold ``stray_jump`` times the rows of any
    24 hours before, if the rows before it are at most ``stray_share`` of all and reach ``stray_days`` back. A shop
    that grows slowly has no such hour. The end is the same, read backwards.
    """
    mirrored = hours.select((nw.lit(_MIRROR) - nw.col(_HOUR)).alias(_HOUR), "_rows")
    first = _beginning(hours, rules).select(nw.lit(1).alias(_KEY), nw.col("_begin").alias(_EARLIEST))
    last = _beginning(mirrored, rules).select(
        nw.lit(1).alias(_KEY), (nw.lit(_MIRROR) - nw.col("_begin")).alias(_LATEST)
    )
    bounds = first.join(last, on=_KEY, how="left")
    return bounds.filter(~nw.col(_EARLIEST).is_null() | ~nw.col(_LATEST).is_null())


def _stray_time(rows: Rows, _: CleaningRules, bounds: Rows) -> Rows:
    """A few rows long before the log begins (a wrong clock, a test before the shop opened) or long after it ends."""
    hour = nw.col(_HOUR)
    numbered = rows.select(ROW, (nw.col(columns.TIME) // HOUR).alias(_HOUR), nw.lit(1).alias(_KEY))
    judged = numbered.join(bounds, on=_KEY, how="inner")
    early = (hour < nw.col(_EARLIEST)).fill_null(False)
    late = (hour > nw.col(_LATEST)).fill_null(False)
    return judged.filter(early | late).select(ROW)


def _beginning(hours: Rows, rules: CleaningRules) -> Rows:
    """One row, ``_begin``: the hour at which the log begins; null where nothing lies before it that is no part of it.

    Args:
        hours: ``_hour`` and how many ``_rows`` lie in it.
        rules: The thresholds.
    """
    total = hours.select(nw.col("_rows").sum().alias("_all"), nw.col(_HOUR).min().alias("_earliest"))
    total = total.with_columns(nw.lit(1).alias("_key"))
    summed = hours.with_columns(nw.col("_rows").cum_sum().over(order_by=_HOUR).alias("_until"), nw.lit(1).alias("_key"))
    summed = summed.join(total, on="_key", how="left")
    few = nw.col("_all") * rules.stray_share
    # Only the thin stretch at the beginning and the day after it can matter.
    thin = summed.filter(nw.col("_until") - nw.col("_rows") <= few)
    edge = thin.select(nw.col(_HOUR).max().alias("_edge")).with_columns(nw.lit(1).alias("_key"))
    near = summed.join(edge, on="_key", how="left").filter(nw.col(_HOUR) < nw.col("_edge") + _DAY_HOURS)
    offsets = near.select((nw.col(_HOUR) % _DAY_HOURS).alias("_offset")).unique()
    shifted = near.join(offsets, how="cross").with_columns(
        ((nw.col(_HOUR) - nw.col("_offset")) // _DAY_HOURS).alias("_day")
    )
    days = shifted.group_by("_offset", "_day").agg(
        nw.col("_rows").sum(), nw.col("_all").max(), nw.col("_earliest").max()
    )
    days = days.with_columns(
        nw.col("_rows").cum_sum().over("_offset", order_by="_day").alias("_until"),
        nw.col("_rows").cum_max().over("_offset", order_by="_day").alias("_busiest"),
    ).with_columns(nw.col("_busiest").shift(1).over("_offset", order_by="_day").alias("_busiest"))
    begin = nw.col("_day") * _DAY_HOURS + nw.col("_offset")
    found = days.with_columns(begin.alias("_begin")).filter(
        (nw.col("_rows") >= nw.col("_busiest") * rules.stray_jump)
        & (nw.col("_until") - nw.col("_rows") <= nw.col("_all") * rules.stray_share)
        & (nw.col("_begin") - nw.col("_earliest") >= rules.stray_days * _DAY_HOURS)
    )
    return found.select(nw.col("_begin").max())


TIME_RULES: Final[dict[str, GroupRule]] = {
    "stray_time": GroupRule(
        "The time lies days away from where the log begins or ends.",
        (columns.TIME,),
        (_hours, _bounds, _stray_time),
        shifts=True,
    ),
}
