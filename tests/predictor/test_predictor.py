"""Asking: the columns, the shop's own ids, the moment, the version; and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InputError, InsufficientDataError, RunError, UnknownNameError
from foretell.core.events import EventLog
from foretell.core.prediction import answer_columns
from foretell.core.time import DAY, from_microseconds
from foretell.model.quantile_head import QuantileBlend
from foretell.predictor.answers import mean_of_quantiles, quantile_column
from foretell.predictor.encoder import EncodedPoints
from foretell.predictor.offers import campaign_at
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView
from foretell.tasks import TASKS

ALL = sorted(TASKS)


@pytest.fixture(scope="module")
def answers(tiny_run):
    """What the run wrote at the end of its log."""
    return {name: pl.read_parquet(tiny_run / "predictions" / f"{name}.parquet") for name in ALL}


@pytest.mark.parametrize("name", ALL)
def test_every_answer_carries_ids_moment_horizon_and_version(answers, name, tiny_predictor, last):
    found = answers[name]
    promised = answer_columns(tiny_predictor.tasks[name].task)
    assert tuple(found.columns) == promised
    assert found["cutoff"].unique().to_list() == [from_microseconds(last)]
    assert found.schema["cutoff"] == pl.Datetime("us", "UTC")
    assert found["horizon_days"].unique().to_list() == [tiny_predictor.tasks[name].task.horizon_days]
    assert found["model_version"].unique().to_list() == [tiny_predictor.version]
    if name == "churn":  # no date only where no order is the likelier thing for a year
        undated = found.filter(pl.col("expected_date_of_next_order").is_null())
        assert undated.height < found.height / 10
        assert (undated["probability"] > 0.5).all()
        found = found.drop_nulls("expected_date_of_next_order")
    # The small shop has no stores, and who ordered once has no days between orders.
    filled = [column for column in promised if column not in ("store_id", "average_days_between_orders")]
    assert found.select(filled).null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("name", ALL)
def test_asked_anew_of_anyone_the_columns_are_those_declared(tiny_predictor, log, name):
    whom = None if name == "demand" else [log.events["user_id"][0], "nobody"]
    for bare in (log, EventLog(log.events.drop("value", "price", "channel"), log.tables)):
        found = tiny_predictor.predict(name, log=bare, users=whom)
        assert tuple(found.columns) == answer_columns(tiny_predictor.tasks[name].task)
        assert found.height > 0


def test_quantiles_close_together_have_columns_of_their_own(tiny_predictor, log):
    """0.101 and 0.104 are both ten percent when rounded: one answer must not hide the other."""
    fitted = tiny_predictor.task("demand")
    levels = (0.101, 0.104, 0.9)
    plain = fitted.quantiles.plain
    plain = replace(plain, levels=levels, boosters=plain.boosters[:3], shifts=plain.shifts[:3])
    close = replace(
        fitted,
        task=fitted.task.model_copy(update={"quantiles": levels}),
        amounts=QuantileBlend(None, plain, 0.0),
    )
    found = tiny_predictor.with_tasks({"demand": close}).predict("demand", log=log)
    unsigned = replace(fitted, amounts=replace(fitted.quantiles, share=0.0))
    given = tiny_predictor.with_tasks({"demand": unsigned}).predict("demand", log=log)
    assert tuple(found.columns) == answer_columns(close.task)
    assert found.select("q10_1", "q10_4", "q90").equals(given.select(q10_1="q10", q10_4="q50", q90="q90"))


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
    days = (found["expected_date_of_next_order"] - from_microseconds(last).date()).dt.total_days()
    assert days.is_between(0, 366).all()


def test_churn_comes_with_the_fields_marketers_know(answers, tiny_predictor):
    found, task = answers["churn"], tiny_predictor.tasks["churn"].task
    assert found["churn_probability"].equals(found["probability"])
    assert (found["predicted_number_of_orders"] > 0).all()
    np.testing.assert_allclose(found["total_clv"], found["historic_clv"] + found["predicted_clv"])
    np.testing.assert_allclose(found["average_order_value"] * found["historic_number_of_orders"], found["historic_clv"])
    # A year holds more orders than the horizon, so it is worth more than they are.
    assert (found["predicted_clv"] > 0).all()
    assert set(found["suggested_action"]) <= {"win_back", "remind"}  # contacts cost nothing here
    leaving = found["suggested_action"] == "win_back"
    assert leaving.equals(found["probability"] > 0.5)
    most = task.contact_effect * found["probability"]
    assert (found["suggested_action_value"] > 0).all()
    assert (found["suggested_action_value"] / most > 0).all()


def test_a_wait_longer_than_any_that_is_told_has_no_date(tiny_predictor, log, monkeypatch):
    def never(*given, **_):
        return np.full(len(given[1]), 366.0)

    monkeypatch.setattr(EncodedPoints, "days_to_next_order_given", never)
    found = tiny_predictor.predict("churn", log=log, users=["nobody known"])
    assert found["expected_date_of_next_order"].to_list() == [None]


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
    for _, mine in found.group_by("item_id"):
        first, both = mine.sort("week")["order_up_to"]
        assert first == mine.sort("week")["order_quantity"][0]
        assert first <= both <= mine["order_quantity"].sum() + 1, "weeks that are not alike need less together"
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


# --- new items only ---------------------------------------------------------------------------------------


def test_new_items_only_are_items_never_bought_and_lists_stay_full(tiny_predictor, log, answers):
    """Left out before the best are chosen: cutting a finished list would leave a few rows of it."""
    found = tiny_predictor.predict("recommend", log=log, new_only=True)
    bought = log.events.filter(action="purchase").select("user_id", "item_id").unique()
    assert found.join(bought, on=["user_id", "item_id"], how="semi").is_empty()
    assert found["is_new_to_user"].all()
    n_items = log.events.filter(action="purchase")["item_id"].n_unique()
    n_bought = dict(bought.group_by("user_id").len().rows())
    top_k = tiny_predictor.tasks["recommend"].task.top_k
    lengths = dict(found.group_by("user_id").len().rows())
    assert set(lengths) == set(answers["recommend"]["user_id"])
    for user, length in lengths.items():
        assert length == min(top_k, n_items - n_bought.get(user, 0)), user
    cut = answers["recommend"].filter("is_new_to_user").group_by("user_id").len()
    assert found.height > 1.2 * cut["len"].sum()
    for _, mine in found.group_by("user_id"):
        assert mine["rank"].to_list() == list(range(1, len(mine) + 1))
        assert mine["score"].is_sorted(descending=True)


def test_the_score_of_an_item_is_that_of_the_unfiltered_list_but_for_its_rivals(tiny_predictor, log, answers):
    """The same head reads the same features; only the item's place among the candidates may move it a little."""
    found = tiny_predictor.predict("recommend", log=log, new_only=True)
    both = found.join(answers["recommend"], on=["user_id", "item_id"], suffix="_whole")
    assert both.height > 100
    assert both.select(pl.corr("score", "score_whole")).item() > 0.9


def test_looking_at_an_item_does_not_make_it_old(tiny_predictor, log, last):
    item = log.events["item_id"].drop_nulls()[0]
    rows = pl.DataFrame({"user_id": "looker", "time": [last, last], "action": ["view", "cart"], "item_id": item})
    seen = log.with_events(pl.concat([log.events, rows], how="diagonal"))
    asked = {"log": seen, "users": ["looker"], "new_only": True}
    top_50 = replace(
        tiny_predictor.task("recommend"),
        task=tiny_predictor.task("recommend").task.model_copy(update={"top_k": 50}),
    )
    found = tiny_predictor.with_tasks({"recommend": top_50}).predict("recommend", **asked)
    assert item in found["item_id"].to_list()
    assert found.filter(item_id=item)["is_new_to_user"].all()


def test_what_was_bought_after_the_moment_is_still_new(tiny_predictor, log, last):
    at = from_microseconds(last - 60 * DAY)
    asked = {"at": at, "new_only": True}
    whole = tiny_predictor.predict("recommend", log=log, **asked)
    assert whole.equals(tiny_predictor.predict("recommend", log=log.before(last - 60 * DAY), **asked))
    later = log.events.filter((pl.col("action") == "purchase") & (pl.col("time") > last - 60 * DAY))
    assert whole.join(later, on=["user_id", "item_id"], how="semi").height > 0


def test_who_has_bought_everything_gets_no_list_and_that_is_said(tiny_predictor, log, last, caplog):
    items = log.events["item_id"].drop_nulls().unique().sort()
    rows = pl.DataFrame({"item_id": items}).with_columns(
        pl.lit("everything").alias("user_id"), pl.lit(last - DAY).alias("time"), pl.lit("purchase").alias("action")
    )
    sated = log.with_events(
        pl.concat([log.events, rows.select("user_id", "time", "action", "item_id")], how="diagonal")
    )
    found = tiny_predictor.predict("recommend", log=sated, users=["everything", "nobody"], new_only=True)
    assert found["user_id"].unique().to_list() == ["nobody"]
    assert "gives no list where no item is left: 1 of the customers" in caplog.text
    with pytest.raises(InsufficientDataError, match="nothing to recommend") as caught:
        tiny_predictor.predict("recommend", log=sated, users=["everything"], new_only=True)
    assert "new" in caught.value.received
    assert tiny_predictor.predict("recommend", log=sated, users=["everything"]).height > 0


@pytest.mark.parametrize("name", ["purchase", "churn", "ad", "promotion", "demand"])
def test_only_recommendations_know_new_items(tiny_predictor, log, name):
    with pytest.raises(InputError, match="Only recommendations") as caught:
        tiny_predictor.predict(name, log=log, new_only=True)
    assert name in caught.value.received


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
    bare = EventLog(log.events.filter(pl.col("action") != "impression"))
    user = [log.events["user_id"][0]]
    with pytest.raises(InsufficientDataError, match="placement"):
        tiny_predictor.predict("ad", log=bare, users=user)
    with pytest.raises(InsufficientDataError, match="campaign"):
        tiny_predictor.predict("promotion", log=bare, users=user)


def test_a_predictor_that_comes_from_no_run_needs_a_log(tiny_predictor):
    with pytest.raises(RunError, match="no log"):
        replace(tiny_predictor, folder=None).predict("purchase")


def test_fewer_tasks_can_be_kept(tiny_predictor):
    kept = tiny_predictor.with_tasks({"churn": tiny_predictor.task("churn")})
    assert isinstance(kept, Predictor)
    with pytest.raises(UnknownNameError, match="purchase"):
        kept.predict("purchase")
