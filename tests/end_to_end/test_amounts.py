"""Questions of how much, asked of customers: from a sentence in the config to answers, reasons and a page."""

import json

import numpy as np
import polars as pl
import pytest

from foretell.config import parse_config
from foretell.core.prediction import answer_columns
from foretell.core.time import DAY, from_microseconds, to_microseconds
from foretell.explain import explain
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView
from foretell.run.compare import compare_runs
from foretell.run.pipeline import train
from foretell.serve.answers import answer_user

ASKED = {
    "spend": "sum(value) of purchase within 14 days for users",
    "orders": "count of purchase within 14 days for users active in 28 days",
}


@pytest.fixture(scope="module")
def run(tiny_log_folder, shop_settings, tmp_path_factory):
    """A run on the small shop that asks how much and how often."""
    settings = shop_settings(
        horizon_days=14,
        split={"test_days": 24, "validation_days": 30, "warmup_days": 14},
        model={"epochs": 1, "n_negatives": 32},
        bootstrap_replicates=20,
        demand={},
    )
    settings["task"] = {name: {"predict": sentence} for name, sentence in ASKED.items()}
    out = tmp_path_factory.mktemp("amounts") / "run"
    train(tiny_log_folder, out=out, config=parse_config(settings))
    return out


@pytest.fixture(scope="module")
def predictor(run):
    return Predictor.load(run)


@pytest.mark.parametrize("name", ASKED)
def test_answers_are_whole_ordered_and_those_that_were_saved(run, predictor, name):
    answers = predictor.predict(name)
    assert tuple(answers.columns) == answer_columns(predictor.task(name).task)
    assert answers["mean"].is_finite().all()
    assert (answers["mean"] >= 0).all()
    levels = answers.select("q10", "q25", "q50", "q75", "q90").to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (levels >= 0).all()
    saved = pl.read_parquet(run / "predictions" / f"{name}.parquet")
    assert saved["mean"].to_numpy() == pytest.approx(answers["mean"].to_numpy())


def test_what_happened_is_counted_by_hand(run, predictor):
    scored = pl.read_parquet(run / "predictions" / "spend.test.parquet")
    bought = predictor.own_log().events.filter(pl.col("action") == "purchase")
    for row in scored.sample(25, seed=0).iter_rows(named=True):
        start = to_microseconds(row["cutoff"])
        mine = bought.filter(
            pl.col("user_id") == row["user_id"], pl.col("time") > start, pl.col("time") <= start + 14 * DAY
        )
        assert row["label"] == pytest.approx(mine["value"].fill_null(0.0).sum())


@pytest.mark.parametrize("name", ASKED)
def test_the_report_holds_the_field_s_baselines_and_beats_the_naive_ones(run, name):
    task = json.loads((run / "report.json").read_text())["tasks"][name]
    classic = {"spend": "bg_nbd_gamma_gamma", "orders": "bg_nbd"}[name]
    assert {"zero", "same_again", "training_mean", "lightgbm_features", classic} == set(task["baselines"])
    assert task["headline"] == "wql"
    assert task["metrics"]["wql"]["value"] < task["baselines"]["same_again"]["wql"]["value"]
    assert task["features"]
    page = (run / "report.html").read_text()
    assert task["question"] in page
    assert "BG/NBD" in page


def test_the_question_says_who_is_asked_and_the_notes_whether_refunds_count(run):
    tasks = json.loads((run / "report.json").read_text())["tasks"]
    assert tasks["orders"]["question"] == (
        "How often will each customer buy within 14 days, of those active in the last 28 days?"
    )
    assert any("refunds are not taken off" in note for note in tasks["spend"]["notes"])


def test_the_total_is_about_right(run):
    scored = pl.read_parquet(run / "predictions" / "spend.test.parquet")
    assert scored["mean"].sum() == pytest.approx(scored["label"].sum(), rel=0.3)


@pytest.mark.parametrize(("language", "words"), [("en", "is expected to spend"), ("zh", "预计消费")])
def test_reasons_are_in_money_and_add_up(predictor, language, words):
    user = predictor.predict("spend").sort("mean", descending=True)["user_id"][0]
    found = explain(predictor, task="spend", user=user, language=language, n_reasons=200)
    assert words in found.text()
    assert found.to_dict()["unit"] == "money"
    effects = sum(reason.effect for reason in found.reasons if reason.kind == "feature")
    assert found.references["feature"] + effects == pytest.approx(found.value, rel=0.02)


def test_the_live_answer_is_the_batch_answer(predictor):
    batch = predictor.predict("spend").row(0, named=True)
    log = predictor.own_log()
    answers, unanswered = answer_user(
        predictor,
        ShopView.of(log),
        user_id=str(batch["user_id"]),
        cutoff=to_microseconds(batch["cutoff"]),
        tasks=["spend", "orders"],
    )
    assert answers["spend"]["mean"] == pytest.approx(batch["mean"])
    assert set(answers) | set(unanswered) == {"spend", "orders"}


def test_later_events_change_nothing(predictor):
    log = predictor.own_log()
    last = int(log.events["time"].max())
    cutoff = last - 10 * DAY
    users = predictor.predict("spend", at=from_microseconds(cutoff))["user_id"].head(5).to_list()
    cut = log.with_events(log.events.filter(pl.col("time") <= cutoff))
    whole, short = (
        predictor.predict("spend", log=one, users=users, at=from_microseconds(cutoff))["mean"].to_numpy()
        for one in (log, cut)
    )
    assert whole == pytest.approx(short)


def test_a_run_is_no_better_than_itself(run):
    found = compare_runs(run, second=run, replicates=20)
    assert set(found["tasks"]) == set(ASKED)
    assert all(row["better"] == "neither" for task in found["tasks"].values() for row in task["metrics"].values())
