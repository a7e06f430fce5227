"""Next items and clicks: complements, repeats, taste and position can be recovered from the log."""

import numpy as np
import polars as pl
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score


def follow_rates(pairs, truth):
    """How often each planted complement follows its item, beside the truth."""
    after = pairs.join(truth, on="item_id")
    hit = pl.col("after") == pl.col("next_item_id")
    rates = after.group_by("item_id").agg(hit.sum().alias("hits"), pl.len(), pl.col("probability").first())
    return rates.filter(pl.col("len") >= 20)


def test_complements_follow_in_baskets(shop, purchases):
    lines = purchases.with_columns(
        pl.col("item_id").shift(-1).over("order_id").alias("after"),
        pl.int_range(pl.len()).over("order_id").alias("line"),
    )
    first = lines.filter(pl.col("line") == 0).select("item_id", "after")
    rates = follow_rates(first, shop.truth["transitions"])
    assert rates.height > 20
    pooled = rates["hits"].sum() / rates["len"].sum()
    expected = (rates["probability"] * rates["len"]).sum() / rates["len"].sum()
    assert abs(pooled - expected) < 0.04


def test_complements_follow_in_views(shop):
    chain = shop.events.filter(pl.col("action").is_in(["view", "click"]))
    chain = chain.with_columns(pl.col("item_id").shift(-1).over("session_id").alias("after"))
    rates = follow_rates(chain.filter(pl.col("action") == "view").drop_nulls("after"), shop.truth["transitions"])
    assert rates.height > 100
    assert np.corrcoef(rates["hits"] / rates["len"], rates["probability"])[0, 1] > 0.5
    background = chain["item_id"].value_counts(normalize=True)["proportion"].max()
    assert (rates["hits"].sum() / rates["len"].sum()) > 5 * background


def test_favourites_are_bought_again(shop, purchases):
    users = shop.truth["users"].select("user_id", "loyalty", pl.concat_list("favourite_1", "favourite_2").alias("two"))
    joined = purchases.join(users, on="user_id").filter(pl.col("category").is_in(pl.col("two")))
    again = joined.with_columns(pl.col("item_id").shift(1).over("user_id", "category").alias("before"))
    again = again.drop_nulls("before")
    share = (again["item_id"] == again["before"]).mean()
    assert share > 0.4
    assert share > 5 * purchases["item_id"].value_counts(normalize=True)["proportion"].max()


def test_taste_leads_purchases(shop, purchases):
    long = shop.truth["users"].select("user_id", pl.col("^taste_.*$")).unpivot(index="user_id", value_name="taste")
    best = long.sort("taste", descending=True).group_by("user_id", maintain_order=True).first()
    best = best.with_columns(pl.col("variable").str.slice(6))
    joined = purchases.join(best, on="user_id")
    assert (joined["category"] == joined["variable"]).mean() > 0.2  # chance would be 1 in 12


def clicks_of(shop):
    shown = shop.events.filter(pl.col("action") == "impression")
    clicked = shop.events.filter(pl.col("action") == "click").select("list_id", "item_id", pl.lit(1).alias("clicked"))
    joined = shown.join(clicked, on=["list_id", "item_id"], how="left").with_columns(pl.col("clicked").fill_null(0))
    return joined.join(shop.truth["clicks"], on="event_id")


def test_click_truth_is_calibrated_and_strong(shop):
    clicks = clicks_of(shop)
    assert abs(clicks["clicked"].mean() - clicks["probability"].mean()) < 0.003
    assert roc_auc_score(clicks["clicked"], clicks["probability"]) > 0.7
    bins = clicks.group_by((pl.col("probability") * 10).floor()).agg(
        pl.len(), p=pl.col("probability").mean(), y=pl.col("clicked").mean()
    )
    big = bins.filter(pl.col("len") > 1000)
    assert ((big["p"] - big["y"]).abs() < 0.03).all()


def test_position_effect_is_recovered(shop):
    clicks = clicks_of(shop)
    log_position = np.log(clicks["position"].cast(pl.Float64).to_numpy())
    liking = logit(clicks["probability"].to_numpy()) + shop.config.causes.position_decay * log_position
    model = LogisticRegression(C=np.inf).fit(np.column_stack([log_position, liking]), clicks["clicked"].to_numpy())
    assert abs(model.coef_[0, 0] + shop.config.causes.position_decay) < 0.05
    assert abs(model.coef_[0, 1] - 1) < 0.05


def test_positions_are_at_random(shop):
    clicks = clicks_of(shop)
    position = clicks["position"].cast(pl.Float64)
    liking = logit(clicks["probability"].to_numpy()) + shop.config.causes.position_decay * np.log(position.to_numpy())
    assert abs(np.corrcoef(position, liking)[0, 1]) < 0.03
    assert not clicks.select("list_id", "item_id").is_duplicated().any()
    lists = clicks.group_by("list_id").agg(pl.len(), last=pl.col("position").cast(pl.UInt32).max())
    assert lists["len"].equals(lists["last"])


def test_quality_shows_in_ratings(shop):
    reviews = shop.events.filter(pl.col("action") == "review").join(shop.truth["items"], on="item_id")
    assert np.corrcoef(reviews["rating"], reviews["quality"])[0, 1] > 0.4
    assert reviews["rating"].n_unique() == 5
