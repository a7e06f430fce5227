"""Asking: the columns, the shop's own ids, the moment, the version; and what is refused."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InputError, InsufficientDataError, RunError, UnknownNameError
from foretell.core.prediction import ANSWER_COLUMNS
from foretell.core.time import DAY, from_microseconds
from foretell.predictor.answers import mean_of_quantiles, quantile_column
from foretell.predictor.offers import campaign_at
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView

ALL = sorted(ANSWER_COLUMNS)


@pytest.fixture(scope="module")
def answers(tiny_run):
    """What the run wrote at the end of its log."""
    return {name: pl.read_parquet(tiny_run / "predictions" / f"{name}.parquet") for name in ALL}


@pytest.mark.parametrize("name", ALL)
def test_every_answer_carries_ids_moment_horizon_and_version(answers, name, tiny_predictor, last):
    found = answers[name]
    promised = [column for column in ANSWER_COLUMNS[name] if column != "quantiles"]
    assert set(promised) <= set(found.columns)
    assert found["cutoff"].unique().to_list() == [from_microseconds(last)]
    assert found.schema["cutoff"] == pl.Datetime("us", "UTC")
    assert found["horizon_days"].unique().to_list() == [tiny_predictor.tasks[name].task.horizon_days]
    assert found["model_version"].unique().to_list() == [tiny_predictor.version]
    assert found.select(promised).null_count().sum_horizontal().item() == 0


def test_everyone_known_is_asked_about_and_the_active_ones_for_churn(answers, log, last):
    done = log.events.filter(~pl.col("action").is_in(["impression", "coupon_sent"]))
    assert set(answers["purchase"]["user_id"]) == set(done["user_id"])
    lately = done.filter((pl.col("action") == "purchase") & (pl.col("time") > last - 28 * DAY))
    assert set(answers["churn"]["user_id"]) == set(lately["user_id"])


@pytest.mark.parametrize("name", ["purchase", "churn", "promotion", "ad"])
def test_probabilities_are_probabilities_and_differ(answers, name):
    found = answers[name]["probability"]
    assert found.is_between(0, 1).all()
    assert found.n_unique() > 20


def test_churn_comes_with_a_date_and_an_amount(answers, last):
    found = answers["churn"]
    assert (found["expected_spend"] >= 0).all()
    days = (found["expected_next_order_date"] - from_microseconds(last).date()).dt.total_days()
    assert days.is_between(0, 366).all()


def test_lists_are_ranked_without_gaps_or_repeats(answers, tiny_predictor):
    found = answers["recommend"]
    top_k = tiny_predictor.tasks["recommend"].task.top_k
    for _, mine in found.group_by("user_id"):
        assert mine["rank"].to_list() == list(range(1, len(mine) + 1))
        assert len(mine) <= top_k
        assert mine["item_id"].is_unique().all()
        assert mine["score"].is_sorted(descending=True)
    assert set(found["user_id"]) == set(answers["purchase"]["user_id"])


def test_ads_are_judged_where_the_shop_places_things_now(answers, log, last):
    found = answers["ad"]
    shown = log.events.filter((pl.col("action") == "impression") & (pl.col("time") > last - 7 * DAY))
    places = shown.select("item_id", "position", "channel").unique()
    assert found.join(places, on=["item_id", "position", "channel"], how="anti", nulls_equal=True).is_empty()
    assert found.group_by("user_id").len()["len"].unique().to_list() == [20]
    for _, mine in found.group_by("user_id"):
        assert mine["probability"].is_sorted(descending=True)


def test_demand_gives_ordered_quantiles_and_an_order_that_covers_its_service_level(answers, tiny_predictor):
    found, task = answers["demand"], tiny_predictor.tasks["demand"].task
    columns = [quantile_column(level) for level in task.quantiles]
    table = found.select(columns).to_numpy()
    assert (np.diff(table, axis=1) >= 0).all()
    assert (table >= 0).all()
    assert found["mean"].is_between(pl.Series(table[:, 0]), pl.Series(table[:, -1])).all()
    assert (found["order_quantity"] >= found[quantile_column(task.service_level)] - 1e-9).all()
    assert (found["order_quantity"] == found["order_quantity"].round()).all()
    assert sorted(found["week"].unique()) == [1, 2]
    assert found["item_id"].n_unique() == task.max_items
    assert (found["end"] - found["start"]).unique().to_list() == [timedelta(days=7)]


def test_the_mean_lies_between_the_quantiles_and_is_right_for_even_ones():
    levels = tuple((np.arange(20) + 0.5) / 20)
    uniform = np.linspace(0.5, 19.5, 20)[None]
    assert mean_of_quantiles(uniform, levels)[0] == pytest.approx(10.0)
    assert mean_of_quantiles(np.full((1, 3), 4.0), (0.1, 0.5, 0.9))[0] == pytest.approx(4.0)


def test_the_next_campaign_is_asked_about_and_else_the_latest(tiny_predictor, log):
    starts = dict(log.table("campaigns").select("campaign_id", "start").rows())
    first = min(starts, key=starts.get)
    user = log.events["user_id"][0]
    for at, expected in ((starts[first] - DAY, first), (max(starts.values()) + DAY, max(starts, key=starts.get))):
        found = tiny_predictor.predict("promotion", log=log, users=[user], at=from_microseconds(at))
        assert found["campaign_id"].to_list() == [expected]


def test_a_campaign_longer_than_the_horizon_is_followed_for_the_horizon(log, last):
    """As in training, where a campaign counts for at most the horizon: never a length the head has not seen."""
    longer = log.with_table("campaigns", log.table("campaigns").with_columns(pl.col("end") + 200 * DAY))
    for one, days in ((log, 14.0), (longer, 20.0)):
        assert campaign_at(ShopView.of(one), cutoff=last, horizon_days=20).duration_days == days


def test_the_moment_decides_what_is_known(tiny_predictor, log, last):
    user = log.events.filter(action="purchase")["user_id"][0]
    early, late = (
        tiny_predictor.predict("purchase", log=log, users=[user], at=from_microseconds(last - days * DAY))
        for days in (60, 0)
    )
    assert early["cutoff"][0] < late["cutoff"][0]
    assert early["probability"][0] != late["probability"][0]


def test_a_moment_in_another_zone_is_the_same_moment(tiny_predictor, log, last):
    from zoneinfo import ZoneInfo

    utc = from_microseconds(last)
    user = [log.events["user_id"][0]]
    one, other = (
        tiny_predictor.predict("churn", users=user, at=at) for at in (utc, utc.astimezone(ZoneInfo("Asia/Tokyo")))
    )
    assert one.equals(other)


def test_users_may_be_any_iterable_of_ids(tiny_predictor, log):
    names = log.events["user_id"].unique().sort().head(3)
    expected = tiny_predictor.predict("purchase", users=names.to_list())
    assert tiny_predictor.predict("purchase", users=names).equals(expected)
    assert tiny_predictor.predict("purchase", users=iter(names.to_list())).equals(expected)


# --- what is refused --------------------------------------------------------------------------------------


def test_an_unknown_task(tiny_predictor):
    with pytest.raises(UnknownNameError, match="purchse") as caught:
        tiny_predictor.predict("purchse")
    assert "'purchase'" in caught.value.remedy


def test_a_moment_without_a_zone(tiny_predictor):
    with pytest.raises(InputError, match="time zone"):
        tiny_predictor.predict("purchase", at=datetime(2024, 3, 1))


@pytest.mark.parametrize("name", ["purchase", "churn", "ad", "recommend"])
def test_a_moment_before_everything(tiny_predictor, name):
    with pytest.raises(InsufficientDataError) as caught:
        tiny_predictor.predict(name, at=datetime(2019, 1, 1, tzinfo=UTC))
    assert caught.value.received


def test_nobody_to_ask_about(tiny_predictor):
    with pytest.raises(InsufficientDataError, match="nobody"):
        tiny_predictor.predict("purchase", users=[])


def test_a_shop_without_placements_or_campaigns_says_so(tiny_predictor, log):
    from foretell.core.events import EventLog

    bare = EventLog(log.events.filter(pl.col("action") != "impression"))
    user = [log.events["user_id"][0]]
    with pytest.raises(InsufficientDataError, match="placement"):
        tiny_predictor.predict("ad", log=bare, users=user)
    with pytest.raises(InsufficientDataError, match="campaign"):
        tiny_predictor.predict("promotion", log=bare, users=user)


def test_a_predictor_that_comes_from_no_run_needs_a_log(tiny_predictor):
    from dataclasses import replace

    with pytest.raises(RunError, match="no log"):
        replace(tiny_predictor, folder=None).predict("purchase")


def test_fewer_tasks_can_be_kept(tiny_predictor):
    kept = tiny_predictor.with_tasks({"churn": tiny_predictor.task("churn")})
    assert isinstance(kept, Predictor)
    with pytest.raises(UnknownNameError, match="purchase"):
        kept.predict("purchase")
