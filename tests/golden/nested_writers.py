"""Dialects of nested events: GA4, Segment, Google Retail and Snowplow, written from canonical columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

SECOND = 1_000_000
Row = dict[str, Any]


def moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // SECOND, tz=UTC).replace(microsecond=microseconds % SECOND)


def calls(events: pl.DataFrame) -> Iterator[list[Row]]:
    """Rows that one event of a nested dialect holds: the lines of an order, the items of a list."""
    waiting: list[Row] = []
    for row in events.iter_rows(named=True):
        together = ("user_id", "time", "action", "session_id", "order_id", "list_id")
        bundles = row["action"] in ("purchase", "refund", "impression")
        if waiting and not (bundles and all(row[name] == waiting[0][name] for name in together)):
            yield waiting
            waiting = []
        waiting.append(row)
    if waiting:
        yield waiting


def present(**cells: object) -> Row:
    """The cells that hold something."""
    return {name: cell for name, cell in cells.items() if cell is not None and cell not in ({}, [])}


def received(row: Row) -> int:
    """When the shop received the event: at once, where the log does not say."""
    return row.get("received_time") or row["time"]


def currency(row: Row) -> str:
    """The currency of the row's amounts; these schemas require one."""
    return row.get("currency") or "EUR"


def lines(path: Path, objects: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects), encoding="utf-8")


def attributes_of(items: pl.DataFrame) -> dict[str, Row]:
    return {row["item_id"]: row for row in items.iter_rows(named=True)}


# --- Google Analytics 4 ----------------------------------------------------------------------------------

GA4_NAMES = {
    "impression": "view_item_list", "click": "select_item", "view": "view_item", "search": "search",
    "cart": "add_to_cart", "uncart": "remove_from_cart", "favourite": "add_to_wishlist", "purchase": "purchase",
    "refund": "refund",
}  # fmt: skip


def ga4_rows(events: pl.DataFrame, items: pl.DataFrame) -> list[Row]:
    known = attributes_of(items)
    sessions = {session: 1_700_000_000 + number for number, session in enumerate(events["session_id"].unique().sort())}
    rows = []
    for bundle in calls(events):
        first = bundle[0]
        parameters = [
            {"key": "ga_session_id", "value": {"int_value": str(sessions.get(first["session_id"], 1))}},
            {"key": "engagement_time_msec", "value": {"int_value": "100"}},
        ]
        if first["query"]:
            parameters.append({"key": "search_term", "value": {"string_value": first["query"]}})
        if first.get("currency"):
            parameters.append({"key": "currency", "value": {"string_value": first["currency"]}})
        listed = [
            present(
                item_id=row["item_id"],
                item_name=known.get(row["item_id"], {}).get("title"),
                item_brand=known.get(row["item_id"], {}).get("brand"),
                item_category=known.get(row["item_id"], {}).get("category"),
                item_category2=known.get(row["item_id"], {}).get("category_2"),
                price=row["price"],
                quantity=None if row["quantity"] is None else str(int(row["quantity"])),
                item_revenue=row["value"] if row["action"] == "purchase" else None,
                item_refund=abs(row["value"]) if row["action"] == "refund" and row["value"] is not None else None,
                item_list_id=row["list_id"],
                item_list_index=row["position"],
            )
            for row in bundle
            if row["item_id"] is not None
        ]
        is_order = first["action"] in ("purchase", "refund")
        rows.append(
            present(
                event_date=moment(first["time"]).strftime("%Y%m%d"),
                event_timestamp=str(first["time"]),
                event_name=GA4_NAMES.get(first["action"], first["action"]),
                event_params=parameters,
                user_pseudo_id=first["user_id"],
                platform=(first["channel"] or "web").upper(),
                ecommerce={"transaction_id": first["order_id"] or "(not set)"} if is_order else None,
                items=listed,
            )
        )
    return rows


def write_ga4(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    rows = ga4_rows(events, items)
    if path.suffix == ".jsonl":
        lines(path, rows)
    else:
        pl.DataFrame(rows, infer_schema_length=None).with_columns(
            pl.col("event_timestamp").cast(pl.Int64)
        ).write_parquet(path)


def write_ga4_flat(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    known = attributes_of(items)
    rows = [
        {
            "event_date": moment(row["time"]).strftime("%Y%m%d"),
            "event_timestamp": row["time"],
            "event_name": GA4_NAMES.get(row["action"], row["action"]),
            "user_pseudo_id": row["user_id"],
            "ga_session_id": row["session_id"],
            "search_term": row["query"],
            "transaction_id": row["order_id"],
            "item_id": row["item_id"],
            "item_category": known.get(row["item_id"], {}).get("category"),
            "price": row["price"],
            "quantity": row["quantity"],
            "item_list_id": row["list_id"],
            "item_list_index": row["position"],
            "currency": row.get("currency"),
        }
        for row in events.iter_rows(named=True)
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)


# --- Segment ---------------------------------------------------------------------------------------------

SEGMENT_NAMES = {
    "impression": "Product List Viewed", "click": "Product Clicked", "view": "Product Viewed",
    "search": "Products Searched", "cart": "Product Added", "uncart": "Product Removed",
    "favourite": "Product Added to Wishlist", "purchase": "Order Completed", "refund": "Order Refunded",
    "review": "Product Reviewed",
}  # fmt: skip


def write_segment(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    known = attributes_of(items)
    rows = []
    for bundle in calls(events):
        first = bundle[0]
        products = [
            present(
                product_id=row["item_id"],
                name=known.get(row["item_id"], {}).get("title"),
                brand=known.get(row["item_id"], {}).get("brand"),
                category=known.get(row["item_id"], {}).get("category"),
                price=row["price"],
                quantity=row["quantity"],
                position=row["position"],
            )
            for row in bundle
            if row["item_id"] is not None
        ]
        is_list = first["action"] in ("impression", "purchase", "refund")
        discount = sum(row["discount"] or 0.0 for row in bundle)
        properties = present(
            order_id=first["order_id"],
            list_id=first["list_id"],
            query=first["query"],
            currency=first.get("currency"),
            rating=first.get("rating"),
            review_body=first.get("text"),
            discount=discount if first["action"] == "purchase" and discount else None,
            revenue=sum(row["value"] or 0.0 for row in bundle) if first["action"] == "purchase" else None,
            products=products if is_list else None,
            **({} if is_list or not products else products[0]),
        )
        rows.append(
            present(
                type="track",
                event=SEGMENT_NAMES.get(first["action"], first["action"]),
                messageId=first["event_id"],
                anonymousId=f"anon-{first['user_id']}",
                userId=first["user_id"],
                timestamp=moment(first["time"]).isoformat().replace("+00:00", "Z"),
                receivedAt=moment(received(first)).isoformat().replace("+00:00", "Z"),
                context=present(sessionId=first["session_id"], device=present(type=first["channel"])),
                properties=properties,
            )
        )
    lines(path, rows)


# --- Google Retail ---------------------------------------------------------------------------------------

RETAIL_NAMES = {
    "view": "detail-page-view", "search": "search", "cart": "add-to-cart", "uncart": "remove-from-cart",
    "purchase": "purchase-complete",
}  # fmt: skip
SNAKE = {
    "eventType": "event_type", "visitorId": "visitor_id", "eventTime": "event_time", "sessionId": "session_id",
    "userInfo": "user_info", "userId": "user_id", "searchQuery": "search_query", "productDetails": "product_details",
    "priceInfo": "price_info", "currencyCode": "currency_code", "purchaseTransaction": "purchase_transaction",
}  # fmt: skip


def snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {SNAKE.get(key, key): snake(inner) for key, inner in value.items()}
    return [snake(inner) for inner in value] if isinstance(value, list) else value


def google_retail_rows(events: pl.DataFrame) -> list[Row]:
    rows = []
    for bundle in calls(events):
        first = bundle[0]
        details = [
            present(
                product=present(
                    id=row["item_id"],
                    priceInfo=None if row["price"] is None else {"price": row["price"], "currencyCode": currency(row)},
                ),
                quantity=None if row["quantity"] is None else int(row["quantity"]),
            )
            for row in bundle
            if row["item_id"] is not None
        ]
        revenue = sum(row["value"] or 0.0 for row in bundle)
        bought = {"id": first["order_id"], "revenue": revenue, "currencyCode": currency(first)}
        rows.append(
            present(
                eventType=RETAIL_NAMES[first["action"]],
                visitorId=f"v-{first['user_id']}",
                eventTime=moment(first["time"]).isoformat().replace("+00:00", "Z"),
                sessionId=first["session_id"],
                userInfo={"userId": first["user_id"], "userAgent": "Mozilla/5.0"},
                searchQuery=first["query"],
                productDetails=details,
                purchaseTransaction=bought if first["action"] == "purchase" else None,
            )
        )
    return rows


def write_google_retail(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    rows = google_retail_rows(events)
    lines(path, [snake(row) for row in rows] if "snake" in path.name else rows)


# --- Snowplow --------------------------------------------------------------------------------------------

SNOWPLOW_NAMES = {
    "impression": "list_view", "click": "list_click", "view": "product_view", "cart": "add_to_cart",
    "uncart": "remove_from_cart", "purchase": "transaction", "refund": "refund",
}  # fmt: skip
VENDOR = "com.snowplowanalytics.snowplow.ecommerce"
SHREDDED = VENDOR.replace(".", "_")


def snowplow_parts(bundle: list[Row], known: dict[str, Row]) -> dict[str, Any]:
    """The action and the entities of one event."""
    first = bundle[0]
    products = [
        present(
            id=row["item_id"],
            name=known.get(row["item_id"], {}).get("title"),
            brand=known.get(row["item_id"], {}).get("brand"),
            category="/".join(filter(None, (known.get(row["item_id"], {}).get(c) for c in ("category", "category_2")))),
            price=row["price"] if row["price"] is not None else known.get(row["item_id"], {}).get("price"),
            currency=currency(row),
            quantity=None if row["quantity"] is None else int(row["quantity"]),
            position=None if row["position"] is None else int(row["position"]),
        )
        for row in bundle
        if row["item_id"] is not None
    ]
    total = round(sum(abs(row["value"] or 0.0) for row in bundle), 2)
    discount = round(sum(row["discount"] or 0.0 for row in bundle), 2)
    transaction = present(
        transaction_id=first["order_id"],
        revenue=total,
        currency=currency(first),
        payment_method="card",
        total_quantity=len(bundle),
        discount_amount=discount or None,
    )
    refund = {"transaction_id": first["order_id"], "currency": currency(first), "refund_amount": total}
    return {
        "action": present(type=SNOWPLOW_NAMES[first["action"]], name=first["list_id"]),
        "product": products,
        "transaction": [transaction] if first["action"] == "purchase" else [],
        "refund": [refund] if first["action"] == "refund" else [],
    }


def write_snowplow(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    known = attributes_of(items)
    rows = []
    for bundle in calls(events):
        first, parts = bundle[0], snowplow_parts(bundle, known)
        stamp, arrived = (moment(at).strftime("%Y-%m-%d %H:%M:%S.%f") for at in (first["time"], received(first)))
        base = present(
            app_id="shop",
            platform=first["channel"] or "web",
            collector_tstamp=arrived,
            event="unstruct",
            event_id=first["event_id"],
            user_id=first["user_id"],
            domain_userid=f"d-{first['user_id']}",
            domain_sessionid=first["session_id"],
            derived_tstamp=stamp,
            event_name="snowplow_ecommerce_action",
        )
        rows.append((base, parts))
    if path.suffix == ".tsv":
        from foretell.sources.dialects.snowplow_fields import ENRICHED_COLUMNS

        whole = [{**base, **envelopes(parts)} for base, parts in rows]
        text = ["\t".join(str(row.get(name, "")) for name in ENRICHED_COLUMNS) + "\n" for row in whole]
        path.write_text("".join(text), encoding="utf-8")
        return
    entities = ("product", "transaction", "refund")
    lines(
        path,
        [
            {
                **base,
                f"unstruct_event_{SHREDDED}_snowplow_ecommerce_action_1": parts["action"],
                **present(**{f"contexts_{SHREDDED}_{name}_1": parts[name] for name in entities}),
            }
            for base, parts in rows
        ],
    )


def envelopes(parts: dict[str, Any]) -> Row:
    """Self-describing JSON as it stands in the two columns of the enriched text."""
    root = "iglu:com.snowplowanalytics.snowplow"
    inner = {"schema": f"iglu:{VENDOR}/snowplow_ecommerce_action/jsonschema/1-0-2", "data": parts["action"]}
    attached = [
        {"schema": f"iglu:{VENDOR}/{name}/jsonschema/1-0-0", "data": entity}
        for name in ("product", "transaction", "refund")
        for entity in parts[name]
    ]
    attached.append({"schema": f"{root}/web_page/jsonschema/1-0-0", "data": {"id": "p"}})
    return {
        "unstruct_event": json.dumps({"schema": f"{root}/unstruct_event/jsonschema/1-0-0", "data": inner}),
        "contexts": json.dumps({"schema": f"{root}/contexts/jsonschema/1-0-1", "data": attached}),
    }
