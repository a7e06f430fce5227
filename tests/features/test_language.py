"""Declared features agree with a plain reading of their declaration, obey the laws, and refuse what has no effect."""

import json
import math
import tomllib
from collections import Counter
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.history import History
from foretell.core.time import DAY, from_microseconds
from foretell.features import Declaration, Feature, FeatureConfig, UserFeatures
from foretell.features.aggregates import AGGREGATES, COMBINATIONS
from foretell.features.definition import SHOP_ACTIONS
from foretell.features.language import HEEDED
from foretell.features.query_terms import bucket_of, terms

DECLARED = """
    replace_defaults = true
    [spend]
    aggregate = "sum"
    actions = "purchase"
    windows_days = [7, 28]
    [weekend_spend]
    aggregate = "sum"
    actions = ["purchase", "view"]
    column = "price"
    weekdays = ["sun", "sat"]
    skip_days = 3
    window_days = 40
    [night_share]
    aggregate = "count_share"
    actions = ["view", "purchase"]
    hours = [22, 6]
    time_zone = "America/New_York"
    [food_share]
    aggregate = "value_share"
    where = { category = "food", order_id = ["o1", "o2"] }
    window_days = 91
    [lowest]
    aggregate = "min"
    column = "price"
    window_days = 28
    [highest]
    aggregate = "max"
    column = "value"
    skip_days = 5
    [latest]
    aggregate = "last"
    column = "rating"
    [paid]
    aggregate = "mean"
    column = "value"
    where = { category_2 = ["bakery", "bath"] }
    [turn]
    aggregate = "trend"
    actions = "view"
    window_days = 14
    [turn_of_money]
    aggregate = "trend"
    column = "value"
    window_days = 28
    skip_days = 2
    [kinds]
    aggregate = "distinct"
    column = "order_id"
    where = { category = "food" }
    window_days = 28
    [variety]
    aggregate = "entropy_bits"
    column = "category"
    [taste]
    aggregate = "entropy_bits"
    column = "item_id"
    actions = ["purchase", "view"]
    skip_days = 1
    window_days = 28
    [favourites_share]
    aggregate = "top_share"
    column = "item_id"
    top = 2
    window_days = 91
    [dearness]
    aggregate = "price_level"
    actions = "purchase"
    [dearness_in_all]
    aggregate = "price_level"
    relative_to = "log"
    window_days = 28
    [rhythm]
    aggregate = "gap_mean_days"
    time_zone = "Asia/Shanghai"
    window_days = 91
    [spread]
    aggregate = "gap_std_days"
    [bursts]
    aggregate = "gap_irregularity"
    actions = ["view", "purchase"]
    skip_days = 7
    [busy]
    aggregate = "active_days"
    skip_days = 7
    window_days = 28
    where = { category = "food" }
    [since_food]
    aggregate = "recency_days"
    where = { category = "food" }
    [since_first_food]
    aggregate = "tenure_days"
    where = { category = "food" }
    [words]
    aggregate = "count"
    actions = "search"
    each = "query_terms"
    at_most = 4
    [by_kind]
    aggregate = "count"
    each = "category_2"
    at_most = 3
    window_days = 91
    [by_day]
    aggregate = "count"
    each = "weekday"
    at_most = 7
    [both]
    aggregate = "product"
    of = ["spend_7_days", "busy"]
    [sum_of]
    aggregate = "total"
    of = ["spend_7_days", "spend_28_days"]
    [logs]
    aggregate = "log_ratio"
    of = ["spend_7_days", "spend_28_days"]
"""

# Rows that make every declared value occur in training.
SEED_ROWS = [
    {"user_id": "zoe", "time": 16_990 * DAY + n, "action": action, "item_id": item, "order_id": order, "price": 1.5,
     "query": "tea", "value": 2.0}
    for n, (action, item, order) in enumerate(
        [("purchase", "tea", "o1"), ("view", "bun", "o2"), ("search", "jam", None), ("view", "soap", "o3")]
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def features(make_frame, items):
    config = FeatureConfig.model_validate(tomllib.loads(DECLARED))
    return UserFeatures.fit(make_frame(SEED_ROWS), items=items, config=config)


def local(time, zone):
    return from_microseconds(time).astimezone(ZoneInfo(zone))


def naive(feature, rows, user, cutoff, items, prices, parts):
    """One declared feature, read off the events one by one."""
    if feature.of:
        a, b = (parts[name] for name in feature.of)
        return {"product": a * b, "total": a + b, "log_ratio": math.log((1 + a) / (1 + b))}[feature.aggregate]
    attributes = {row["item_id"]: row for row in items.iter_rows(named=True)}

    def reads(row, column):
        return row[column] if column in row else attributes.get(row["item_id"], {}).get(column)

    def meets(row):
        clock = local(row["time"], feature.time_zone)
        if any(reads(row, column) not in values for column, values in feature.where.items()):
            return False
        if feature.weekdays and clock.strftime("%a").lower() not in feature.weekdays:
            return False
        if feature.hours and clock.hour not in [hour % 24 for hour in range(22, 30)]:
            return False
        if feature.query_bucket is not None:
            words = terms(row["query"] or "")
            return feature.query_bucket in {bucket_of(word, n_buckets=feature.query_buckets) for word in words}
        return True

    def window(days, skip):
        low = -math.inf if days is None else cutoff - (days + skip) * DAY
        return [
            row
            for row in sorted(rows, key=lambda row: row["time"])
            if row["user_id"] == user
            and low < row["time"] <= cutoff - skip * DAY
            and (row["action"] in feature.actions if feature.actions else row["action"] not in SHOP_ACTIONS)
        ]

    def total(found):
        return sum(round((row[feature.column or "value"] or 0) * 10_000) for row in found) / 10_000

    def over(numerator, denominator):
        return numerator / denominator if denominator > 0 else None

    inside = window(feature.window_days, feature.skip_days)
    found = [row for row in inside if meets(row)]
    aggregate = feature.aggregate
    numbers = [row for row in found if feature.column in row and row[feature.column] is not None]
    things = Counter(reads(row, feature.column) for row in found if feature.column)
    things.pop(None, None)
    days = sorted({local(row["time"], feature.time_zone).date().toordinal() for row in found})
    gaps = [later - earlier for earlier, later in pairwise(days)]
    if aggregate == "trend":
        before = [row for row in window(feature.window_days, feature.skip_days + feature.window_days) if meets(row)]
        recent, earlier = (total(part) if feature.column else len(part) for part in (found, before))
        return over(recent - earlier, recent + earlier)
    if aggregate == "last":
        latest = [row[feature.column] for row in numbers if row["time"] == numbers[-1]["time"]]
        return float(np.mean(latest)) if latest else None
    if aggregate == "price_level":
        names = sorted(set(items["category"].drop_nulls()))
        paid, usual = 0, 0
        for row in found:
            kind = reads(row, "category")
            code = 0 if feature.relative_to == "log" else names.index(kind) if kind else -1
            reference = int(
                prices.reference(feature.relative_to, code=np.array([code]), time=np.array([row["time"]]))[0]
            )
            if row["price"] is not None and reference:
                paid, usual = paid + round(row["price"] * 10_000), usual + reference
        return over(paid, usual)
    age = [(cutoff - row["time"]) // 1_000_000 / 86400 for row in found]
    n = sum(things.values())
    return {
        "count": lambda: len(found),
        "sum": lambda: total(found),
        "mean": lambda: over(total(numbers), len(numbers)),
        "min": lambda: min((row[feature.column] for row in numbers), default=None),
        "max": lambda: max((row[feature.column] for row in numbers), default=None),
        "count_share": lambda: over(len(found), len(inside)),
        "value_share": lambda: over(total(found), total(inside)),
        "distinct": lambda: len(things),
        "entropy_bits": lambda: -sum(c / n * math.log2(c / n) for c in things.values()) if n else None,
        "top_share": lambda: over(sum(sorted(things.values())[-feature.top :]), n),
        "active_days": lambda: len(days),
        "gap_mean_days": lambda: float(np.mean(gaps)) if gaps else None,
        "gap_std_days": lambda: float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None,
        "gap_irregularity": lambda: float(np.std(gaps, ddof=1) / np.mean(gaps)) if len(gaps) > 1 else None,
        "recency_days": lambda: min(age, default=None),
        "tenure_days": lambda: max(age, default=None),
    }[aggregate]()


@given(data=st.data())
def test_declared_features_are_what_they_say(data, shops, features, items):
    histories, points, rows = data.draw(shops)
    frame = features.compute(histories, points=points)
    for row in frame.iter_rows(named=True):
        for feature in features.definitions:
            expected = naive(feature, rows, row["user_id"], row["cutoff"], items, features.prices, row)
            wanted = expected if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-5)
            assert row[feature.name] == wanted, feature


@given(data=st.data())
def test_laws_hold_for_declared_features(data, shops, features, make_events, make_frame):
    """One user alone, blocks, shuffled rows, another order of points and the future change no bit."""
    histories, points, rows = data.draw(shops)
    together = features.compute(histories, points=points)
    for point in points.iter_slices(1):
        alone = histories.filter(pl.col("user_id") == point["user_id"][0])
        assert features.compute(alone, points=point).equals(together.filter(pl.col("row") == point["row"][0]))
    order = data.draw(st.permutations(range(histories.height)))
    assert features.compute(histories[list(order)], points=points).equals(together)
    parts = (features.definitions, features.categories, features.prices)
    small = UserFeatures(*parts, block_rows=data.draw(st.integers(1, 9)))
    assert small.compute(histories, points=points).equals(together)
    assert features.compute(histories, points=points.reverse()).equals(together.reverse())
    cutoff = points["cutoff"][0]
    asked = points.with_columns(pl.lit(cutoff).alias("cutoff"))
    past = [row for row in rows if row["time"] <= cutoff]
    future = [row | {"time": cutoff + 1 + row["time"] % (90 * DAY)} for row in data.draw(st.lists(make_events))]
    told = features.compute(make_frame(past + future), points=asked)
    assert told.equals(features.compute(make_frame(past), points=asked))


@given(data=st.data())
def test_a_history_that_grows_event_by_event_reads_as_one_read_at_once(data, shops, features):
    histories, points, rows = data.draw(shops)
    user = points["user_id"][0]
    history = History.empty(user)
    for row in (row for row in rows if row["user_id"] == user):
        history = history.append([row])
    asked = points.filter(pl.col("user_id") == user)
    whole = features.compute(histories, points=asked)
    assert features.compute(history.events, points=asked).equals(whole)


def test_declared_features_are_saved_with_their_prices(features):
    loaded = UserFeatures.from_json(json.loads(json.dumps(features.to_json())))
    assert loaded == features
    assert loaded.prices.means
    assert {"log", "category"} == set(loaded.prices.means)


def test_every_declared_feature_has_words_in_both_languages(features):
    for feature in features.definitions:
        assert feature.english != feature.name, feature.name
        assert "  " not in feature.english, feature.english
        assert any("一" <= character <= "鿿" for character in feature.chinese), feature.name
        assert "{" not in feature.english + feature.chinese
    assert features["night_share"].words() == "share of product views and products bought from 22 to 6 h so far"
    assert features["by_kind_bakery"].words() == "activities of bakery in the last 91 days"


def test_declarations_unfold_by_window_and_by_value(features):
    assert {"spend_7_days", "spend_28_days", "words_group_1", "words_group_4", "by_day_sun"} <= set(features.names)
    assert [name for name in features.names if name.startswith("by_kind")] == [
        "by_kind_bakery", "by_kind_bath", "by_kind_drinks",
    ]  # fmt: skip


def test_declared_features_join_the_default_ones(make_frame, items):
    rows = make_frame(SEED_ROWS)
    declared = Declaration(aggregate="ratio", of=("purchase_value_28_days", "view_count_28_days"), english="worth")
    joined = UserFeatures.fit(rows, items=items, config=FeatureConfig(define={"worth_of_views": declared}))
    default = UserFeatures.fit(rows, items=items)
    assert joined.names == (*default.names, "worth_of_views")
    assert joined["worth_of_views"].words() == "worth"
    assert joined["worth_of_views"].words("zh").endswith("之比")


def test_words_that_users_give_are_filled_in(make_frame, items):
    body = Declaration(
        aggregate="count", each="category", windows_days=(7, 28), english="{value} acts, {span}", chinese="行为"
    )
    fitted = UserFeatures.fit(make_frame(SEED_ROWS), items=items, config=FeatureConfig(define={"acts": body}))
    assert fitted["acts_food_7_days"].words() == "food acts, in the last 7 days"
    assert fitted["acts_home_28_days"].words("zh") == "行为 home 最近28天"


def test_values_with_one_slug_get_names_of_their_own(make_frame):
    rows = make_frame(
        [{"user_id": "a", "time": 1, "action": "view", "store_id": store} for store in ("茶", "酒", "A-1")]
    )
    body = Declaration(aggregate="count", each="store_id")
    fitted = UserFeatures.fit(rows, config=FeatureConfig(replace_defaults=True, define={"at": body}))
    assert fitted.names == ("at_a_1", "at_other", "at_other_2")


def test_every_aggregate_has_its_row_of_what_it_heeds():
    assert set(HEEDED) == set(AGGREGATES)
    assert not set(HEEDED) & set(COMBINATIONS)


def test_sections_survive_json():
    config = FeatureConfig.model_validate(tomllib.loads(DECLARED) | {"select": "association", "keep": 9})
    assert FeatureConfig.model_validate_json(config.model_dump_json()) == config


def test_item_attributes_may_be_anything_the_items_have(make_frame):
    items = pl.DataFrame({"item_id": ["tea", "bun"], "brand": ["Oak", "Elm"], "organic": ["yes", "no"]})
    bodies = {
        "oak_count": Declaration(aggregate="count", where={"brand": ("Oak",)}),
        "organic_share": Declaration(aggregate="count_share", where={"organic": ("yes",)}),
        "brand_variety": Declaration(aggregate="entropy_bits", column="brand"),
    }
    histories = make_frame(SEED_ROWS[:2])
    fitted = UserFeatures.fit(histories, items=items, config=FeatureConfig(replace_defaults=True, define=bodies))
    points = pl.DataFrame({"user_id": ["zoe"], "cutoff": [17_000 * DAY]})
    assert fitted.compute(histories, points=points).row(0)[2:] == (1.0, 0.5, 1.0)


def test_queries_are_cut_into_words():
    assert terms("\uff34\uff45\uff41-pot, TEA") == ("pot", "tea")
    assert terms("茶") == ("茶",)
    assert terms("绿茶 tea") == ("tea", "绿茶")
    assert terms("…") == ()


def test_features_that_are_unhashable_by_their_dictionaries_still_compare():
    assert Feature(name="a", aggregate="count", where={"category": "x"}) == Feature(
        name="a", aggregate="count", where={"category": ("x",)}
    )
