"""Segment: track calls of the e-commerce specification, one JSON object a call.

This module owns the unfolding of ``properties.products``, the two kinds of id and the sharing of an order's discount
among its lines. It refuses to drop calls that are no track calls: page, screen and identify stay events.

References:
    Twilio Segment, "Ecommerce Spec v2" and "Common fields".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import carried
from foretell.sources.dialects.build import (
    Unfolded,
    apportioned,
    money,
    numbered_ids,
    plan_nested,
    understand,
)
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields, normal_name
from foretell.sources.nested import PART, ROW, as_structure, exploded, plain, unnested
from foretell.sources.translation import Translation

__all__ = ["SEGMENT"]

_ACTION: Final = "event or type"
_ITEM: Final = "properties.products.product_id or properties.product_id"
_READS: Final = (
    "type", "event", "user_id", "anonymous_id", "message_id", "timestamp", "original_timestamp", "received_at",
    "sent_at", "properties", "context",
)  # fmt: skip
_IN_PRODUCT: Final[dict[str, tuple[str, ...]]] = {
    "item": ("product_id", "sku", "id"),
    "price": ("price",),
    "quantity": ("quantity",),
    "position": ("position",),
    "category": ("category",),
    "brand": ("brand",),
    "title": ("name",),
    "currency": ("currency",),
}
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.ANONYMOUS_ID: ("anonymous_id",),
    columns.TIME: ("timestamp", "original_timestamp", "sent_at", "received_at"),
    columns.ACTION: (normal_name(_ACTION),),
    columns.ITEM_ID: (normal_name(_ITEM),),
    columns.SESSION_ID: ("properties_session_id", "context_session_id", "context_amp_session_id"),
    columns.QUERY: ("properties_query",),
    columns.PRICE: ("product_price",),
    columns.QUANTITY: ("product_quantity",),
    columns.DISCOUNT: ("properties_discount_shared",),
    columns.VALUE: ("properties_revenue_shared",),
    columns.ORDER_ID: ("properties_order_id",),
    columns.EVENT_ID: ("message_id_numbered",),
    columns.CAMPAIGN_ID: ("properties_promotion_id",),
    columns.POSITION: ("product_position", "properties_position"),
    columns.LIST_ID: ("properties_list_id",),
    columns.RATING: ("properties_rating",),
    columns.TEXT: ("properties_review_body",),
    columns.CHANNEL: ("context_device_type", "context_channel"),
    columns.RECEIVED_TIME: ("received_at",),
    columns.CURRENCY: ("product_currency",),
}
_CONFIDENCE: Final = 0.97
_NOTES: Final = (
    "messageId is the event id; further rows of one call carry its number behind it.",
    "A line's value is its price times units less its share of the order's discount; without prices, its share of "
    "the order's revenue.",
)


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    own = {normal_name(name): name for name in names}
    if "properties" not in own or not {"anonymous_id", "user_id"} & set(own):
        return 0.0
    if not {"event", "type"} & set(own) or not {"message_id", "type"} & set(own):
        return 0.0
    return _CONFIDENCE if as_structure(sample[own["properties"]]).dtype.is_nested() else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    return plan_nested(names, mapping, reads=_READS)


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    flat = unnested(frame, parse=("properties", "context"))
    flat = plain(_of_products(exploded(flat, "properties.products")))
    n_rows, n_calls = flat.height, frame.height
    more = () if n_rows == n_calls else (f"{n_calls:,} calls became {n_rows:,} rows, one a product.",)
    unfolded = Unfolded(flat.drop(ROW, PART), (*_NOTES, *more))
    translation = understand(unfolded, mapping, zone, fields=_FIELDS, confidence=_CONFIDENCE)
    attributes = {
        columns.CATEGORY: ("product_category",),
        columns.BRAND: ("product_brand",),
        columns.TITLE: ("product_title",),
    }
    own_item = translation.mapping.get(columns.ITEM_ID)
    items = carried(flat, columns.ITEM_ID, own_item, attributes) if own_item is not None else None
    return replace(
        translation, frame=money(translation.frame, units=True), tables={} if items is None else {"items": items}
    )


def _of_products(flat: pl.DataFrame) -> pl.DataFrame:
    """The fields of a product, whether it lies in the list or straight in the properties; and what is made of them."""
    made: list[pl.Expr] = []
    for field, words in _IN_PRODUCT.items():
        spellings = (*(f"properties_products_{word}" for word in words), *(f"properties_{word}" for word in words))
        found = [find_fields(flat.columns, {"f": (spelling,)}).get("f") for spelling in spellings]
        present = [pl.col(name).cast(pl.String) for name in found if name is not None and _is_plain(flat, name)]
        name = _ITEM if field == "item" else f"product.{field}"
        if present:
            made.append(pl.coalesce(present).alias(name))
    own = find_fields(flat.columns, {"event": ("event",), "type": ("type",), "id": ("message_id",)})
    named = [pl.col(own[name]).cast(pl.String) for name in ("event", "type") if name in own]
    # A page call is a view of a page; the word that says so in the other dialects is page_view.
    action = pl.coalesce(named).replace({"page": "page_view", "screen": "page_view"}) if named else None
    flat = flat.with_columns(made)
    made = [] if action is None else [action.alias(_ACTION)]
    if "id" in own:
        made.append(numbered_ids(pl.col(own["id"]).cast(pl.String)).alias("messageId.numbered"))
    flat = flat.with_columns(made)
    totals = find_fields(flat.columns, {"discount": ("properties_discount",), "revenue": _REVENUE})
    shared = [
        apportioned(flat, total, price="product.price", quantity="product.quantity").alias(f"properties.{name}.shared")
        for name, total in totals.items()
    ]
    flat = flat.with_columns(shared)
    if "properties.revenue.shared" in flat.columns and "product.price" in flat.columns:
        unpriced = pl.col("product.price").is_null()
        flat = flat.with_columns(pl.when(unpriced).then(pl.col("properties.revenue.shared")).name.keep())
    return flat


def _is_plain(flat: pl.DataFrame, name: str) -> bool:
    return not flat.schema[name].is_nested() and flat.schema[name] != pl.Null


_REVENUE: Final = ("properties_revenue", "properties_subtotal", "properties_total", "properties_value")


SEGMENT: Final = Dialect(
    name="segment",
    description="Segment calls as JSON: type, event, userId, anonymousId, messageId, properties with products",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
