"""Two sets of answers on the same rows: differences, who is ahead, and how often chance alone would say so."""

import numpy as np
import pytest

from foretell.evaluate import probability as plain
from foretell.evaluate.comparison import compare_forecasts, compare_lists, compare_probabilities, permutation_p_value
from foretell.evaluate.inputs import EvaluationError, clusters
from foretell.evaluate.quantiles import pinball, wape

DRAWS = {"replicates": 300, "seed": 3}


@pytest.fixture
def cases():
    random = np.random.default_rng(0)
    chance = random.beta(1, 3, 2000)
    label = (random.random(2000) < chance).astype(float)
    noisy = np.clip(1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + random.normal(0, 1.5, 2000)))), 1e-3, 1 - 1e-3)
    return label, chance, noisy


def test_figures_are_the_plain_metrics_and_the_truth_wins(cases):
    label, chance, noisy = cases
    found = compare_probabilities(label, first=chance, second=noisy, **DRAWS)
    for name in ("auc", "average_precision", "logloss", "brier"):
        row = found["metrics"][name]
        assert row["first"] == pytest.approx(getattr(plain, name)(label, probability=chance))
        assert row["second"] == pytest.approx(getattr(plain, name)(label, probability=noisy))
        assert row["difference"]["value"] == pytest.approx(row["first"] - row["second"])
        assert row["better"] == "first"
    assert found["permutation"] == {"metric": "logloss", "p_value": pytest.approx(1 / 301)}


def test_the_order_of_the_two_changes_signs_alone(cases):
    label, chance, noisy = cases
    one = compare_probabilities(label, first=chance, second=noisy, **DRAWS)
    other = compare_probabilities(label, first=noisy, second=chance, **DRAWS)
    for name, row in one["metrics"].items():
        back = other["metrics"][name]
        assert back["difference"]["value"] == pytest.approx(-row["difference"]["value"])
        assert {row["better"], back["better"]} in ({"first", "second"}, {"neither"})
    assert one["permutation"]["p_value"] == other["permutation"]["p_value"]


def test_a_model_against_itself_is_neither_better_nor_worse(cases):
    label, chance, _ = cases
    found = compare_probabilities(label, first=chance, second=chance, **DRAWS)
    assert {row["better"] for row in found["metrics"].values()} == {"neither"}
    assert found["permutation"]["p_value"] == 1.0


def test_what_is_no_probability_is_refused(cases):
    label, chance, _ = cases
    with pytest.raises(EvaluationError, match="needs probabilities"):
        compare_probabilities(label, first=chance, second=chance * 3)


def test_lists_are_compared_by_what_each_is_worth():
    random = np.random.default_rng(1)
    good, poor = random.beta(4, 2, 400), random.beta(2, 4, 400)
    found = compare_lists({"ndcg@10": poor}, second={"ndcg@10": good}, **DRAWS)
    assert found["metrics"]["ndcg@10"]["better"] == "second"
    assert found["metrics"]["ndcg@10"]["first"] == pytest.approx(poor.mean())


def test_forecasts_are_compared_by_loss_and_a_total_is_best_near_zero():
    random = np.random.default_rng(2)
    rate = random.gamma(2, 5, 600)
    units = random.poisson(rate).astype(float)
    levels = np.array([0.1, 0.5, 0.9])
    near = rate[:, None] * np.array([0.6, 1.0, 1.5])
    far = near * 1.6
    found = compare_forecasts(units, first=(far, far[:, 1]), second=(near, near[:, 1]), levels=levels, **DRAWS)
    assert found["metrics"]["pinball"]["second"] == pytest.approx(pinball(units, quantiles=near, levels=levels))
    assert found["metrics"]["wape"]["first"] == pytest.approx(wape(units, point=far[:, 1]))
    assert {found["metrics"][name]["better"] for name in ("wape", "wql", "pinball", "bias")} == {"second"}
    assert found["permutation"]["metric"] == "pinball"


def test_chance_alone_gives_even_p_values():
    """Under interchangeable models p is uniform: about as many below .2 as there should be."""
    random = np.random.default_rng(4)
    units = clusters(None, n_rows=60)
    found = [permutation_p_value(random.normal(size=60), units=units, replicates=199, seed=s) for s in range(200)]
    assert 0.12 < np.mean(np.array(found) <= 0.2) < 0.28


def test_rows_of_one_customer_are_swapped_together():
    """A hundred rows of one customer are one piece of evidence, not a hundred."""
    units = clusters(np.zeros(100, dtype=int), n_rows=100)
    assert permutation_p_value(np.full(100, 1.0), units=units, replicates=99) == 1.0
