"""Refunds and the purchases they give back: the matching, and what netting does to a log."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.features.demand import LABEL_UNITS, demand_features
from foretell.predictor.view import ShopView
from foretell.prepare import CleaningRules, clean
from foretell.tasks.demand import examples as demand_examples
from foretell.tasks.purchase import examples as purchase_examples

START = 1_577_836_800_000_000
NET = CleaningRules(refunds="net", session_gap_minutes=None)


def removed(cleaned):
    return {rule: count for rule, count in cleaned.removed.items() if count}


def kept(cleaned):
    return cleaned.log.events.sort("time").select("action", "quantity").rows()


def trade(make_log, *steps, **more):
    """Steps of (action, quantity), a day apart, of one user, item and price."""
    rows = [("a", day, action, "x", 2.0, quantity) for day, (action, quantity) in enumerate(steps)]
    return make_log(rows, **more)


def test_a_refund_stays_an_event_by_default(make_log):
    cleaned = clean(trade(make_log, ("purchase", 3.0), ("refund", -3.0)))
    assert kept(cleaned) == [("purchase", 3.0), ("refund", 3.0)]
    assert cleaned.noted["refunds"] == cleaned.noted["matched_refunds"] == 1
    assert "netted_quantity" not in cleaned.log.events.columns


def test_a_whole_cancellation_takes_both_rows(make_log):
    cleaned = clean(trade(make_log, ("purchase", 3.0), ("refund", -3.0)), rules=NET)
    assert kept(cleaned) == []
    assert removed(cleaned) == {"cancelled_purchase": 1, "netted_refund": 1}
    assert sorted(cleaned.quarantine["quantity"]) == [-3.0, 3.0]  # as they were read


def test_a_part_that_is_given_back_shrinks_the_purchase(make_log):
    log = trade(make_log, ("purchase", 4.0), ("refund", -1.0), value=[6.0, -1.5], discount=[2.0, 0.0])
    cleaned = clean(log, rules=NET)
    row = cleaned.log.events.row(0, named=True)
    assert (row["quantity"], row["value"], row["discount"], row["netted_quantity"]) == (3.0, 4.5, 1.5, 1.0)
    assert removed(cleaned) == {"netted_refund": 1}
    assert cleaned.noted["reduced_purchases"] == 1


def test_more_than_was_bought_leaves_the_rest_a_refund(make_log):
    cleaned = clean(trade(make_log, ("purchase", 1.0), ("refund", -5.0)), rules=NET)
    assert kept(cleaned) == [("refund", 4.0)]
    assert cleaned.noted["reduced_refunds"] == 1


def test_only_earlier_purchases_are_netted_the_latest_first(make_log):
    before = clean(trade(make_log, ("refund", -2.0), ("purchase", 2.0)), rules=NET)
    assert kept(before) == [("refund", 2.0), ("purchase", 2.0)]
    latest = clean(trade(make_log, ("purchase", 5.0), ("purchase", 2.0), ("refund", -3.0)), rules=NET)
    assert kept(latest) == [("purchase", 4.0)]
    then = clean(trade(make_log, ("purchase", 1.0), ("refund", -1.0), ("purchase", 1.0), ("refund", -2.0)), rules=NET)
    assert kept(then) == [("refund", 1.0)]


@pytest.mark.parametrize(
    "refund",
    [("b", 2, "refund", "x", 2.0, 1.0), ("a", 2, "refund", "y", 2.0, 1.0), ("a", 2, "refund", "x", 9.0, 1.0)],
    ids=["another user", "another item", "another price"],
)
def test_what_does_not_fit_is_not_netted(refund, make_log):
    cleaned = clean(make_log([("a", 1, "purchase", "x", 2.0, 1.0), refund]), rules=NET)
    assert cleaned.rows_out == 2
    assert cleaned.noted["refunds"] == 1
    assert cleaned.noted["matched_refunds"] == 0


def test_refunds_of_nobody_are_not_netted(make_log):
    rows = [(None, 1, "purchase", "x", 2.0, 1.0), (None, 2, "refund", "x", 2.0, 1.0)]
    assert clean(make_log(rows), rules=NET).kept_apart == 2


def test_a_refund_sent_twice_counts_once(make_log):
    rows = [("a", 1, "purchase", "x", 2.0, 2.0), *[("a", 2, "refund", "x", 2.0, 1.0)] * 2]
    assert kept(clean(make_log(rows), rules=NET)) == [("purchase", 1.0)]


def test_a_log_without_quantities_or_prices(make_log):
    log = trade(make_log, ("purchase", None), ("purchase", None), ("refund", None))
    bare = log.with_events(log.events.drop("price", "quantity"))
    assert clean(bare, rules=NET).rows_out == 1
    assert clean(log, rules=NET).rows_out == 1


# --- targets: histories as they were, units and spend less what came back ---------------------------------

TARGETS = CleaningRules(refunds="targets", session_gap_minutes=None)
PURCHASE = Task(name="purchase", kind="purchase", horizon_days=7)


def test_targets_leave_the_events_as_they_are(make_log):
    log = trade(make_log, ("purchase", 3.0), ("refund", -5.0), value=[6.0, -10.0])
    cleaned = clean(log, rules=TARGETS)
    assert_frame_equal(cleaned.log.events, clean(log, rules=CleaningRules(session_gap_minutes=None)).log.events)
    assert cleaned.log.table("returned").select("quantity", "value").row(0) == (3.0, 6.0)  # what the log sold
    assert cleaned.noted["counted_refunds"] == 1
    assert clean(cleaned.log).log.table("returned") is None


def test_spend_is_net_of_what_came_back_in_the_same_window(make_log):
    rows = [("a", 0, "view", "x", None, None), ("a", 1, "purchase", "x", 2.0, 3.0), ("a", 3, "refund", "x", 2.0, 1.0)]
    rows += [("a", 9, "purchase", "y", 5.0, 1.0), ("a", 20, "refund", "y", 5.0, 1.0)]
    net, gross = (clean(make_log(rows), rules=rules).log for rules in (TARGETS, CleaningRules()))
    cutoffs = [START, START + 7 * DAY, START + 14 * DAY]
    found, plain = (purchase_examples(log, PURCHASE, cutoffs=cutoffs) for log in (net, gross))
    assert plain["amount"].to_list() == [6.0, 5.0, 0.0]
    assert found["amount"].to_list() == [
        4.0,
        5.0,
        0.0,
    ]  # the third window only gives back, and nobody spends less than 0
    assert_frame_equal(found.drop("amount"), plain.drop("amount"))


def test_demand_is_net_of_what_came_back_in_the_same_week(make_log):
    rows = [("u", 0, "view", "x", None, None)]
    rows += [(f"u{day}", day, "purchase", "x", 2.0, 4.0) for day in range(1, 29)]
    rows += [
        ("u2", 5, "refund", "x", 2.0, 3.0),
        ("u3", 20, "refund", "x", 2.0, 4.0),
        ("u4", 26, "refund", "x", 2.0, 1.0),
    ]
    log = clean(make_log(rows), rules=TARGETS).log
    cutoff, end = START + 14 * DAY, START + 28 * DAY
    task = Task(name="demand", kind="demand", horizon_days=14)
    label = demand_examples(log, task, cutoffs=[cutoff], known_until=cutoff, end=end)["label"].to_list()
    assert label == [24.0, 27.0]
    features = demand_features(ShopView.of(log).sales(), cutoffs=[cutoff], item_ids=["x"], weeks=2, log_end=end)
    assert features[LABEL_UNITS].to_list() == label
    assert features["units_week_1"][0] == 28.0  # nothing came back in it
    assert features["units_week_2"][0] == 25.0  # what had come back by then


STEPS = st.lists(
    st.tuples(st.sampled_from(["purchase", "refund"]), st.integers(1, 4), st.integers(0, 6), st.sampled_from("xy")),
    max_size=14,
)


@given(STEPS)
def test_netting_is_a_stack_of_units(steps):
    """Against the plain walk: refunds pop the latest units, never more than there are."""
    steps = sorted(steps, key=lambda step: (step[2], step[0] == "refund", step[1]))
    frame = pl.DataFrame(
        [
            ("a", START + day * DAY, action, item, float(units), f"e{n}")
            for n, (action, units, day, item) in enumerate(steps)
        ],
        schema={
            "user_id": pl.String,
            "time": pl.Int64,
            "action": pl.String,
            "item_id": pl.String,
            "quantity": pl.Float64,
            "event_id": pl.String,
        },
        orient="row",
    )
    stacks, left = {"x": [], "y": []}, {}
    for number, (action, units, _, item) in enumerate(steps):
        left[number] = units
        if action == "purchase":
            stacks[item] += [number] * units
            continue
        for _ in range(min(units, len(stacks[item]))):
            left[stacks[item].pop()] -= 1
            left[number] -= 1
    cleaned = clean(EventLog(frame), rules=NET)
    found = dict(cleaned.log.events.select("event_id", "quantity").iter_rows())
    assert found == {f"e{number}": float(units) for number, units in left.items() if units}
    twice = clean(cleaned.log, rules=NET)
    assert removed(twice) == {}
