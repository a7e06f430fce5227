"""The log is one a real shop could have written."""

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.time import DAY, HOUR


def counts(shop):
    return dict(shop.events.group_by("action").len().iter_rows())


def test_every_action_occurs_in_plausible_proportion(shop):
    n = counts(shop)
    assert set(n) == set(columns.ACTIONS)
    assert n["impression"] > n["view"] > n["click"] > n["cart"] > n["purchase"] > n["review"] > n["refund"] > 0
    assert 0.05 < n["click"] / n["impression"] < 0.2
    assert n["uncart"] < n["cart"] / 4
    assert n["coupon_redeemed"] < n["coupon_sent"]


def test_ids_are_unique_and_known(shop):
    events = shop.events
    assert events["event_id"].is_unique().all()
    assert events.filter(pl.col("user_id").is_in(shop.tables["users"]["user_id"].implode()).not_()).is_empty()
    items = events["item_id"].drop_nulls().unique()
    assert items.is_in(shop.tables["items"]["item_id"].implode()).all()
    assert shop.tables["items"]["item_id"].is_unique().all()


def test_each_action_carries_its_columns(shop):
    filled = shop.events.group_by("action").agg(pl.exclude("action").is_not_null().mean())
    share = {row["action"]: row for row in filled.iter_rows(named=True)}
    for name in ("price", "quantity", "value", "discount", "order_id", "session_id", "item_id"):
        assert share["purchase"][name] == 1, name
    for name in ("list_id", "position", "item_id", "session_id"):
        assert share["impression"][name] == share["click"][name] == 1, name
    assert share["search"]["query"] == 1
    assert share["review"]["rating"] == share["review"]["text"] == 1
    assert share["coupon_sent"]["campaign_id"] == share["coupon_redeemed"]["campaign_id"] == 1
    assert share["view"]["quantity"] == share["search"]["item_id"] == 0


def test_a_session_is_one_user_within_hours(shop):
    sessions = shop.events.drop_nulls("session_id").group_by("session_id")
    spans = sessions.agg(pl.col("user_id").n_unique(), (pl.col("time").max() - pl.col("time").min()).alias("span"))
    assert (spans["user_id"] == 1).all()
    assert spans["span"].max() < 3 * HOUR
    days = (shop.events["time"] - shop.config.start_microseconds) // DAY
    assert days.min() == 0
    assert days.max() == shop.config.days - 1


def test_money_adds_up(purchases):
    gross = purchases["price"] * purchases["quantity"]
    assert np.allclose(purchases["value"] + purchases["discount"], gross, atol=0.006)
    assert (purchases["value"] > 0).all()
    assert (purchases["discount"] >= 0).all()
    lines = purchases.select("order_id", "item_id")
    assert not lines.is_duplicated().any()
    assert (purchases.group_by("order_id").agg(pl.col("time").n_unique())["time"] == 1).all()


def test_refunds_and_reviews_follow_their_order(shop, purchases):
    after = shop.events.filter(pl.col("action").is_in(["refund", "review"]))
    joined = after.join(purchases, on=["user_id", "order_id", "item_id"], how="left", suffix="_bought")
    assert joined["time_bought"].is_not_null().all()
    assert (joined["time"] > joined["time_bought"]).all()
    refunds = joined.filter(pl.col("action") == "refund")
    assert np.allclose(refunds["value"], -refunds["value_bought"], atol=0.006)


def test_purchases_are_put_in_the_cart_first(shop, purchases):
    carts = shop.events.filter(pl.col("action") == "cart").select("session_id", "item_id", "time")
    joined = purchases.join(carts, on=["session_id", "item_id"], how="left", suffix="_cart")
    first = joined.group_by("event_id").agg(pl.col("time_cart").min(), pl.col("time").first())
    assert (first["time_cart"] < first["time"]).all()


def test_nobody_acts_before_signup_or_after_dropping_out(shop):
    users = shop.tables["users"].join(shop.truth["users"].select("user_id", "dropped"), on="user_id")
    acts = shop.events.filter(pl.col("action") != "coupon_sent").join(users, on="user_id")
    assert (acts["time"] >= acts["signup"]).all()
    assert (acts["time"] < acts["dropped"].fill_null(2**62)).all()
    assert users["dropped"].is_not_null().sum() > 100


def test_new_items_appear_late_and_sell(shop, purchases):
    items = shop.tables["items"]
    sold = purchases.join(items.select("item_id", "launch"), on="item_id")
    assert (sold["time"] >= sold["launch"]).all()
    late = items.filter(pl.col("launch") > shop.config.start_microseconds)["item_id"]
    assert 0.05 < len(late) / items.height < 0.2
    assert purchases["item_id"].is_in(late.implode()).sum() > 50


def test_popularity_has_a_tail(purchases):
    units = purchases["item_id"].value_counts(sort=True)["count"]
    assert 0.25 < units.head(len(units) // 10).sum() / units.sum() < 0.8
