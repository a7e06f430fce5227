"""Sessions where a log has none: a visit ends when its customer pauses.

This module owns the ids it gives such sessions. It refuses to touch those a shop knows itself. No model and no
feature reads ``session_id``; the ids serve whoever reads the cleaned log.

References:
    Google Analytics, "About Analytics sessions": half an hour without activity ends a session.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import SECOND
from foretell.prepare.group_rule import ROW, Rows
from foretell.prepare.row_rules import is_blank

__all__ = ["with_sessions"]

_BEFORE: Final = "_before"
_START: Final = "_start"
_VISITOR: Final = "_visitor"
_NEVER: Final = -(2**62)


def with_sessions(rows: Rows, *, gap_minutes: float) -> Rows:
    """The rows with a ``session_id`` wherever one was absent.

    A derived id is the user's own id and the moment of the session's first event in microseconds, so that the same rows
    give the same ids and rows that come later change none of them. Coupons the shop sends belong to no visit.
    """
    names = rows.collect_schema().names()
    known = columns.SESSION_ID in names
    visits = ~is_blank(columns.USER_ID) & (nw.col(columns.ACTION) != columns.COUPON_SENT)
    if known:
        visits = visits & nw.col(columns.SESSION_ID).is_null()
    order = (columns.TIME, ROW)
    # Rows that get no session share the visitor null, whose pauses nobody looks at: cheaper than leaving them out.
    visitor = nw.when(visits).then(nw.col(columns.USER_ID)).otherwise(nw.lit(None, dtype=nw.String))
    steps = rows.with_columns(visitor.alias(_VISITOR))
    steps = steps.with_columns(nw.col(columns.TIME).shift(1).over(_VISITOR, order_by=order).alias(_BEFORE))
    begins = nw.col(_BEFORE).is_null() | (nw.col(columns.TIME) - nw.col(_BEFORE) > int(gap_minutes * 60 * SECOND))
    # Times rise within a user, so the latest beginning so far is the beginning of the row's own session.
    begun = nw.when(begins).then(nw.col(columns.TIME)).otherwise(nw.lit(_NEVER, dtype=nw.Int64))
    steps = steps.with_columns(begun.alias(_START))
    steps = steps.with_columns(nw.col(_START).cum_max().over(_VISITOR, order_by=order).alias(_START))
    derived = nw.concat_str(nw.col(_VISITOR), nw.col(_START).cast(nw.String), separator="@")
    session = nw.coalesce(nw.col(columns.SESSION_ID), derived) if known else derived
    return steps.with_columns(session.alias(columns.SESSION_ID)).drop(_VISITOR, _BEFORE, _START)
