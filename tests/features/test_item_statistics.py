"""Item statistics agree with a plain count, however the log came in."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY
from foretell.features import ItemStatistics
from foretell.features.definition import SHOP_ACTIONS


def naive(rows, cutoff, item):
    """Every statistic of one item, read off the events one by one; None if it was never seen."""
    today = (cutoff + 1) // DAY
    seen = [
        row
        for row in rows
        if row["item_id"] == item and row["time"] // DAY < today and row["action"] not in SHOP_ACTIONS
    ]
    if not seen:
        return None
    bought = [row for row in seen if row["action"] == "purchase"]
    result = {}
    for days in (7, 28, 91):
        recent = [row for row in seen if row["time"] // DAY >= today - days]
        sold = [row for row in recent if row["action"] == "purchase"]
        result[f"shop_action_count_{days}_days"] = len(recent)
        result[f"shop_purchase_count_{days}_days"] = len(sold)
        result[f"shop_unit_count_{days}_days"] = sum(row["quantity"] or 0 for row in sold)
        result[f"shop_buyer_count_{days}_days"] = len({row["user_id"] for row in sold})
        result[f"shop_order_count_{days}_days"] = len({(row["user_id"], row["time"] // DAY) for row in sold})
    result["shop_purchase_count_all_time"] = len(bought)
    week, month = result["shop_purchase_count_7_days"], result["shop_purchase_count_28_days"]
    result["shop_trend_ratio"] = week / 7 / (month / 28) if month else None
    days_of = {}
    for row in bought:
        days_of.setdefault(row["user_id"], set()).add(row["time"] // DAY)
    n_again = sum(len(days) - 1 for days in days_of.values())
    result["shop_repeat_share"] = sum(len(days) > 1 for days in days_of.values()) / len(days_of) if days_of else None
    result["shop_gap_mean_days"] = (
        sum(max(days) - min(days) for days in days_of.values()) / n_again if n_again else None
    )
    result["shop_age_days"] = today - min(row["time"] // DAY for row in seen)
    prices = [row["price"] for row in bought if row["price"] is not None]
    result["shop_price_mean"] = sum(prices) / len(prices) if prices else None
    result["shop_discount_share"] = sum((row["discount"] or 0) > 0 for row in bought) / len(bought) if bought else None
    return result


@given(data=st.data())
def test_statistics_are_what_their_names_say(data, shops):
    histories, points, rows = data.draw(shops)
    statistics = ItemStatistics.of(histories)
    for cutoff in points["cutoff"]:
        frame = statistics.at(cutoff)
        expected = {item: naive(rows, cutoff, item) for item in {row["item_id"] for row in rows} - {None}}
        assert frame["item_id"].to_list() == sorted(item for item, values in expected.items() if values)
        for row in frame.iter_rows(named=True):
            for name, value in expected[row["item_id"]].items():
                assert row[name] == (value if value is None else pytest.approx(value, rel=1e-6, abs=1e-6)), name


@given(data=st.data())
def test_growing_event_by_event_equals_counting_at_once(data, shops):
    histories, points, _ = data.draw(shops)
    arrival = histories[list(data.draw(st.permutations(range(histories.height))))]
    cutoffs = points["cutoff"].to_list()
    grown = ItemStatistics.of(histories.clear())
    for number, event in enumerate(arrival.iter_slices(1)):
        grown = grown.append(event)
        # Asking in between leaves an index behind that must not be trusted for longer than it holds.
        so_far = ItemStatistics.of(arrival[: number + 1])
        assert grown.at(cutoffs[0]).equals(so_far.at(cutoffs[0]))
    for cutoff in cutoffs:
        assert grown.at(cutoff).equals(ItemStatistics.of(histories).at(cutoff))


@given(data=st.data())
def test_nothing_after_the_last_complete_day_shows(data, shops):
    histories, points, _ = data.draw(shops)
    cutoff = points["cutoff"][0]
    past = histories.filter(pl.col("time") <= cutoff)
    assert ItemStatistics.of(histories).at(cutoff).equals(ItemStatistics.of(past).at(cutoff))


def test_regular_buyers_are_told_from_one_time_buyers(make_frame):
    days = {"ann": (0, 2, 9), "bob": (1,), "cat": (3, 3, 3)}
    rows = [
        {"user_id": user, "time": day * DAY, "action": "purchase", "item_id": "tea"}
        for user, bought in days.items()
        for day in bought
    ]
    row = ItemStatistics.of(make_frame(rows)).at(10 * DAY).row(0, named=True)
    assert row["shop_repeat_share"] == pytest.approx(1 / 3)
    assert row["shop_gap_mean_days"] == 4.5
    assert (row["shop_buyer_count_7_days"], row["shop_buyer_count_28_days"]) == (2, 3)


def test_asked_items_come_in_order_and_unknown_ones_are_empty(make_frame):
    rows = [{"user_id": "ann", "time": 0, "action": "purchase", "item_id": item} for item in ("tea", "bun")]
    frame = ItemStatistics.of(make_frame(rows)).at(DAY, items=pl.Series(["rum", "tea", None, "bun"]))
    assert frame["item_id"].to_list() == ["rum", "tea", None, "bun"]
    assert frame["shop_purchase_count_7_days"].to_list() == [0, 1, 0, 1]
    assert frame["shop_age_days"].to_list() == [None, 1, None, 1]
    empty = ItemStatistics.of(pl.DataFrame(schema=HISTORY_SCHEMA)).at(DAY, items=pl.Series(["tea"]))
    assert empty["shop_purchase_count_all_time"].to_list() == [0]


def test_many_appends_stay_small(make_frame):
    event = make_frame([{"user_id": "ann", "time": 0, "action": "purchase", "item_id": "tea"}])
    statistics = ItemStatistics.of(event)
    for _ in range(200):
        statistics = statistics.append(event)
    assert statistics.fresh.n_chunks() < 100
    assert statistics.at(DAY)["shop_purchase_count_all_time"].to_list() == [201]


def test_missing_columns_are_named():
    with pytest.raises(SchemaError, match="lack user_id"):
        ItemStatistics.of(pl.DataFrame(schema=HISTORY_SCHEMA).drop("user_id"))


@pytest.mark.slow
def test_a_real_log_grown_in_parts_equals_the_whole(real_log):
    from foretell.core.history import history_frame

    histories = history_frame(real_log).sort("time")
    cutoff = histories["time"].max() - 10 * DAY
    whole = ItemStatistics.of(histories).at(cutoff)
    grown = ItemStatistics.of(histories[:900_000])
    for part in histories[900_000:].iter_slices(40_000):
        grown = grown.append(part)
    assert grown.at(cutoff).equals(whole)
    assert ItemStatistics.of(histories.filter(pl.col("time") <= cutoff)).at(cutoff).equals(whole)
