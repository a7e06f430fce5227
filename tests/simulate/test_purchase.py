"""Purchase and churn: the truth is calibrated, and each planted cause can be found in the log."""

from dataclasses import replace

import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from foretell.core.time import DAY
from foretell.simulate import Causes, ShopConfig, simulate
from foretell.simulate.behaviour import decide, end_day
from foretell.simulate.chances import chance_of_purchase
from foretell.simulate.randomness import Streams
from foretell.simulate.state import State, draw_world, trigger_factor


@pytest.mark.parametrize("days", [7, 28])
def test_the_truth_is_calibrated(outcomes, days):
    predicted, happened = outcomes[f"probability_{days}_days"], outcomes[f"bought_{days}_days"]
    by_bin = (
        pl.DataFrame({"p": predicted, "y": happened})
        .group_by((predicted * 10).floor().alias("bin"))
        .agg(pl.len(), pl.col("p", "y").mean())
    )
    assert abs(predicted.mean() - happened.mean()) < 0.02
    assert ((by_bin["p"] - by_bin["y"]).abs() < 0.1).all()
    weight = by_bin["len"] / by_bin["len"].sum()
    assert ((by_bin["p"] - by_bin["y"]).abs() * weight).sum() < 0.02


def test_the_oracle_is_far_ahead_of_recency_and_frequency(outcomes):
    happened = outcomes["bought_28_days"].to_numpy()
    oracle = roc_auc_score(happened, outcomes["probability_28_days"])
    recency = roc_auc_score(happened, -outcomes["recency"])
    frequency = roc_auc_score(happened, outcomes["frequency"])
    assert oracle > 0.85
    assert max(recency, frequency) > 0.55
    assert oracle > max(recency, frequency) + 0.12


def test_chance_of_one_day_is_its_hazard():
    world = draw_world(ShopConfig(n_users=300, days=40))
    state = State(world)
    state.cart_age[:50] = 1
    state.intent_age[25:75] = 7
    chance = chance_of_purchase(world, state, day=0, horizon_days=3)
    stay = np.exp(-world.customers.dropout)
    decisions = decide(world, state, day=0, market=world.calendar.day(0))
    here = state.alive & (world.customers.signup_day < 0)
    rate = decisions.hazard.total * trigger_factor(world, state, day=0)
    assert np.allclose(chance[here, 0], (stay * (1 - np.exp(-rate)))[here])
    assert (np.diff(chance, axis=1) >= 0).all()


def test_chance_agrees_with_repeated_futures():
    """The exact sum against brute force: many futures of one state, counted."""
    config = ShopConfig(n_users=400, n_items=60, days=60, causes=Causes(cart_factor=20, intent_factor=20))
    world = draw_world(config)
    state = State(world)
    exact = chance_of_purchase(world, state, day=3, horizon_days=6)[:, -1]
    bought = np.zeros(len(exact))
    n_futures = 60
    for future in range(n_futures):
        other, again = replace(world, streams=Streams(1000 + future)), State(world)
        ever = np.zeros(len(exact), dtype=bool)
        for day in range(3, 9):
            decisions = decide(other, again, day=day, market=other.calendar.day(day))
            ever |= decisions.orders
            end_day(other, again, day=day, decisions=decisions)
        bought += ever
    here = world.customers.signup_day < 3
    spread = np.sqrt((exact * (1 - exact))[here].sum() * n_futures)
    assert abs((bought - exact * n_futures)[here].sum()) < 4 * spread
    assert np.corrcoef(bought[here], exact[here])[0, 1] > 0.95


def features(shop, outcomes):
    """A few features anybody would try, at every cutoff of ``outcomes``."""
    events = shop.events.filter(pl.col("action") != "impression").select("user_id", "time", "action", "query")
    pairs = outcomes.select("user_id", "cutoff").join(events, on="user_id")
    age = (pl.col("cutoff") - pl.col("time")) / DAY
    pairs = pairs.filter(age >= 0)
    bought_last = age.filter(pl.col("action") == "purchase").min().fill_null(9999.0)
    recent = (age < 2) & (age < bought_last)
    open_carts = ((pl.col("action") == "cart") & recent).sum() - ((pl.col("action") == "uncart") & recent).sum()
    made = pairs.group_by("user_id", "cutoff").agg(
        open_carts.alias("carts_open_2_days"),
        ((pl.col("action") == "view") & (age < 28)).sum().alias("views_28_days"),
        (pl.col("query").str.contains("gift") & (age < 7)).sum().alias("gift_searches_7_days"),
        age.min().alias("recency"),
        bought_last.alias("purchase_recency"),
        (pl.col("action") == "purchase").sum().alias("purchases"),
    )
    return outcomes.join(
        made.with_columns(pl.exclude("user_id", "cutoff").cast(pl.Float64)),
        on=["user_id", "cutoff"],
        suffix="_seen",
    )


def test_lightgbm_finds_the_open_cart(shop, outcomes):
    names = [
        "carts_open_2_days",
        "views_28_days",
        "gift_searches_7_days",
        "recency",
        "purchase_recency",
        "purchases",
    ]
    table = features(shop, outcomes.drop("recency"))
    cut = table["cutoff"].unique().sort()[-3]
    train, test = table.filter(pl.col("cutoff") < cut), table.filter(pl.col("cutoff") >= cut)
    model = lightgbm.LGBMClassifier(n_estimators=80, num_leaves=15, learning_rate=0.08, n_jobs=1, verbose=-1)
    model.fit(train.select(names).to_numpy(), train["bought_7_days"].to_numpy())
    rows = test.filter(pl.col("alive")).select(names).to_numpy()
    with_cart, without = rows.copy(), rows.copy()
    with_cart[:, 0], without[:, 0] = 1, 0
    effect = model.predict_proba(with_cart)[:, 1] - model.predict_proba(without)[:, 1]
    assert effect.mean() > 0.03  # the truth is .08 to .15 by the age of the cart; trees shrink it
    happened = test["bought_7_days"].to_numpy()
    full = roc_auc_score(happened, model.predict_proba(test.select(names).to_numpy())[:, 1])
    assert 0.6 < full < roc_auc_score(happened, test["probability_7_days"])


def test_the_cart_acts_as_strongly_as_written():
    """Odds of an order on the day after a visit: with a cart left open against without one."""
    strong, off = (buys_next_day(simulate(ShopConfig(causes=Causes(cart_factor=factor)))) for factor in (12.0, 1.0))
    assert 6 < strong < 14
    assert 0.6 < off < 1.5


def buys_next_day(shop):
    events = shop.events.with_columns(day=(pl.col("time") - shop.config.start_microseconds) // DAY)
    is_in = pl.col("action") == "cart"
    by_day = (
        events.drop_nulls("session_id")
        .group_by("user_id", "day")
        .agg(
            (is_in.sum() - (pl.col("action") == "uncart").sum()).alias("open"),
            (pl.col("action") == "purchase").any().alias("bought"),
        )
    )
    visits = by_day.filter(~pl.col("bought"))
    orders = by_day.filter("bought").select("user_id", (pl.col("day") - 1).alias("day"), pl.lit(True).alias("next"))
    visits = visits.join(orders, on=["user_id", "day"], how="left").with_columns(pl.col("next").fill_null(False))
    rate = {key[0]: -np.log(1 - part["next"].mean()) for key, part in visits.group_by(pl.col("open") > 0)}
    return rate[True] / rate[False]


def test_only_search_then_view_raises_purchases(shop, purchases):
    searches = shop.events.select("event_id", "user_id", "time")
    intents = shop.truth["intents"].join(searches, left_on="search_event_id", right_on="event_id")
    end = shop.config.start_microseconds + (shop.config.days - 7) * DAY
    intents = intents.filter(pl.col("time") < end).select("session_id", "user_id", "time", "kind")
    gap = pl.col("time_bought") - pl.col("time")
    bought = purchases.select("user_id", pl.col("time").alias("time_bought")).unique()
    joined = intents.join(bought, on="user_id").filter((gap > 0) & (gap <= 7 * DAY))["session_id"].unique()
    rate = intents.with_columns(pl.col("session_id").is_in(joined.implode()).alias("bought"))
    share = dict(rate.group_by("kind").agg(pl.col("bought").mean()).iter_rows())
    assert share["search_then_view"] > share["view_then_search"] + 0.15
    assert abs(share["view_then_search"] - share["search_only"]) < 0.05
    counts = dict(rate.group_by("kind").len().iter_rows())
    assert 0.9 < counts["search_then_view"] / counts["view_then_search"] < 1.1


def test_the_intent_pattern_can_be_read_off_the_log(shop):
    gifts = shop.tables["items"].filter(pl.col("category") == "gifts")["item_id"]
    events = shop.events.with_row_index("row")
    searched = events.filter(pl.col("query").str.contains("gift")).select("session_id", pl.col("row").alias("search"))
    viewed = events.filter((pl.col("action") == "view") & pl.col("item_id").is_in(gifts.implode()))
    viewed = viewed.select("session_id", pl.col("row").alias("view"))
    both = searched.join(viewed, on="session_id", how="left")
    found = both.filter(pl.col("view") > pl.col("search"))["session_id"]
    planted = shop.truth["intents"].filter(pl.col("kind") == "search_then_view")["session_id"]
    assert set(found) == set(planted)


def test_bad_experiences_make_people_leave(shop):
    bad = pl.col("action").eq("refund") | (pl.col("rating") <= 2)
    bad_days = shop.events.filter(bad).select("user_id", pl.col("time") // DAY * DAY)
    users = shop.truth["users"].select("user_id", "dropped", "dropout")
    left = users.drop_nulls("dropped").join(bad_days, on="user_id", how="left")
    days = (pl.col("dropped") - pl.col("time")) / DAY
    soon = left.filter((days > 0) & (days <= 30))["user_id"].n_unique()
    exposed = (shop.truth["purchase"]["bad_experience"] & shop.truth["purchase"]["alive"]).mean()
    observed = soon / users["dropped"].is_not_null().sum()
    odds = observed / (1 - observed) / (exposed / (1 - exposed))
    assert 8 < odds < 22


def test_need_predicts_better_than_time_alone(outcomes):
    alive = outcomes.filter(pl.col("alive") & ~pl.col("cart_open") & ~pl.col("intent_open"))
    assert roc_auc_score(alive["bought_7_days"], alive["need"]) > 0.55


def test_the_last_cutoff_is_the_end_of_the_log(shop):
    end = shop.config.start_microseconds + shop.config.days * DAY
    assert shop.truth["purchase"]["cutoff"].max() == end
    assert shop.truth["purchase"]["probability_28_days"].is_between(0, 1).all()
    gone = shop.truth["purchase"].filter(~pl.col("alive"))
    assert (gone["probability_28_days"] == 0).all()
