"""Google Analytics 4: its BigQuery export, nested as it is written, and the same flattened by hand.

This module owns the repeated ``event_params`` and ``items``, the key by which an event is the same as another, and
session ids, which GA4 counts for each visitor anew. It refuses to drop events that name no item: they stay one row;
and to read a time of receipt out of ``event_server_timestamp_offset``, which is no moment of the server's clock.

References:
    Google Analytics Help, "BigQuery Export schema" (answer 7029846); Google Analytics for developers, "Recommended
    events".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import ITEM_ATTRIBUTES, carried
from foretell.sources.dialects.build import Unfolded, money, numbered_ids, plan_nested, understand
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields, normal_name
from foretell.sources.nested import PART, ROW, as_structure, exploded, plain, unnested
from foretell.sources.translation import Translation

__all__ = ["GA4", "GA4_FLAT"]

_USER: Final = "user_pseudo_id"
_SESSION: Final = "user_pseudo_id.ga_session_id"
_KEY: Final = "user_pseudo_id, event_name, event_timestamp; transaction_id of purchases"
_PAID: Final = "item_revenue, item_refund or purchase_revenue"
_PARAMETERS: Final = ("ga_session_id", "search_term", "transaction_id", "item_list_id", "coupon", "value", "currency")
_READS: Final = (
    "event_name", "event_timestamp", "event_params", "user_id", "user_pseudo_id", "ecommerce", "items", "platform",
)  # fmt: skip
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.ANONYMOUS_ID: (_USER,),
    columns.TIME: ("event_timestamp", "event_time"),
    columns.ACTION: ("event_name",),
    columns.ITEM_ID: ("items_item_id", "item_id"),
    columns.SESSION_ID: (normal_name(_SESSION),),
    columns.QUERY: ("event_params_search_term", "search_term"),
    columns.PRICE: ("items_price", "item_price", "price"),
    columns.QUANTITY: ("items_quantity", "item_quantity", "quantity"),
    columns.VALUE: (normal_name(_PAID),),
    columns.ORDER_ID: ("ecommerce_transaction_id", "event_params_transaction_id", "transaction_id"),
    columns.EVENT_ID: (normal_name(_KEY),),
    columns.CAMPAIGN_ID: ("items_promotion_id", "promotion_id"),
    columns.POSITION: ("items_item_list_index", "item_list_index", "items_creative_slot", "creative_slot"),
    columns.LIST_ID: (
        "items_item_list_id", "item_list_id", "event_params_item_list_id", "items_item_list_name", "item_list_name",
    ),
    columns.CHANNEL: ("platform", "device_category"),
    columns.CURRENCY: ("event_params_currency", "ecommerce_currency", "items_currency", "currency"),
}  # fmt: skip
_ATTRIBUTES: Final = {
    name: (*(f"items_{word}" for word in words if word.startswith("item")), *words)
    for name, words in ITEM_ATTRIBUTES.items()
}
_REVENUES: Final[dict[str, tuple[str, ...]]] = {
    "item": ("items_item_revenue", "item_revenue"),
    "refund": ("items_item_refund", "item_refund"),
    "order": ("ecommerce_purchase_revenue", "purchase_revenue", "event_params_value", "event_value"),
}
_NESTED: Final = 0.99
_FLAT: Final = 0.95
_KEY_NOTE: Final = (
    "An event is the same as another if user_pseudo_id, event_name and event_timestamp agree; a purchase if its "
    "transaction_id does. Repeated ones are removed when the log is cleaned."
)
_SESSION_NOTE: Final = "ga_session_id counts for each visitor anew, so a session is named user_pseudo_id.ga_session_id."
_LATE_NOTE: Final = "GA4 adds events up to three days late: leave the last three days out, or export them again."


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    """By its three fixed columns and a nested one."""
    own = {normal_name(name) for name in names}
    if not {"event_name", "event_timestamp", _USER} <= own or not {"event_params", "items"} & own:
        return 0.0
    nested = [name for name in names if normal_name(name) in ("event_params", "items")]
    return _NESTED if any(as_structure(sample[name]).dtype.is_nested() for name in nested) else 0.0


def _recognise_flat(names: Sequence[str], _: pl.DataFrame) -> float:
    """By the same three columns with an item or a session in columns of their own."""
    found = find_fields(names, _FIELDS)
    own = {normal_name(name) for name in names}
    is_flat = columns.ITEM_ID in found or bool(own & {"ga_session_id", "event_params_ga_session_id"})
    return _FLAT if {"event_name", "event_timestamp", _USER} <= own and is_flat else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    return plan_nested(names, mapping, reads=_READS)


def _plan_flat(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    spellings = {word for words in (*_FIELDS.values(), *_ATTRIBUTES.values(), *_REVENUES.values()) for word in words}
    reads = (*spellings, "ga_session_id", "event_params_ga_session_id")
    return plan_nested(names, mapping, reads=reads)


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    rows = frame.rename({name: normal_name(name) for name in frame.columns}, strict=False)
    flat = exploded(unnested(rows, parse=("ecommerce",)), "items" if "items" in rows.columns else None)
    if "event_params" in flat.columns:
        flat = flat.join(_parameters(rows["event_params"]), on=ROW, how="left", maintain_order="left")
    return _translated(flat, mapping, zone, confidence=_NESTED)


def _translate_flat(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    numbered = frame.with_row_index(ROW)
    same = find_fields(frame.columns, {"user": (_USER,), "name": ("event_name",), "time": ("event_timestamp",)})
    part = pl.int_range(pl.len(), dtype=pl.UInt32).over(list(same.values())) if same else pl.lit(0, dtype=pl.UInt32)
    return _translated(numbered.with_columns(part.alias(PART)), mapping, zone, confidence=_FLAT)


def _translated(flat: pl.DataFrame, mapping: Mapping[str, str], zone: str | None, *, confidence: float) -> Translation:
    flat = plain(flat)
    flat = flat.with_columns(pl.col(pl.String).replace("(not set)", None))
    flat = _with_keys(flat)
    n_events, n_rows = flat[ROW].n_unique(), flat.height
    more = () if n_rows == n_events else (f"{n_events:,} events became {n_rows:,} rows, one an item.",)
    unfolded = Unfolded(flat.drop(ROW, PART), (_KEY_NOTE, _SESSION_NOTE, _LATE_NOTE, *more))
    translation = understand(unfolded, mapping, zone, fields=_FIELDS, confidence=confidence)
    own_item = translation.mapping.get(columns.ITEM_ID)
    items = carried(flat, columns.ITEM_ID, own_item, _ATTRIBUTES) if own_item is not None else None
    return replace(
        translation, frame=money(translation.frame, units=True), tables={} if items is None else {"items": items}
    )


def _parameters(params: pl.Series) -> pl.DataFrame:
    """The parameters that are used, a column each, by the number of the row."""
    listed = pl.DataFrame([as_structure(params).alias("p")]).with_row_index(ROW)
    if not isinstance(listed.schema["p"], pl.List):
        return listed.select(ROW)
    pairs = unnested(listed.explode("p"))
    values = [name for name in pairs.columns if name.startswith("p.value")]
    if "p.key" not in pairs.columns or not values:
        return listed.select(ROW)
    order = sorted(values, key=lambda name: ("string" not in name, "int" not in name, name))
    text = pl.coalesce(pl.col(name).cast(pl.String) for name in order)
    return (
        pairs.filter(pl.col("p.key").is_in(_PARAMETERS))
        .group_by(ROW)
        .agg(text.filter(pl.col("p.key") == key).first().alias(f"event_params.{key}") for key in _PARAMETERS)
    )


def _with_keys(flat: pl.DataFrame) -> pl.DataFrame:
    """Session id, event id and money paid, which GA4 spreads over several columns."""
    spellings = {
        "user": (_USER,),
        "name": ("event_name",),
        "time": ("event_timestamp",),
        "session": ("event_params_ga_session_id", "ga_session_id"),
        "order": _FIELDS[columns.ORDER_ID],
        "id": _FIELDS[columns.ITEM_ID],
        **{f"{name}_revenue": words for name, words in _REVENUES.items()},
    }
    own = find_fields(flat.columns, spellings)
    at = {name: pl.col(own[name]).cast(pl.String) if name in own else pl.lit(None, pl.String) for name in spellings}
    whole = r"\.0$"  # a number that passed through a float column
    session = pl.concat_str(at["user"], pl.lit("."), at["session"].str.replace(whole, ""))
    bought = pl.when(at["name"] == "purchase").then(pl.format("purchase|{}", at["order"].str.replace(whole, "")))
    event = pl.concat_str(at["user"], at["name"], at["time"], separator="|")
    of_item = pl.when(at["name"] == "refund").then(at["refund_revenue"]).otherwise(at["item_revenue"])
    of_order = pl.when(at["id"].is_null() & at["name"].is_in(["purchase", "refund"])).then(at["order_revenue"])
    made = [numbered_ids(pl.coalesce(bought, event)).alias(_KEY), pl.coalesce(of_item, of_order).alias(_PAID)]
    if "session" in own:
        made.append(session.alias(_SESSION))
    return flat.with_columns(made)


GA4: Final = Dialect(
    name="ga4",
    description="Google Analytics 4's BigQuery export with nested event_params and items, as JSON lines or Parquet",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)

GA4_FLAT: Final = Dialect(
    name="ga4-flat",
    description="Google Analytics 4 in plain columns: event_name, event_timestamp, user_pseudo_id, item_id",
    recognise=_recognise_flat,
    plan=_plan_flat,
    translate=_translate_flat,
)
