"""REES46: the multi-category and cosmetics shop logs that the REES46 platform publishes.

This module owns its fixed column names, the path in ``category_code`` and the items the events carry along. It
refuses to invent orders: the log has none, so rows bought together are not tied together.

References:
    M. Kechinov, eCommerce behavior data from multi category store (2019-2020), REES46 Marketing Platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import carried
from foretell.sources.conform import conform
from foretell.sources.dialects.build import money, plan_by_fields, scaled
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields, normal_name
from foretell.sources.translation import Translation

__all__ = ["REES46"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.TIME: ("event_time",),
    columns.ACTION: ("event_type",),
    columns.ITEM_ID: ("product_id",),
    columns.SESSION_ID: ("user_session",),
    columns.PRICE: ("price",),
}
_OPTIONAL: Final = {columns.CURRENCY: ("currency", "currency_code")}
_ALSO: Final = ("category_id", "category_code", "brand")
_CONFIDENCE: Final = 0.98
_LEVELS: Final = (columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3)
_NOTES: Final = (
    "A row has no quantity: a purchase is one unit, and the money paid is its price.",
    "Rows bought together are not tied together, because the log has no order ids.",
)


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    found = find_fields(names, {**_FIELDS, "category": ("category_id", "category_code")})
    return _CONFIDENCE if len(found) == len(_FIELDS) + 1 else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    needs = (columns.USER_ID, columns.TIME, columns.ACTION, columns.ITEM_ID)
    return plan_by_fields(names, mapping, fields={**_FIELDS, **_OPTIONAL}, needs=needs, also=_ALSO)


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    translation = conform(frame, mapping, zone=zone)
    items = _items(frame, mapping[columns.ITEM_ID])
    return replace(
        translation,
        frame=money(translation.frame, units=True),
        columns=scaled(translation.columns, _CONFIDENCE, declared={}),
        notes=(*translation.notes, *_NOTES),
        tables={} if items is None else {"items": items},
    )


def _items(frame: pl.DataFrame, own_item: str) -> pl.DataFrame | None:
    """Brand and the levels of the category code; where a shop gives no code, the bare category id."""
    attributes = {"code": ("category_code",), "number": ("category_id",), columns.BRAND: ("brand",)}
    items = carried(frame, columns.ITEM_ID, own_item, attributes)
    if items is None:
        return None
    by_normal = {normal_name(name) for name in items.columns}
    number = pl.col("number") if "number" in by_normal else pl.lit(None, dtype=pl.String)
    if "code" in by_normal:
        parts = pl.col("code").str.split(".")
        levels = [parts.list.get(place, null_on_oob=True).alias(level) for place, level in enumerate(_LEVELS)]
        levels[0] = pl.coalesce(levels[0], number).alias(columns.CATEGORY)
    else:
        levels = [number.alias(columns.CATEGORY)]
    return items.with_columns(levels).drop("code", "number", strict=False)


REES46: Final = Dialect(
    name="rees46",
    description="REES46 shop logs: event_time, event_type, product_id, category_code, brand, price, user_session",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
