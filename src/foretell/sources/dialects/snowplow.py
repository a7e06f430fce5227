"""Snowplow enriched events with the e-commerce actions and entities, as tab-separated text, JSON lines or a table.

This module owns what an action, its products and its transaction become. It refuses the older ``transaction`` and
``transaction_item`` events of the classic tracker, which pass as events under their own names.

References:
    Snowplow, iglu-central, ``com.snowplowanalytics.snowplow.ecommerce``: snowplow_ecommerce_action 1-0-2, product,
    transaction, promotion and refund 1-0-0; Snowplow Analytics SDK, "The enriched event as JSON".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import carried
from foretell.sources.dialects.build import Unfolded, apportioned, money, numbered_ids, plan_nested, understand
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.dialects.snowplow_fields import ENRICHED_COLUMNS, with_entities
from foretell.sources.nested import PART, ROW, as_structure, exploded, plain, unnested
from foretell.sources.translation import Translation

__all__ = ["SNOWPLOW"]

_ACTION: Final = "snowplow_ecommerce_action"
_ENTITIES: Final = ("product", "transaction", "promotion", "refund")
_COLUMN: Final = re.compile(
    r"^(?:unstruct_event|contexts)_com_snowplowanalytics_snowplow_ecommerce_"
    r"(snowplow_ecommerce_action|product|transaction|promotion|refund)_1(?:_\d+_\d+)?$"
)
_READS: Final = (
    "event", "event_name", "event_id", "user_id", "domain_userid", "network_userid", "domain_sessionid",
    "derived_tstamp", "collector_tstamp", "platform", "unstruct_event", "contexts", "tr_currency", "ti_currency",
    "base_currency",
)  # fmt: skip
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.ANONYMOUS_ID: ("domain_userid", "network_userid"),
    columns.TIME: ("derived_tstamp", "collector_tstamp"),
    columns.ACTION: ("action_type_or_event_name",),
    columns.ITEM_ID: ("product_id",),
    columns.SESSION_ID: ("domain_sessionid",),
    columns.PRICE: ("product_list_price_or_price",),
    columns.QUANTITY: ("product_quantity",),
    columns.DISCOUNT: ("off_the_list_price_and_the_transaction",),
    columns.VALUE: ("transaction_revenue_shared",),
    columns.ORDER_ID: ("transaction_id",),
    columns.EVENT_ID: ("event_id_numbered",),
    columns.CAMPAIGN_ID: ("promotion_id",),
    columns.POSITION: ("product_position",),
    columns.LIST_ID: ("snowplow_ecommerce_action_name",),
    columns.CHANNEL: ("platform",),
    columns.RECEIVED_TIME: ("collector_tstamp",),
    columns.CURRENCY: ("currency_of_the_amounts",),
}
_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "path": ("product_category",),
    columns.BRAND: ("product_brand",),
    columns.TITLE: ("product_name",),
}
_LEVELS: Final = (columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3)
_EVENTS: Final = frozenset(
    ("page_view", "page_ping", "unstruct", "struct", "transaction", "transaction_item", "ad_impression")
)
_CONFIDENCE: Final = 0.98
_NOTE: Final = (
    "price is the list price where the product has one; what the product's own price and the transaction's discount "
    "take off it is the discount, and the rest the value."
)


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    """By Snowplow's own column names, or by the 131 columns of its text without a header."""
    own = set(names)
    if {"event_id", "collector_tstamp"} <= own and {"domain_userid", "network_userid", "user_id"} & own:
        return _CONFIDENCE
    return _CONFIDENCE if _headerless(names, sample) is not None else 0.0


def _headerless(names: Sequence[str], sample: pl.DataFrame) -> tuple[str, ...] | None:
    if len(names) != len(ENRICHED_COLUMNS) or "event_id" in names or sample.is_empty():
        return None
    events = sample.to_series(ENRICHED_COLUMNS.index("event")).cast(pl.String, strict=False)
    return ENRICHED_COLUMNS if set(events.drop_nulls().unique()) <= _EVENTS else None


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    plan = plan_nested(names, mapping, reads=_READS)
    return Plan(
        plan.mapping, (*plan.reads, *(name for name in names if _COLUMN.match(name) and name not in plan.reads))
    )


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    shredded = {name: match[1] for name in frame.columns if (match := _COLUMN.match(name))}
    if shredded:
        rows = frame.drop("unstruct_event", "contexts", strict=False).rename(shredded)
    else:
        rows = with_entities(frame, action=_ACTION, entities=_ENTITIES)
    # One entity of these a call; only products come in numbers.
    for name in ("transaction", "promotion", "refund"):
        if name in rows.columns:
            rows = rows.with_columns(_first(as_structure(rows[name])))
    flat = exploded(unnested(rows, parse=(_ACTION,)), "product" if "product" in rows.columns else None)
    flat = plain(_made(flat, mapping))
    more = flat.height - frame.height
    notes = (_NOTE, *((f"{frame.height:,} events became {flat.height:,} rows, one a product.",) if more else ()))
    unfolded = Unfolded(flat.drop(ROW, PART), notes)
    translation = understand(unfolded, mapping, zone, fields=_FIELDS, confidence=_CONFIDENCE)
    own_item = translation.mapping.get(columns.ITEM_ID)
    items = carried(flat, columns.ITEM_ID, own_item, _ATTRIBUTES) if own_item is not None else None
    return replace(
        translation,
        frame=money(translation.frame, units=True),
        tables={} if items is None else {"items": _levels(items)},
    )


def _first(cells: pl.Series) -> pl.Series:
    return cells.list.first() if isinstance(cells.dtype, pl.List) else cells


def _made(flat: pl.DataFrame, mapping: Mapping[str, str]) -> pl.DataFrame:
    """The action in one column, ids of rows, order ids, currencies, and what was taken off."""
    none = pl.lit(None, dtype=pl.String)

    def at(name: str) -> pl.Expr:
        usable = name in flat.columns and not flat.schema[name].is_nested()
        return pl.col(name).cast(pl.String) if usable else none

    event = pl.coalesce(at(f"{_ACTION}.type"), at("event_name"), at("event"))
    flat = flat.with_columns(
        event.alias("action.type or event_name"),
        pl.coalesce(at("transaction.transaction_id"), at("refund.transaction_id")).alias("transaction.id"),
        pl.coalesce(at("product.list_price"), at("product.price")).alias("product.list_price or price"),
        *([numbered_ids(at("event_id")).alias("event_id.numbered")] if "event_id" in flat.columns else []),
    )
    off = apportioned(flat, "transaction.discount_amount", price="product.price", quantity="product.quantity")
    revenue = pl.coalesce(at("transaction.revenue"), at("refund.refund_amount")).alias("revenue")
    flat = flat.with_columns(off.alias("off"), revenue)
    paid = apportioned(flat, "revenue", price="product.price", quantity="product.quantity")
    listed, price = at("product.list_price").cast(pl.Float64), at("product.price").cast(pl.Float64)
    units = at("product.quantity").cast(pl.Float64).fill_null(1.0)
    bought = pl.col("action.type or event_name").is_in(["transaction", "refund"])
    taken_off = (listed - price).fill_null(0.0) * units + pl.col("off").fill_null(0.0)
    whole = [at("transaction.currency"), at("refund.currency"), *(at(name) for name in _classic_currency(mapping))]
    of_price = pl.coalesce(at("product.currency"), *whole)
    of_line = pl.when(price.is_null()).then(pl.coalesce(*whole, of_price)).otherwise(of_price)
    return flat.with_columns(
        of_line.alias("currency.of the amounts"),
        pl.when(bought & (taken_off > 0)).then(taken_off).alias("off the list price and the transaction"),
        pl.when(price.is_null()).then(paid).alias("transaction.revenue.shared"),
    ).drop("off", "revenue")


def _classic_currency(mapping: Mapping[str, str]) -> list[str]:
    """Where the classic tracker names the currency of the amounts that the user maps; other amounts are not in it."""
    own = [mapping[name] for name in (columns.PRICE, columns.VALUE, columns.DISCOUNT) if name in mapping]
    named = ["base_currency" if name.endswith("_base") else f"{name[:3]}currency" for name in own]
    return [name for name in dict.fromkeys(named) if name in ("tr_currency", "ti_currency", "base_currency")]


def _levels(items: pl.DataFrame) -> pl.DataFrame:
    """Levels of a category written as Woman/Shoes/Sneakers."""
    if "path" not in items.columns:
        return items
    parts = pl.col("path").str.split("/")
    levels = [parts.list.get(place, null_on_oob=True).alias(level) for place, level in enumerate(_LEVELS)]
    made = items.with_columns(levels).drop("path")
    return made.select(name for name in made.columns if made[name].count())


SNOWPLOW: Final = Dialect(
    name="snowplow",
    description="Snowplow enriched events with e-commerce actions: TSV without a header, JSON lines or a table",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
    headerless=_headerless,
)
