"""In a shop whose causes are known, every task finds its own and beats what needs no learning."""

import json

import polars as pl
import pytest

import foretell
from foretell.config import parse_config
from foretell.core.time import DAY
from foretell.run.outputs import simulate_shop
from foretell.run.pipeline import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

BAD_DAYS = 30


class Planted:
    """A finished run on the default shop, and the truth it is held against."""

    def __init__(self, shop, run, settings):
        self.shop, self.run, self.settings = shop, run, settings
        self.report = json.loads((run / "report.json").read_text())
        self.log = foretell.Predictor.load(run).own_log().events

    def truth(self, name):
        return pl.read_parquet(self.shop / "truth" / f"{name}.parquet")

    def answers(self, name):
        return pl.read_parquet(self.run / "predictions" / f"{name}.parquet").with_columns(
            pl.col("cutoff").dt.epoch("us")
        )

    def metric(self, task, metric, baseline=None):
        found = self.report["tasks"][task]
        return (found["metrics"] if baseline is None else found["baselines"][baseline])[metric]["value"]

    def clearly_above(self, task, metric, baseline):
        """The model's whole interval lies above the baseline's figure."""
        return self.report["tasks"][task]["metrics"][metric]["low"] > self.metric(task, metric, baseline)


@pytest.fixture(scope="module")
def planted(tmp_path_factory, shop_settings):
    settings = shop_settings(
        horizon_days=28,
        split={"test_days": 35, "validation_days": 35, "warmup_days": 28},
        model={"epochs": 2, "n_negatives": 128},
        bootstrap_replicates=50,
        demand={"max_items": 200},
    )
    folder = tmp_path_factory.mktemp("planted")
    simulate_shop(folder / "shop", n_users=2000, n_items=400, days=180, seed=1)
    train(folder / "shop", out=folder / "run", config=parse_config(settings))
    return Planted(folder / "shop", folder / "run", settings)


def rank_correlation(frame, one, other):
    return frame.select(pl.corr(one, other, method="spearman")).item()


def test_every_task_is_answered(planted):
    assert set(planted.report["tasks"]) == set(planted.settings["task"])


# --- purchase ---------------------------------------------------------------------------------------------


def test_purchase_beats_recency_and_frequency_and_follows_the_truth(planted):
    assert planted.clearly_above("purchase", "auc", "recency_frequency")
    truth = planted.truth("purchase")
    last = truth.filter(pl.col("cutoff") == pl.col("cutoff").max())
    both = planted.answers("purchase").join(last, on="user_id")
    assert both.height > 1900
    assert rank_correlation(both, "probability", "probability_28_days") > 0.7
    # Somebody who left for good has chance 0 and shows by silence alone; the living must be told apart too.
    assert rank_correlation(both.filter("alive"), "probability", "probability_28_days") > 0.5


@pytest.mark.parametrize("cause", ["cart_open", "intent_open"])
def test_purchase_sees_the_cart_left_open_and_the_search_that_led_to_a_view(planted, cause):
    truth = planted.truth("purchase")
    last = truth.filter((pl.col("cutoff") == pl.col("cutoff").max()) & pl.col("alive"))
    means = dict(
        planted.answers("purchase")
        .join(last, on="user_id")
        .group_by(cause)
        .agg(pl.col("probability").mean())
        .iter_rows()
    )
    assert means[True] > means[False]


# --- ad ---------------------------------------------------------------------------------------------------


def shown(planted):
    """The judged exposures with the click probability the shop used."""
    seen = planted.log.filter(pl.col("action") == "impression").select(
        "event_id", "user_id", "item_id", "position", "time"
    )
    judged = planted.answers("ad.test")
    both = judged.join(
        seen.join(planted.truth("clicks"), on="event_id"),
        left_on=["user_id", "item_id", "position", "cutoff"],
        right_on=["user_id", "item_id", "position", "time"],
        suffix="_true",
    )
    assert both.height > 0.99 * judged.height
    return both


def test_ad_follows_the_true_chance_of_a_click(planted):
    assert planted.clearly_above("ad", "auc", "recency_frequency")
    assert planted.clearly_above("ad", "auc", "popularity")
    both = shown(planted)
    assert rank_correlation(both, "probability", "probability_true") > 0.5
    within = [rank_correlation(rows, "probability", "probability_true") for _, rows in both.group_by("position")]
    assert min(within) > 0.4, "liking and quality, not the position alone"


def test_ad_finds_that_a_lower_position_is_clicked_less(planted):
    by_position = shown(planted).group_by("position").agg(pl.col("probability", "probability_true").mean())
    ordered = by_position.sort(pl.col("position").cast(pl.Int64))
    assert ordered["probability"].is_sorted(descending=True)
    assert ((ordered["probability"] / ordered["probability_true"]) - 1).abs().max() < 0.15


# --- recommend and demand ---------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", ["popularity", "buy_again"])
def test_recommend_beats_what_is_popular_and_what_was_bought_before(planted, baseline):
    assert planted.clearly_above("recommend", "ndcg@10", baseline)


def test_demand_beats_the_season_repeated_and_the_average(planted):
    for metric in ("wape", "pinball"):
        for baseline in ("seasonal_naive", "moving_average"):
            assert planted.metric("demand", metric) < planted.metric("demand", metric, baseline), (metric, baseline)


# --- promotion --------------------------------------------------------------------------------------------


def test_promotion_knows_that_chance_picked_whom_to_reach(planted):
    task = planted.report["tasks"]["promotion"]
    uplift = task["variants"]["uplift"]
    assert uplift["randomised"] is True
    assert not any("NOT RANDOMISED" in note for note in [*task["notes"], *uplift["notes"]])
    assert planted.clearly_above("promotion", "auc", "recency_frequency")


def test_promotion_ranks_by_uplift_and_covers_the_true_effect(planted):
    task = planted.report["tasks"]["promotion"]
    assert task["variants"]["uplift"]["metrics"]["qini"]["value"] > 0
    money = json.loads((planted.shop / "truth" / "causes.json").read_text())["economics"]
    low, high = (int(pl.Series([time]).str.to_datetime(time_zone="UTC").dt.epoch("us")[0]) for time in window(planted))
    campaigns = pl.read_parquet(planted.shop / "campaigns.parquet").filter(pl.col("start").is_between(low, high))
    reached = planted.truth("uplift").filter(
        pl.col("treated") & pl.col("campaign_id").is_in(campaigns["campaign_id"].implode())
    )
    order = money["order_value"]
    paid = pl.col("probability_treated") * order * (1 - money["coupon_share"] * pl.col("redemption"))
    effect = reached.select((paid - pl.col("probability_control") * order).mean()).item()
    assert task["effect"]["low"] <= effect <= task["effect"]["high"]


def window(planted):
    return planted.report["windows"]["test"]


# --- churn ------------------------------------------------------------------------------------------------


def with_experience(planted, name):
    """Answers with what was known of the customer: a refund or a poor rating lately, recency and frequency."""
    parts = []
    for (cutoff,), rows in planted.answers(name).group_by("cutoff"):
        past = planted.log.filter(pl.col("time") <= cutoff)
        bought = past.filter(pl.col("action") == "purchase").group_by("user_id")
        habits = bought.agg(
            ((cutoff - pl.col("time").max()) // (14 * DAY)).alias("fortnights_since"),
            (pl.col("time") > cutoff - 56 * DAY).sum().clip(1, 4).alias("bought"),
        )
        poor = (pl.col("action") == "refund") | (pl.col("rating") <= 2)
        hurt = past.filter((pl.col("time") > cutoff - BAD_DAYS * DAY) & poor)["user_id"].unique()
        parts.append(
            rows.join(habits, on="user_id", how="left").with_columns(hurt=pl.col("user_id").is_in(hurt.implode()))
        )
    return pl.concat(parts)


def matched_difference(frame, value):
    """By how much ``value`` is higher after a bad experience among customers alike in recency and frequency.

    Only who buys can be refunded, and who buys often seldom leaves: the plain difference mixes the two.
    """
    cells = frame.group_by("fortnights_since", "bought").agg(
        pl.col("hurt").sum().alias("n"),
        (pl.col(value).filter("hurt").mean() - pl.col(value).filter(~pl.col("hurt")).mean()).alias("difference"),
    )
    cells = cells.filter((pl.col("n") > 0) & pl.col("difference").is_not_null())
    return cells.select((pl.col("difference") * pl.col("n")).sum() / pl.col("n").sum()).item()


def test_churn_beats_recency_and_frequency(planted):
    assert planted.clearly_above("churn", "auc", "recency_frequency")


def test_churn_is_higher_after_a_bad_experience(planted):
    judged, asked = with_experience(planted, "churn.test"), with_experience(planted, "churn")
    assert matched_difference(judged, "label") > 0.05, "the cause acts in the test window"
    assert matched_difference(judged, "probability") > 0.02
    assert matched_difference(asked, "probability") > 0.02
    means = dict(asked.group_by("hurt").agg(pl.col("probability").mean()).iter_rows())
    assert means[True] > means[False]
