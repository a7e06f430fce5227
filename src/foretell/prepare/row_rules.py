"""The cleaning rules that need to see one row only.

This module owns their conditions, as Narwhals expressions that any engine can run. It refuses rules that
compare rows (``group_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import SECOND, to_microseconds
from foretell.prepare.rules import CleaningRules

__all__ = ["FUTURE", "ROW_RULES", "RowRule", "claiming_rule", "is_blank", "user_or_null"]

FUTURE: Final = "future_time"
"""The one rule on single rows whose verdict changes with the clock."""


@dataclass(frozen=True)
class RowRule:
    """One rule on single rows.

    Attributes:
        reason: Why a row is removed, in plain words.
        needs: The columns the rule reads; a log without them has nothing to remove.
        condition: From the thresholds and the columns that hold numbers to an expression that is true for rows to
            remove.
        spares: The same for rows that stay all the same; asked only where the log has all of ``spares_needs``.
        spares_needs: The columns that ``spares`` reads.
    """

    reason: str
    needs: Sequence[str]
    condition: Callable[[CleaningRules, Collection[str]], nw.Expr]
    spares: Callable[[CleaningRules, Collection[str]], nw.Expr] | None = None
    spares_needs: Sequence[str] = ()


def claiming_rule(names: Collection[str], rules: CleaningRules, *, numeric: Collection[str] = ()) -> nw.Expr:
    """The name of the first rule that claims a row of a log with the columns ``names``; null where none does.

    Ids that are numbers (``numeric``) are blank only where they are absent, which saves spelling each of them out.

    Example:
        >>> rows = nw.from_dict({"user_id": ["a", ""], "time": [10**15] * 2, "action": ["view"] * 2}, backend="polars")
        >>> rows.select(rule=claiming_rule(rows.columns, CleaningRules()))["rule"].to_list()
        [None, 'missing_user']
    """
    verdict = nw.lit(None, dtype=nw.String)
    for name, rule in reversed(ROW_RULES.items()):
        if not set(rule.needs) <= set(names):
            continue
        claimed = rule.condition(rules, numeric)
        if rule.spares is not None and set(rule.spares_needs) <= set(names):
            claimed = claimed & ~rule.spares(rules, numeric)
        verdict = nw.when(claimed).then(nw.lit(name)).otherwise(verdict)
    return verdict


def is_blank(column: str, *, numeric: Collection[str] = ()) -> nw.Expr:
    """True where an id or word is absent or nothing but space."""
    if column in numeric:
        return nw.col(column).is_null()
    return nw.col(column).is_null() | (nw.col(column).cast(nw.String).str.strip_chars() == "")


def user_or_null(*, numeric: Collection[str] = ()) -> nw.Expr:
    """``user_id``, null where it is blank: whoever has no name is one and the same nobody."""
    if columns.USER_ID in numeric:
        return nw.col(columns.USER_ID)
    return nw.when(~is_blank(columns.USER_ID)).then(nw.col(columns.USER_ID)).alias(columns.USER_ID)


def _not_above_zero(column: str) -> nw.Expr:
    """True for zero, negative and infinite amounts and for NaN; an absent amount is no wrong one."""
    return ~((nw.col(column) > 0) & nw.col(column).is_finite())


def _missing_user(_: CleaningRules, numeric: Collection[str]) -> nw.Expr:
    return is_blank(columns.USER_ID, numeric=numeric)


def _sale_of_an_item(rules: CleaningRules, numeric: Collection[str]) -> nw.Expr:
    """What demand counts whoever bought it, if such rows are kept."""
    traded = nw.col(columns.ACTION).is_in((columns.PURCHASE, columns.REFUND)).fill_null(False)
    return traded & ~is_blank(columns.ITEM_ID, numeric=numeric) & nw.lit(rules.keep_unattributed)


def _missing_time_or_action(_: CleaningRules, __: Collection[str]) -> nw.Expr:
    return nw.col(columns.TIME).is_null() | is_blank(columns.ACTION)


def _impossible_time(rules: CleaningRules, _: Collection[str]) -> nw.Expr:
    return nw.col(columns.TIME) < to_microseconds(rules.start)


def _future_time(rules: CleaningRules, _: Collection[str]) -> nw.Expr:
    return nw.col(columns.TIME) > rules.latest()


def _clock_ahead(rules: CleaningRules, _: Collection[str]) -> nw.Expr:
    ahead = nw.col(columns.TIME) - nw.col(columns.RECEIVED_TIME)
    return (ahead > int(rules.clock_tolerance_minutes * 60 * SECOND)).fill_null(False)


def _non_positive_price(_: CleaningRules, __: Collection[str]) -> nw.Expr:
    return _not_above_zero(columns.PRICE)


def _non_positive_quantity(_: CleaningRules, __: Collection[str]) -> nw.Expr:
    return _not_above_zero(columns.QUANTITY)


ROW_RULES: Final[dict[str, RowRule]] = {
    "missing_user": RowRule(
        "The row names no user.",
        (columns.USER_ID,),
        _missing_user,
        spares=_sale_of_an_item,
        spares_needs=(columns.ACTION, columns.ITEM_ID),
    ),
    "missing_time_or_action": RowRule(
        "The row has no time or no action.", (columns.TIME, columns.ACTION), _missing_time_or_action
    ),
    "impossible_time": RowRule("The time lies before any shop's data.", (columns.TIME,), _impossible_time),
    FUTURE: RowRule("The time lies in the future.", (columns.TIME,), _future_time),
    "clock_ahead": RowRule(
        "The row was dated after it was received: the sender's clock is ahead.",
        (columns.TIME, columns.RECEIVED_TIME),
        _clock_ahead,
    ),
    "non_positive_price": RowRule("The price is no number above zero.", (columns.PRICE,), _non_positive_price),
    "non_positive_quantity": RowRule(
        "The quantity is no number above zero.", (columns.QUANTITY,), _non_positive_quantity
    ),
}
"""In the order in which they claim rows."""
