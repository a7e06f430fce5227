"""The cleaning rules for rows sent twice: equal rows, repeated event ids, retried purchases.

This module owns what makes two rows the same event. It refuses to merge them: the first stays as it is.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import SECOND
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.netting import NETTED
from foretell.prepare.rules import CleaningRules

__all__ = ["REPEAT_RULES"]

_FIRST: Final = "_first"
_NAMED: Final = "_named"
_USER: Final = "_user"
_LINE: Final = (columns.USER_ID, columns.ORDER_ID, columns.ITEM_ID)
_SAME: Final = (columns.QUANTITY, columns.PRICE, NETTED)


def _comparable(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    """Rows that may be copies: not the lines of an order where those are scans. Nobody is one user."""
    schema = rows.collect_schema()
    if rules.repeated_lines == "keep" and columns.ORDER_ID in schema:
        rows = rows.filter((nw.col(columns.ACTION) != columns.PURCHASE) | nw.col(columns.ORDER_ID).is_null())
    nobody = -1 if schema[columns.USER_ID].is_numeric() else ""
    return rows.with_columns(nw.col(columns.USER_ID).fill_null(nobody).alias(_USER))


def _exact_duplicate(_: Rows, __: CleaningRules, crowded: Rows) -> Rows:
    """Every row but the first of those equal in all columns.

    Comparing every column of every row is dear: whoever did nothing else at that moment repeats nothing.
    """
    names = [name for name in crowded.collect_schema().names() if name not in (ROW, _USER)]
    first = crowded.with_columns(nw.col(ROW).min().over(*names).alias(_FIRST))
    return first.filter(nw.col(ROW) > nw.col(_FIRST)).select(ROW)


def _named_events(rows: Rows, _: CleaningRules, __: Rows) -> Rows:
    return rows.filter(~nw.col(columns.EVENT_ID).is_null()).select(ROW, columns.EVENT_ID)


def _repeated_event_id(_: Rows, __: CleaningRules, crowded: Rows) -> Rows:
    """Every row but the first of those with the same event_id."""
    first = crowded.with_columns(nw.col(ROW).min().over(columns.EVENT_ID).alias(_FIRST))
    return first.filter(nw.col(ROW) > nw.col(_FIRST)).select(ROW)


def _order_lines(rows: Rows, _: CleaningRules, __: Rows) -> Rows:
    bought = nw.col(columns.ACTION) == columns.PURCHASE
    known = ~nw.col(columns.ORDER_ID).is_null() & ~nw.col(columns.ITEM_ID).is_null()
    names = rows.collect_schema().names()
    read = [name for name in (columns.EVENT_ID, *_SAME) if name in names]
    return rows.filter(bought & known).select(ROW, columns.TIME, *_LINE, *read)


def _retried_purchase(_: Rows, rules: CleaningRules, crowded: Rows) -> Rows:
    """Lines of an order that came again later: same user, order, item, quantity and price.

    A line is compared with the first moment at which its order holds it. Later than that it is a retry if it comes
    within ``retry_minutes``, or if it and the first both carry an event id: a sender that numbers its events and names
    the same order twice sends one purchase twice, however long after. At that first moment itself two lines may be two
    scans of one product, and ``repeated_lines`` decides: only ``remove`` takes them for one.
    """
    names = crowded.collect_schema().names()
    key = [name for name in (*_LINE, *_SAME) if name in names]
    named = ~nw.col(columns.EVENT_ID).is_null() if columns.EVENT_ID in names else nw.lit(False)
    lines = crowded.select(ROW, columns.TIME, *key, named.alias(_NAMED))
    several = lines.with_columns(nw.len().over(*key).alias("_lines")).filter(nw.col("_lines") > 1)
    timed = several.with_columns(nw.col(columns.TIME).min().over(*key).alias(_FIRST))
    is_first = nw.col(columns.TIME) == nw.col(_FIRST)
    judged = timed.with_columns(
        nw.when(is_first & nw.col(_NAMED)).then(nw.lit(1)).otherwise(nw.lit(0)).max().over(*key).alias("_first_named"),
        nw.when(is_first).then(nw.col(ROW)).otherwise(nw.lit(None)).min().over(*key).alias("_first_row"),
    )
    soon = nw.col(columns.TIME) - nw.col(_FIRST) <= int(rules.retry_minutes * 60 * SECOND)
    again = ~is_first & (soon | (nw.col(_NAMED) & (nw.col("_first_named") == 1)))
    if rules.repeated_lines == "remove":
        again = again | (is_first & (nw.col(ROW) > nw.col("_first_row")))
    return judged.filter(again).select(ROW)


REPEAT_RULES: Final[dict[str, GroupRule]] = {
    "exact_duplicate": GroupRule(
        "The row repeats an earlier one in every column.",
        (),
        (_comparable, _exact_duplicate),
        crowding=(_USER, columns.TIME),
        repeats=True,
        compares=columns.USER_ID,
    ),
    "repeated_event_id": GroupRule(
        "An earlier row has the same event_id.",
        (columns.EVENT_ID,),
        (_named_events, _repeated_event_id),
        crowding=(columns.EVENT_ID,),
        repeats=True,
        compares=columns.EVENT_ID,
    ),
    "retried_purchase": GroupRule(
        "The order holds the same line already: the purchase was sent twice.",
        _LINE,
        (_order_lines, _retried_purchase),
        crowding=(columns.ORDER_ID, columns.ITEM_ID),
        repeats=True,
        compares=columns.USER_ID,
    ),
}
"""In the order in which they claim rows."""
