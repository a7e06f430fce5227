"""The cleaning rules that compare rows: duplicates, outliers and robots.

This module owns how the rows to remove are found, in Narwhals so that any engine can run it. It refuses
single-row conditions (``row_rules``). Every function takes the surviving rows with their number in the column
``ROW`` and gives the numbers of the rows to remove.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import DAY, HOUR
from foretell.prepare.rules import CleaningRules

__all__ = ["GROUP_RULES", "ROW", "GroupRule"]

ROW: Final = "_row"
"""The name of the column that numbers the rows."""

_FIRST: Final = "_first"
_LIMIT: Final = "_limit"
_SPAN: Final = "_span"

Rows = nw.LazyFrame[Any]


@dataclass(frozen=True)
class GroupRule:
    """One rule on rows compared with others.

    Attributes:
        reason: Why a row is removed, in plain words.
        needs: The columns the rule reads; a log without them has nothing to remove.
        find: From surviving rows and thresholds to a frame with the one column ``row``.
        shifts: True if removing rows can make the rule fire on others, because it compares with a median.
            Such rules are repeated until they remove nothing, so that cleaning twice equals cleaning once.
    """

    reason: str
    needs: Sequence[str]
    find: Callable[[Rows, CleaningRules], Rows]
    shifts: bool = False


def _exact_duplicate(rows: Rows, _: CleaningRules) -> Rows:
    """Every row but the first of those equal in all columns."""
    names = [name for name in rows.collect_schema().names() if name != ROW]
    first = rows.with_columns(nw.col(ROW).min().over(*names).alias(_FIRST))
    return first.filter(nw.col(ROW) > nw.col(_FIRST)).select(ROW)


def _repeated_event_id(rows: Rows, _: CleaningRules) -> Rows:
    """Every row but the first of those with the same event_id."""
    named = rows.filter(~nw.col(columns.EVENT_ID).is_null()).select(ROW, columns.EVENT_ID)
    first = named.with_columns(nw.col(ROW).min().over(columns.EVENT_ID).alias(_FIRST))
    return first.filter(nw.col(ROW) > nw.col(_FIRST)).select(ROW)


def _absurd(rows: Rows, column: str, floor: float, rules: CleaningRules) -> Rows:
    """Rows whose value is above the floor and many times their item's median, or else the log's median.

    Only items with a value above the floor are looked at, which makes the rule free for ordinary logs.
    """
    has_items = columns.ITEM_ID in rows.collect_schema().names()
    item = nw.col(columns.ITEM_ID).cast(nw.String) if has_items else nw.lit(None, dtype=nw.String)
    valued = rows.filter(~nw.col(column).is_null()).select(
        ROW, item.fill_null("").alias(columns.ITEM_ID), nw.col(column)
    )
    large = valued.filter(nw.col(column) > floor)
    log = valued.select((nw.col(column).median() * rules.absurd_log_factor).alias(_LIMIT)).with_columns(
        nw.lit(1).alias(_FIRST)
    )
    items = (
        valued.join(large.select(columns.ITEM_ID).unique(), on=columns.ITEM_ID, how="semi")
        .filter(nw.col(columns.ITEM_ID) != "")
        .group_by(columns.ITEM_ID)
        .agg(nw.col(column).median().alias("_median"), nw.len().alias("_rows"))
        .filter(nw.col("_rows") >= rules.absurd_item_rows)
        .select(columns.ITEM_ID, (nw.col("_median") * rules.absurd_item_factor).alias("_item_limit"))
    )
    judged = (
        large.with_columns(nw.lit(1).alias(_FIRST))
        .join(log, on=_FIRST, how="left")
        .join(items, on=columns.ITEM_ID, how="left")
    )
    limit = nw.when(nw.col("_item_limit").is_null()).then(nw.col(_LIMIT)).otherwise(nw.col("_item_limit"))
    return judged.filter(nw.col(column) > limit).select(ROW)


def _absurd_price(rows: Rows, rules: CleaningRules) -> Rows:
    return _absurd(rows, columns.PRICE, rules.absurd_price_floor, rules)


def _absurd_quantity(rows: Rows, rules: CleaningRules) -> Rows:
    return _absurd(rows, columns.QUANTITY, rules.absurd_quantity_floor, rules)


def _robot(rows: Rows, rules: CleaningRules) -> Rows:
    """All rows of users who did more in an hour or a day than a person can.

    What the shop showed or sent to a user does not count, and the lines of one order count once: a wholesale
    customer may well order a thousand products at one time.
    """
    done = rows.filter(~nw.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))
    limits = ((HOUR, rules.robot_events_per_hour), (DAY, rules.robot_events_per_day))
    has_orders = columns.ORDER_ID in rows.collect_schema().names()
    robots = [_busier_than(done, span, limit, has_orders=has_orders) for span, limit in limits]
    users = nw.concat(robots).unique()
    return rows.join(users, on=columns.USER_ID, how="semi").select(ROW)


def _busier_than(rows: Rows, span: int, limit: int, *, has_orders: bool) -> Rows:
    """Users with more than ``limit`` events in one of the clock's spans of ``span`` microseconds."""
    keys = [columns.USER_ID, _SPAN]
    spans = rows.with_columns((nw.col(columns.TIME) // span).alias(_SPAN))
    busy = spans.group_by(keys).agg(nw.len().alias("_events")).filter(nw.col("_events") > limit)
    if not has_orders:
        return busy.select(columns.USER_ID)
    single = spans.join(busy, on=keys, how="semi").select(
        *keys, ROW, nw.col(columns.ORDER_ID).cast(nw.String).alias(_FIRST)
    )
    order = nw.when(nw.col(_FIRST).is_null()).then(nw.col(ROW).cast(nw.String)).otherwise(nw.lit("o") + nw.col(_FIRST))
    counted = single.with_columns(order.alias(_FIRST)).group_by(keys).agg(nw.col(_FIRST).n_unique())
    return counted.filter(nw.col(_FIRST) > limit).select(columns.USER_ID)


GROUP_RULES: Final[dict[str, GroupRule]] = {
    "exact_duplicate": GroupRule("The row repeats an earlier one in every column.", (), _exact_duplicate),
    "repeated_event_id": GroupRule("An earlier row has the same event_id.", (columns.EVENT_ID,), _repeated_event_id),
    "absurd_price": GroupRule(
        "The price is a vast multiple of what is usual.", (columns.PRICE,), _absurd_price, shifts=True
    ),
    "absurd_quantity": GroupRule(
        "The quantity is a vast multiple of what is usual.",
        (columns.QUANTITY,),
        _absurd_quantity,
        shifts=True,
    ),
    "robot": GroupRule("The user acts faster than a person can.", (columns.USER_ID, columns.TIME), _robot),
}
"""In the order in which they claim rows, after the row rules."""
