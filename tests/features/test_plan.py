"""The plan and the memory path are one definition: equal to the last bit, whatever the log."""

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.core.errors import ConfigError
from foretell.core.time import DAY
from foretell.features import CategoryMap, Feature, UserFeatures, default_features
from foretell.features.plan import is_planned, plan_features

ACTIONS = ("purchase", "view", "search", "coupon_sent", "coupon_redeemed", "review", "gift")
LEVELS = ["item_id", "category", "category_2"]


@pytest.fixture(scope="session")
def features(items):
    """The defaults, and declarations that no default uses."""
    more = (
        Feature(name="food_views", aggregate="count", actions=("view",), window_days=30, category="food"),
        Feature(name="old_price", aggregate="mean", actions=("purchase",), column="price", window_days=40, skip_days=9),
        Feature(name="bath_kinds", aggregate="distinct", actions=("purchase",), column="category_2", window_days=60),
        Feature(name="late_gap", aggregate="order_gap_mean_days", window_days=45),
        Feature(name="late_spread", aggregate="order_gap_std_days", window_days=45),
        Feature(name="late_second", aggregate="second_order_recency_days", window_days=45),
        Feature(name="gift_tenure", aggregate="tenure_days", actions=("gift",)),
        Feature(name="night_views", aggregate="count", actions=("view",), hours=(22, 7)),
        Feature(name="weekend_days", aggregate="active_days", weekdays=("sat", "sun"), window_days=60, skip_days=3),
        Feature(name="tea_recency", aggregate="recency_days", where={"item_id": ("tea", "nut")}),
        Feature(name="search_items", aggregate="distinct", where={"query": "tea"}, window_days=60),
        Feature(name="dearest", aggregate="max", actions=("purchase",), column="price", window_days=80),
        Feature(name="cheapest", aggregate="min", actions=("purchase",), column="price", skip_days=5),
        Feature(name="food_share", aggregate="count_share", actions=("purchase",), category="food"),
        Feature(name="views_by_days", aggregate="product", of=("night_views", "weekend_days")),
        Feature(name="views_and_days", aggregate="total", of=("night_views", "weekend_days")),
    )
    return UserFeatures((*default_features(ACTIONS, categories=["food", "home"]), *more), CategoryMap.of(items))


def planned(histories, features, items, cutoffs):
    plan = plan_features(
        nw.from_native(histories.lazy()),
        definitions=features.definitions,
        cutoffs=cutoffs,
        items=nw.from_native(items.select(LEVELS).lazy()),
    )
    return plan.to_native().collect().sort("cutoff", "user_id")


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_plan_and_memory_agree_bit_for_bit(data, shops, features, items):
    histories, points, _ = data.draw(shops)
    cutoffs = points["cutoff"].unique().sort().to_list()
    found = planned(histories, features, items, cutoffs)
    expected = features.compute(histories, points=found.select("user_id", "cutoff"))
    for name in features.names:
        assert found[name].equals(expected[name], null_equal=True), name


def test_whoever_was_seen_by_then_is_there_at_each_cutoff(features, items, make_frame):
    rows = [
        {"user_id": "ann", "time": 10 * DAY, "action": "view"},
        {"user_id": "bob", "time": 20 * DAY, "action": "view"},
    ]
    found = planned(make_frame(rows), features, items, [15 * DAY, 25 * DAY])
    assert found.select("user_id", "cutoff").rows() == [("ann", 15 * DAY), ("ann", 25 * DAY), ("bob", 25 * DAY)]


def test_columns_that_a_log_lacks_count_as_empty(features):
    log = pl.LazyFrame({"user_id": ["ann"], "time": [5], "action": ["purchase"]})
    plan = plan_features(nw.from_native(log), definitions=features.definitions, cutoffs=[9])
    row = plan.to_native().collect().row(0, named=True)
    assert (row["purchase_count_7_days"], row["purchase_value_7_days"], row["distinct_items_28_days"]) == (1, 0, 0)
    assert row["old_price"] is None


def test_no_cutoff_is_refused():
    log = nw.from_native(pl.LazyFrame({"user_id": ["ann"], "time": [5], "action": ["purchase"]}))
    with pytest.raises(ConfigError, match="no cutoff"):
        plan_features(log, definitions=default_features(["purchase"]), cutoffs=[])


def test_what_cannot_be_planned_is_named():
    log = nw.from_native(pl.LazyFrame({"user_id": ["ann"], "time": [5], "action": ["purchase"]}))
    local = Feature(name="local_days", aggregate="active_days", time_zone="Asia/Shanghai")
    spread = Feature(name="spread", aggregate="entropy_bits", column="item_id")
    assert not is_planned(local)
    with pytest.raises(ConfigError, match=r"local_days \(active_days\), spread \(entropy_bits\)"):
        plan_features(log, definitions=[local, spread], cutoffs=[9])
