"""What fitting finds and keeps, and what it refuses."""

from dataclasses import replace
from typing import get_args

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.task import Kind, Task
from foretell.run.again import load_dataset
from foretell.run.folder import RunFolder
from foretell.train.context import FitContext
from foretell.train.fit_tasks import FIT, fit_task


@pytest.fixture(scope="module")
def dataset(tiny_run):
    return load_dataset(RunFolder.existing(tiny_run))


def context_of(dataset, predictor):
    return FitContext.of(dataset, predictor.reader, seed=0)


@pytest.mark.parametrize("name", ["purchase", "churn", "ad", "promotion"])
def test_baselines_thresholds_and_strengths_are_kept(tiny_predictor, name):
    record = tiny_predictor.tasks[name].record
    assert "recency_frequency" in record.baselines
    assert ("bg_nbd" in record.baselines) == (name in ("purchase", "churn"))
    assert {"foretell", "lightgbm_features"} <= set(record.thresholds)
    assert all(0 < threshold < 1 for threshold in record.thresholds.values())
    assert 0 < record.validation_rate < 1
    found = [row["association"] for row in record.strengths]
    assert found == sorted(found, reverse=True)
    assert sum(row["importance"] for row in record.strengths) == pytest.approx(1.0, abs=1e-6)


def test_a_fitted_task_says_what_it_was_trained_on(tiny_predictor):
    tasks = tiny_predictor.tasks
    assert set(tasks["ad"].levels) == {"position", "channel"}
    assert tasks["promotion"].levels["kind"] == ("coupon",)
    assert len(tasks["demand"].levels["items"]) == 20
    value = tasks["churn"].value
    assert None not in (value.counts, value.worth, value.spend)
    assert set(tasks["recommend"].head().weights) == {"lightgbm", "lightgbm_sequence"}


def test_too_few_of_one_answer_are_refused_with_their_number(dataset, tiny_predictor):
    rare = Task(
        name="rare", kind="purchase", horizon_days=14, where={"category": dataset.log.table("items")["category"][0]}
    )
    log = dataset.log.with_events(
        dataset.log.events.filter((pl.col("action") != "purchase") | (pl.col("user_id") < "u1010"))
    )
    short = replace(dataset, log=log, tasks={"rare": rare})
    with pytest.raises(InsufficientDataError, match="'rare' has too few examples of one answer to learn") as caught:
        fit_task(context_of(short, tiny_predictor), rare)
    assert "positives among" in caught.value.received
    assert "20" in caught.value.remedy


def test_a_log_that_tells_of_no_money_gets_no_expected_amount(dataset, tiny_predictor):
    poor = replace(dataset, log=dataset.log.with_events(dataset.log.events.drop("value")))
    fitted = fit_task(context_of(poor, tiny_predictor), dataset.tasks["churn"])
    assert fitted.value.spend is None
    assert fitted.value.worth is None
    predictor = tiny_predictor.with_tasks({"churn": fitted})
    found = predictor.predict("churn", log=poor.log)
    for name in ("expected_spend", "predicted_clv", "historic_clv", "suggested_action", "suggested_action_value"):
        assert found[name].null_count() == found.height
    assert found["predicted_number_of_orders"].null_count() == 0
    assert found["probability"].is_between(0, 1).all()


def test_demand_needs_something_sold(dataset, tiny_predictor):
    unsold = replace(dataset, log=dataset.log.with_events(dataset.log.events.filter(pl.col("action") != "purchase")))
    with pytest.raises(InsufficientDataError, match="no items to forecast"):
        fit_task(context_of(unsold, tiny_predictor), dataset.tasks["demand"])


def test_nothing_is_fitted_on_the_test_window(dataset, tiny_predictor):
    """Change every event of the test window: the fitted head is the same to the last bit."""
    later = pl.col("time") > dataset.windows.test
    random = np.random.default_rng(0)
    users = pl.Series("user_id", random.permutation(dataset.log.events["user_id"].to_numpy()))
    events = dataset.log.events.with_columns(
        pl.when(later).then(users).otherwise("user_id").alias("user_id"),
        pl.when(later).then(pl.lit("view")).otherwise("action").alias("action"),
    )
    changed = replace(dataset, log=dataset.log.with_events(events))
    heads = [fit_task(context_of(one, tiny_predictor), dataset.tasks["promotion"]).head() for one in (dataset, changed)]
    assert heads[0].to_dict() == heads[1].to_dict()
    for name, booster in heads[0].boosters.items():
        assert booster.to_text() == heads[1].boosters[name].to_text()


def test_every_kind_has_a_recipe():
    assert set(FIT) == set(get_args(Kind))
