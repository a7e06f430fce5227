"""What cells mean: empty words, identifiers, amounts and actions.

This module owns the reading of single columns into canonical types. It refuses to look at more than one
column.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.separators import with_decimal_points

__all__ = ["ACTION_WORDS", "actions", "amounts", "amounts_noted", "identifiers", "known_share", "text"]

_EMPTY: Final = ("", "null", "none", "nan", "nat", "n/a", "undefined", "\\n", "<na>", "(not set)")
"""Words that exporters write for nothing, in lower case."""

ACTION_WORDS: Final[dict[str, tuple[str, ...]]] = {
    columns.IMPRESSION: (
        "impression", "view_promotion", "promotion_viewed", "view_item_list", "exposure", "shown",
        "product_list_viewed", "list_view", "promo_view", "promotion_offered",
    ),
    columns.CLICK: (
        "click", "select_promotion", "promotion_clicked", "select_item", "clickout", "product_clicked", "list_click",
        "promo_click",
    ),
    columns.VIEW: (
        "view", "pv", "page_view", "pageview", "view_item", "product_viewed", "detail_page_view",
        "product_view",
    ),
    columns.SEARCH: ("search", "view_search_results", "products_searched", "site_search"),
    columns.CART: (
        "cart", "add_to_cart", "addtocart", "product_added", "atc", "basket", "add_to_basket",
        "wishlist_product_added_to_cart",
    ),
    columns.UNCART: ("uncart", "remove_from_cart", "removefromcart", "product_removed", "remove_from_basket"),
    columns.FAVOURITE: (
        "favourite", "favorite", "fav", "add_to_wishlist", "wishlist", "product_added_to_wishlist", "add_to_list",
    ),
    columns.PURCHASE: (
        "purchase", "buy", "transaction", "order", "order_completed", "purchase_complete",
        "checkout_complete", "sale",
    ),
    columns.REFUND: ("refund", "return", "order_refunded", "order_cancelled", "cancellation"),
    columns.REVIEW: ("review", "product_reviewed", "rating"),
    columns.COUPON_SENT: ("coupon_sent",),
    columns.COUPON_REDEEMED: ("coupon_redeemed", "redemption"),
}  # fmt: skip
"""Shops' words for the actions foretell knows, in lower case with underscores."""

_BY_WORD: Final = {word: action for action, words in ACTION_WORDS.items() for word in words}


def text(series: pl.Series) -> pl.Series:
    """The column as text, trimmed; cells with nothing in them are null.

    Raises:
        SchemaError: If the column holds lists or structures.
    """
    if series.dtype.is_nested() or series.dtype == pl.Object:
        raise SchemaError(
            f"The column {series.name!r} holds nested values.",
            received=f"values of type {series.dtype}",
            remedy="Give it one plain value a row, or leave it out of the mapping.",
        )
    if series.dtype == pl.Binary:
        return pl.Series(
            series.name,
            [None if cell is None else bytes(cell).decode(errors="replace").strip() or None for cell in series],
            dtype=pl.String,
        )
    trimmed = series.cast(pl.String, strict=False).str.strip_chars()
    return trimmed.set(trimmed == "", None)


def identifiers(series: pl.Series) -> tuple[pl.Series, pl.DataType]:
    """Identifiers as text, and the type the shop used.

    Whole numbers that passed through a float column (17850.0, as pandas writes numbers beside gaps) are whole
    again. Words for nothing (``null``, ``NaN``, ``undefined``) are null: read as a name they would be one
    giant user.

    Example:
        >>> ids, kind = identifiers(pl.Series(["17850.0", "nan"]))
        >>> ids.to_list(), kind
        (['17850', None], Int64)
    """
    if series.dtype.is_float():
        series = series.fill_nan(None)
        whole = series.cast(pl.Int64, strict=False)
        if (series.drop_nulls() == series.drop_nulls().round(0)).all() and whole.null_count() == series.null_count():
            series = whole
    own = series.dtype if series.dtype.is_integer() and series.dtype != pl.Int128 else None
    words = _without_empty_words(text(series))
    if own is not None:
        return words, own
    if words.count() and words.drop_nulls().str.contains(r"^\d+(\.0)?$").all():
        words = words.str.strip_suffix(".0")
    numbers = words.drop_nulls().str.contains(r"^(0|-?[1-9]\d{0,17})$")
    return words, pl.Int64() if len(numbers) and numbers.all() else pl.String()


def amounts(series: pl.Series) -> pl.Series:
    """Amounts as floats; null where the cell is empty, and NaN where it is no finite number.

    Currency signs, blanks, thousands set apart (``1,234.50``, ``1.234,50``) and decimal commas are understood.

    Example:
        >>> amounts(pl.Series(["$2.50", "", "abc"])).to_list()
        [2.5, None, nan]
    """
    return amounts_noted(series)[0]


def amounts_noted(series: pl.Series) -> tuple[pl.Series, str | None]:
    """The same, with a note where the column leaves open what its commas mean.

    Raises:
        SchemaError: If the column holds no amounts by its type.

    Example:
        >>> amounts_noted(pl.Series("paid", ["1,234", "500"]))[0].to_list()
        [1234.0, 500.0]
    """
    if series.dtype == pl.Boolean or series.dtype.is_nested() or series.dtype.is_temporal():
        raise SchemaError(
            f"The column {series.name!r} is no amount.",
            received=f"values of type {series.dtype}",
            remedy="Name the right column in the mapping.",
        )
    if series.dtype.is_numeric():
        numbers = series.cast(pl.Float64, strict=False).fill_nan(None)
        return numbers.set(numbers.is_infinite(), float("nan")), None
    words = _without_empty_words(text(series))
    numbers, note = words.cast(pl.Float64, strict=False), None
    if numbers.null_count() > words.null_count():
        plain = words.str.replace_all(r"[\s$€£¥₹]", "")
        plain, note = with_decimal_points(plain)
        numbers = plain.cast(pl.Float64, strict=False)
    unreadable = words.is_not_null() & ~numbers.is_finite().fill_null(False)
    return numbers.set(unreadable, float("nan")), note


def actions(series: pl.Series) -> pl.Series:
    """Actions by foretell's names where the shop's word is known, by the shop's own word elsewhere.

    Example:
        >>> actions(pl.Series(["Add to Cart", "pv", "raffle"])).to_list()
        ['cart', 'view', 'raffle']
    """
    words = _without_empty_words(text(series))
    distinct = words.drop_nulls().unique()
    known = {word: _BY_WORD.get(_normal(word), word) for word in distinct}
    changed = {word: action for word, action in known.items() if word != action}
    return words.replace(changed) if changed else words


def known_share(words: pl.Series) -> float:
    """Of how many of these actions foretell knows the meaning.

    Example:
        >>> known_share(pl.Series(["view", "raffle", "cart", "cart"]))
        0.75
    """
    present = words.drop_nulls()
    return float(present.is_in(columns.ACTIONS).mean() or 0.0) if len(present) else 0.0  # type: ignore[arg-type]


def _normal(word: str) -> str:
    return word.lower().replace(" ", "_").replace("-", "_")


def _without_empty_words(words: pl.Series) -> pl.Series:
    return words.set(words.str.to_lowercase().is_in(_EMPTY), None)
