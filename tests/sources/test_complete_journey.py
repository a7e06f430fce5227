"""Complete Journey: money, units, moments, placements, and an honest sample of exposures."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import MissingExtraError, SourceError
from foretell.core.time import DAY, to_microseconds
from foretell.sources import read_events
from foretell.sources.complete_journey import exposures as exposures_module
from foretell.sources.complete_journey import find_folder
from foretell.sources.complete_journey.calendar import week_end, week_start
from foretell.sources.complete_journey.exposures import expose
from foretell.sources.complete_journey.households import home_stores, sample_household_weeks


@pytest.fixture
def log(tiny_journey):
    return read_events(tiny_journey)


def at(*moment):
    return to_microseconds(datetime(*moment, tzinfo=UTC))


def test_money_and_units(log):
    basket = log.events.filter(pl.col("order_id") == "9001").sort("item_id").rows(named=True)
    coupon, nothing, fuel = basket[0], basket[1], basket[2]
    # 3.00 kept by the shop, 0.50 of it paid by the manufacturer; 4.50 on the shelf for two.
    assert (coupon["value"], coupon["discount"], coupon["price"]) == (2.5, 2.0, 2.25)
    assert coupon["price"] * coupon["quantity"] - coupon["discount"] == coupon["value"]
    assert (nothing["quantity"], nothing["value"], nothing["price"]) == (0.0, 0.0, None)
    assert (fuel["quantity"], fuel["price"], fuel["value"]) == (10.0, 2.4, 24.0)


def test_campaigns_in_local_time(log):
    start = at(2017, 3, 8, 5)
    sent = log.events.filter(pl.col("action") == "coupon_sent")
    assert sent.select("user_id", "time", "campaign_id").rows() == [("1", start, "5"), ("2", start, "5")]
    # The clocks go forward on the campaign's last day, 12 March: it ends at 04:00 UTC.
    assert log.table("campaigns").rows() == [("5", start, at(2017, 3, 13, 4) - 1, "Type A")]
    assert log.table("treatments").select("user_id", "time", "treated").rows() == [
        ("1", start, True),
        ("2", start, True),
    ]


def test_redemptions_follow_their_purchase_and_stay_in_their_day(log):
    redeemed = log.events.filter(pl.col("action") == "coupon_redeemed").row(0, named=True)
    assert redeemed["time"] == at(2017, 3, 11, 4, 59, 59)
    assert (redeemed["campaign_id"], redeemed["item_id"], redeemed["list_id"]) == ("5", None, "777")
    purchase = log.events.filter(pl.col("order_id") == "9001")["time"].max()
    assert purchase < redeemed["time"] < week_end(11)


def test_side_tables(log):
    item = log.table("items").row(0, named=True)
    assert (item["category"], item["category_2"], item["category_3"]) == ("GROCERY", "TEA", "GREEN TEA")
    assert log.table("items")["title"].to_list() == [
        "Green Tea, 20 CT",
        "Black Tea",
        None,
        "Gasoline-Reg Unleaded",
    ]
    assert log.table("users")["user_id"].to_list() == ["1", "2"]
    assert log.restore_ids(log.events)["user_id"].dtype == pl.Int64


def test_exposures_are_what_the_home_store_featured(log):
    shown = log.table("exposures")
    # Weeks 6 to 12, three households, three products featured (the fourth is placed nowhere).
    assert shown.height == 7 * 3 * 3
    assert set(shown["item_id"]) == {"100", "101", "102"}
    assert set(shown["time"]) == {week_start(week) for week in range(6, 13)}
    places = dict(shown.select("item_id", "position").unique().iter_rows())
    assert places == {
        "100": "front page feature",
        "101": "interior page feature + in-aisle display",
        "102": "front end cap",
    }
    assert dict(shown.select("item_id", "channel").unique().iter_rows()) == {
        "100": "mailer",
        "101": "mailer+display",
        "102": "display",
    }
    assert dict(shown.select("user_id", "store_id").unique().iter_rows()) == {"1": "10", "2": "20", "3": "10"}


def test_weights_restore_the_number_of_exposures(monkeypatch):
    monkeypatch.setattr(exposures_module, "OTHERS_PER_HOUSEHOLD_WEEK", 10)
    featured = pl.DataFrame(
        {
            "week": [7] * 60,
            "store_id": [1] * 60,
            "product_id": range(60),
            "display": ["1"] * 60,
            "mailer": ["0"] * 60,
        },
        schema_overrides={"week": pl.Int16},
    )
    weeks = pl.DataFrame(
        {"week": [7, 7], "user_id": ["a", "b"], "store_id": [1, 1]}, schema_overrides={"week": pl.Int16}
    )
    bought = pl.DataFrame(
        {"week": [7] * 4, "user_id": ["a"] * 4, "product_id": [3, 4, 59, 999]},
        schema_overrides={"week": pl.Int16},
    )
    shown = expose(featured, weeks, bought, generator=np.random.default_rng(1))
    assert shown.group_by("user_id").agg(pl.col("weight").sum(), pl.len()).sort("user_id").rows() == [
        ("a", pytest.approx(60.0), 13),
        ("b", pytest.approx(60.0), 10),
    ]
    responses = shown.filter(pl.col("weight") == 1.0)
    assert responses["item_id"].to_list() == ["3", "4", "59"]
    assert not shown.filter(pl.col("user_id") == "a").select("item_id").is_duplicated().any()


def test_the_sample_is_uniform_over_what_was_not_bought():
    featured = pl.DataFrame(
        {
            "week": [7] * 20,
            "store_id": [1] * 20,
            "product_id": range(20),
            "display": ["1"] * 20,
            "mailer": ["0"] * 20,
        },
        schema_overrides={"week": pl.Int16},
    )
    users = [f"u{number:04}" for number in range(2000)]
    weeks = pl.DataFrame(
        {"week": [7] * 2000, "user_id": users, "store_id": [1] * 2000}, schema_overrides={"week": pl.Int16}
    )
    bought = weeks.select("week", "user_id", pl.lit(0).alias("product_id"))
    shown = expose(featured, weeks, bought, generator=np.random.default_rng(2))
    others = shown.filter(pl.col("weight") > 1)
    assert set(others.group_by("user_id").len()["len"]) == {10}
    counts = others.group_by("item_id").len()
    assert counts.height == 19
    expected = 2000 * 10 / 19
    deviations = (counts["len"] - expected) / np.sqrt(expected * (1 - 10 / 19))
    assert deviations.abs().max() < 4


def test_home_stores_know_only_the_past():
    visits = pl.DataFrame(
        {
            "user_id": ["a", "a", "a", "b"],
            "time": [week_start(6), week_start(8) - 1, week_start(8), week_start(8)],
            "store_id": [1, 1, 2, 2],
        }
    )
    homes = home_stores(visits, first_week=8, last_week=8)
    assert homes.select("user_id", "store_id").rows() == [("a", 1)]
    future = visits.filter(pl.col("time") < week_start(8))
    assert_frame_equal(homes, home_stores(future, first_week=8, last_week=8))


def test_the_draw_of_household_weeks_is_repeatable():
    candidates = pl.DataFrame({"week": range(100), "user_id": [str(number) for number in range(100)]})
    first = sample_household_weeks(candidates, size=10, seed=3)
    assert_frame_equal(first, sample_household_weeks(candidates, size=10, seed=3))
    assert first["week"].is_sorted()
    assert sample_household_weeks(candidates, size=500, seed=3).height == 100


def test_promotions_use_past_sales_only(tiny_journey):
    before = read_events(tiny_journey).table("promotions")
    path = tiny_journey / "transactions.parquet"
    rows = pl.read_parquet(path)
    later = pl.col("transaction_timestamp") > datetime(2017, 3, 6, 5)
    rows.with_columns(pl.when(later).then(pl.col("sales_value") * 50).otherwise("sales_value")).write_parquet(path)
    after = read_events(tiny_journey).table("promotions")
    known = pl.col("start") <= week_start(11)
    assert_frame_equal(before.filter(known), after.filter(known))


def test_promotion_shares_are_shares_of_the_chain(tiny_journey):
    promotions = read_events(tiny_journey).table("promotions")
    assert promotions.is_empty()  # nothing here was bought 20 times
    path = tiny_journey / "transactions.parquet"
    rows = pl.read_parquet(path)
    many = pl.concat([rows.with_columns(pl.col("basket_id") + 10_000 * copy) for copy in range(5)])
    many.write_parquet(path)
    placed = pl.read_parquet(tiny_journey / "promotions.parquet")
    placed.filter((pl.col("store_id") == 10) | (pl.col("product_id") != 101)).write_parquet(
        tiny_journey / "promotions.parquet"
    )
    promotions = read_events(tiny_journey).table("promotions").filter(pl.col("start") == week_start(8))
    shares = {row["item_id"]: row for row in promotions.rows(named=True)}
    # Households 1 and 3 shop in store 10, household 2 in store 20: two thirds of sales feature 101.
    assert shares["101"]["mailer_share"] == pytest.approx(2 / 3, abs=1e-6)
    assert shares["101"]["front_page_share"] == 0.0
    assert shares["100"]["mailer_share"] == shares["100"]["front_page_share"] == pytest.approx(1.0)
    assert shares["100"]["display_share"] == 0.0
    assert shares["100"]["end"] == week_end(8)


def test_missing_files_are_named(tiny_journey):
    (tiny_journey / "products.parquet").unlink()
    with pytest.raises(SourceError, match=r"products\.parquet"):
        read_events(tiny_journey)


def test_damaged_files_are_named(tiny_journey):
    (tiny_journey / "products.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SourceError, match="cannot be read"):
        read_events(tiny_journey)


def test_the_package_may_be_absent(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"foretell\[demo\]"):
        read_events("complete-journey")


def test_weeks_turn_at_local_midnight():
    assert week_start(12) - week_start(11) == 7 * DAY - DAY // 24
    assert week_end(11) + 1 == week_start(12)


@pytest.mark.slow
class TestTheRealThing:
    """The published data, read from the installed package."""

    @pytest.fixture(scope="class")
    @classmethod
    def real(cls):
        return read_events("complete-journey")

    def test_counts(self, real):
        counts = dict(real.events.group_by("action").len().iter_rows())
        assert counts == {"purchase": 1_469_307, "coupon_sent": 6_589, "coupon_redeemed": 2_102}
        assert {name: table.height for name, table in real.tables.items() if name != "exposures"} == {
            "items": 92_331,
            "users": 801,
            "campaigns": 27,
            "treatments": 6_589,
            "promotions": 302_719,
        }

    def test_published_weeks_are_ours(self):
        weeks = pl.scan_parquet(find_folder() / "transactions.parquet").select(
            "week", pl.col("transaction_timestamp").dt.timestamp("us").alias("time")
        )
        spans = weeks.group_by("week").agg(pl.col("time").min().alias("low"), pl.col("time").max().alias("high"))
        for week, low, high in spans.collect().iter_rows():
            assert week_start(week) <= low <= high <= week_end(week)

    def test_every_redemption_follows_a_purchase_of_its_day(self, real):
        redeemed = real.events.filter(pl.col("action") == "coupon_redeemed").select("user_id", "time")
        bought = real.events.filter(pl.col("action") == "purchase").select("user_id", pl.col("time").alias("bought"))
        same_day = (
            redeemed.unique().join(bought, on="user_id").filter((pl.col("time") - pl.col("bought")).is_between(0, DAY))
        )
        assert same_day.select("user_id", "time").unique().height == redeemed.unique().height

    def test_nothing_costs_less_than_a_cent_but_pennies(self, real):
        prices = real.events.filter(pl.col("price") > 0)["price"]
        assert prices.min() > 0.009

    def test_money_adds_up(self, real):
        paid = real.events.filter((pl.col("price") > 0) & (pl.col("value") > 0))
        error = paid["price"] * paid["quantity"] - paid["discount"] - paid["value"]
        assert error.abs().max() < 1e-6

    def test_the_exposure_sample(self, real):
        shown = real.table("exposures")
        assert shown.select("user_id", "time").n_unique() == 20_000
        assert shown["weight"].min() >= 1.0
        assert not shown.select("user_id", "time", "item_id").is_duplicated().any()
        rate = shown.filter(pl.col("weight") == 1.0)["weight"].sum() / shown["weight"].sum()
        assert 0.0005 < rate < 0.001
