"""RetailRocket: events.csv of visitors, and beside it the properties of items and the tree of categories.

This module owns those files. It refuses the hashed properties, which nobody can name: of an item's properties only
its category and whether it is available are in clear words.

References:
    R. Zykov, Retailrocket recommender system dataset (2016), Kaggle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.conform import conform
from foretell.sources.dialects.build import plan_by_fields, scaled
from foretell.sources.dialects.dialect import Beside, Dialect, Plan
from foretell.sources.names import find_fields
from foretell.sources.table import Table
from foretell.sources.translation import Translation
from foretell.sources.words import identifiers

__all__ = ["RETAILROCKET"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("visitorid", "visitor_id"),
    columns.TIME: ("timestamp",),
    columns.ACTION: ("event",),
    columns.ITEM_ID: ("itemid", "item_id"),
    columns.ORDER_ID: ("transactionid", "transaction_id"),
}
_PROPERTIES: Final = ("timestamp", "itemid", "property", "value")
_TREE: Final = ("categoryid", "parentid")
_CATEGORY_PROPERTY: Final = "categoryid"
_LEVELS: Final = (columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3)
_DEEPEST: Final = 20
_CONFIDENCE: Final = 0.97
_NOTES: Final = (
    "The log has no prices and no quantities: a transaction row is one unit of an item, of unknown value.",
)
_EARLIEST: Final = (
    "An item's category is the earliest known of item_properties, so that none is taken from after an event; "
    "properties under hashed names are left aside."
)


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    return _CONFIDENCE if len(find_fields(names, _FIELDS)) == len(_FIELDS) else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    needs = (columns.USER_ID, columns.TIME, columns.ACTION, columns.ITEM_ID)
    return plan_by_fields(names, mapping, fields=_FIELDS, needs=needs)


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    translation = conform(frame, mapping, zone=zone)
    bought = pl.col(columns.ACTION) == columns.PURCHASE
    return replace(
        translation,
        frame=translation.frame.with_columns(pl.when(bought).then(1.0).alias(columns.QUANTITY)).select(
            name for name in columns.READABLE if name in (*translation.frame.columns, columns.QUANTITY)
        ),
        columns=scaled(translation.columns, _CONFIDENCE, declared={}),
        notes=(*translation.notes, *_NOTES),
    )


def _beside(tables: Mapping[str, Table]) -> Beside:
    """The categories of items, from the top of the tree down where the tree lies beside them too."""
    named = {name: table for name, table in tables.items() if set(_PROPERTIES) <= set(table.columns())}
    trees = {name: table for name, table in tables.items() if set(_TREE) <= set(table.columns())}
    if not named:
        return Beside({}, ())
    parts = []
    for table in named.values():
        read = table.read(_PROPERTIES).frame.filter(pl.col("property") == _CATEGORY_PROPERTY)
        parts.append(read.select(pl.col("timestamp").cast(pl.Int64, strict=False), "itemid", "value"))
    rows = pl.concat(parts, how="vertical_relaxed").sort("timestamp", "value")
    ids, _ = identifiers(rows["itemid"])
    leaves, _ = identifiers(rows["value"])
    items = pl.DataFrame([ids.alias(columns.ITEM_ID), leaves.alias("leaf")]).drop_nulls()
    items = items.unique(columns.ITEM_ID, keep="first", maintain_order=True).sort(columns.ITEM_ID)
    parents: dict[str, str | None] = {}
    for table in trees.values():
        tree = table.read(_TREE).frame
        parents |= dict(zip(identifiers(tree["categoryid"])[0], identifiers(tree["parentid"])[0], strict=True))
    paths = {leaf: _path(leaf, parents) for leaf in items["leaf"].unique()}
    path = pl.Series([paths[leaf] for leaf in items["leaf"]], dtype=pl.List(pl.String))
    levels = [path.list.get(place, null_on_oob=True).alias(level) for place, level in enumerate(_LEVELS)]
    made = items.with_columns(levels).drop("leaf")
    known = [name for name in made.columns if made[name].count()]
    return Beside({"items": made.select(known)}, (*named, *trees), (_EARLIEST,))


def _path(leaf: str, parents: Mapping[str, str | None]) -> list[str]:
    """The categories from the top down to ``leaf``."""
    path = [leaf]
    while len(path) < _DEEPEST and (parent := parents.get(path[0])) is not None and parent not in path:
        path.insert(0, parent)
    return path


RETAILROCKET: Final = Dialect(
    name="retailrocket",
    description="RetailRocket's events.csv: timestamp, visitorid, event, itemid, transactionid",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
    beside=_beside,
)
