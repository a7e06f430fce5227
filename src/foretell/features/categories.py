"""Which category each item belongs to, by level, as a lookup that a live service can keep in memory.

This module owns the item-to-category map and its JSON form. It refuses everything else an item table holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns

__all__ = ["CATEGORY_LEVELS", "CategoryMap"]

CATEGORY_LEVELS: Final = (columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3)


@dataclass(frozen=True)
class CategoryMap:
    """The category of every known item at each level the shop has.

    Attributes:
        names: For each level (``category``, ``category_2``, ``category_3``, and other attributes that features ask
            for, such as ``brand``) the names, sorted.
        codes: For each level the position in ``names`` of each item's category; items without one are absent.

    Example:
        >>> items = pl.DataFrame({"item_id": ["tea", "bun"], "category": ["drinks", "bakery"]})
        >>> categories = CategoryMap.of(items)
        >>> categories.names["category"], categories.of_items(["tea", "rum"], level="category").tolist()
        (('bakery', 'drinks'), [1, -1])
    """

    names: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, items: pl.DataFrame | None, *, attributes: Sequence[str] = ()) -> CategoryMap:
        """Read the levels present in the ``items`` side table; None gives a map that knows no item.

        Args:
            items: The side table.
            attributes: Other columns to read beside the category levels, where they are present.
        """
        names: dict[str, tuple[str, ...]] = {}
        codes: dict[str, dict[str, int]] = {}
        present: list[str] = (
            []
            if items is None
            else [level for level in dict.fromkeys((*CATEGORY_LEVELS, *attributes)) if level in items.columns]
        )
        for level in present:
            assert items is not None
            rows = items.select(columns.ITEM_ID, pl.col(level).cast(pl.String)).drop_nulls()
            rows = rows.unique(columns.ITEM_ID, keep="first", maintain_order=True)
            names[level] = tuple(rows[level].unique().sort())
            position = {name: number for number, name in enumerate(names[level])}
            codes[level] = {item: position[name] for item, name in rows.iter_rows()}
        return cls(names, codes)

    def of_items(self, item_ids: Sequence[str] | pl.Series, *, level: str) -> NDArray[np.int64]:
        """The category code of each item at ``level``; -1 for items or levels that are not known."""
        known = self.codes.get(level, {})
        return np.fromiter((known.get(item, -1) for item in item_ids), dtype=np.int64, count=len(item_ids))

    def to_json(self) -> dict[str, Any]:
        """The map as JSON values."""
        return {level: {"names": list(self.names[level]), "codes": dict(self.codes[level])} for level in self.names}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CategoryMap:
        """Read what ``to_json`` wrote."""
        return cls(
            {level: tuple(value["names"]) for level, value in values.items()},
            {level: dict(value["codes"]) for level, value in values.items()},
        )
