"""The half-open window, the users asked about and the events that count."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import ConfigError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.windows import counted_events, outcomes_after, users_known_at


def task(**values):
    return Task(**({"name": "soon", "kind": "purchase", "horizon_days": 7} | values))


def outcome(log_of, cutoff, *moments):
    log = log_of(*[("a", moment, "purchase", "x", 2.5) for moment in moments])
    points = pl.DataFrame({"user_id": ["a"], "cutoff": [cutoff]})
    return outcomes_after(points, counted_events(log, task()), horizon_days=7).row(0, named=True)


def test_an_event_at_the_cutoff_is_past_and_one_at_the_end_is_still_in(log_of, at):
    cutoff = at(10)
    for moment, inside in ((cutoff, 0), (cutoff + 1, 1), (cutoff + 7 * DAY, 1), (cutoff + 7 * DAY + 1, 0)):
        found = outcome(log_of, cutoff, moment)
        assert found["n_events"] == inside
        assert found["amount"] == 2.5 * inside
        assert found["first_time"] == (moment if inside else None)


def test_the_first_time_is_the_earliest_and_amounts_add_up(log_of, at):
    found = outcome(log_of, at(10), at(12), at(11), at(9))
    assert (found["n_events"], found["amount"], found["first_time"]) == (2, 5.0, at(11))


@given(
    events=st.lists(st.tuples(st.sampled_from("ab"), st.integers(-2, 30)), max_size=15),
    cutoffs=st.lists(st.integers(0, 20), min_size=1, max_size=4, unique=True),
    horizon=st.integers(1, 9),
)
def test_equals_counting_one_by_one(events, cutoffs, horizon):
    schema = {"user_id": pl.String, "time": pl.Int64}
    table = pl.DataFrame([(user, day * DAY) for user, day in events], schema=schema, orient="row")
    log = EventLog(table.with_columns(pl.lit("purchase").alias("action")))
    points = pl.DataFrame({"user_id": ["a", "b", "c"]}).join(
        pl.DataFrame({"cutoff": [cutoff * DAY for cutoff in cutoffs]}), how="cross"
    )
    found = outcomes_after(points, counted_events(log, task()), horizon_days=horizon)
    assert found.select("user_id", "cutoff").equals(points)
    for user, cutoff, n_events, n_orders, _amount, first in found.rows():
        inside = [day * DAY for who, day in events if who == user and cutoff < day * DAY <= cutoff + horizon * DAY]
        assert (n_events, first) == (len(inside), min(inside, default=None))
        assert n_orders == len(set(inside))  # without an order id, one moment is one order


def test_rows_that_share_an_order_id_are_one_order(log_of, at):
    log = log_of(("a", at(11), "purchase"), ("a", at(11) + 1, "purchase"), ("a", at(12), "purchase"))
    log = log.with_events(log.events.with_columns(pl.Series("order_id", ["one", "one", None])))
    found = outcomes_after(
        pl.DataFrame({"user_id": ["a"], "cutoff": [at(10)]}), counted_events(log, task()), horizon_days=7
    )
    assert found.select("n_events", "n_orders").row(0) == (3, 2)


def test_nobody_asked_about():
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [1], "action": ["view"]}))
    points = users_known_at(log, task(active_days=7), [])
    assert outcomes_after(points, log.events, horizon_days=7).height == 0


def test_everyone_who_did_something_by_the_cutoff_is_known(log_of, at):
    log = log_of(
        ("a", at(1), "view"),
        ("b", at(5), "view"),
        ("c", at(5) + 1, "view"),
        ("shown", at(1), "impression"),
        ("mailed", at(1), "coupon_sent"),
    )
    assert users_known_at(log, task(), [at(5), at(9)]).rows() == [
        ("a", at(5)),
        ("b", at(5)),
        ("a", at(9)),
        ("b", at(9)),
        ("c", at(9)),
    ]


def test_active_users_did_the_action_lately(log_of, at):
    log = log_of(
        ("early", at(3), "purchase"),
        ("first", at(3) + 1, "purchase"),
        ("last", at(10), "purchase"),
        ("late", at(10) + 1, "purchase"),
        ("viewer", at(9), "view"),
    )
    assert users_known_at(log, task(active_days=7), [at(10)])["user_id"].to_list() == ["first", "last"]


@pytest.mark.parametrize(
    ("where", "items"),
    [
        ({}, ["x", "y", "z", None, "gone"]),
        ({"category": "TEA"}, ["x", "y"]),
        ({"category": "TEA", "shelf": "1"}, ["x"]),
    ],
)
def test_only_events_on_such_items_count(log_of, at, where, items):
    log = log_of(
        *[("a", at(day), "purchase", item) for day, item in enumerate(["x", "y", "z", None, "gone"])],
        ("a", at(9), "view", "x"),
    )
    assert counted_events(log, task(where=where))["item_id"].to_list() == items


def test_an_attribute_nobody_has_is_refused_by_name(log_of, at):
    with pytest.raises(ConfigError, match="'soon'") as caught:
        counted_events(log_of(("a", at(1), "purchase", "x")), task(where={"colour": "red", "category": "TEA"}))
    assert caught.value.received == "colour"
    assert "category, shelf" in caught.value.remedy


def test_a_filter_without_an_items_table_is_refused():
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [1], "action": ["purchase"], "item_id": ["x"]}))
    with pytest.raises(ConfigError, match="does not exist") as caught:
        counted_events(log, task(where={"category": "TEA"}))
    assert caught.value.received == "category"
    assert "items table" in caught.value.remedy


def test_another_action_can_be_asked_about(log_of, at):
    log = log_of(("a", at(1), "purchase", "x"), ("a", at(2), "favourite", "y"))
    assert counted_events(log, task(action="favourite"))["item_id"].to_list() == ["y"]
