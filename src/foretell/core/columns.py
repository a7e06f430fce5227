"""The names of columns and actions, in one place.

This module owns the canonical spelling of every column of the event log and of its side tables, and of the
actions foretell knows. It refuses to hold data or logic.
"""

from __future__ import annotations

from typing import Final

# --- the event log -------------------------------------------------------------------------------------
USER_ID: Final = "user_id"
ANONYMOUS_ID: Final = "anonymous_id"
TIME: Final = "time"
ACTION: Final = "action"
ITEM_ID: Final = "item_id"
SESSION_ID: Final = "session_id"
QUERY: Final = "query"
PRICE: Final = "price"
QUANTITY: Final = "quantity"
VALUE: Final = "value"
DISCOUNT: Final = "discount"
ORDER_ID: Final = "order_id"
EVENT_ID: Final = "event_id"
CAMPAIGN_ID: Final = "campaign_id"
POSITION: Final = "position"
LIST_ID: Final = "list_id"
RATING: Final = "rating"
TEXT: Final = "text"
CHANNEL: Final = "channel"
STORE_ID: Final = "store_id"

REQUIRED: Final = (USER_ID, TIME, ACTION)
IDENTIFIERS: Final = (
    USER_ID,
    ANONYMOUS_ID,
    ITEM_ID,
    SESSION_ID,
    ORDER_ID,
    EVENT_ID,
    CAMPAIGN_ID,
    LIST_ID,
    STORE_ID,
)
NUMBERS: Final = (PRICE, QUANTITY, VALUE, DISCOUNT, RATING)
WORDS: Final = (ACTION, QUERY, TEXT, CHANNEL, POSITION)
CANONICAL: Final = (
    USER_ID,
    ANONYMOUS_ID,
    TIME,
    ACTION,
    ITEM_ID,
    SESSION_ID,
    QUERY,
    PRICE,
    QUANTITY,
    VALUE,
    DISCOUNT,
    ORDER_ID,
    EVENT_ID,
    CAMPAIGN_ID,
    POSITION,
    LIST_ID,
    RATING,
    TEXT,
    CHANNEL,
    STORE_ID,
)

# Read by cleaning where a log has them, and by nothing else.
RECEIVED_TIME: Final = "received_time"
CURRENCY: Final = "currency"
READABLE: Final = (*CANONICAL, RECEIVED_TIME, CURRENCY)  # what a source may bring

# --- the side tables -----------------------------------------------------------------------------------
CATEGORY: Final = "category"
CATEGORY_2: Final = "category_2"
CATEGORY_3: Final = "category_3"
BRAND: Final = "brand"
TITLE: Final = "title"
TEXT_VECTOR: Final = "text_vector"
IMAGE_VECTOR: Final = "image_vector"
START: Final = "start"
END: Final = "end"
KIND: Final = "kind"
TREATED: Final = "treated"
WEIGHT: Final = "weight"

# --- labelled examples and predictions -----------------------------------------------------------------
CUTOFF: Final = "cutoff"
LABEL: Final = "label"
SPLIT: Final = "split"
PROBABILITY: Final = "probability"
MODEL_VERSION: Final = "model_version"
HORIZON_DAYS: Final = "horizon_days"

# --- actions -------------------------------------------------------------------------------------------
IMPRESSION: Final = "impression"
CLICK: Final = "click"
VIEW: Final = "view"
SEARCH: Final = "search"
CART: Final = "cart"
UNCART: Final = "uncart"
FAVOURITE: Final = "favourite"
PURCHASE: Final = "purchase"
REFUND: Final = "refund"
REVIEW: Final = "review"
COUPON_SENT: Final = "coupon_sent"
COUPON_REDEEMED: Final = "coupon_redeemed"

# In the order of a visit: rows of one moment are sorted by it (what is seen comes before what is bought or reviewed).
ACTIONS: Final = (
    IMPRESSION,
    CLICK,
    VIEW,
    SEARCH,
    CART,
    UNCART,
    FAVOURITE,
    PURCHASE,
    REFUND,
    REVIEW,
    COUPON_SENT,
    COUPON_REDEEMED,
)
# Shown to a person rather than done by one: kept in the log as exposures, left out of the customer's history.
PASSIVE_ACTIONS: Final = (IMPRESSION,)
# Done by the shop rather than by the customer: they say nothing about whether a customer is there.
SHOP_ACTIONS: Final = (IMPRESSION, COUPON_SENT)
