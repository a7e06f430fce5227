"""The default features agree with a plain reading of their names, and obey the laws."""

import json
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import ConfigError, SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY, HOUR, SECOND
from foretell.features import CategoryMap, Feature, UserFeatures, default_features
from foretell.features.definition import SHOP_ACTIONS

ACTIONS = ("purchase", "view", "search", "coupon_sent", "coupon_redeemed", "review", "gift")


@pytest.fixture(scope="session")
def features(items):
    return UserFeatures(default_features(ACTIONS, categories=["food", "home"]), CategoryMap.of(items))


def naive(rows, user, cutoff, items):
    """Every default feature, read off the events one by one."""
    category = dict(zip(items["item_id"], items["category"], strict=True))
    mine = sorted(
        (row for row in rows if row["user_id"] == user and row["time"] <= cutoff), key=lambda row: row["time"]
    )

    def window(days, skip=0):
        low = -math.inf if days is None else cutoff - (days + skip) * DAY
        return [row for row in mine if low < row["time"] <= cutoff - skip * DAY]

    def age(time):
        return (cutoff - time) // SECOND / 86400

    def total(found, column):
        return sum(round((row[column] or 0) * 10_000) for row in found) / 10_000

    def over(numerator, denominator):
        return (
            numerator / denominator if denominator is not None and numerator is not None and denominator > 0 else None
        )

    def of(found, action):
        return [row for row in found if row["action"] == action]

    own = [row for row in mine if row["action"] not in SHOP_ACTIONS]
    first_of_order = {}
    for row in of(mine, "purchase"):
        first_of_order.setdefault(row["order_id"] or ("at", row["time"]), row["time"])
    orders = sorted(first_of_order.values())
    spans = {"1_day": 1, "7_days": 7, "28_days": 28, "91_days": 91, "all_time": None}
    result = {}
    for span, days in spans.items():
        found = window(days)
        for action in ACTIONS:
            result[f"{action}_count_{span}"] = len(of(found, action))
        bought = of(found, "purchase")
        for column in ("value", "quantity", "discount"):
            result[f"purchase_{column}_{span}"] = total(bought, column)
        low = -math.inf if days is None else cutoff - days * DAY
        n_orders = sum(time > low for time in orders)
        result[f"order_count_{span}"] = n_orders
        active = [row for row in found if row["action"] not in SHOP_ACTIONS]
        result[f"activity_count_{span}"] = len(active)
        result[f"active_days_{span}"] = len({row["time"] // DAY for row in active})
        result[f"order_value_mean_{span}"] = over(total(bought, "value"), n_orders)
        result[f"order_size_mean_{span}"] = over(len(bought), n_orders)
        result[f"discount_share_{span}"] = over(
            total(bought, "discount"), total(bought, "discount") + total(bought, "value")
        )
        result[f"distinct_items_{span}"] = len({row["item_id"] for row in bought} - {None})
        result[f"distinct_categories_{span}"] = len({category.get(row["item_id"]) for row in bought} - {None})
        result[f"coupon_redemption_ratio_{span}"] = over(
            len(of(found, "coupon_redeemed")), len(of(found, "coupon_sent"))
        )
        for name in ("food", "home"):
            part = [row for row in bought if category.get(row["item_id"]) == name]
            result[f"category_{name}_value_share_{span}"] = over(total(part, "value"), total(bought, "value"))
    for action in ACTIONS:
        done = of(mine, action)
        result[f"{action}_recency_days"] = age(done[-1]["time"]) if done else None
    result["activity_recency_days"] = age(own[-1]["time"]) if own else None
    result["tenure_days"] = age(own[0]["time"]) if own else None
    result["order_recency_days"] = age(orders[-1]) if orders else None
    result["second_order_recency_days"] = age(orders[-2]) if len(orders) > 1 else None
    gaps = [(b - a) // SECOND / 86400 for a, b in pairwise(orders)]
    result["order_gap_mean_days"] = float(np.mean(gaps)) if gaps else None
    result["order_gap_std_days"] = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None
    result["order_gap_variation_ratio"] = over(result["order_gap_std_days"], result["order_gap_mean_days"])
    result["order_overdue_ratio"] = over(result["order_recency_days"], result["order_gap_mean_days"])
    result["order_last_gap_days"] = (
        result["second_order_recency_days"] - result["order_recency_days"] if len(orders) > 1 else None
    )
    before = total(of(window(28, skip=28), "purchase"), "value")
    lately = result["purchase_value_28_days"]
    result["purchase_value_29_to_56_days"] = before
    result["spend_trend_28_days"] = over(lately - before, lately + before)
    result["spend_share_7_of_28_days"] = over(result["purchase_value_7_days"], lately)
    recent = [time for time in orders if time > cutoff - 91 * DAY]
    hours = Counter(time % DAY // HOUR for time in recent)
    result["weekend_order_share_91_days"] = over(sum((time // DAY + 3) % 7 > 4 for time in recent), len(recent))
    result["evening_order_share_91_days"] = over(sum(hours[hour] for hour in range(18, 23)), len(recent))
    result["order_hour_mode_91_days"] = min(hours, key=lambda hour: (-hours[hour], hour)) if recent else None
    for span, days in (("28_days", 28), ("all_time", None)):
        rated = [row["rating"] for row in of(window(days), "review") if row["rating"] is not None]
        result[f"review_rating_mean_{span}"] = float(np.mean(rated)) if rated else None
    result["distinct_queries_28_days"] = len({row["query"] for row in of(window(28), "search")} - {None})
    day = np.datetime64(cutoff // DAY, "D").astype(object)
    phase = 2 * math.pi * (day.timetuple().tm_yday - 1) / 366
    result["year_sine"], result["year_cosine"] = math.sin(phase), math.cos(phase)
    christmas = day.replace(month=12, day=25)
    christmas = christmas if christmas >= day else christmas.replace(year=day.year + 1)
    result["days_to_christmas"] = (christmas - day).days
    result["month_day"] = day.day
    return result


@given(data=st.data())
def test_features_are_what_their_names_say(data, shops, features, items):
    histories, points, rows = data.draw(shops)
    frame = features.compute(histories, points=points)
    for row in frame.iter_rows(named=True):
        expected = naive(rows, row["user_id"], row["cutoff"], items)
        for name in features.names:
            value = expected[name]
            assert row[name] == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name


@given(data=st.data())
def test_batch_and_one_user_at_a_time_agree_bit_for_bit(data, shops, features):
    histories, points, _ = data.draw(shops)
    together = features.compute(histories, points=points)
    for row in points.iter_slices(1):
        user = histories.filter(pl.col("user_id") == row["user_id"][0])
        assert features.compute(user, points=row).equals(together.filter(pl.col("row") == row["row"][0]))


@given(data=st.data())
def test_the_future_changes_nothing(data, shops, features, make_events, make_frame):
    _, points, rows = data.draw(shops)
    cutoff = points["cutoff"][0]
    asked = points.with_columns(pl.lit(cutoff).alias("cutoff"))
    past = [row for row in rows if row["time"] <= cutoff]
    future = [row | {"time": cutoff + 1 + row["time"] % (90 * DAY)} for row in data.draw(st.lists(make_events))]
    told = features.compute(make_frame(past + future), points=asked)
    assert told.equals(features.compute(make_frame(past), points=asked))


@given(data=st.data())
def test_the_order_of_rows_does_not_matter(data, shops, features):
    histories, points, _ = data.draw(shops)
    order = data.draw(st.permutations(range(histories.height)))
    shuffled = histories[list(order)]
    assert features.compute(shuffled, points=points).equals(features.compute(histories, points=points))


@given(data=st.data())
def test_blocks_and_the_order_of_points_do_not_matter(data, shops, features):
    histories, points, _ = data.draw(shops)
    small = UserFeatures(features.definitions, features.categories, block_rows=data.draw(st.integers(1, 9)))
    whole = features.compute(histories, points=points)
    assert small.compute(histories, points=points).equals(whole)
    assert features.compute(histories, points=points.reverse()).equals(whole.reverse())


def test_a_stranger_gets_a_row(features):
    empty = pl.DataFrame(schema=HISTORY_SCHEMA)
    row = features.compute(empty, points=pl.DataFrame({"user_id": ["nobody"], "cutoff": [DAY]})).row(0, named=True)
    assert row["order_count_28_days"] == 0
    assert row["purchase_value_all_time"] == 0
    assert row["order_recency_days"] is None
    assert row["order_gap_std_days"] is None
    assert row["month_day"] == 2


def test_no_points_give_no_rows(features):
    points = pl.DataFrame(schema={"user_id": pl.String, "cutoff": pl.Int64})
    frame = features.compute(pl.DataFrame(schema=HISTORY_SCHEMA), points=points)
    assert frame.shape == (0, 2 + len(features.names))


def test_saved_features_compute_the_same(features, make_frame):
    rows = [{"user_id": "ann", "time": n * DAY, "action": "purchase", "item_id": "tea", "value": 0.1} for n in range(9)]
    points = pl.DataFrame({"user_id": ["ann"], "cutoff": [8 * DAY]})
    loaded = UserFeatures.from_json(json.loads(json.dumps(features.to_json())))
    assert loaded == features
    assert loaded.compute(make_frame(rows), points=points).equals(features.compute(make_frame(rows), points=points))


def test_fit_reads_nothing_after_its_cutoff(items, make_frame):
    rows = [
        {"user_id": "ann", "time": DAY, "action": "purchase", "item_id": "tea", "value": 5.0},
        {"user_id": "ann", "time": 3 * DAY, "action": "gift", "item_id": "soap", "value": 5.0},
        {"user_id": "ann", "time": 4 * DAY, "action": "purchase", "item_id": "soap", "value": 50.0},
    ]
    fitted = UserFeatures.fit(make_frame(rows), items=items, cutoff=2 * DAY)
    assert "category_food_value_share_91_days" in fitted.names
    assert "category_home_value_share_91_days" not in fitted.names
    assert not [name for name in fitted.names if name.startswith("gift")]
    later = UserFeatures.fit(make_frame(rows), items=items)
    assert later.names.index("category_home_value_share_91_days") < later.names.index(
        "category_food_value_share_91_days"
    )
    assert "gift_count_7_days" in later.names


def test_values_do_not_drift_with_the_length_of_the_log(features, make_frame):
    """Ten cents are ten cents after a million: sums are whole numbers."""
    rows = [{"user_id": "ann", "time": n, "action": "purchase", "value": 1e7} for n in range(3)]
    rows += [{"user_id": "ann", "time": 100 * DAY, "action": "purchase", "value": 0.1}] * 3
    frame = features.compute(make_frame(rows), points=pl.DataFrame({"user_id": ["ann"], "cutoff": [100 * DAY]}))
    assert frame["purchase_value_28_days"][0] == 0.3


@pytest.mark.parametrize(
    ("definitions", "word"),
    [
        ([Feature(name="a", aggregate="count"), Feature(name="a", aggregate="count")], "same name"),
        ([Feature(name="a", aggregate="median")], "unknown aggregate"),
        ([Feature(name="a", aggregate="ratio", of=("b", "c"))], "not declared before"),
    ],
)
def test_definitions_that_contradict_each_other_are_refused(definitions, word):
    with pytest.raises(ConfigError, match=word):
        UserFeatures(tuple(definitions), CategoryMap.of(None))


def test_missing_columns_are_named(features):
    empty = pl.DataFrame(schema=HISTORY_SCHEMA)
    with pytest.raises(SchemaError, match="points lack cutoff"):
        features.compute(empty, points=pl.DataFrame({"user_id": ["ann"]}))
    with pytest.raises(SchemaError, match="histories lack quantity"):
        features.compute(empty.drop("quantity"), points=pl.DataFrame({"user_id": ["ann"], "cutoff": [1]}))
    with pytest.raises(SchemaError, match="name of a feature"):
        features.compute(empty, points=pl.DataFrame({"user_id": ["ann"], "cutoff": [1], "tenure_days": [1]}))


def test_every_default_feature_has_words_in_both_languages(features):
    for feature in features.definitions:
        assert feature.words("en") != feature.name
        assert feature.words("zh") not in (feature.name, feature.words("en"))
    assert len(set(features.names)) == len(features.names)
    assert features["tenure_days"].sentence(None) == "days since the first activity: none"
    assert features["tenure_days"].sentence(2.25, language="zh").endswith("2.25")
    with pytest.raises(ConfigError):
        features["no_such_feature"]


@pytest.mark.slow
def test_real_histories_obey_the_laws(real_log):
    from foretell.core.history import history_frame

    histories = history_frame(real_log)
    fitted = UserFeatures.fit(histories, items=real_log.table("items"))
    last = histories["time"].max()
    users = histories["user_id"].unique(maintain_order=True)
    cutoffs = pl.DataFrame({"cutoff": [last - 7 * DAY * n for n in (1, 5, 20, 45)]})
    points = cutoffs.join(users.to_frame(), how="cross")
    frame = fitted.compute(histories, points=points)
    for cutoff in cutoffs["cutoff"]:
        past = histories.filter(pl.col("time") <= cutoff)
        asked = points.filter(pl.col("cutoff") == cutoff)
        assert fitted.compute(past, points=asked).equals(frame.filter(pl.col("cutoff") == cutoff))
    for user in users.gather_every(100):
        alone = histories.filter(pl.col("user_id") == user)
        asked = points.filter(pl.col("user_id") == user)
        assert fitted.compute(alone, points=asked).equals(frame.filter(pl.col("user_id") == user))
