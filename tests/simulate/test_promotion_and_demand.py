"""Coupons and demand: randomised, heterogeneous, known truth; promotions lift and stock-outs censor."""

import numpy as np
import polars as pl
from scipy.stats import chi2

from foretell.core.time import DAY
from foretell.simulate.market import CAMPAIGN_DAYS


def with_outcome(shop, purchases):
    """``truth/uplift`` with whether each customer bought while the campaign ran."""
    campaigns = shop.tables["campaigns"].select("campaign_id", "start", "end")
    bought = purchases.select("user_id", "time").join(campaigns, how="cross")
    bought = bought.filter(pl.col("time").is_between("start", "end", closed="left"))
    bought = bought.select("campaign_id", "user_id", pl.lit(True).alias("bought")).unique()
    joined = shop.truth["uplift"].join(bought, on=["campaign_id", "user_id"], how="left")
    return joined.with_columns(pl.col("bought").fill_null(False))


def test_treatment_is_randomised(shop):
    uplift = shop.truth["uplift"]
    shares = uplift.group_by("campaign_id").agg(pl.col("treated").mean(), pl.len())
    z = (shares["treated"] - 0.5) / (0.5 / shares["len"].sqrt())
    assert (z.abs() < 4).all()
    means = uplift.group_by("treated").agg(pl.col("probability_control").mean())["probability_control"]
    assert abs(means[0] - means[1]) < 4 * uplift["probability_control"].std() * np.sqrt(4 / uplift.height)


def test_treatments_and_coupons_agree(shop):
    sent = shop.events.filter(pl.col("action") == "coupon_sent").select("campaign_id", "user_id", "time")
    treated = shop.tables["treatments"].filter("treated").select("campaign_id", "user_id", "time")
    assert sent.sort("campaign_id", "user_id").equals(treated.sort("campaign_id", "user_id"))
    redeemed = shop.events.filter(pl.col("action") == "coupon_redeemed")
    joined = redeemed.join(treated, on=["campaign_id", "user_id"], how="left", suffix="_sent")
    assert joined["time_sent"].is_not_null().all()
    assert ((joined["time"] - joined["time_sent"]).is_between(0, CAMPAIGN_DAYS * DAY)).all()


def test_uplift_truth_agrees_with_the_experiment(shop, purchases):
    table = with_outcome(shop, purchases)
    expected = pl.when("treated").then("probability_treated").otherwise("probability_control")
    table = table.with_columns(expected.alias("expected"))
    groups = table.group_by("response_type", "treated").agg(
        pl.len(),
        pl.col("bought").sum(),
        pl.col("expected").sum(),
        (pl.col("expected") * (1 - pl.col("expected"))).sum().alias("variance"),
    )
    z = (groups["bought"] - groups["expected"]) / groups["variance"].sqrt()
    assert (z**2).sum() < chi2.ppf(0.9999, len(z))


def test_the_four_types_respond_as_named(shop):
    mean = shop.truth["uplift"].group_by("response_type").agg(pl.col("^prob.*$|^uplift$").mean())
    rows = {row["response_type"]: row for row in mean.iter_rows(named=True)}
    assert rows["persuadable"]["uplift"] > 0.15
    assert rows["sleeping_dog"]["uplift"] < -0.1
    assert abs(rows["sure_thing"]["uplift"]) < 1e-9
    assert abs(rows["lost_cause"]["uplift"]) < 1e-9
    assert rows["lost_cause"]["probability_control"] == min(row["probability_control"] for row in rows.values())


def test_response_is_not_uplift(shop):
    uplift = shop.truth["uplift"]
    assert uplift.select(pl.corr("probability_control", "uplift", method="spearman")).item() < 0.1
    top = uplift.sort("probability_treated", descending=True).head(uplift.height // 5)
    best = uplift.sort("uplift", descending=True).head(uplift.height // 5)
    assert best["uplift"].mean() > 1.5 * top["uplift"].mean()


def test_targeting_by_the_truth_pays_most(shop):
    gain = shop.truth["uplift"]["profit_treated"] - shop.truth["uplift"]["profit_control"]
    assert gain.clip(0, None).sum() > max(gain.sum(), 0) + 100
    assert (gain > 0).mean() < 0.6


def test_price_sensitivity_is_seen_in_discounts(shop, purchases):
    seen = purchases.group_by("user_id").agg((pl.col("discount") > 0).mean().alias("share"), pl.len())
    joined = seen.filter(pl.col("len") >= 5).join(shop.truth["users"], on="user_id")
    assert np.corrcoef(joined["share"], joined["price_sensitivity"])[0, 1] > 0.7


def daily(shop, purchases):
    """``truth/demand`` with the units sold."""
    sold = purchases.group_by("item_id", (pl.col("time") // DAY * DAY).alias("time")).agg(pl.col("quantity").sum())
    table = shop.truth["demand"].join(sold, on=["item_id", "time"], how="left")
    return table.with_columns(pl.col("quantity").fill_null(0.0))


def test_expected_units_are_calibrated(shop, purchases):
    open_days = daily(shop, purchases).filter("available")
    expected, sold = open_days["expected_units"].sum(), open_days["quantity"].sum()
    assert abs(sold - expected) < 5 * np.sqrt(2 * expected)
    items = open_days.group_by("item_id").agg(pl.col("quantity").sum(), pl.col("expected_units").sum())
    spread = (2 * items["expected_units"]).sqrt() + 1
    assert (((items["quantity"] - items["expected_units"]) / spread).abs() < 5).mean() > 0.99
    assert np.corrcoef(items["quantity"], items["expected_units"])[0, 1] > 0.97


def test_stock_outs_censor(shop, purchases):
    closed = daily(shop, purchases).filter(~pl.col("available"))
    assert 0.01 < closed.height / shop.truth["demand"].height < 0.1
    assert closed["quantity"].sum() == 0
    assert closed["expected_units"].sum() > 100
    spans = shop.tables["stockouts"]
    inside = closed.join(spans, on="item_id").filter(pl.col("time").is_between("start", "end", closed="left"))
    assert inside.select("item_id", "time").n_unique() == closed.height


def test_promotion_lift_is_the_written_one(shop, purchases):
    table = daily(shop, purchases).filter("available")
    base = (
        table.filter(pl.col("promotion_factor") == 1).group_by("item_id").agg(pl.col("quantity").mean().alias("base"))
    )
    deep = table.filter(pl.col("promotion_factor") > 3).join(base, on="item_id")
    lift = deep["quantity"].sum() / deep["base"].sum()
    assert np.isclose(deep["promotion_factor"].max(), np.exp(0.3 * shop.config.causes.promotion_elasticity))
    assert 0.7 * deep["promotion_factor"].max() < lift < 1.25 * deep["promotion_factor"].max()


def test_promotions_are_known_ahead_and_discounted(shop, purchases):
    promotions = shop.tables["promotions"]
    end = shop.config.start_microseconds + shop.config.days * DAY
    assert promotions["end"].max() >= end + 28 * DAY
    joined = purchases.join(promotions, on="item_id").filter(pl.col("time").is_between("start", "end", closed="left"))
    share = joined["discount"] / (joined["price"] * joined["quantity"])
    assert (share >= joined["price_discount"] - 0.02).all()


def test_the_week_shows(purchases):
    by_weekday = purchases.group_by(pl.col("day") % 7).len().sort("day")["len"]  # the first day is a Monday
    assert by_weekday.arg_max() == 5
    assert by_weekday.max() > 1.4 * by_weekday.min()
