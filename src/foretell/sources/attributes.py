"""Side tables that events carry along: what most rows say of an item or a customer.

This module owns the choice where rows disagree. It refuses files of their own (``side_tables``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.names import find_fields
from foretell.sources.words import identifiers, text

__all__ = ["ITEM_ATTRIBUTES", "carried", "most_frequent"]


def carried(
    frame: pl.DataFrame, key: str, own_key: str, attributes: Mapping[str, Sequence[str]]
) -> pl.DataFrame | None:
    """One row a key with the attributes found among the columns of ``frame``, or None where none is.

    Args:
        frame: The shop's rows.
        key: The canonical key, ``item_id`` or ``user_id``.
        own_key: The shop's column of it.
        attributes: From attribute to its spellings, as ``normal_name`` writes them.

    Example:
        >>> rows = pl.DataFrame({"sku": [1, 1, 1], "brand": ["A", "B", "B"]})
        >>> carried(rows, "item_id", "sku", {"brand": ("brand",)}).row(0)
        ('1', 'B')
    """
    found = find_fields(frame.columns, attributes)
    tables = [most_frequent(frame, key, own_key, name, own) for name, own in found.items() if own != own_key]
    tables = [table for table in tables if not table.is_empty()]
    if not tables:
        return None
    result = tables[0]
    for table in tables[1:]:
        result = result.join(table, on=key, how="full", coalesce=True)
    return result.sort(key)


def most_frequent(frame: pl.DataFrame, key: str, own_key: str, name: str, own: str) -> pl.DataFrame:
    """For each key the value its rows name most often; of equals the first in the alphabet."""
    ids, _ = identifiers(frame[own_key])
    pairs = pl.DataFrame([ids.alias(key), text(frame[own]).alias(name)]).drop_nulls()
    return (
        pairs.group_by(key, name)
        .len()
        .sort(key, "len", name, descending=[False, True, False])
        .unique(key, keep="first", maintain_order=True)
        .drop("len")
    )


ITEM_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    columns.CATEGORY: ("category", "item_category"),
    columns.CATEGORY_2: ("category_2", "item_category2", "item_category_2"),
    columns.CATEGORY_3: ("category_3", "item_category3", "item_category_3"),
    columns.BRAND: ("brand", "item_brand"),
    columns.TITLE: ("title", "name", "item_name"),
}
"""The attributes of items most logs spell alike."""
