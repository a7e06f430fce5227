"""The blend: weights that are never negative, sum to one and go to whoever deserves them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from foretell.model.blend import blend_logits, fit_blend


def log_loss(logits, label):
    return float((np.logaddexp(0, logits) - label * logits).mean())


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), parts=st.integers(1, 4), scale=st.floats(0.1, 20))
def test_weights_are_shares_whatever_comes(seed, n, parts, scale):
    random = np.random.default_rng(seed)
    logits = {f"m{part}": random.normal(0, scale, n) for part in range(parts)}
    weights = fit_blend(logits, random.integers(0, 2, n).astype(float))
    assert list(weights) == list(logits)
    assert all(weight >= 0 for weight in weights.values())
    assert sum(weights.values()) == pytest.approx(1.0)


@pytest.fixture
def truth():
    random = np.random.default_rng(3)
    signal = random.normal(0, 1.5, 4000)
    return random, signal, (random.random(4000) < expit(signal)).astype(float)


def test_the_better_model_gets_the_weight(truth):
    random, signal, label = truth
    weights = fit_blend({"noise": random.normal(0, 1.5, 4000), "good": signal}, label)
    assert weights["good"] > 0.9


def test_a_model_that_points_the_wrong_way_gets_none(truth):
    _, signal, label = truth
    assert fit_blend({"wrong": -signal, "good": signal}, label)["wrong"] == 0.0


def test_two_halves_of_the_truth_are_both_taken_and_beat_either(truth):
    random, _, _ = truth
    left, right = random.normal(0, 1.5, 4000), random.normal(0, 1.5, 4000)
    label = (random.random(4000) < expit(left + right)).astype(float)
    weights = fit_blend({"left": left, "right": right}, label)
    assert min(weights.values()) > 0.35
    both = blend_logits({"left": left, "right": right}, weights)
    assert log_loss(both * 2, label) < min(log_loss(left, label), log_loss(right, label))


def test_a_handful_of_examples_decides_nothing_alone():
    label = np.array([1.0, 0.0, 1.0, 0.0])
    weights = fit_blend({"lucky": 3 * (2 * label - 1), "unlucky": 3 * (1 - 2 * label)}, label)
    assert 0.3 < weights["unlucky"] < 0.5 < weights["lucky"] < 0.7


def test_weights_count_examples(truth):
    random, signal, label = truth
    noise = random.normal(0, 1.5, 4000)
    # Where only the other half counts, the model that is right there wins.
    left = np.arange(4000) < 2000
    logits = {"left": np.where(left, signal, noise), "right": np.where(left, noise, signal)}
    assert fit_blend(logits, label, weight=left.astype(float))["left"] > 0.85
    assert fit_blend(logits, label, weight=(~left).astype(float))["right"] > 0.85


def test_components_without_weight_are_not_even_asked():
    found = blend_logits({"a": np.array([2.0]), "b": np.array([np.nan])}, {"a": 1.0, "b": 0.0})
    assert found.tolist() == [2.0]


def test_one_component_needs_no_choice():
    assert fit_blend({"only": np.zeros(3)}, np.ones(3)) == {"only": 1.0}
