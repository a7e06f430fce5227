"""A history grown event by event is the history built in bulk, whatever the order of arrival."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core.errors import SchemaError
from foretell.core.events import EventLog, in_event_order
from foretell.core.history import HISTORY_SCHEMA, History, history_frame

ACTIONS = ["view", "cart", "purchase", "impression", "wave"]
EVENT = st.fixed_dictionaries(
    {"time": st.integers(0, 6), "action": st.sampled_from(ACTIONS)},
    optional={
        "item_id": st.sampled_from(["x", "y"]),
        "price": st.floats(0.5, 9),
        "quantity": st.just(2.0),
        "query": st.just("tea"),
        "colour": st.just("red"),
    },
)
# So few moments that several events fall into one.
EVENTS = st.lists(EVENT, max_size=12)


def numbered(events):
    return [event | {"event_id": f"e{number}"} for number, event in enumerate(events)]


def in_bulk(events):
    rows = [{"user_id": "a", **event} for event in events]
    schema = {"user_id": pl.String, "time": pl.Int64, "action": pl.String, "colour": pl.String} | {
        name: kind for name, kind in HISTORY_SCHEMA.items() if name not in ("user_id", "time", "action")
    }
    log = EventLog(in_event_order(pl.DataFrame(rows, schema=schema)))
    return History.of(history_frame(log), user_id="a")


@given(events=EVENTS, data=st.data())
def test_appending_equals_building_in_bulk_in_any_order_and_any_portions(events, data):
    events = numbered(events)
    arriving = data.draw(st.permutations(events))
    history = History.empty("a")
    while arriving:
        taken = data.draw(st.integers(1, len(arriving)))
        history, arriving = history.append(arriving[:taken]), arriving[taken:]
    assert_frame_equal(history.events, in_bulk(events).events)


@given(events=EVENTS, data=st.data())
def test_repeated_event_ids_change_nothing(events, data):
    events = numbered(events)
    once = History.empty("a").append(events)
    again = data.draw(st.lists(st.sampled_from(events), max_size=6)) if events else []
    assert_frame_equal(once.append(again).events, once.events)
    assert_frame_equal(History.empty("a").append(events + again).events, once.events)


def test_events_without_an_id_are_never_taken_for_repeats():
    row = {"time": 1, "action": "view"}
    assert len(History.empty("a").append([row, row]).append([row])) == 3


def test_the_order_of_arrival_at_one_moment_changes_nothing():
    rows = [{"time": 1, "action": "view"}, {"time": 1, "action": "cart"}]
    one, other = History.empty("a").append(rows), History.empty("a").append(rows[1:]).append(rows[:1])
    assert one.events.equals(other.events)
    assert one.events["action"].to_list() == ["view", "cart"]


def test_appending_leaves_the_old_history_as_it_was():
    old = History.empty("a").append([{"time": 1, "action": "view"}])
    old.append([{"time": 0, "action": "cart"}])
    assert old.events["action"].to_list() == ["view"]


def test_what_the_shop_showed_is_no_part_of_it():
    assert len(History.empty("a").append([{"time": 1, "action": "impression", "item_id": "x"}])) == 0


def test_a_history_knows_whose_it_is_whatever_the_row_says():
    history = History.empty("a").append([{"time": 1, "action": "view", "user_id": "b"}])
    assert history.events["user_id"].to_list() == ["a"]


def test_until_is_inclusive():
    history = History.empty("a").append([{"time": time, "action": "view"} for time in (1, 2, 3)])
    assert [len(history.until(cutoff)) for cutoff in (0, 1, 2, 9)] == [0, 1, 2, 3]


@pytest.mark.parametrize("row", [{"action": "view"}, {"time": 1}, {"time": None, "action": "view"}])
def test_a_row_without_time_or_action_is_refused(row):
    with pytest.raises(SchemaError, match="An event lacks"):
        History.empty("a").append([row])


@pytest.mark.parametrize(
    "wrong", [{"time": "noon"}, {"time": 1.5}, {"time": True}, {"price": "cheap"}, {"item_id": ["x"]}]
)
def test_a_value_of_the_wrong_type_is_refused(wrong):
    with pytest.raises(SchemaError, match="wrong type") as caught:
        History.empty("a").append([{"time": 1, "action": "view"} | wrong])
    assert "microseconds" in caught.value.remedy


def test_whole_numbers_are_amounts_and_numbered_items_are_ids_too():
    row = {"time": np.int64(1), "action": "purchase", "price": 3, "quantity": 2, "item_id": 7}
    history = History.empty("a").append([row])
    assert history.events.select("time", "price", "quantity", "item_id").row(0) == (1, 3.0, 2.0, "7")


def test_the_frame_of_everyone_has_the_schema_and_no_impressions():
    table = pl.DataFrame(
        {"user_id": ["b", "a", "a"], "time": [1, 2, 1], "action": ["view", "impression", "search"], "tea": [1, 2, 3]}
    )
    found = history_frame(EventLog(table))
    assert found.schema == HISTORY_SCHEMA
    assert found.select("user_id", "action").rows() == [("a", "search"), ("b", "view")]
    assert found["item_id"].null_count() == 2
    assert len(History.of(found, user_id="nobody")) == 0


def test_histories_kept_beside_a_log_are_taken_and_forgotten_with_its_rows():
    log = EventLog(pl.DataFrame({"user_id": ["a", "b"], "time": [1, 2], "action": ["view", "view"]}))
    kept = history_frame(log).head(1)
    beside = EventLog(log.events, histories=kept)
    assert history_frame(beside) is kept
    assert history_frame(beside.with_events(log.events)).height == 2
    assert history_frame(beside.before(2)).height == 2
    assert history_frame(beside.with_table("users", pl.DataFrame({"user_id": ["a"]}))) is kept
