"""Conditions on items (``Task.where``): which events they leave, and what is wrong where they fit no item at all.

This module owns that diagnosis, so that a misspelt attribute is not reported as a lack of data. It refuses to count
anything else.
"""

from __future__ import annotations

import difflib
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.item_condition import Where, fits, values_of

__all__ = ["in_words", "on_items", "trouble_with"]

_SHOWN: Final = 8


def on_items(counted: pl.DataFrame, items: pl.DataFrame | None, where: Where) -> pl.DataFrame:
    """The events on items that fit; a condition on an attribute the items lack fits nothing."""
    if items is None or columns.ITEM_ID not in counted.columns or not set(where) <= set(items.columns):
        return counted.clear()
    wanted = items.filter(fits(where)).select(pl.col(columns.ITEM_ID).cast(pl.String))
    return counted.join(wanted, on=columns.ITEM_ID, how="semi")


def in_words(where: Where) -> str:
    """A condition as it is shown.

    Example:
        >>> in_words({"category": "TEA", "brand": "Own"})
        "category = 'TEA', brand = 'Own'"
        >>> in_words({"category": ("TEA", "CUPS")})
        "category = 'TEA' or 'CUPS'"
    """
    return ", ".join(f"{name} = {' or '.join(map(repr, values_of(wanted)))}" for name, wanted in where.items())


def trouble_with(where: Where, items: pl.DataFrame | None) -> str | None:
    """Why no item fits, and what would; None where some do (or nothing is asked).

    Example:
        >>> items = pl.DataFrame({"item_id": ["1", "2"], "category": ["TEA", "CUPS"]})
        >>> trouble_with({"category": "TEE"}, items)
        "No item has category = 'TEE'. Did you mean 'TEA'? Its values: CUPS, TEA."
        >>> trouble_with({"categry": "TEA"}, items)
        "The items table has no column 'categry'. Did you mean 'category'? Its columns: category."
    """
    if not where:
        return None
    if items is None:
        return "The condition reads the items table, and the log has none: add one, or drop the condition."
    attributes = [name for name in items.columns if name != columns.ITEM_ID]
    for name in where:
        if name not in items.columns:
            offer = _offer(name, attributes)
            return f"The items table has no column {name!r}. {offer}Its columns: {_some(attributes)}."
    for name, wanted in where.items():
        values = items[name].cast(pl.String).drop_nulls().unique().sort().to_list()
        for value in values_of(wanted):
            if value not in values:
                return f"No item has {in_words({name: value})}. {_offer(value, values)}Its values: {_some(values)}."
    if not items.select(fits(where).any()).item():
        return f"Each condition fits some items, but no item fits all of {in_words(where)}: drop one of them."
    return None


def _offer(name: str, known: list[str]) -> str:
    """The nearest known word, capitals or not, as a question."""
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
    return f"Did you mean {by_lower[close[0]]!r}? " if close else ""


def _some(known: list[str]) -> str:
    shown = ", ".join(known[:_SHOWN]) or "none"
    return shown + (f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else "")
