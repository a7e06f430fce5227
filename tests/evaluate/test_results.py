"""The three entrances: complete, by the contract, repeatable, and plain about what cannot be known."""

import json

import numpy as np
import pytest

from foretell.evaluate import (
    EvaluationError,
    Evidence,
    FeatureStrength,
    TaskFacts,
    Treatment,
    evaluate_probability,
    evaluate_quantiles,
    evaluate_ranking,
)
from foretell.evaluate.assemble import outcome
from foretell.evaluate.facts import strength
from foretell.evaluate.intervals import Interval
from foretell.evaluate.probability import auc, ece
from foretell.evaluate.ranking import RelevantSets, ndcg
from foretell.evaluate.view_tables import selection_lines

FACTS = TaskFacts(kind="purchase", horizon_days=28)


@pytest.fixture
def answers():
    generator = np.random.default_rng(0)
    score = generator.beta(2, 3, 400)
    return (generator.random(400) < score).astype(float), score, generator


def figures(task):
    yield task["metrics"]
    yield from task["baselines"].values()


def test_every_task_keeps_the_contract(tasks):
    for name, task in tasks.items():
        assert {"kind", "horizon_days", "n", "positives", "metrics", "baselines", "checks"} <= set(task), name
        for metrics in figures(task):
            assert metrics
            for metric, figure in metrics.items():
                assert set(figure) == {"value", "low", "high"}, metric
                assert figure["low"] <= figure["value"] <= figure["high"], metric
        assert task["verdict"]["outcome"] in ("beats", "ties", "behind")
        assert task["headline"] in task["metrics"]
        json.dumps(task, allow_nan=False)


def test_the_issue_s_metrics_are_there(tasks):
    for name in ("purchase", "ad", "promotion", "churn"):
        expected = {
            "auc",
            "average_precision",
            "logloss",
            "brier",
            "ece",
            "accuracy",
            "precision",
            "recall",
            "f1",
        }
        assert expected <= set(tasks[name]["metrics"])
    assert {"qini", "uplift_auc"} <= set(tasks["promotion"]["metrics"])
    lists = {"hit_rate@10", "ndcg@10", "recall@10", "coverage@10", "popularity_share@10"}
    assert lists <= set(tasks["recommend"]["metrics"])
    assert {"pinball", "wape", "bias", "wql", "mae", "coverage"} <= set(tasks["demand"]["metrics"])


def test_planted_order_of_models_is_found(tasks):
    outcomes = {name: task["verdict"]["outcome"] for name, task in tasks.items()}
    assert outcomes["purchase"] == outcomes["recommend"] == outcomes["demand"] == "beats"
    assert outcomes["promotion"] == "ties"
    assert tasks["purchase"]["verdict"]["baseline"] == "lightgbm"
    assert tasks["purchase"]["verdict"]["material"]
    assert not tasks["promotion"]["verdict"]["material"]
    assert tasks["purchase"]["paired"]["majority"]["auc"]["outcome"] == "beats"
    assert tasks["purchase"]["paired"]["lightgbm"]["logloss"]["value"] < 0


def test_the_worse_model_is_said_to_be_behind(answers):
    label, score, generator = answers
    task = evaluate_probability(label, probability=generator.random(400), baselines={"truth": score}, facts=FACTS)
    assert task["verdict"]["outcome"] == "behind"
    assert task["checks"][0]["status"] == "fail"


@pytest.mark.parametrize(
    ("metric", "ends", "expected"),
    [
        ("auc", (0.01, 0.02, 0.03), "beats"),
        ("auc", (0.01, 0.0, 0.03), "ties"),
        ("logloss", (0.01, 0.005, 0.03), "behind"),
        ("wape", (-0.2, -0.3, -0.1), "beats"),
    ],
)
def test_outcomes_know_which_way_is_better(metric, ends, expected):
    assert outcome(metric, difference=Interval(*ends)) == expected


def test_values_are_those_of_the_plain_functions(answers):
    label, score, generator = answers
    weight = generator.choice([1.0, 3.0], 400)
    task = evaluate_probability(label, probability=score, weight=weight, facts=FACTS)
    for name, function in (("auc", auc), ("ece", ece)):
        expected = function(label, probability=score, weight=weight)
        assert task["metrics"][name]["value"] == pytest.approx(expected, rel=1e-5)
    ranked = generator.permuted(np.tile(np.arange(30), (80, 1)), axis=1)
    values, offsets = generator.integers(0, 30, 160), np.arange(0, 161, 2)
    task = evaluate_ranking(
        ranked, relevant_values=values, relevant_offsets=offsets, popularity=np.ones(30), facts=FACTS, k=7
    )
    expected = ndcg(ranked, relevant=RelevantSets(values, offsets), k=7)
    assert task["metrics"]["ndcg@7"]["value"] == pytest.approx(expected, rel=1e-5)


def test_the_same_seed_gives_the_same_task(answers):
    label, score, generator = answers
    cluster = generator.integers(0, 90, 400)

    def evaluated(seed):
        return evaluate_probability(label, probability=score, cluster=cluster, facts=FACTS, seed=seed)

    assert evaluated(1) == evaluated(1)
    assert evaluated(1)["metrics"] != evaluated(2)["metrics"]


def test_figures_have_six_digits(tasks):
    for metrics in (part for task in tasks.values() for part in figures(task)):
        for figure in metrics.values():
            assert all(float(f"{end:.6g}") == end for end in figure.values())


def test_one_outcome_only_is_stated_not_invented():
    task = evaluate_probability(
        np.zeros(80), probability=np.full(80, 0.1), baselines={"majority": np.zeros(80)}, facts=FACTS
    )
    assert "auc" not in task["metrics"]
    assert "only one outcome" in task["undefined"]["auc"]
    assert task["verdict"] is None
    assert task["metrics"]["brier"]["value"] == pytest.approx(0.01)
    json.dumps(task, allow_nan=False)


def test_scores_as_baseline_get_rank_metrics_only(tasks):
    assert set(tasks["purchase"]["baselines"]["recency_frequency"]) == {"auc", "average_precision"}


def test_calibration_says_before_after_and_chance(tasks):
    calibration = tasks["purchase"]["calibration"]
    assert calibration["before"] > calibration["ece"] > 0
    assert calibration["by_chance"] > 0


def test_lists_without_wants_count_for_coverage_only():
    generator = np.random.default_rng(0)
    ranked = generator.integers(0, 500, (120, 10))
    offsets = np.concatenate([np.arange(61), np.full(60, 60)])
    wanted = ranked[:60, 0]
    task = evaluate_ranking(
        ranked,
        relevant_values=wanted,
        relevant_offsets=offsets,
        popularity=np.ones(500),
        slices={"half": np.arange(120) % 2},
        facts=FACTS,
    )
    assert task["n"] == 60
    assert task["without_wants"] == 60
    assert task["metrics"]["hit_rate@10"]["value"] == 1
    assert task["metrics"]["coverage@10"]["value"] == pytest.approx(len(np.unique(ranked)) / 500)
    assert sum(group["n"] for group in task["slices"][0]["groups"]) == 60


def test_variants_are_whole_tasks(tasks):
    variant = tasks["recommend"]["variants"]["Without items bought before"]
    assert variant["metrics"]["ndcg@10"]["value"] < tasks["recommend"]["metrics"]["ndcg@10"]["value"]


def test_features_stand_strongest_first(tasks):
    strengths = [abs(feature["association"] - 0.5) for feature in tasks["purchase"]["features"]]
    assert strengths == sorted(strengths, reverse=True)


def test_totals_per_period_add_up():
    actual = np.arange(60.0)
    task = evaluate_quantiles(
        actual,
        quantiles=np.tile([1.0, 30.0, 70.0], (60, 1)),
        levels=(0.1, 0.5, 0.9),
        baselines={"last_week": actual + 1},
        period=np.repeat(["2017-12-11", "2017-12-04"], 30),
        facts=TaskFacts(kind="demand", horizon_days=14),
    )
    totals = task["curves"]["totals"]
    assert totals["period"] == ["2017-12-04", "2017-12-11"]
    assert totals["actual"] == [actual[30:].sum(), actual[:30].sum()]
    assert totals["forecast"] == [900, 900]
    assert totals["baseline"] == [actual[30:].sum() + 30, actual[:30].sum() + 30]


SKEWED = np.tile([0.0, 0.0, 0.0, 8.0], 30)
DEMAND = TaskFacts(kind="demand", horizon_days=28)


def quantiles_of(middle, n=120):
    return np.tile([0.0, middle, 9.0], (n, 1))


def test_bias_is_that_of_the_mean_for_all():
    """Of skewed amounts the median lies low: a bias of medians beside one of means would compare two things."""
    task = evaluate_quantiles(
        SKEWED,
        quantiles=quantiles_of(0.0),
        levels=(0.1, 0.5, 0.9),
        mean=np.full(120, 2.0),
        baselines={"quantiles": quantiles_of(0.0), "point": np.full(120, 1.0)},
        baseline_means={"quantiles": np.full(120, 3.0)},
        period=np.repeat(["2017-12-04", "2017-12-11"], 60),
        facts=DEMAND,
    )
    assert task["bias_of"] == "mean"
    assert task["metrics"]["bias"]["value"] == 0
    assert task["baselines"]["quantiles"]["bias"]["value"] == pytest.approx(0.5)
    assert task["baselines"]["point"]["bias"]["value"] == pytest.approx(-0.5)
    assert task["metrics"]["wape"] == task["baselines"]["quantiles"]["wape"], "errors stay those of the median"
    totals = task["curves"]["totals"]
    assert totals["baseline"] == [60.0 * {"quantiles": 3.0, "point": 1.0}[totals["baseline_name"]]] * 2


def test_without_a_mean_all_are_measured_by_their_median():
    task = evaluate_quantiles(
        SKEWED,
        quantiles=quantiles_of(2.0),
        levels=(0.1, 0.5, 0.9),
        baselines={"quantiles": quantiles_of(1.0)},
        facts=DEMAND,
    )
    assert task["bias_of"] == "median"
    assert task["metrics"]["bias"]["value"] == 0
    assert task["baselines"]["quantiles"]["bias"]["value"] == pytest.approx(-0.5)


def test_means_of_some_forecasts_only_are_refused():
    rows = {"quantiles": quantiles_of(0.0), "levels": (0.1, 0.5, 0.9), "facts": DEMAND}
    with pytest.raises(EvaluationError, match="baseline other has none"):
        evaluate_quantiles(SKEWED, mean=np.ones(120), baselines={"other": quantiles_of(1.0)}, **rows)
    with pytest.raises(EvaluationError, match="not compared by their mean"):
        evaluate_quantiles(
            SKEWED, baselines={"other": quantiles_of(1.0)}, baseline_means={"other": np.ones(120)}, **rows
        )
    with pytest.raises(EvaluationError, match="not compared by their mean"):
        evaluate_quantiles(SKEWED, mean=np.ones(120), baseline_means={"unknown": np.ones(120)}, **rows)


def test_strength_knows_where_a_measure_begins():
    assert strength(0.1, measure="auc") == pytest.approx(0.4)
    assert strength(-0.4, measure="spearman") == pytest.approx(0.4)
    evidence = Evidence(
        features=[
            FeatureStrength("weak", 0.2, "spearman"),
            FeatureStrength("falls", -0.7, "spearman"),
            FeatureStrength("rises", 0.6, "spearman"),
        ]
    )
    task = evaluate_quantiles(
        SKEWED, quantiles=quantiles_of(1.0), levels=(0.1, 0.5, 0.9), facts=DEMAND, evidence=evidence
    )
    assert [feature["name"] for feature in task["features"]] == ["falls", "rises", "weak"]


def test_what_selection_left_out_is_told_with_the_reason():
    rows = {"quantiles": quantiles_of(1.0), "levels": (0.1, 0.5, 0.9), "facts": DEMAND}
    evidence = Evidence(left_out={"rain": "no association", "snow": "says the same as rain"}, n_read=7)
    told = evaluate_quantiles(SKEWED, evidence=evidence, **rows)["selection"]
    assert told["read"] == 7
    assert told["left_out"][1] == {"name": "snow", "reason": "says the same as rain"}
    assert selection_lines(told)["reasons"][0] == ("no association", "rain")
    assert evaluate_quantiles(SKEWED, evidence=Evidence(n_read=9), **rows)["selection"] is None


def test_a_point_forecast_has_no_range():
    actual = np.arange(60.0)
    facts = TaskFacts(kind="churn", horizon_days=28)
    task = evaluate_quantiles(actual, quantiles=actual[:, None] + 1, levels=(0.5,), facts=facts)
    assert task["metrics"]["mae"]["value"] == 1
    assert "coverage" not in task["metrics"]
    assert "quantile_coverage" not in task["curves"]
    assert "FT009" not in {check["code"] for check in task["checks"]}


def test_wrong_arrays_are_refused(answers):
    label, score, _ = answers
    with pytest.raises(EvaluationError, match="no probabilities"):
        evaluate_probability(label, probability=score * 9, facts=FACTS)
    with pytest.raises(EvaluationError, match="nothing to evaluate"):
        evaluate_probability([], probability=[], facts=FACTS)
    with pytest.raises(EvaluationError, match="cluster"):
        evaluate_probability(label, probability=score, cluster=[1, 2], facts=FACTS)
    with pytest.raises(EvaluationError, match="baseline odd"):
        evaluate_probability(label, probability=score, baselines={"odd": [0.1]}, facts=FACTS)
    nobody = Treatment(treated=np.zeros(400), score=score, randomised=True)
    with pytest.raises(EvaluationError, match="treated and untreated"):
        evaluate_probability(label, probability=score, treatment=nobody, facts=FACTS)
    lists = {"relevant_values": [0], "relevant_offsets": [0, 1], "popularity": [1], "facts": FACTS}
    with pytest.raises(EvaluationError, match="outside the catalogue"):
        evaluate_ranking([[3]], **lists)
    with pytest.raises(EvaluationError, match="label per list"):
        evaluate_ranking([[0]], slices={"a": [1, 2]}, **lists)
