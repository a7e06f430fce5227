"""What items are called in front of people.

This module owns the choice of an item's name: its title, else its narrowest category, else its id. It refuses
to look anything else up.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from foretell.core import columns
from foretell.explain.speech import Speech

__all__ = ["Goods"]

_NAMES = (columns.TITLE, columns.CATEGORY_3, columns.CATEGORY_2, columns.CATEGORY)


@dataclass(frozen=True)
class Goods:
    """The names of the items that an explanation mentions.

    Attributes:
        rows: Item id to the row of the items table, for items that have one.

    Example:
        >>> table = pl.DataFrame({"item_id": ["1", "2"], "title": ["Green  tea", None], "category": ["DRINKS"] * 2})
        >>> goods = Goods.of(table, wanted=["1", "2", "3"])
        >>> [goods.called(item, Speech("en")) for item in ("1", "2", "3")]
        ['Green tea', 'item 2 (DRINKS)', 'item 3']
    """

    rows: Mapping[str, Mapping[str, object]]

    @classmethod
    def of(cls, items: pl.DataFrame | None, *, wanted: list[str]) -> Goods:
        """Look up the ``wanted`` items in the items table, if there is one."""
        if items is None:
            return cls({})
        known = items.select(columns.ITEM_ID, *[name for name in _NAMES if name in items.columns]).with_columns(
            pl.col(columns.ITEM_ID).cast(pl.String)
        )
        found = known.filter(pl.col(columns.ITEM_ID).is_in(wanted))
        return cls({str(row[columns.ITEM_ID]): row for row in found.iter_rows(named=True)})

    def called(self, item: str, speech: Speech) -> str:
        """An item's name."""
        row = self.rows.get(item, {})
        title = row.get(columns.TITLE)
        if title:
            return _spoken(title)
        kind = next((_spoken(row[name]) for name in _NAMES[1:] if row.get(name)), None)
        plain = speech.either(f"item {item}", f"商品{item}")
        return plain if kind is None else speech.either(f"{plain} ({kind})", f"{plain}（{kind}）")

    def category(self, item: str, *, level: str = columns.CATEGORY) -> str | None:
        """An item's category at a level, or None where it is not known."""
        name = self.rows.get(item, {}).get(level)
        return None if name is None else _spoken(name)


def _spoken(name: object) -> str:
    """A name without the runs of spaces that tables of fixed width leave in it."""
    return " ".join(str(name).split())
