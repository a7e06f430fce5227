"""Platt scaling: it finds the slope and offset that were planted, and keeps the order of scores."""

import numpy as np
import pytest
from scipy.special import expit

from foretell.model.calibration import PlattScaling, fit_platt


@pytest.fixture
def sample():
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, 20_000)
    return logits, (random.random(20_000) < expit(0.4 * logits - 1.2)).astype(float)


def test_the_planted_distortion_is_found(sample):
    fitted = fit_platt(*sample)
    assert fitted.slope == pytest.approx(0.4, abs=0.03)
    assert fitted.offset == pytest.approx(-1.2, abs=0.05)


def test_calibrated_probabilities_are_right_on_average_and_in_each_part(sample):
    logits, label = sample
    probability = fit_platt(logits, label).probability(logits)
    assert probability.mean() == pytest.approx(label.mean(), abs=1e-3)
    for part in np.array_split(np.argsort(logits), 5):
        assert probability[part].mean() == pytest.approx(label[part].mean(), abs=0.03)


def test_a_weight_of_three_is_three_rows():
    random = np.random.default_rng(2)
    logits, label = random.normal(size=50), (random.random(50) < 0.4).astype(float)
    weight = random.integers(1, 4, 50)
    weighted = fit_platt(logits, label, weight=weight.astype(float))
    repeated = fit_platt(np.repeat(logits, weight), np.repeat(label, weight))
    assert weighted.slope == pytest.approx(repeated.slope, rel=1e-4)
    assert weighted.offset == pytest.approx(repeated.offset, abs=1e-4)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_one_answer_only_stays_finite_and_keeps_the_order(answer):
    fitted = fit_platt(np.linspace(-2, 2, 10), np.full(10, answer))
    probability = fitted.probability(np.linspace(-2, 2, 10))
    assert np.isfinite(probability).all()
    assert (np.diff(probability) >= 0).all()


def test_a_score_that_points_the_wrong_way_is_flattened_but_never_turned():
    """The slope is positive by construction: the order belongs to the model, not to its calibration."""
    logits = np.linspace(-2, 2, 200)
    assert 0 < fit_platt(logits, (logits < 0).astype(float)).slope < 0.1


def test_the_formula():
    scaling = PlattScaling(slope=2.0, offset=-1.0)
    assert scaling.probability(np.array([0.25])).tolist() == [pytest.approx(1 / (1 + np.exp(0.5)))]
