"""Curves are the plain arrays they claim to be."""

import numpy as np
import pytest

from foretell.evaluate import curves


@pytest.fixture
def answers():
    generator = np.random.default_rng(0)
    probability = generator.beta(2, 4, 3000)
    return (generator.random(3000) < probability).astype(float), probability


def test_a_calibrated_model_lies_on_the_diagonal(answers):
    label, probability = answers
    curve = curves.calibration_curve(label, probability=probability)
    assert len(curve["predicted"]) == 10
    assert sum(curve["mass"]) == pytest.approx(1)
    assert np.allclose(curve["mass"], 0.1)
    assert np.all(np.diff(curve["predicted"]) > 0)
    held = [
        low <= stated <= high for low, stated, high in zip(curve["low"], curve["predicted"], curve["high"], strict=True)
    ]
    assert sum(held) >= 8
    shifted = curves.calibration_curve(label, probability=np.minimum(1, probability + 0.2))
    assert np.all(np.array(shifted["observed"]) < shifted["predicted"])


def test_wilson_holds_the_share_and_shrinks():
    low, high = curves.wilson(np.array([0.0, 0.3, 1.0]), size=np.array([10.0, 10.0, 10.0]))
    assert low[0] == 0
    assert high[2] == 1
    assert low[1] < 0.3 < high[1]
    narrow = curves.wilson(np.array([0.3]), size=np.array([1000.0]))
    assert narrow[1][0] - narrow[0][0] < high[1] - low[1]


def test_gain_counts_positives_among_the_best(answers):
    label, probability = answers
    curve = curves.gain_curve(label, probability=probability)
    best = np.argsort(-probability)[:600]
    place = curve["share"].index(0.2)
    assert curve["found"][place] == pytest.approx(label[best].sum() / label.sum())
    assert curve["lift"][place] == pytest.approx(curve["found"][place] / 0.2)
    assert curve["found"][0] == 0
    assert curve["found"][-1] == pytest.approx(1)


def test_gain_of_one_score_is_random():
    curve = curves.gain_curve([1, 0, 1, 0], probability=np.full(4, 0.3))
    assert curve["found"] == pytest.approx(curve["share"])
    assert curves.gain_curve([0, 0], probability=[0.1, 0.2]) == {"share": [], "found": [], "lift": []}


def test_quantile_coverage_of_the_true_quantiles():
    generator = np.random.default_rng(1)
    actual = generator.normal(size=5000)
    table = np.tile([-1.2816, 0.0, 1.2816], (5000, 1))
    curve = curves.quantile_coverage_curve(actual, quantiles=table, levels=(0.1, 0.5, 0.9))
    assert curve["observed"] == pytest.approx([0.1, 0.5, 0.9], abs=0.02)
    tied = curves.quantile_coverage_curve(np.zeros(5), quantiles=np.zeros((5, 1)), levels=(0.5,))
    assert (tied["strict"], tied["observed"]) == ([0.0], [1.0])


def test_histogram_and_thinning():
    assert sum(curves.histogram([0.1, 0.1, 0.9], weight=[1, 1, 2])["mass"]) == pytest.approx(1)
    curve = {"share": np.array([0.0, 0.5, 1.0]), "gain": np.array([0.0, 3.0, 2.0])}
    assert curves.thinned(curve, points=5)["gain"] == [0.0, 1.5, 3.0, 2.5, 2.0]
