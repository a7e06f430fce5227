"""The label of each kind of question on logs small enough to read."""

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks import TASKS, ad, churn, default_tasks, demand, purchase, recommend, response_action
from foretell.tasks.demand import items_to_forecast


def task(kind, **values):
    return Task(**({"name": "asked", "kind": kind, "horizon_days": 7} | values))


@pytest.fixture
def log(log_of, at):
    return log_of(
        ("a", at(0), "view", "x"),
        ("a", at(10), "purchase", "x", 4.0),
        ("a", at(17), "purchase", "y", 6.0),
        ("a", at(17), "purchase", "x", 1.0),
        ("b", at(10), "purchase", "z", 5.0),
        ("b", at(17) + 1, "purchase", "x", 9.0),
        ("c", at(2), "view", "x"),
    )


def test_purchase(log, at):
    found = purchase.examples(log, task("purchase"), cutoffs=[at(5), at(10)])
    assert found.select("user_id", "cutoff", "label", "amount", "first_time").rows() == [
        ("a", at(5), 1.0, 4.0, at(10)),
        ("c", at(5), 0.0, 0.0, None),
        ("a", at(10), 1.0, 7.0, at(17)),
        ("b", at(10), 0.0, 0.0, None),
        ("c", at(10), 0.0, 0.0, None),
    ]


def test_purchase_of_certain_items(log, at):
    found = purchase.examples(log, task("purchase", where={"category": "CUPS"}), cutoffs=[at(5), at(9)])
    assert found.filter(label=1.0).is_empty()
    found = purchase.examples(log, task("purchase", where={"category": "TEA"}), cutoffs=[at(11)])
    assert dict(found.select("user_id", "label").rows()) == {"a": 1.0, "b": 1.0, "c": 0.0}


def test_churn_asks_active_customers_and_says_one_where_nothing_comes(log, at):
    found = churn.examples(log, task("churn", active_days=14), cutoffs=[at(5), at(10), at(18)])
    assert found.select("user_id", "cutoff", "label", "amount").rows() == [
        ("a", at(10), 0.0, 7.0),
        ("b", at(10), 1.0, 0.0),
        ("a", at(18), 1.0, 0.0),
        ("b", at(18), 1.0, 0.0),
    ]


def test_churn_and_purchase_are_opposites_for_the_same_customers(log, at):
    left = churn.examples(log, task("churn", active_days=30), cutoffs=[at(10), at(12)])
    bought = purchase.examples(log, task("purchase"), cutoffs=[at(10), at(12)])
    joined = left.join(bought, on=["user_id", "cutoff"], suffix="_bought")
    assert joined.height == left.height > 0
    assert (joined["label"] + joined["label_bought"] == 1).all()


def test_recommend_lists_distinct_items_of_the_window_and_leaves_out_the_idle(log, at):
    found = recommend.examples(log, task("recommend"), cutoffs=[at(5), at(10)])
    assert found.rows() == [("a", at(5), ["x"]), ("a", at(10), ["x", "y"])]
    assert recommend.examples(log, task("recommend"), cutoffs=[]).columns == ["user_id", "cutoff", "relevant"]


@pytest.fixture
def shown(log_of, at):
    return log_of(
        ("a", at(1), "impression", "x"),
        ("a", at(1), "impression", "y"),
        ("a", at(1), "impression", None),
        ("b", at(1), "impression", "x"),
        ("a", at(1), "click", "x"),
        ("a", at(2), "click", "y"),
        ("a", at(8), "click", "z"),
        ("b", at(8) + 1, "click", "x"),
        ("c", at(3), "impression", "x"),
    )


def test_ad_answers_come_after_the_exposure_and_within_the_horizon(shown, at):
    """A click at the very moment of the exposure did not follow it; one a microsecond late is no answer."""
    found = ad.examples(shown, task("ad", action="click"), start=at(0), end=at(20))
    assert found.select("user_id", "cutoff", "item_id", "label", "weight").rows() == [
        ("a", at(1), "x", 0.0, 1.0),
        ("a", at(1), "y", 1.0, 1.0),
        ("b", at(1), "x", 0.0, 1.0),
        ("c", at(3), "x", 0.0, 1.0),
    ]
    at_the_edge = ad.examples(shown, task("ad", action="click", horizon_days=8), start=at(0), end=at(20))
    assert at_the_edge.filter(user_id="b")["label"].to_list() == [1.0]


def test_ad_windows_lie_within_the_split(shown, at):
    asked = task("ad", action="click")

    def users(start, end):
        return ad.examples(shown, asked, start=start, end=end)["user_id"].to_list()

    assert users(at(1), at(10)) == ["a", "a", "b", "c"]
    assert users(at(1) + 1, at(10)) == ["c"]
    assert users(at(0), at(10) - 1) == ["a", "a", "b"]
    assert users(at(0), at(8) - 1) == []


def test_one_exposure_counts_once_however_often_it_is_answered(log_of, at):
    log = log_of(("a", at(1), "impression", "x"), *[("a", at(2 + day), "click", "x") for day in range(4)])
    assert ad.examples(log, task("ad", action="click"), start=at(0), end=at(20)).height == 1


def test_a_table_of_exposures_keeps_its_weights_and_places(log_of, at):
    table = pl.DataFrame(
        {
            "user_id": ["a", "b", None],
            "time": [at(1), at(1), at(1)],
            "item_id": ["x", "y", "x"],
            "position": ["front", None, None],
            "weight": [1.0, 12.5, 1.0],
        }
    )
    log = log_of(("a", at(3), "purchase", "x"), ("a", at(1), "impression", "z"), exposures=table)
    kept = ["user_id", "time", "item_id", "position", "channel", "weight", "store_id"]
    assert ad.exposures(log).columns == kept
    assert ad.exposures(log)["store_id"].null_count() == 2
    placed = log.with_table("exposures", table.with_columns(store_id=pl.lit(7)))
    assert ad.exposures(placed)["store_id"].to_list() == ["7", "7"]
    found = ad.examples(log, task("ad"), start=at(0), end=at(20))
    assert found.select("user_id", "position", "channel", "weight", "label").rows() == [
        ("a", "front", None, 1.0, 1.0),
        ("b", None, None, 12.5, 0.0),
    ]


def test_an_empty_table_of_exposures_hides_no_impressions(shown):
    empty = pl.DataFrame(schema={"user_id": pl.String, "time": pl.Int64, "item_id": pl.String})
    assert ad.exposures(shown.with_table("exposures", empty)).height == 4


def test_impressions_that_name_no_item_are_no_exposures(log_of, at):
    log = log_of(("a", at(1), "impression", None), ("a", at(2), "purchase", "x"))
    assert not ad.has_exposures(log)
    with pytest.raises(InsufficientDataError, match="no exposures"):
        ad.exposures(log)


def test_no_exposures_is_said_with_what_to_do(log):
    assert not ad.has_exposures(log)
    with pytest.raises(InsufficientDataError, match="no exposures") as caught:
        ad.exposures(log)
    assert "impression" in caught.value.remedy


def test_demand_is_asked_of_what_sold_best_before(log_of, at):
    log = log_of(
        *[("a", at(day), "purchase", item) for day, item in enumerate(["y", "x", "y", "z", None, "x"])],
        *[("a", at(8), "purchase", "late") for _ in range(9)],
        *[("a", at(1), "view", "z") for _ in range(9)],
    )
    asked = task("demand")
    assert items_to_forecast(log, asked, known_until=at(5)) == ["x", "y", "z"]
    assert items_to_forecast(log, asked, known_until=at(5) - 1) == ["y", "x", "z"]
    assert items_to_forecast(log, task("demand", max_items=1), known_until=at(5)) == ["x"]
    assert items_to_forecast(log, task("demand", where={"category": "CUPS"}), known_until=at(5)) == ["z"]
    assert items_to_forecast(log, asked, known_until=at(-1)) == []


def test_demand_examples_are_units_a_week_of_weeks_that_are_over(log_of, at):
    log = log_of(
        ("a", at(0), "purchase", "x"),
        ("a", at(10), "purchase", "x"),  # the cutoff's own moment: past
        ("a", at(10) + 1, "purchase", "x"),
        ("b", at(17), "purchase", "x"),  # the last moment of the first week
        ("b", at(17) + 1, "purchase", "x"),
        ("b", at(12), "view", "x"),
        ("b", at(12), "purchase", "late"),
    )
    quantity = pl.Series("quantity", [1.0, 50.0, 2.5, None, 4.0, 9.0, 9.0])
    by_time = log.events.sort("user_id", "time", maintain_order=True)
    order = [0, 1, 2, 5, 6, 3, 4]  # rows of a, then of b by time: the view and the late item come first
    log = log.with_events(by_time.with_columns(quantity=quantity.gather(order)))
    asked = {"cutoffs": [at(3), at(10)], "known_until": at(9)}
    found = demand.examples(log, task("demand", horizon_days=14), **asked, end=at(24))
    assert found.columns == ["item_id", "cutoff", "week", "start", "end", "label"]
    assert found.select("item_id", "cutoff", "week", "label").rows() == [
        ("x", at(3), 1, 50.0),
        ("x", at(3), 2, 3.5),
        ("x", at(10), 1, 3.5),
        ("x", at(10), 2, 4.0),
    ]
    assert (found["end"] - found["start"]).unique().to_list() == [7 * DAY]
    early = demand.examples(log, task("demand", horizon_days=10), **asked, end=at(24) - 1)
    assert early.select("cutoff", "week").rows() == [(at(3), 1), (at(3), 2), (at(10), 1)]
    assert demand.examples(log, task("demand"), cutoffs=[], known_until=at(9), end=at(24)).is_empty()


def test_demand_examples_of_a_log_without_items():
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [5], "action": ["purchase"], "item_id": [None]}))
    found = demand.examples(log, task("demand"), cutoffs=[5], known_until=9, end=9 * DAY)
    assert found.is_empty()
    assert found.columns == ["item_id", "cutoff", "week", "start", "end", "label"]


@pytest.mark.parametrize(("actions", "response"), [(["view", "purchase"], "purchase"), (["view", "click"], "click")])
def test_a_response_is_a_click_where_clicks_are_logged(log_of, at, actions, response):
    assert response_action(log_of(*[("a", at(1), action, "x") for action in actions])) == response


def test_the_built_in_six():
    tasks = default_tasks(response="click")
    assert tuple(tasks) == TASKS
    assert all(name == one.name == one.kind for name, one in tasks.items())
    assert tasks["ad"].action == "click"
    assert {one.action for one in tasks.values() if one.kind != "ad"} == {"purchase"}
    assert DAY * tasks["purchase"].horizon_days == 28 * DAY
