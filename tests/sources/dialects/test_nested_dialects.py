"""What the published schemas of nested dialects leave to be understood, one case each."""

import json

import polars as pl
import pytest

from foretell.core.errors import ConfigError
from foretell.prepare import CleaningRules, clean
from foretell.sources import read_events, recognise


@pytest.fixture
def lines(write):
    """Write JSON lines and return their path."""

    def _lines(*objects):
        return write("log.jsonl", "".join(json.dumps(row) + "\n" for row in objects))

    return _lines


def ga4(name, time, *, user="p1", params=(), **more):
    parameters = [{"key": key, "value": value} for key, value in params]
    return {
        "event_name": name,
        "event_timestamp": time,
        "user_pseudo_id": user,
        "event_params": parameters,
        "items": [],
        **more,
    }


START = 1_704_103_200_000_000


def test_ga4_events_without_items_stay_and_sessions_are_named_by_visitor(lines):
    session = ("ga_session_id", {"int_value": 9})
    path = lines(
        ga4("page_view", START, params=[session]),
        ga4("search", START + 1, params=[session, ("search_term", {"string_value": "tea"})], user="p2"),
        ga4("view_item", START + 2, items=[{"item_id": "i1", "price": 2.0}]),
    )
    log = read_events(path)
    assert log.events["action"].to_list() == ["view", "view", "search"]
    assert log.events["session_id"].to_list() == ["p1.9", None, "p2.9"]
    assert log.events["query"].to_list() == [None, None, "tea"]


def test_ga4_purchases_repeated_under_one_transaction_count_once(lines):
    items = [{"item_id": "a", "price": 2.0, "quantity": 3}, {"item_id": "b", "price": 5.0}]
    order = {"transaction_id": "T1", "purchase_revenue": 11.0}
    again = ga4("purchase", START + 60_000_000, items=items, ecommerce=order)
    log = clean(read_events(lines(ga4("purchase", START, items=items, ecommerce=order), again))).log
    assert log.events.select("item_id", "quantity", "value").rows() == [("a", 3.0, 6.0), ("b", 1.0, 5.0)]


def test_ga4_purchases_without_items_keep_their_revenue(lines):
    order = {"transaction_id": "(not set)", "purchase_revenue": 11.0}
    log = read_events(lines(ga4("purchase", START, ecommerce=order), ga4("view_item", START, items=[{"item_id": "a"}])))
    bought = log.events.filter(pl.col("action") == "purchase").row(0, named=True)
    assert (bought["value"], bought["item_id"]) == (11.0, None)


def test_ga4_logins_take_over_what_follows_them(lines):
    path = lines(
        ga4("page_view", START),
        ga4("login", START + 1, user_id="ann"),
        ga4("page_view", START + 2),
    )
    assert sorted(read_events(path).events["user_id"]) == ["ann", "ann", "p1"]


def test_ga4_as_json_text_in_a_csv(write):
    params = json.dumps([{"key": "ga_session_id", "value": {"int_value": "4"}}]).replace('"', '""')
    items = json.dumps([{"item_id": "a"}, {"item_id": "b"}]).replace('"', '""')
    path = write(
        "ga4.csv",
        "event_name,event_timestamp,user_pseudo_id,event_params,items\n"
        f'view_item_list,{START},p1,"{params}","{items}"\n',
    )
    log = read_events(path)
    assert log.dialect == "ga4"
    assert log.events["item_id"].to_list() == ["a", "b"]
    assert log.events["session_id"].to_list() == ["p1.4", "p1.4"]


def segment(event, time, message, *, user=None, kind="track", **properties):
    call = {
        "type": kind,
        "anonymousId": "dev1",
        "messageId": message,
        "timestamp": f"2024-01-01T10:00:{time:02d}.000Z",
        "properties": properties,
    }
    return call | ({"event": event} if event else {}) | ({"userId": user} if user else {})


def test_segment_calls_of_every_type_stay(lines):
    path = lines(
        segment(None, 0, "m0", kind="page", path="/"),
        segment("Product Viewed", 1, "m1", product_id="a", price=3),
        segment(None, 2, "m2", kind="identify", user="ann"),
        segment("Cart Viewed", 3, "m3", user="ann", products=[{"product_id": "a"}, {"product_id": "b"}]),
    )
    log = read_events(path)
    assert sorted(log.events["action"]) == ["Cart Viewed", "Cart Viewed", "identify", "view", "view"]
    assert sorted(log.events["event_id"]) == ["m0", "m1", "m2", "m3", "m3#1"]
    assert "2 rows from before their login was known" in " ".join(log.notes)


def test_segment_discounts_are_shared_among_the_lines(lines):
    products = [{"product_id": "a", "price": 30.0, "quantity": 1}, {"product_id": "b", "price": 5.0, "quantity": 2}]
    order = segment("Order Completed", 0, "m0", user="ann", order_id="o", revenue=36.0, discount=4.0, products=products)
    other = segment("Order Completed", 1, "m1", user="ann", order_id="p", revenue=9.0, products=[{"product_id": "c"}])
    log = read_events(lines(order, other))
    lines_paid = log.events.select("item_id", "discount", "value").rows()
    assert lines_paid == [("a", 3.0, 27.0), ("b", 1.0, 9.0), ("c", None, 9.0)]


def test_what_a_google_search_returned_was_shown(lines):
    base = {"visitorId": "v1", "eventTime": "2024-01-01T10:00:00Z"}
    details = [{"product": {"id": "a"}}, {"product": {"id": "b"}}]
    path = lines(
        base | {"eventType": "search", "searchQuery": "tea", "productDetails": details},
        base | {"eventType": "search", "searchQuery": "nothing like it"},
        base | {"eventType": "home-page-view"},
    )
    events = read_events(path).events
    shown = events.filter(pl.col("action") == "impression").sort("item_id")
    assert shown.select("item_id", "position", "query").rows() == [("a", "0", None), ("b", "1", None)]
    searches = events.filter(pl.col("action") == "search")
    assert sorted(searches["query"]) == ["nothing like it", "tea"]
    assert searches["item_id"].null_count() == 2
    assert events.height == 5


def test_google_orders_without_prices_share_their_revenue(lines):
    row = {
        "eventType": "purchase-complete",
        "visitorId": "v1",
        "eventTime": "2024-01-01T10:00:00Z",
        "productDetails": [{"product": {"id": "a"}, "quantity": 1}, {"product": {"id": "b"}, "quantity": 1}],
        "purchaseTransaction": {"id": "o1", "revenue": 10.0, "currencyCode": "EUR"},
    }
    assert read_events(lines(row)).events["value"].to_list() == [5.0, 5.0]


PREFIX = "com_snowplowanalytics_snowplow_ecommerce"


def snowplow(event_id, **more):
    return {
        "event_id": event_id,
        "event": "unstruct",
        "event_name": "snowplow_ecommerce_action",
        "domain_userid": "d1",
        "collector_tstamp": "2024-01-01 10:00:00.000",
        "derived_tstamp": "2024-01-01 10:00:00.000",
        **more,
    }


def test_snowplow_prices_discounts_and_values(lines):
    product = {"id": "a", "category": "x/y", "price": 8.0, "list_price": 10.0, "quantity": 2, "currency": "EUR"}
    path = lines(
        snowplow(
            "e1",
            **{
                f"unstruct_event_{PREFIX}_snowplow_ecommerce_action_1": {"type": "transaction"},
                f"contexts_{PREFIX}_product_1": [product],
                f"contexts_{PREFIX}_transaction_1": [{"transaction_id": "t", "revenue": 15.0, "discount_amount": 1.0}],
            },
        ),
        snowplow("e2") | {"event": "page_view", "event_name": "page_view"},
        snowplow(
            "e3",
            **{
                f"unstruct_event_{PREFIX}_snowplow_ecommerce_action_1": {"type": "promo_view"},
                f"contexts_{PREFIX}_promotion_1": [{"id": "spring"}],
            },
        ),
    )
    log = read_events(path)
    bought = log.events.filter(pl.col("action") == "purchase").row(0, named=True)
    found = (bought["price"], bought["quantity"], bought["discount"], bought["value"], bought["order_id"])
    assert found == (10.0, 2.0, 5.0, 15.0, "t")
    assert sorted(log.events["action"]) == ["impression", "purchase", "view"]
    assert log.events["campaign_id"].drop_nulls().to_list() == ["spring"]
    assert log.table("items").row(0, named=True) == {"item_id": "a", "category": "x", "category_2": "y"}


def test_a_path_inside_can_be_mapped(lines):
    path = lines(segment("Product Viewed", 1, "m1", user="ann", product_id="a", shade="red"))
    found = recognise(path, mapping={"item_id": "properties.shade"})
    assert (found.dialect, found.columns["item_id"].confidence) == ("segment", 1.0)
    log = read_events(path, mapping={"item_id": "properties.shade"})
    assert log.events["item_id"].to_list() == ["red"]


def google(currency, *, code=None, price=None):
    product = {"id": "a"} if price is None else {"id": "a", "priceInfo": {"price": price, "currencyCode": code}}
    return {
        "eventType": "purchase-complete",
        "visitorId": "v1",
        "eventTime": "2024-01-01T10:00:00Z",
        "productDetails": [{"product": product, "quantity": 1}],
        "purchaseTransaction": {"id": "o1", "revenue": 10.0, "currencyCode": currency},
    }


def sold(event_id, currency, *, price):
    product = {"id": "a", "currency": currency, "quantity": 1} | ({"price": price} if price else {})
    transaction = {"transaction_id": f"t{event_id}", "revenue": 10.0, "currency": currency}
    return snowplow(
        event_id,
        **{
            f"unstruct_event_{PREFIX}_snowplow_ecommerce_action_1": {"type": "transaction"},
            f"contexts_{PREFIX}_product_1": [product],
            f"contexts_{PREFIX}_transaction_1": [transaction],
        },
    )


def ga4_sale(time, currency):
    paid = {"purchase_revenue": 10.0, "transaction_id": f"T{time}"}
    return ga4("purchase", time, params=[("currency", {"string_value": currency})], ecommerce=paid)


def segment_order(number, **properties):
    return segment("Order Completed", number, f"m{number}", user="ann", order_id=f"o{number}", **properties)


IN_TWO_CURRENCIES = {
    "ga4": [ga4_sale(START, "EUR"), ga4_sale(START + 1, "USD")],
    "segment": [
        segment_order(0, revenue=10.0, currency="EUR", products=[{"id": "a"}]),
        segment_order(1, products=[{"id": "a", "price": 10, "currency": "USD"}]),
    ],
    "google-retail": [google("EUR"), google("EUR", code="USD", price=10.0)],
    "snowplow": [sold("e1", "EUR", price=None), sold("e2", "USD", price=10.0)],
}  # fmt: skip


@pytest.mark.parametrize("dialect", IN_TWO_CURRENCIES)
def test_currencies_are_not_added_up_unseen(lines, dialect):
    log = read_events(lines(*IN_TWO_CURRENCIES[dialect]))
    assert log.dialect == dialect
    assert sorted(log.events["currency"]) == ["EUR", "USD"]
    with pytest.raises(ConfigError, match="mixes currencies"):
        clean(log)
    rules = CleaningRules(currency="EUR", currency_rates={"USD": 0.5})
    assert sorted(clean(log, rules=rules).log.events["value"]) == [5.0, 10.0]


def test_flat_ga4_has_its_currency_in_a_column(write):
    path = write(
        "flat.csv",
        "event_name,event_timestamp,user_pseudo_id,ga_session_id,item_id,price,currency\n"
        f"purchase,{START},p1,4,a,2.5,USD\n",
    )
    assert read_events(path).events.select("price", "currency").rows() == [(2.5, "USD")]


def test_times_of_receipt_set_wrong_clocks_aside(lines):
    late = segment("Product Viewed", 0, "m0", user="ann", product_id="a") | {"receivedAt": "2024-01-01T07:00:00Z"}
    fine = segment("Product Viewed", 1, "m1", user="ann", product_id="a") | {"receivedAt": "2024-01-01T10:00:02Z"}
    assert clean(read_events(lines(late, fine))).removed["clock_ahead"] == 1
    late = snowplow("e1") | {"collector_tstamp": "2024-01-01 07:00:00.000"}
    assert clean(read_events(lines(late, snowplow("e2")))).removed["clock_ahead"] == 1


def test_a_log_with_one_time_alone_knows_no_delays(lines):
    call = segment("Product Viewed", 1, "m1", user="ann", product_id="a")
    call["receivedAt"] = call.pop("timestamp")
    assert "received_time" not in read_events(lines(call)).events.columns


def test_the_classic_tracker_names_the_currency_of_its_own_amounts(lines):
    classic = {"event": "transaction", "event_name": "transaction", "tr_total": 9.0, "tr_currency": "USD"}
    path = lines(snowplow("e1") | classic | {"base_currency": "EUR", "tr_total_base": 8.0})
    assert "currency" not in read_events(path).events.columns
    assert read_events(path, mapping={"value": "tr_total"}).events["currency"].to_list() == ["USD"]
    assert read_events(path, mapping={"value": "tr_total_base"}).events["currency"].to_list() == ["EUR"]
