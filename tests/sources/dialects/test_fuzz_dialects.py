"""Whatever stands in the columns of a dialect: events, or an error that says what is wrong; never a traceback."""

import contextlib
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.core.errors import ForetellError
from foretell.sources import DIALECTS, read_events, recognise

NAMES = {
    "canonical": ["user_id", "time", "action", "item_id", "anonymous_id", "price"],
    "ga4": ["event_name", "event_timestamp", "user_pseudo_id", "event_params", "items", "ecommerce", "user_id"],
    "ga4-flat": ["event_name", "event_timestamp", "user_pseudo_id", "item_id", "ga_session_id", "price"],
    "segment": ["type", "event", "userId", "anonymousId", "messageId", "timestamp", "properties", "context"],
    "personalize": ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION"],
    "google-retail": ["eventType", "visitorId", "eventTime", "productDetails", "userInfo", "purchaseTransaction"],
    "snowplow": ["event_id", "collector_tstamp", "domain_userid", "event_name", "unstruct_event", "contexts"],
    "retailrocket": ["timestamp", "visitorid", "event", "itemid", "transactionid"],
    "rees46": ["event_time", "event_type", "product_id", "category_code", "price", "user_id", "user_session"],
    "taobao": ["user_id", "item_id", "category_id", "behavior_type", "timestamp"],
    "sequences": ["sequence", "gaps"],
    "session-lists": ["session_id", "items", "target", "time"],
    "invoices": ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Description"],
    "cdnow": ["customer_id", "date", "number_of_cds", "dollar_value"],
}
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 2_000_000_000), st.text(max_size=4), st.floats(-1, 1)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "data", "product", "products", "product_id", "price", "key", "value", "schema"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
TEXT = st.one_of(
    st.none(),
    st.sampled_from(["1511544070", "2024-01-01T10:00:00Z", "purchase", "search", "1 2 3", "[1, 2]", "-5", "0 0"]),
    st.text(max_size=6),
    JSON.map(json.dumps),
)


def columns_of(n_rows):
    exact = {"min_size": n_rows, "max_size": n_rows}
    return st.one_of(
        st.lists(TEXT, **exact).map(lambda cells: pl.Series(cells, dtype=pl.String)),
        st.lists(st.one_of(st.none(), st.integers(-5, 2_000_000_000)), **exact).map(
            lambda cells: pl.Series(cells, dtype=pl.Int64)
        ),
        st.lists(st.one_of(st.none(), st.lists(st.integers(0, 3), max_size=3)), **exact).map(
            lambda cells: pl.Series(cells, dtype=pl.List(pl.Int64))
        ),
        st.lists(st.one_of(st.none(), st.lists(st.fixed_dictionaries({"id": TEXT}), max_size=2)), **exact).map(
            lambda cells: pl.Series(cells, dtype=pl.List(pl.Struct({"id": pl.String})))
        ),
        st.lists(st.fixed_dictionaries({"product_id": TEXT, "price": TEXT}), **exact).map(
            lambda cells: pl.Series(cells, dtype=pl.Struct({"product_id": pl.String, "price": pl.String}))
        ),
    )


@st.composite
def frames(draw, names):
    n_rows = draw(st.integers(1, 4))
    kept = [name for name in names if draw(st.integers(0, 9))]
    return pl.DataFrame({name: draw(columns_of(n_rows)) for name in kept} or {"x": [None] * n_rows})


def test_every_dialect_has_its_columns_here():
    assert set(NAMES) == set(DIALECTS)


@pytest.mark.parametrize("dialect", NAMES)
@settings(max_examples=15)
@given(data=st.data())
def test_events_or_an_error_in_words(dialect, data):
    frame = data.draw(frames(NAMES[dialect]))
    for chosen in (dialect, None):
        for work in (recognise, read_events):
            with contextlib.suppress(ForetellError):
                work(frame, dialect=chosen)
