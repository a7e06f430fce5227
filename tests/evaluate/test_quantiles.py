"""Forecast metrics against scikit-learn and against their formulas."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from foretell.evaluate import EvaluationError, quantiles

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture
def forecasts():
    generator = np.random.default_rng(0)
    actual = generator.poisson(6, 200).astype(float)
    table = np.sort(generator.gamma(3, 2, (200, 3)), axis=1)
    return actual, table


def test_pinball_equals_scikit_learn(forecasts):
    actual, table = forecasts
    found = quantiles.pinball_per_level(actual, quantiles=table, levels=LEVELS)
    expected = [mean_pinball_loss(actual, table[:, place], alpha=level) for place, level in enumerate(LEVELS)]
    assert list(found.values()) == pytest.approx(expected)
    assert quantiles.pinball(actual, quantiles=table, levels=LEVELS) == pytest.approx(np.mean(expected))
    expected_wql = 2 * np.mean(expected) * len(actual) / actual.sum()
    assert quantiles.wql(actual, quantiles=table, levels=LEVELS) == pytest.approx(expected_wql)


def test_point_metrics(forecasts):
    actual, table = forecasts
    point = table[:, 1]
    assert quantiles.mae(actual, point=point) == pytest.approx(mean_absolute_error(actual, point))
    assert quantiles.wape(actual, point=point) == pytest.approx(np.abs(actual - point).sum() / actual.sum())
    assert quantiles.wape(actual, point=point) == pytest.approx(quantiles.wql(actual, quantiles=point, levels=(0.5,)))
    assert quantiles.bias(actual, point=actual * 1.1) == pytest.approx(0.1)
    inside = ((table[:, 0] <= actual) & (actual <= table[:, 2])).mean()
    assert quantiles.coverage(actual, low=table[:, 0], high=table[:, 2]) == pytest.approx(inside)


def test_the_true_quantile_has_the_least_loss():
    actual = np.random.default_rng(1).exponential(size=20_000)
    at = {
        value: quantiles.pinball(actual, quantiles=np.full(20_000, value), levels=(0.9,)) for value in (1.8, 2.3, 2.9)
    }
    assert min(at, key=at.get) == 2.3  # -log(0.1)


@pytest.mark.parametrize(
    ("levels", "row", "middle"),
    [
        ((0.25, 0.75), [0.0, 4.0], 2.0),
        ((0.5, 0.9), [3.0, 4.0], 3.0),
        ((0.6, 0.9), [3.0, 4.0], 3.0),
        ((0.1, 0.4), [3.0, 4.0], 4.0),
    ],
)
def test_the_median_is_found_between_levels(levels, row, middle):
    found = quantiles.median(np.array([row]), levels=np.array(levels))
    assert found.tolist() == [middle]


def test_nothing_sold_is_undefined():
    assert np.isnan(quantiles.wape([0.0], point=[1.0]))
    assert np.isnan(quantiles.bias([0.0], point=[1.0]))
    assert np.isnan(quantiles.wql([0.0], quantiles=[[1.0]], levels=(0.5,)))
    assert np.isnan(quantiles.mae([], point=[]))


@pytest.mark.parametrize("levels", [(0.9, 0.1), (0.0, 0.5), (0.5, 1.0), ()])
def test_levels_must_rise_within_zero_and_one(levels):
    with pytest.raises(EvaluationError, match="levels"):
        quantiles.pinball([1.0], quantiles=np.zeros((1, len(levels))), levels=levels)


def test_shapes_must_fit():
    with pytest.raises(EvaluationError, match="row and level"):
        quantiles.pinball([1.0, 2.0], quantiles=[[1.0, 2.0]], levels=(0.1, 0.9))
    with pytest.raises(EvaluationError, match="row and level"):
        quantiles.pinball([1.0], quantiles=[[np.nan]], levels=(0.5,))
