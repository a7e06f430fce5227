"""The cleaning rules for amounts in another unit: cents among the pounds.

This module owns the ratios that betray a unit: exactly one hundred, up or down. It refuses to convert: one row may
be a typing error, and a column that is in another unit throughout is for the shop to declare.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw

from foretell.core import columns
from foretell.prepare.group_rule import ROW, GroupRule, Rows
from foretell.prepare.rules import CleaningRules

__all__ = ["UNIT_RULES", "values_in_other_unit"]

_RATIO: Final = "_ratio"
_OFF: Final = "_off"
_MOST: Final = 0.5
"""From this share on the column itself is in the other unit, and no single row is wrong."""


def _is_off(rules: CleaningRules) -> nw.Expr:
    """True where the ratio is the factor between two units, or one over it."""
    factor, near = rules.cents_factor, rules.cents_tolerance
    large, small = nw.col(_RATIO) / factor, nw.col(_RATIO) * factor
    return ((large - 1).abs() <= near) | ((small - 1).abs() <= near)


def values_in_other_unit(rows: Rows, rules: CleaningRules) -> Rows:
    """Purchases and refunds with ``_off``: is value a hundred times price x quantity - discount, or a hundredth?

    Returns:
        ``ROW``, ``_off`` and ``_share``, the share of such rows among all that can be judged.
    """
    names = rows.collect_schema().names()
    expected = nw.col(columns.PRICE)
    if columns.QUANTITY in names:
        expected = expected * nw.col(columns.QUANTITY).fill_null(1.0)
    if columns.DISCOUNT in names:
        expected = expected - nw.col(columns.DISCOUNT).fill_null(0.0)
    paid = rows.filter(nw.col(columns.ACTION).is_in((columns.PURCHASE, columns.REFUND)))
    priced = paid.select(ROW, nw.col(columns.VALUE), expected.alias("_expected"))
    judged = (
        priced.filter((nw.col("_expected") > 0) & (nw.col(columns.VALUE) > 0))
        .with_columns((nw.col(columns.VALUE) / nw.col("_expected")).alias(_RATIO))
        .select(ROW, nw.when(_is_off(rules)).then(nw.lit(1)).otherwise(nw.lit(0)).alias(_OFF), nw.lit(1).alias("_key"))
    )
    share = judged.group_by("_key").agg(nw.col(_OFF).mean().alias("_share"))
    return judged.join(share, on="_key", how="left").select(ROW, _OFF, "_share")


def _value_in_other_unit(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    judged = values_in_other_unit(rows, rules)
    return judged.filter((nw.col(_OFF) == 1) & (nw.col("_share") < _MOST)).select(ROW)


def _wide_prices(rows: Rows, rules: CleaningRules, _: Rows) -> Rows:
    """The prices of items whose prices lie a hundredfold apart; ordinary logs have none."""
    priced = rows.filter((nw.col(columns.PRICE) > 0) & ~nw.col(columns.ITEM_ID).is_null()).select(
        ROW, columns.ITEM_ID, columns.PRICE
    )
    spread = priced.group_by(columns.ITEM_ID).agg(
        nw.col(columns.PRICE).max().alias("_most"), nw.col(columns.PRICE).min().alias("_least"), nw.len().alias("_rows")
    )
    wide = spread.filter(
        (nw.col("_rows") >= rules.absurd_item_rows)
        & (nw.col("_most") >= nw.col("_least") * rules.cents_factor * (1 - rules.cents_tolerance))
    ).select(columns.ITEM_ID)
    return priced.join(wide, on=columns.ITEM_ID, how="semi")


def _price_in_other_unit(_: Rows, rules: CleaningRules, wide: Rows) -> Rows:
    """Prices exactly a hundred times, or a hundredth of, the median of their item."""
    usual = wide.group_by(columns.ITEM_ID).agg(nw.col(columns.PRICE).median().alias("_median"))
    judged = wide.join(usual, on=columns.ITEM_ID, how="left")
    return (
        judged.with_columns((nw.col(columns.PRICE) / nw.col("_median")).alias(_RATIO))
        .filter(_is_off(rules))
        .select(ROW)
    )


UNIT_RULES: Final[dict[str, GroupRule]] = {
    "price_in_other_unit": GroupRule(
        "The price is exactly a hundred times what is usual for the item, or a hundredth.",
        (columns.PRICE, columns.ITEM_ID),
        (_wide_prices, _price_in_other_unit),
        shifts=True,
    ),
    "value_in_other_unit": GroupRule(
        "The value is exactly a hundred times price x quantity, or a hundredth.",
        (columns.PRICE, columns.VALUE),
        (_value_in_other_unit,),
        shifts=True,
    ),
}
"""In the order in which they claim rows."""
