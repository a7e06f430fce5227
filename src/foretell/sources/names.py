"""Which of a shop's columns is which of foretell's.

This module owns the synonyms and the declared mapping. It refuses to look at values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from foretell.core import columns
from foretell.core.errors import SchemaError, UnknownNameError

__all__ = ["SYNONYMS", "declared", "find_fields", "infer_mapping", "normal_name", "shown"]

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: (
        "user", "uid", "customer_id", "customer", "customer_no", "customer_number", "cust_id", "client_id",
        "visitor_id", "visitor", "household_id", "household_key", "member_id", "account_id", "buyer_id",
        "shopper_id", "person_id",
    ),
    columns.ANONYMOUS_ID: ("user_pseudo_id", "domain_userid", "device_id", "cookie_id", "guest_id"),
    columns.TIME: (
        "timestamp", "ts", "datetime", "date_time", "event_time", "event_timestamp", "time_stamp",
        "occurred_at", "created_at", "order_time", "order_date", "ordered_at", "purchase_time",
        "purchase_date", "transaction_time", "transaction_timestamp", "transaction_date", "invoice_date",
        "date", "event_date", "day",
    ),
    columns.ACTION: (
        "event_type", "event_name", "event", "action_type", "behavior", "behaviour", "behavior_type",
        "behaviour_type", "interaction", "interaction_type", "activity",
    ),
    columns.ITEM_ID: (
        "item", "product_id", "product", "sku", "stock_code", "article_id", "article", "asin", "variant_id",
        "content_id", "product_code",
    ),
    columns.SESSION_ID: ("session", "user_session", "visit_id", "ga_session_id"),
    columns.QUERY: ("search_term", "search_query", "search_terms", "search_phrase", "keyword", "keywords"),
    columns.PRICE: ("unit_price", "item_price", "price_per_unit", "shelf_price"),
    columns.QUANTITY: ("qty", "units", "n_units", "item_quantity"),
    columns.VALUE: (
        "revenue", "amount", "total", "total_price", "line_total", "sales_value", "sales", "paid", "spend",
        "amount_paid", "event_value", "total_amount",
    ),
    columns.DISCOUNT: ("discount_amount", "item_discount"),
    columns.ORDER_ID: (
        "order", "order_no", "order_number", "transaction_id", "invoice", "invoice_no", "invoice_id",
        "basket_id", "receipt_id", "receipt",
    ),
    columns.EVENT_ID: ("message_id", "insert_id", "event_uuid", "uuid"),
    columns.CAMPAIGN_ID: ("campaign", "promotion_id", "promo_id"),
    columns.POSITION: ("rank", "slot", "item_list_index"),
    columns.LIST_ID: ("list", "item_list_id", "recommendation_id"),
    columns.RATING: ("stars", "score", "star_rating"),
    columns.TEXT: ("review_text", "review", "comment", "review_body"),
    columns.CHANNEL: ("source", "medium", "device"),
    columns.STORE_ID: ("store", "shop_id", "branch_id", "location_id"),
    columns.RECEIVED_TIME: (),  # a day or the arrival of goods under a similar name would set sound rows aside
    columns.CURRENCY: ("currency_code",),
}  # fmt: skip
"""Other spellings of each canonical column, the likelier first; case and separators do not matter."""

_MOST_SHOWN: Final = 20


def normal_name(name: str) -> str:
    """``CustomerID``, ``Customer Id`` and ``customer-id`` are all ``customer_id``.

    Example:
        >>> normal_name("CustomerID"), normal_name("Invoice No."), normal_name("eventTime")
        ('customer_id', 'invoice_no', 'event_time')
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def infer_mapping(names: Sequence[str]) -> dict[str, str]:
    """From canonical column to the shop's, as far as names tell. No column is used twice.

    Example:
        >>> infer_mapping(["CustomerID", "ts", "SKU", "colour"])
        {'user_id': 'CustomerID', 'time': 'ts', 'item_id': 'SKU'}
    """
    by_normal: dict[str, str] = {}
    for name in names:
        by_normal.setdefault(normal_name(name), name)
        by_normal.setdefault(normal_name(name).replace("_", ""), name)
    mapping: dict[str, str] = {}
    # Canonical spellings first, so that a synonym never takes a column away from its proper name.
    for canonical in SYNONYMS:
        for spelling in (canonical, canonical.replace("_", "")):
            if spelling in by_normal and by_normal[spelling] not in mapping.values():
                mapping.setdefault(canonical, by_normal[spelling])
    for canonical, synonyms in SYNONYMS.items():
        if canonical in mapping:
            continue
        for synonym in synonyms:
            own = by_normal.get(synonym) or by_normal.get(synonym.replace("_", ""))
            if own is not None and own not in mapping.values():
                mapping[canonical] = own
                break
    return {canonical: mapping[canonical] for canonical in SYNONYMS if canonical in mapping}


def find_fields(names: Sequence[str], fields: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each field the first of its spellings that is among ``names``; fields that are not there are left out.

    Args:
        names: The shop's column names.
        fields: From field to its spellings, each in the form ``normal_name`` gives, the likelier first.

    Example:
        >>> find_fields(["productDetails.product.id", "eventType"], {"item": ("sku", "product_details_product_id")})
        {'item': 'productDetails.product.id'}
    """
    by_normal = {normal_name(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for field, spellings in fields.items():
        own = next((by_normal[spelling] for spelling in spellings if spelling in by_normal), None)
        if own is not None:
            found[field] = own
    return found


def declared(mapping: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """A declared mapping, checked: from canonical column to one of ``names``.

    Raises:
        UnknownNameError: If it names a column foretell does not have.
        SchemaError: If it names a column the source does not have.
    """
    for canonical, own in mapping.items():
        if canonical not in columns.READABLE:
            raise UnknownNameError.among("canonical column", canonical, columns.READABLE)
        if own not in names:
            close = difflib.get_close_matches(str(own), names, n=1)
            raise SchemaError(
                f"The mapping takes {canonical} from {own!r}, which the source does not have.",
                received=shown(names),
                remedy=f"Did you mean {close[0]!r}?" if close else "Name one of these columns.",
            )
    return dict(mapping)


def shown(names: Sequence[str]) -> str:
    """The names, shortened where there are too many or they are too long to read."""
    short = [name if len(name) <= 40 else f"{name[:37]}..." for name in names[:_MOST_SHOWN]]
    more = f" and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
    return (
        ", ".join(repr(name) if name != name.strip() or not name or not name.isprintable() else name for name in short)
        + more
    )
