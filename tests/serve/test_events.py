import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.events import EventLog
from foretell.core.time import DAY, parse_time
from foretell.prepare import clean
from foretell.prepare.rules import CleaningRules
from foretell.serve.events import LiveEvent, parse_events

RULES = CleaningRules(now=datetime(2024, 6, 1, tzinfo=UTC))
GOOD = {"user_id": "ann", "time": "2024-05-01T10:00:00Z", "action": "view", "item_id": "tea"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from([*LiveEvent.model_fields, "itemid"])


def test_a_row_is_canonical():
    sent = {**GOOD, "user_id": 7, "time": parse_time("2024-05-01"), "action": "Add to Cart", "price": 2}
    assert parse_events([sent], rules=RULES).rows == [
        {"user_id": "7", "time": parse_time("2024-05-01"), "action": "cart", "item_id": "tea", "price": 2.0}
    ]


def test_empty_words_are_absent():
    rows = parse_events([{**GOOD, "item_id": " ", "order_id": "null", "query": None}], rules=RULES).rows
    assert set(rows[0]) == {"user_id", "time", "action"}


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        ({"user_id": None}, "user_id", "text or as a whole number"),
        ({"user_id": "  "}, "The row names no user.", "customer"),
        ({"user_id": True}, "user_id", "whole number"),
        ({"user_id": 1.5}, "user_id", "whole number"),
        ({"user_id": "x" * 10_000}, "user_id", "whole number"),
        ({"time": "yesterday"}, "'time' cannot be used: this is not a time", "ISO 8601"),
        ({"time": 1.7e15}, "time", "ISO 8601"),
        ({"time": 2**80}, "time", "ISO 8601"),
        ({"time": 1_714_557_600}, "before any shop's data", "microseconds"),
        ({"time": "1989-01-01"}, "before any shop's data", "unit"),
        ({"time": "2024-06-02"}, "in the future", "clock"),
        ({"time": "9999-12-31"}, "in the future", "clock"),
        ({"action": ""}, "no time or no action", "what was done"),
        ({"action": 5}, "action", "Send text"),
        ({"price": 0}, "price is no number above zero", "Leave the price out"),
        ({"price": "2.50"}, "price", "as a number"),
        ({"price": float("nan")}, "price", "as a number"),
        ({"quantity": -1}, "quantity is no number above zero", "refund"),
        ({"itemid": "x"}, "no event field named 'itemid'", "Did you mean 'item_id'?"),
    ],
)
def test_each_refusal_has_its_reason(change, problem, remedy):
    parsed = parse_events([GOOD, {**GOOD, **change}], rules=RULES)
    assert len(parsed.rows) == 1
    [refused] = parsed.rejected
    assert refused["index"] == 1
    assert problem in refused["problem"]
    assert remedy in refused["remedy"]
    assert refused["received"]
    assert len(refused["received"]) < 300


@pytest.mark.parametrize("missing", ["user_id", "time", "action"])
def test_what_is_required(missing):
    sent = {name: value for name, value in GOOD.items() if name != missing}
    [refused] = parse_events([sent], rules=RULES).rejected
    assert refused["problem"] == f"The event lacks {missing!r}."


@pytest.mark.parametrize("sent", [None, 5, "event", [GOOD]])
def test_what_is_no_event(sent):
    [refused] = parse_events([sent], rules=RULES).rejected
    assert refused["problem"] == "An event is not a JSON object."


def test_refunds_have_one_shape():
    [row] = parse_events([{**GOOD, "action": "refund", "quantity": -2, "value": -5.0}], rules=RULES).rows
    assert (row["quantity"], row["value"]) == (2.0, 5.0)


@given(st.lists(JSON_VALUES | st.dictionaries(FIELDS, JSON_VALUES, max_size=6), max_size=4))
def test_nothing_sent_raises_or_gets_lost(sent):
    parsed = parse_events(sent, rules=RULES)
    assert len(parsed.rows) + len(parsed.rejected) == len(sent)
    assert [refused["index"] for refused in parsed.rejected] == sorted(
        {refused["index"] for refused in parsed.rejected}
    )
    json.dumps(parsed.rejected, allow_nan=False)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "user_id": st.sampled_from(["ann", "bob", "", "nan"]),
                "time": st.sampled_from([parse_time("2024-01-01") + 5, 5, parse_time("2025-01-01")]),
                "action": st.sampled_from(["view", "purchase", "refund", ""]),
            },
            optional={
                "price": st.sampled_from([1.0, 0.0, -3.0]),
                "quantity": st.sampled_from([1.0, 0.0, -3.0]),
            },
        ),
        min_size=1,
        max_size=6,
    )
)
def test_live_and_batch_keep_the_same_rows(sent):
    """Single rows are judged alike; times differ by a day so that no row is a duplicate of another."""
    sent = [{**event, "time": event["time"] - number * DAY} for number, event in enumerate(sent)]
    live = parse_events(sent, rules=RULES).rows
    columns = ["user_id", "time", "action", "price", "quantity"]
    absent = {"": None, "nan": None}
    frame = pl.DataFrame(
        {name: [absent.get(event.get(name), event.get(name)) for event in sent] for name in columns},
        schema_overrides={"user_id": pl.String, "action": pl.String, "price": pl.Float64, "quantity": pl.Float64},
    )
    without_sessions = RULES.model_copy(update={"session_gap_minutes": None})  # live rows carry what was sent
    batch = clean(EventLog(frame), rules=without_sessions).log.events.iter_rows(named=True)
    kept = {frozenset((name, value) for name, value in row.items() if value is not None) for row in batch}
    assert {frozenset(row.items()) for row in live} == kept


RATED = RULES.model_copy(update={"currency": "EUR", "currency_rates": {"usd": 0.5}})


def test_amounts_are_converted_as_in_batch():
    paid = {"action": "purchase", "price": 2.0, "quantity": 3.0, "discount": 1.0}
    words = ["USD", " usd", "EUR", None]
    sent = [{**GOOD, **paid, "time": f"2024-05-0{day + 1}", "currency": word} for day, word in enumerate(words)]
    live = parse_events(sent, rules=RATED)
    frame = pl.DataFrame([{**row, "time": parse_time(row["time"])} for row in sent])
    batch = clean(EventLog(frame), rules=RATED).log.events
    assert [row["value"] for row in live.rows] == batch["value"].to_list() == [2.5, 2.5, 5.0, 5.0]
    assert [row["price"] for row in live.rows] == batch["price"].to_list() == [1.0, 1.0, 2.0, 2.0]
    assert all("currency" not in row for row in live.rows)


@pytest.mark.parametrize(
    ("rules", "problem", "remedy"),
    [(RATED, "There is no rate from GBP to EUR.", "GBP = ..."), (RULES, "no named currency", "clean.currency")],
)
def test_amounts_that_nothing_converts_are_refused(rules, problem, remedy):
    sent = {**GOOD, "action": "purchase", "price": 2.0, "currency": "gbp"}
    parsed = parse_events([GOOD, sent, {**GOOD, "currency": "gbp"}], rules=rules)
    assert len(parsed.rows) == 2, "a row without amounts has nothing to convert"
    [refused] = parsed.rejected
    assert problem in refused["problem"]
    assert remedy in refused["remedy"]
    assert "GBP" in refused["received"]


def test_a_clock_ahead_of_the_shops_is_refused():
    sent = [{**GOOD, "received_time": moment} for moment in ("2024-05-01T10:00:01Z", "2024-05-01T07:00:00Z")]
    parsed = parse_events(sent, rules=RULES)
    assert [set(row) for row in parsed.rows] == [set(GOOD)]
    assert "clock is ahead" in parsed.rejected[0]["problem"]
