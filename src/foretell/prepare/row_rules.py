"""The cleaning rules that need to see one row only.

This module owns their conditions, as Narwhals expressions that any engine can run. It refuses rules that
compare rows (``group_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import to_microseconds
from foretell.prepare.rules import CleaningRules

__all__ = ["ROW_RULES", "RowRule"]


@dataclass(frozen=True)
class RowRule:
    """One rule on single rows.

    Attributes:
        reason: Why a row is removed, in plain words.
        needs: The columns the rule reads; a log without them has nothing to remove.
        condition: From the thresholds to an expression that is true for rows to remove.
    """

    reason: str
    needs: Sequence[str]
    condition: Callable[[CleaningRules], nw.Expr]


def _is_blank(column: str) -> nw.Expr:
    return nw.col(column).is_null() | (nw.col(column).str.strip_chars() == "")


def _not_above_zero(column: str) -> nw.Expr:
    """True for zero, negative and infinite amounts and for NaN; an absent amount is no wrong one."""
    return ~((nw.col(column) > 0) & nw.col(column).is_finite())


def _missing_user(_: CleaningRules) -> nw.Expr:
    return _is_blank(columns.USER_ID)


def _missing_time_or_action(_: CleaningRules) -> nw.Expr:
    return nw.col(columns.TIME).is_null() | _is_blank(columns.ACTION)


def _impossible_time(rules: CleaningRules) -> nw.Expr:
    return nw.col(columns.TIME) < to_microseconds(rules.start)


def _future_time(rules: CleaningRules) -> nw.Expr:
    return nw.col(columns.TIME) > rules.latest()


def _non_positive_price(_: CleaningRules) -> nw.Expr:
    return _not_above_zero(columns.PRICE)


def _non_positive_quantity(_: CleaningRules) -> nw.Expr:
    return _not_above_zero(columns.QUANTITY)


ROW_RULES: Final[dict[str, RowRule]] = {
    "missing_user": RowRule("The row names no user.", (columns.USER_ID,), _missing_user),
    "missing_time_or_action": RowRule(
        "The row has no time or no action.", (columns.TIME, columns.ACTION), _missing_time_or_action
    ),
    "impossible_time": RowRule("The time lies before any shop's data.", (columns.TIME,), _impossible_time),
    "future_time": RowRule("The time lies in the future.", (columns.TIME,), _future_time),
    "non_positive_price": RowRule("The price is no number above zero.", (columns.PRICE,), _non_positive_price),
    "non_positive_quantity": RowRule(
        "The quantity is no number above zero.", (columns.QUANTITY,), _non_positive_quantity
    ),
}
"""In the order in which they claim rows."""
