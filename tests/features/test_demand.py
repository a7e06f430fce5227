"""Demand features and labels agree with a plain count, and only promotions are known ahead."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY
from foretell.features import CategoryMap, demand_features
from foretell.features.demand import KEYS, LABEL_UNITS

WEEK = 7 * DAY
START = 17_000 * DAY
ITEMS = ["tea", "bun", "never sold"]


@pytest.fixture(scope="session")
def categories(items):
    return CategoryMap.of(items)


def promotions_of(weeks):
    """Tea is in the mailer in these weeks after the start of the random shops."""
    return pl.DataFrame(
        {
            "item_id": ["tea"] * len(weeks),
            "start": [START + week * WEEK for week in weeks],
            "end": [START + (week + 1) * WEEK for week in weeks],
            "mailer_share": [0.5] * len(weeks),
        },
        schema={"item_id": pl.String, "start": pl.Int64, "end": pl.Int64, "mailer_share": pl.Float64},
    )


def units_between(rows, items, low, high):
    sold = [
        row for row in rows if row["action"] == "purchase" and row["item_id"] in items and low < row["time"] <= high
    ]
    return sum(1.0 if row["quantity"] is None else row["quantity"] for row in sold)


@given(data=st.data())
def test_lags_and_labels_are_plain_counts(data, shops, items, categories):
    histories, points, rows = data.draw(shops)
    cutoffs = points["cutoff"].unique().sort().to_list()
    frame = demand_features(histories, cutoffs=cutoffs, item_ids=ITEMS, categories=categories, weeks=2)
    assert frame.height == len(ITEMS) * len(cutoffs) * 2
    log_start = min((row["time"] for row in rows), default=2**62) // DAY * DAY
    log_end = (max((row["time"] for row in rows), default=-DAY) // DAY + 1) * DAY
    category = dict(zip(items["item_id"], items["category"], strict=True))
    for row in frame.iter_rows(named=True):
        cutoff, item = row["cutoff"], row["item_id"]
        assert (row["start"], row["end"]) == (cutoff + (row["week"] - 1) * WEEK, cutoff + row["week"] * WEEK)
        label = units_between(rows, [item], row["start"], row["end"]) if row["end"] <= log_end else None
        assert row[LABEL_UNITS] == label
        weeks = [
            units_between(rows, [item], cutoff - k * WEEK, cutoff - (k - 1) * WEEK)
            for k in range(1, 27)
            if cutoff - k * WEEK + 1 >= log_start
        ]
        for lag in range(4):
            assert row[f"units_week_{lag + 1}"] == (weeks[lag] if lag < len(weeks) else None)
        for n_weeks in (4, 8, 13, 26):
            mean = np.mean(weeks[:n_weeks]) if weeks else None
            assert row[f"units_mean_{n_weeks}_weeks"] == (mean if mean is None else pytest.approx(mean, rel=1e-6))
        if weeks:
            assert row["units_std_13_weeks"] == pytest.approx(np.std(weeks[:13]), rel=1e-5, abs=1e-6)
            assert row["units_zero_share_13_weeks"] == pytest.approx(np.mean([n == 0 for n in weeks[:13]]))
        alike = [other for other in category if category[other] == category.get(item) is not None]
        sold = [
            units_between(rows, alike, cutoff - k * WEEK, cutoff - (k - 1) * WEEK)
            for k in range(1, 14)
            if alike and cutoff - k * WEEK + 1 >= log_start
        ]
        level = (np.mean(sold[:4]) + np.mean(sold)) / 2 if sold else 0.0
        expected = pytest.approx(sold[0] / level, rel=1e-6) if level > 0 else None
        assert row["category_units_week_1_ratio"] == expected
        prices = [
            other["price"]
            for other in rows
            if other["action"] == "purchase" and other["item_id"] == item and other["price"] is not None
            if cutoff - 4 * WEEK < other["time"] <= cutoff
        ]
        price = row["price_mean_4_weeks"]
        assert price == (pytest.approx(np.mean(prices), rel=1e-6) if prices else None)


def test_last_years_weeks_are_read_against_last_years_level(make_frame):
    """Tea sells 2 a week and buns 6 in the first year, half as much again in the second; both peak in week 60 - 52."""
    rows = [
        {"user_id": "ann", "time": START + week * WEEK + DAY, "action": "purchase", "item_id": item, "quantity": units}
        for week in range(60)
        for item, usual in (("tea", 2.0), ("bun", 6.0))
        for units in [usual * (1.5 if week >= 40 else 1.0) * (3.0 if week in (8, 61) else 1.0)]
    ]
    items = pl.DataFrame({"item_id": ["tea", "bun"], "category": ["drink", "bakery"]})
    frame = demand_features(
        make_frame(rows),
        cutoffs=[START + 59 * WEEK],
        item_ids=["tea", "bun"],
        categories=CategoryMap.of(items),
        weeks=3,
        log_end=START + 60 * WEEK,
    )
    for name in ("units", "category_units", "shop_units"):
        ratios = {
            place: frame[f"{name}_week_{place}_last_year_ratio"].to_list()[:3] for place in ("before", "same", "after")
        }
        # The year before the three coming weeks 59, 60, 61 lie weeks 7, 8, 9, and the level then is that of 0 to 6.
        assert ratios == {
            "before": pytest.approx([1.0, 1.0, 3.0]),
            "same": pytest.approx([1.0, 3.0, 1.0]),
            "after": pytest.approx([3.0, 1.0, 1.0]),
        }, name
        assert frame[f"{name}_growth_since_last_year"].to_list() == pytest.approx([1.5] * 6), name
    assert frame["units_same_week_last_year"].to_list() == [2.0, 6.0, 2.0, 6.0, 18.0, 6.0]


def test_a_log_of_less_than_a_year_says_nothing_of_last_year(make_frame):
    rows = [
        {"user_id": "ann", "time": START + week * WEEK + DAY, "action": "purchase", "item_id": "tea", "quantity": 2.0}
        for week in range(50)
    ]
    frame = demand_features(make_frame(rows), cutoffs=[START + 50 * WEEK], item_ids=["tea"], weeks=1)
    assert [name for name in frame.columns if "last_year" in name and frame[name][0] is not None] == []


@given(data=st.data())
def test_one_item_alone_and_all_together_agree_bit_for_bit(data, shops, categories):
    histories, points, _ = data.draw(shops)
    cutoffs = points["cutoff"].unique().sort().to_list()
    promotions = promotions_of(data.draw(st.lists(st.integers(0, 20), unique=True)))
    asked = {"categories": categories, "promotions": promotions}
    together = demand_features(histories, cutoffs=cutoffs, item_ids=ITEMS, **asked)
    for item in ITEMS:
        alone = demand_features(histories, cutoffs=cutoffs[:1], item_ids=[item], **asked)
        assert alone.equals(together.filter((pl.col("item_id") == item) & (pl.col("cutoff") == cutoffs[0])))


@given(data=st.data())
def test_the_future_changes_the_label_only(data, shops, make_events, make_frame, categories):
    _, points, rows = data.draw(shops)
    cutoff = points["cutoff"][0]
    past = [row for row in rows if row["time"] <= cutoff]
    future = [row | {"time": cutoff + 1 + row["time"] % (90 * DAY)} for row in data.draw(st.lists(make_events))]
    asked = {
        "cutoffs": [cutoff],
        "item_ids": ITEMS,
        "categories": categories,
        "promotions": promotions_of([3, 9]),
    }
    told = make_frame(past + future)
    told = told[list(data.draw(st.permutations(range(told.height))))]
    known = demand_features(make_frame(past), **asked).drop(LABEL_UNITS)
    assert demand_features(told, **asked).drop(LABEL_UNITS).equals(known)


@given(data=st.data())
def test_blocks_do_not_matter(data, shops, categories):
    from foretell.features import demand

    histories, points, _ = data.draw(shops)
    asked = {"cutoffs": points["cutoff"].to_list(), "item_ids": ITEMS, "categories": categories}
    whole = demand_features(histories, **asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demand, "_BLOCK_CELLS", 1)
        assert demand_features(histories, **asked).equals(whole)


@pytest.fixture
def promoted_tea(make_frame):
    """Tea sells 2 a week, and 10 in the weeks 2, 5 and 8; week 10 is planned too."""
    rows = [
        {
            "user_id": "ann",
            "time": START + week * WEEK + DAY,
            "action": "purchase",
            "item_id": "tea",
            "quantity": units,
        }
        for week in range(10)
        for units in [10.0 if week in (2, 5, 8) else 2.0]
    ]
    cutoff = START + 10 * WEEK
    return demand_features(
        make_frame(rows), cutoffs=[cutoff], item_ids=["tea"], promotions=promotions_of([2, 5, 8, 10]), weeks=2
    )


def test_planned_promotions_and_past_responses_are_told_apart(promoted_tea):
    planned, plain = promoted_tea.rows(named=True)
    assert planned["promotion_mailer_share"] == 0.5
    assert plain["promotion_mailer_share"] == 0.0
    assert planned["promotion_mailer_share_units_mean"] == 10.0
    assert planned["plain_week_units_mean"] == 2.0
    assert planned["promotion_mailer_share_uplift_ratio"] == 5.0
    assert planned["promotion_mailer_share_week_1"] == 0.0
    assert planned["promotion_mailer_share_mean_4_weeks"] == pytest.approx(0.125)
    assert 4.4 < planned["promotion_mailer_share_expected_units"] < 10
    assert plain["promotion_mailer_share_expected_units"] < 4.4


def test_a_promotion_of_half_a_week_counts_half(make_frame):
    half = promotions_of([10]).with_columns(end=pl.col("end") - WEEK // 2)
    sold = make_frame([{"user_id": "ann", "time": START, "action": "purchase", "item_id": "tea"}])
    asked = {"cutoffs": [START + 10 * WEEK], "item_ids": ["tea", "bun"], "weeks": 1}
    assert demand_features(sold, **asked, promotions=half)["promotion_mailer_share"].to_list() == [0.25, 0.0]
    # Another store's promotion of the same item and week adds up.
    twice = pl.concat([half, half])
    assert demand_features(sold, **asked, promotions=twice)["promotion_mailer_share"].to_list() == [0.5, 0.0]


def test_holidays_fall_in_their_weeks():
    cutoff = 17_520 * DAY - 1  # 2017-12-20 00:00, a microsecond before
    frame = demand_features(pl.DataFrame(schema=HISTORY_SCHEMA), cutoffs=[cutoff], item_ids=["tea"], weeks=2)
    assert frame["week_has_christmas"].to_list() == [1.0, 0.0]
    assert frame["week_has_new_year"].to_list() == [0.0, 1.0]
    assert frame["days_to_christmas"].to_list() == [5.0, 363.0]
    assert frame["units_week_1"].null_count() == 2


def test_no_items_give_no_rows():
    frame = demand_features(pl.DataFrame(schema=HISTORY_SCHEMA), cutoffs=[DAY], item_ids=[])
    assert frame.height == 0
    assert frame.columns[: len(KEYS)] == list(KEYS)


def test_promotions_without_dates_are_refused():
    with pytest.raises(SchemaError, match="promotions lack start, end"):
        demand_features(
            pl.DataFrame(schema=HISTORY_SCHEMA),
            cutoffs=[DAY],
            item_ids=["tea"],
            promotions=pl.DataFrame({"item_id": ["tea"], "mailer_share": [1.0]}),
        )


@pytest.mark.slow
def test_a_real_future_changes_no_feature(real_log):
    events = real_log.events
    cutoff = events["time"].max() - 70 * DAY
    top = events.group_by("item_id").len().sort("len", "item_id", descending=True)["item_id"].drop_nulls()[:500]
    asked = {
        "cutoffs": [cutoff - WEEK, cutoff],
        "item_ids": top,
        "categories": CategoryMap.of(real_log.table("items")),
        "promotions": real_log.table("promotions"),
    }
    known = demand_features(events.filter(pl.col("time") <= cutoff), **asked).drop(LABEL_UNITS)
    assert demand_features(events, **asked).drop(LABEL_UNITS).equals(known)
