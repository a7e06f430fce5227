"""What a task is judged with: its strongest features, slices and baselines, on the small run."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.predictor.answers import mean_of_quantiles
from foretell.predictor.demand_inputs import DemandInputs
from foretell.predictor.view import ShopView
from foretell.run.again import load_dataset
from foretell.run.effects import doubly_robust_effect
from foretell.run.folder import RunFolder
from foretell.run.scoring import _demand_part, _last_year, _promoted, score_demand
from foretell.run.scoring_evidence import strengths
from foretell.train.context import FitContext
from foretell.train.strengths import measured_demand_strengths


@pytest.fixture(scope="module")
def report(tiny_run):
    return json.loads((tiny_run / "report.json").read_text())


@pytest.fixture(scope="module")
def context(tiny_run, tiny_predictor):
    dataset = load_dataset(RunFolder.existing(tiny_run))
    return FitContext.of(dataset, tiny_predictor.reader, seed=0)


@pytest.mark.parametrize("name", ["purchase", "recommend", "ad", "promotion", "churn", "demand"])
def test_every_task_shows_its_strongest_features(report, name):
    features = report["tasks"][name]["features"]
    assert 5 <= len(features) <= 15
    assert {feature["measure"] for feature in features} == {"spearman" if name == "demand" else "auc"}
    assert all(feature["name"] == feature["name"].strip() and "_" not in feature["name"] for feature in features)
    assert all(0 <= feature["importance"] <= 1 for feature in features)
    assert any(feature["importance"] > 0 for feature in features)


def test_churn_is_judged_by_its_orders_too(report):
    orders = report["tasks"]["churn"]["orders"]
    assert set(orders["models"]) == {"foretell", "bg_nbd", "fading", "steady"}
    mine = orders["models"]["foretell"]
    assert mine["bias"] == pytest.approx(mine["expected"] / orders["placed"] - 1, abs=1e-3)
    assert mine["poisson_deviance"] > 0
    assert sum(orders["weights"].values()) == pytest.approx(1, abs=1e-3)


def test_demand_goes_with_what_was_sold_before(report, tiny_run):
    task = report["tasks"]["demand"]
    features = {feature["name"]: feature["association"] for feature in task["features"]}
    sold = [association for name, association in features.items() if "average weekly units over" in name]
    assert sold
    assert all(0.1 < association < 1 for association in sold)
    sizes = [abs(association) for association in features.values()]
    assert sizes == sorted(sizes, reverse=True)
    page = (tiny_run / "report.html").read_text(encoding="utf-8")
    demand = page[page.index(f">{task['question']}") :]
    assert "rank correlation" in demand
    assert task["features"][0]["name"] in demand
    assert "FT005" in {check["code"] for check in task["checks"]}


def test_strengths_of_demand_do_not_see_the_validation_window(context, tiny_predictor):
    """Whatever is sold after the training window: what is said of training data stays the same."""
    fitted = tiny_predictor.tasks["demand"]
    before = measured_demand_strengths(context, fitted)
    late = pl.col("time") > context.dataset.windows.validation
    histories = context.view.histories.with_columns(pl.when(late).then(900.0).otherwise("quantity").alias("quantity"))
    changed = ShopView(histories, context.view.statistics, context.view.tables)
    assert histories.filter(late).height > 0
    assert measured_demand_strengths(FitContext(context.dataset, changed, context.reader, 0), fitted) == before
    early = pl.col("time") < context.dataset.windows.validation - 20 * DAY
    histories = context.view.histories.with_columns(
        pl.when(early).then(pl.int_range(pl.len()) % 7 + 1.0).otherwise("quantity").alias("quantity")
    )
    changed = ShopView(histories, context.view.statistics, context.view.tables)
    assert measured_demand_strengths(FitContext(context.dataset, changed, context.reader, 0), fitted) != before


def test_strengths_follow_the_measure_of_their_task(context, tiny_predictor):
    purchase = strengths(context, tiny_predictor.tasks["purchase"])
    assert all(0 <= feature.association <= 1 for feature in purchase)
    first = tiny_predictor.tasks["purchase"].record.strengths[0]
    assert abs(purchase[0].association - 0.5) == pytest.approx(first["association"])
    demand = strengths(context, tiny_predictor.tasks["demand"])
    measured = measured_demand_strengths(context, tiny_predictor.tasks["demand"])
    assert demand[0].association == pytest.approx(measured[0]["direction"] * measured[0]["association"])


def test_demand_and_its_baselines_are_biased_by_the_same_measure(context, tiny_predictor):
    fitted = tiny_predictor.tasks["demand"]
    result, scored = score_demand(context, fitted, replicates=20)
    units = scored["units"].to_numpy()
    assert result["bias_of"] == "mean"
    assert result["metrics"]["bias"]["value"] == pytest.approx(
        (scored["mean"] - scored["units"]).sum() / units.sum(), rel=1e-4
    )
    if fitted.quantiles.share == 0:  # then the model is LightGBM alone, and so is its bias
        assert result["baselines"]["lightgbm_features"]["bias"] == result["metrics"]["bias"]
    # A point forecast states its own total: both repeat the last four weeks, each week once or on average.
    test = _demand_part(context, fitted, "test", with_intent=True)
    average = (test.recent.mean(axis=1) - test.units).sum() / test.units.sum()
    assert result["baselines"]["moving_average"]["bias"]["value"] == pytest.approx(average, rel=1e-4)
    levels = fitted.task.quantiles
    table = scored.select(f"q{round(level * 100):02d}" for level in levels).to_numpy()
    assert scored["mean"].to_numpy() == pytest.approx(mean_of_quantiles(table, levels))


def part(names, rows):
    n = len(rows)
    return DemandInputs(
        pl.DataFrame({"item_id": ["a"] * n}),
        np.array(rows, dtype=np.float32),
        names,
        np.ones(n),
        np.zeros(n),
        np.zeros((n, 4)),
    )


def test_last_years_forecast_is_in_units_and_missing_where_the_log_is_short():
    asked = part(("units_same_week_last_year", "units_level"), [[2.0, 3.0], [np.nan, 3.0]])
    said = _last_year(replace(asked, scale=np.array([3.0, 3.0])))
    assert said[0] == 6.0
    assert np.isnan(said[1])


def test_only_a_plan_for_the_week_makes_it_promoted():
    """Units sold under past promotions, or their average, are no plan."""
    names = ("promotion_mailer_share", "promotion_mailer_share_units_mean", "promotion_display_share", "units_week_1")
    rows = [[0.0, 9.0, 0.0, 3.0], [0.1, 0.0, 0.0, 0.0], [np.nan, 5.0, 0.3, 0.0], [np.nan, np.nan, np.nan, 1.0]]
    table = pl.DataFrame({"item_id": ["a"], "start": [0], "end": [1], "mailer_share": [0.1], "display_share": [0.0]})
    assert _promoted(part(names, rows), table).tolist() == ["not planned", "planned", "planned", "not planned"]
    assert set(_promoted(part(names, rows), None)) == {"none known"}
    assert set(_promoted(part(("units_week_1",), [[1.0]]), table)) == {"none known"}


# --- the effect of campaigns ------------------------------------------------------------------------------


def test_the_note_leads_wherever_chance_did_not_decide(report):
    task = report["tasks"]["promotion"]
    uplift = task["variants"].get("uplift")
    assert uplift is not None
    warned = any("NOT RANDOMISED" in note for note in uplift["notes"])
    assert warned is not uplift["randomised"]
    assert any("NOT RANDOMISED" in note for note in task["notes"]) is warned
    assert uplift["responses"] == "customers who spent more than before"


def test_the_page_leads_with_what_qini_says(report, tiny_run):
    page = (tiny_run / "report.html").read_text(encoding="utf-8")
    block = page[page.index("What the campaign changes") :]
    assert "Choosing customers by their predicted effect" in block
    assert block.index("Choosing customers by their predicted effect") < block.index(">Qini<")
    effect = report["tasks"]["promotion"]["effect"]
    assert f"{abs(effect['value']):,.2f}" in block


def test_the_estimate_finds_a_planted_effect_despite_chosen_customers():
    random = np.random.default_rng(0)
    known = random.normal(size=(4000, 3)).astype(np.float32)
    treated = random.random(4000) < 1 / (1 + np.exp(-known[:, 0]))
    spent = 20 + 10 * known[:, 0] + 5 * treated + random.normal(size=4000)
    found = doubly_robust_effect(known, treated=treated, outcome=spent, cluster=np.arange(4000), seed=0, replicates=200)
    assert found["value"] == pytest.approx(5.0, abs=0.5)
    assert found["low"] <= found["value"] <= found["high"]
    assert found["raw_difference"] > 10, "the plain difference is far off"
    assert found["n_treated"] == treated.sum()
