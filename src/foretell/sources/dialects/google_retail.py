"""Google Retail user events: JSON in camelCase, or snake_case as BigQuery and Python write it.

This module owns the unfolding of ``productDetails`` and the products a search returned, which were shown and not
acted on. It refuses to take an order's revenue, which holds tax and shipping, for what a line cost where lines have
prices.

References:
    Google Cloud Retail API, ``google.cloud.retail.v2.UserEvent``; "About user events".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import carried
from foretell.sources.dialects.build import Unfolded, apportioned, money, plan_nested, understand
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields, normal_name
from foretell.sources.nested import PART, ROW, exploded, plain, unnested
from foretell.sources.translation import Translation

__all__ = ["GOOGLE_RETAIL"]

_SHARED: Final = "purchaseTransaction.revenue.shared"
_CURRENCY: Final = "currency of the price or the order"
_READS: Final = (
    "event_type", "event_time", "visitor_id", "session_id", "user_info", "product_details", "purchase_transaction",
    "search_query", "attribution_token", "offset", "attributes",
)  # fmt: skip
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_info_user_id",),
    columns.ANONYMOUS_ID: ("visitor_id",),
    columns.TIME: ("event_time",),
    columns.ACTION: ("event_type",),
    columns.ITEM_ID: ("product_details_product_id", "product_details_id"),
    columns.SESSION_ID: ("session_id",),
    columns.QUERY: ("search_query",),
    columns.PRICE: ("product_details_product_price_info_price", "product_details_display_price"),
    columns.QUANTITY: ("product_details_quantity",),
    columns.VALUE: (normal_name(_SHARED),),
    columns.ORDER_ID: ("purchase_transaction_id",),
    columns.POSITION: ("position_shown",),
    columns.LIST_ID: ("attribution_token",),
    columns.CURRENCY: (normal_name(_CURRENCY),),
}
_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    columns.CATEGORY: ("product_details_product_category",),
    columns.TITLE: ("product_details_product_title",),
}
_CONFIDENCE: Final = 0.98
_SEARCH: Final = "search"
_SHOWN_NOTE: Final = "{n:,} products that searches returned were shown, not acted on: they are impressions."
_VALUE_NOTE: Final = (
    "A line's value is its price times units; without prices, its share of the order's revenue, tax and shipping "
    "included."
)


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    own = {normal_name(name) for name in names}
    if not {"event_type", "visitor_id", "event_time"} <= own:
        return 0.0
    return _CONFIDENCE if own & {"product_details", "user_info", "purchase_transaction", "search_query"} else 0.9


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    return plan_nested(names, mapping, reads=_READS)


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    own = find_fields(frame.columns, {word: (word,) for word in _READS})
    nested = [own[name] for name in ("user_info", "purchase_transaction", "attributes") if name in own]
    flat = exploded(unnested(frame, parse=nested), own.get("product_details"))
    flat, n_shown = _searches_apart(flat, own.get("event_type"))
    flat = plain(_with_currency(_with_value(flat)))
    notes = (_VALUE_NOTE, *((_SHOWN_NOTE.format(n=n_shown),) if n_shown else ()))
    unfolded = Unfolded(flat.drop(ROW, PART), notes)
    translation = understand(unfolded, mapping, zone, fields=_FIELDS, confidence=_CONFIDENCE)
    own_item = translation.mapping.get(columns.ITEM_ID)
    items = carried(flat, columns.ITEM_ID, own_item, _ATTRIBUTES) if own_item is not None else None
    return replace(
        translation, frame=money(translation.frame, units=True), tables={} if items is None else {"items": items}
    )


def _searches_apart(flat: pl.DataFrame, own_type: str | None) -> tuple[pl.DataFrame, int]:
    """A search as one row without an item, and what it returned as impressions beside it."""
    found = find_fields(flat.columns, {"item": _FIELDS[columns.ITEM_ID], "query": ("search_query",)})
    if own_type is None or "item" not in found:
        return flat, 0
    returned = (pl.col(own_type) == _SEARCH) & pl.col(found["item"]).is_not_null()
    products = [name for name in flat.columns if normal_name(name).startswith("product_details_")]
    searches = flat.filter(returned & (pl.col(PART) == 0)).with_columns(pl.lit(None).alias(name) for name in products)
    shown = flat.with_columns(
        pl.when(returned).then(pl.lit(columns.IMPRESSION)).otherwise(pl.col(own_type)).alias(own_type),
        pl.when(returned).then(pl.col(PART).cast(pl.String)).alias("position.shown"),
        *([pl.when(~returned).then(pl.col(found["query"])).alias(found["query"])] if "query" in found else []),
    )
    return pl.concat([shown, searches], how="diagonal_relaxed").sort(ROW, PART), flat.select(returned.sum()).item()


def _with_value(flat: pl.DataFrame) -> pl.DataFrame:
    """The order's revenue shared among lines without a price."""
    own = find_fields(
        flat.columns,
        {
            "revenue": ("purchase_transaction_revenue",),
            "price": _FIELDS[columns.PRICE],
            "quantity": _FIELDS[columns.QUANTITY],
        },
    )
    if "revenue" not in own:
        return flat
    shared = apportioned(flat, own["revenue"], price=own.get("price"), quantity=own.get("quantity"))
    unpriced = pl.col(own["price"]).is_null() if "price" in own else pl.lit(True)
    return flat.with_columns(shared.alias(_SHARED)).with_columns(pl.when(unpriced).then(pl.col(_SHARED)).name.keep())


def _with_currency(flat: pl.DataFrame) -> pl.DataFrame:
    """The currency of a line: that of its price, and where it has none that of the order whose revenue it shares."""
    own = find_fields(
        flat.columns,
        {
            "price": _FIELDS[columns.PRICE],
            "line": ("product_details_product_price_info_currency_code",),
            "order": ("purchase_transaction_currency_code",),
        },
    )
    if not {"line", "order"} & own.keys():
        return flat
    line, order = (
        pl.col(own[name]).cast(pl.String) if name in own else pl.lit(None, pl.String) for name in ("line", "order")
    )
    is_priced = pl.col(own["price"]).is_not_null() if "price" in own else pl.lit(False)
    chosen = pl.when(is_priced).then(pl.coalesce(line, order)).otherwise(pl.coalesce(order, line))
    return flat.with_columns(chosen.alias(_CURRENCY))


GOOGLE_RETAIL: Final = Dialect(
    name="google-retail",
    description="Google Retail user events as JSON: eventType, visitorId, eventTime, productDetails",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
