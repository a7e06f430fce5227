"""Logs that lack what another shop has still train whatever they suffice for."""

import json

import polars as pl
import pytest

import foretell
from foretell.config import parse_config
from foretell.core.time import DAY
from foretell.dataset.log_folder import load_log


@pytest.fixture
def train(tiny_run, tiny_settings, tmp_path):
    """Train some of the six tasks on an altered log; returns the folder."""

    def run(alter, *tasks):
        settings = tiny_settings | {"task": {name: tiny_settings["task"][name] for name in tasks}}
        foretell.train(alter(load_log(tiny_run / "data")), out=tmp_path / "run", config=parse_config(settings))
        return tmp_path / "run"

    return run


def test_nobody_active_at_the_end_costs_the_answers_not_the_run(train):
    """Purchases stop 30 days before the export does: churn can be learned, but there is nobody to ask about now."""

    def stopped(log):
        last = log.events["time"].max()
        return log.with_events(log.events.filter((pl.col("action") != "purchase") | (pl.col("time") < last - 30 * DAY)))

    folder = train(stopped, "churn", "purchase")
    assert set(json.loads((folder / "report.json").read_text())["tasks"]) == {"churn", "purchase"}
    assert (folder / "predictions" / "purchase.parquet").exists()
    assert not (folder / "predictions" / "churn.parquet").exists()


def test_a_log_without_money_trains_promotion_and_churn(train):
    folder = train(lambda log: log.with_events(log.events.drop("value")), "promotion", "churn")
    tasks = json.loads((folder / "report.json").read_text())["tasks"]
    assert set(tasks) == {"promotion", "churn"}
    assert tasks["promotion"]["variants"]["uplift"]["metrics"]["qini"]


def test_the_bare_columns_without_side_tables(train):
    def bare(log):
        return foretell.EventLog(log.events.select("user_id", "time", "action", "item_id"))

    folder = train(bare, "purchase", "recommend", "demand")
    assert set(json.loads((folder / "report.json").read_text())["tasks"]) == {"purchase", "recommend", "demand"}


def test_a_log_without_items_answers_what_needs_none(train):
    folder = train(
        lambda log: foretell.EventLog(log.events.select("user_id", "time", "action")), "purchase", "recommend", "demand"
    )
    assert set(json.loads((folder / "report.json").read_text())["tasks"]) == {"purchase"}
