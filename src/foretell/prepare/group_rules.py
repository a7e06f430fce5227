"""The cleaning rules that compare rows: all of them in order, and those for outliers and robots.

This module owns how the rows to remove are found, in Narwhals so that any engine can run it. It refuses
single-row conditions (``row_rules``). Every function takes the surviving rows with their number in the column
``ROW`` and gives the numbers of the rows to remove.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import DAY, HOUR
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.netting import NETTING_RULES
from foretell.prepare.repeat_rules import REPEAT_RULES
from foretell.prepare.rules import CleaningRules
from foretell.prepare.time_rules import TIME_RULES
from foretell.prepare.unit_rules import UNIT_RULES

__all__ = ["COMPARING", "GROUP_RULES", "REPEATING", "ROW", "GroupRule"]

_FIRST: Final = "_first"
_LIMIT: Final = "_limit"
_SPAN: Final = "_span"


def _above(rows: Rows, column: str, floor: float) -> Rows:
    """Rows whose value is above the floor; ordinary logs have none."""
    has_items = columns.ITEM_ID in rows.collect_schema().names()
    item = nw.col(columns.ITEM_ID).cast(nw.String) if has_items else nw.lit(None, dtype=nw.String)
    large = rows.filter(nw.col(column) > floor)
    return large.select(ROW, item.fill_null("").alias(columns.ITEM_ID), nw.col(column))


def _absurd(rows: Rows, column: str, large: Rows, rules: CleaningRules) -> Rows:
    """Of the large values those that are many times their item's median, or else the log's median."""
    known = rows.filter(~nw.col(column).is_null())
    log = known.select((nw.col(column).median() * rules.absurd_log_factor).alias(_LIMIT))
    log = log.with_columns(nw.lit(1).alias(_FIRST))
    judged = large.with_columns(nw.lit(1).alias(_FIRST)).join(log, on=_FIRST, how="left")
    limit = nw.col(_LIMIT)
    if columns.ITEM_ID in rows.collect_schema().names():
        valued = known.select(
            nw.col(columns.ITEM_ID).cast(nw.String).fill_null("").alias(columns.ITEM_ID), nw.col(column)
        )
        items = (
            valued.join(large.select(columns.ITEM_ID).unique(), on=columns.ITEM_ID, how="semi")
            .filter(nw.col(columns.ITEM_ID) != "")
            .group_by(columns.ITEM_ID)
            .agg(nw.col(column).median().alias("_median"), nw.len().alias("_rows"))
            .filter(nw.col("_rows") >= rules.absurd_item_rows)
            .select(columns.ITEM_ID, (nw.col("_median") * rules.absurd_item_factor).alias("_item_limit"))
        )
        judged = judged.join(items, on=columns.ITEM_ID, how="left")
        limit = nw.when(nw.col("_item_limit").is_null()).then(limit).otherwise(nw.col("_item_limit"))
    return judged.filter(nw.col(column) > limit).select(ROW)


def _high_prices(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    return _above(rows, columns.PRICE, rules.absurd_price_floor)


def _absurd_price(rows: Rows, rules: CleaningRules, high: Rows) -> Rows:
    return _absurd(rows, columns.PRICE, high, rules)


def _high_quantities(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    return _above(rows, columns.QUANTITY, rules.absurd_quantity_floor)


def _absurd_quantity(rows: Rows, rules: CleaningRules, high: Rows) -> Rows:
    return _absurd(rows, columns.QUANTITY, high, rules)


def _limits(rules: CleaningRules) -> tuple[tuple[int, int], ...]:
    return (HOUR, rules.robot_events_per_hour), (DAY, rules.robot_events_per_day)


def _own_doings(rows: Rows) -> Rows:
    """What users did themselves: neither what the shop showed or sent them nor what nobody is known to have done."""
    named = ~nw.col(columns.USER_ID).is_null()
    return rows.filter(named & ~nw.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))


def _busy_users(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    """Users who did more in all than a person may in an hour; nobody else can be a robot."""
    total = _own_doings(rows).group_by(columns.USER_ID).agg(nw.len().alias("_events"))
    return total.filter(nw.col("_events") > min(limit for _, limit in _limits(rules))).select(columns.USER_ID)


def _robots(rows: Rows, rules: CleaningRules, busy: Rows) -> Rows:
    """Users who did more in an hour or a day than a person can.

    What the shop showed or sent to a user does not count, and the lines of one order count once: a wholesale
    customer may well order a thousand products at one time.
    """
    done = _own_doings(rows).join(busy, on=columns.USER_ID, how="semi")
    has_orders = columns.ORDER_ID in rows.collect_schema().names()
    return nw.concat(
        [_busier_than(done, span, limit, has_orders=has_orders) for span, limit in _limits(rules)]
    ).unique()


def _robot(rows: Rows, _: CleaningRules, robots: Rows) -> Rows:
    """All their rows."""
    return rows.join(robots, on=columns.USER_ID, how="semi").select(ROW)


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
    # Strings are joined by concat_str: to some engines a plus between them is a sum of numbers.
    named = nw.concat_str(nw.lit("o"), nw.col(_FIRST))
    order = nw.when(nw.col(_FIRST).is_null()).then(nw.col(ROW).cast(nw.String)).otherwise(named)
    counted = single.with_columns(order.alias(_FIRST)).group_by(keys).agg(nw.col(_FIRST).n_unique())
    return counted.filter(nw.col(_FIRST) > limit).select(columns.USER_ID)


GROUP_RULES: Final[dict[str, GroupRule]] = {
    **REPEAT_RULES,
    **NETTING_RULES,
    **UNIT_RULES,
    "absurd_price": GroupRule(
        "The price is a vast multiple of what is usual.", (columns.PRICE,), (_high_prices, _absurd_price), shifts=True
    ),
    "absurd_quantity": GroupRule(
        "The quantity is a vast multiple of what is usual.",
        (columns.QUANTITY,),
        (_high_quantities, _absurd_quantity),
        shifts=True,
    ),
    "robot": GroupRule(
        "The user acts faster than a person can.",
        (columns.USER_ID, columns.TIME),
        (_busy_users, _robots, _robot),
        compares=columns.USER_ID,
    ),
    # Last, so that a robot's hours are not taken for the beginning of the log.
    **TIME_RULES,
}
"""In the order in which they claim rows, after the row rules."""

REPEATING: Final = tuple(name for name, rule in GROUP_RULES.items() if rule.repeats)
"""The rules for rows sent twice, which come before refunds are netted."""

COMPARING: Final = tuple(name for name in GROUP_RULES if name not in REPEATING)
"""The rules that come after."""
