"""Features of a user with an item agree with a plain count, and obey the laws."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY, SECOND
from foretell.features import CategoryMap, user_item_features
from foretell.features.definition import SHOP_ACTIONS
from foretell.features.user_item import USER_ITEM_NAMES

SPANS = {"28_days": 28, "91_days": 91, "all_time": None}


@pytest.fixture(scope="session")
def categories(items):
    return CategoryMap.of(items)


def naive(rows, user, cutoff, item, table):
    """Every feature of one user with one item, read off the events one by one."""
    mine = sorted(
        (row for row in rows if row["user_id"] == user and row["time"] <= cutoff), key=lambda row: row["time"]
    )

    def age(time):
        return (cutoff - time) // SECOND / 86400

    def order_times(found):
        """When the first of each order's rows came."""
        first = {}
        for row in found:
            first.setdefault(row["order_id"] or ("at", row["time"]), row["time"])
        return sorted(first.values())

    def since(times, days):
        return sum(days is None or time > cutoff - days * DAY for time in times)

    def overdue(times):
        gap = (times[-1] - times[0]) // SECOND / 86400 / (len(times) - 1) if len(times) > 1 else None
        return gap, age(times[-1]) / gap if gap else None

    bought = [row for row in mine if row["action"] == "purchase"]
    orders = order_times(bought)
    acted = [row["time"] for row in mine if row["item_id"] == item and row["action"] not in SHOP_ACTIONS]
    times = order_times([row for row in bought if row["item_id"] == item])
    result = {}
    for span, days in SPANS.items():
        result[f"item_action_count_{span}"] = since(acted, days)
        result[f"item_order_count_{span}"] = since(times, days)
    result["item_action_recency_days"] = age(acted[-1]) if acted else None
    result["item_order_recency_days"] = age(times[-1]) if times else None
    result["item_orders_since_count"] = sum(time > times[-1] for time in orders) if times else None
    result["item_gap_mean_days"], result["item_overdue_ratio"] = overdue(times)
    result["item_order_share"] = len(times) / len(orders) if orders else None
    for level in ("category", "category_2"):
        category = dict(zip(table["item_id"], table[level], strict=True))
        name = category.get(item)
        times = order_times([row for row in bought if name is not None and category.get(row["item_id"]) == name])
        for span, days in SPANS.items():
            result[f"{level}_order_count_{span}"] = None if name is None else since(times, days)
        result[f"{level}_order_recency_days"] = age(times[-1]) if times else None
        result[f"{level}_overdue_ratio"] = overdue(times)[1]
    return result


def check(frame, points, rows, table):
    for row in frame.iter_rows(named=True):
        user, cutoff = points.select("user_id", "cutoff").row(row["point"])
        expected = naive(rows, user, cutoff, row["item_id"], table)
        for name in USER_ITEM_NAMES:
            value = expected[name]
            assert row[name] == (value if value is None else pytest.approx(value, rel=1e-6)), name


@given(data=st.data())
def test_features_are_what_their_names_say(data, shops, items, categories):
    histories, points, rows = data.draw(shops)
    frame = user_item_features(histories, points=points, categories=categories)
    check(frame, points, rows, items)
    for number, (user, cutoff) in enumerate(points.select("user_id", "cutoff").rows()):
        acted = {
            row["item_id"]
            for row in rows
            if row["user_id"] == user and row["time"] <= cutoff and row["action"] not in SHOP_ACTIONS
        }
        assert frame.filter(pl.col("point") == number)["item_id"].to_list() == sorted(acted - {None})


@given(data=st.data())
def test_given_pairs_are_answered_in_their_order(data, shops, items, categories):
    histories, points, rows = data.draw(shops)
    wanted = st.tuples(st.integers(0, points.height - 1), st.sampled_from(["tea", "jam", "nut", "never seen", None]))
    asked = data.draw(st.lists(wanted, max_size=9))
    pairs = pl.DataFrame(asked, schema={"point": pl.Int64, "item_id": pl.String}, orient="row").with_row_index("label")
    frame = user_item_features(histories, points=points, pairs=pairs, categories=categories)
    assert frame.select("label", "point", "item_id").equals(pairs)
    check(frame.filter(pl.col("item_id").is_not_null()), points, rows, items)
    nothing = frame.filter(pl.col("item_id").is_null())
    assert (nothing["item_action_count_all_time"] == 0).all()
    assert nothing["category_order_recency_days"].null_count() == nothing.height


@given(data=st.data())
def test_batch_and_one_user_at_a_time_agree_bit_for_bit(data, shops, categories):
    histories, points, _ = data.draw(shops)
    together = user_item_features(histories, points=points, categories=categories)
    for number, (user,) in enumerate(points.select("user_id").rows()):
        mine = histories.filter(pl.col("user_id") == user)
        alone = user_item_features(mine, points=points[number : number + 1], categories=categories)
        assert alone.drop("point").equals(together.filter(pl.col("point") == number).drop("point"))


@given(data=st.data())
def test_the_future_and_the_order_of_rows_change_nothing(data, shops, make_events, make_frame, categories):
    _, points, rows = data.draw(shops)
    cutoff = points["cutoff"][0]
    asked = points.with_columns(pl.lit(cutoff).alias("cutoff"))
    past = [row for row in rows if row["time"] <= cutoff]
    future = [row | {"time": cutoff + 1 + row["time"] % (90 * DAY)} for row in data.draw(st.lists(make_events))]
    known = user_item_features(make_frame(past), points=asked, categories=categories)
    told = make_frame(past + future)
    told = told[list(data.draw(st.permutations(range(told.height))))]
    assert user_item_features(told, points=asked, categories=categories).equals(known)


def test_strangers_and_empty_histories_give_no_rows_or_zeros(categories):
    empty = pl.DataFrame(schema=HISTORY_SCHEMA)
    points = pl.DataFrame({"user_id": ["nobody"], "cutoff": [DAY]})
    assert user_item_features(empty, points=points, categories=categories).height == 0
    pairs = pl.DataFrame({"point": [0], "item_id": ["tea"]})
    row = user_item_features(empty, points=points, pairs=pairs, categories=categories).row(0, named=True)
    assert row["item_order_count_all_time"] == 0
    assert row["category_order_count_28_days"] == 0
    assert row["item_order_recency_days"] is None
    assert row["item_order_share"] is None


def test_pairs_that_cannot_be_answered_are_refused():
    empty = pl.DataFrame(schema=HISTORY_SCHEMA)
    points = pl.DataFrame({"user_id": ["ann"], "cutoff": [DAY]})
    with pytest.raises(SchemaError, match="does not exist"):
        user_item_features(empty, points=points, pairs=pl.DataFrame({"point": [1], "item_id": ["tea"]}))
    with pytest.raises(SchemaError, match="pairs lack point"):
        user_item_features(empty, points=points, pairs=pl.DataFrame({"item_id": ["tea"]}))


@pytest.mark.slow
def test_real_histories_obey_the_laws(real_log):
    from foretell.core.history import history_frame

    histories = history_frame(real_log)
    known = CategoryMap.of(real_log.table("items"))
    cutoff = histories["time"].max() - 60 * DAY
    points = histories.select("user_id").unique(maintain_order=True).with_columns(pl.lit(cutoff).alias("cutoff"))
    together = user_item_features(histories, points=points, categories=known)
    past = histories.filter(pl.col("time") <= cutoff)
    assert user_item_features(past, points=points, categories=known).equals(together)
    for number in range(0, points.height, 200):
        mine = histories.filter(pl.col("user_id") == points["user_id"][number])
        alone = user_item_features(mine, points=points[number : number + 1], categories=known)
        assert alone.drop("point").equals(together.filter(pl.col("point") == number).drop("point"))
