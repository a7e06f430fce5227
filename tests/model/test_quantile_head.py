"""Quantiles of how much: in order, never negative, and covering what they promise on new data."""

from dataclasses import replace

import numpy as np
import pytest

from foretell.model.quantile_head import QuantileBlend, _weighted_quantile, fit_quantile_head, fit_share

LEVELS = (0.1, 0.5, 0.9)


def sample(n, seed):
    """Units are gamma-distributed around the scale, wider where the second feature is high."""
    random = np.random.default_rng(seed)
    features = random.random((n, 2)).astype(np.float32)
    scale = random.uniform(1, 20, n)
    shape = np.where(features[:, 1] > 0.5, 1.0, 8.0)
    return features, scale * random.gamma(shape, 1 / shape), scale


@pytest.fixture(scope="module")
def head():
    return fit_quantile_head(sample(1500, 1), validation=sample(800, 2), names=("a", "b"), levels=LEVELS, seed=0)


@pytest.fixture(scope="module")
def later():
    return sample(3000, 3)


def test_quantiles_rise_and_are_never_negative(head, later):
    found = head.quantiles(later[0], later[2])
    assert found.shape == (3000, 3)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= 0).all()


def test_new_data_are_covered_as_promised(head, later):
    features, units, scale = later
    found = head.quantiles(features, scale)
    for column, level in enumerate(LEVELS):
        assert np.average(units <= found[:, column], weights=scale) == pytest.approx(level, abs=0.04)


def test_intervals_are_wider_where_the_data_are(head, later):
    features, _, scale = later
    low, _, high = head.quantiles(features, scale).T
    width = (high - low) / scale
    wide = features[:, 1] > 0.5
    assert width[wide].mean() > 1.4 * width[~wide].mean()


def test_answers_grow_with_the_scale(head, later):
    features, _, scale = later
    np.testing.assert_allclose(head.quantiles(features, 3 * scale), 3 * head.quantiles(features, scale))


def test_even_crossing_or_negative_boosters_answer_in_order(head, later):
    crossed = replace(head, shifts=(5.0, 0.0, -5.0))
    found = crossed.quantiles(later[0], later[2])
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= 0).all()


def test_the_weighted_quantile_is_that_of_repeated_values():
    random = np.random.default_rng(0)
    values, weight = random.normal(size=30), random.integers(1, 5, 30)
    repeated = np.sort(np.repeat(values, weight))
    for level in (0.05, 0.3, 0.5, 0.95):
        expected = repeated[int(np.ceil(level * len(repeated))) - 1]
        assert _weighted_quantile(values, level, weight.astype(float)) == expected


def test_what_is_saved_is_json(head):
    saved = head.to_dict()
    assert saved["levels"] == list(LEVELS)
    assert saved["names"] == ["a", "b"]
    assert len(saved["shifts"]) == 3


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_is_the_average_of_both_level_by_level(head, later, share):
    """The plain head reads all but the last feature."""
    with_signal, (features, units, scale) = head, later
    part, rest = slice(None, 800), slice(800, None)
    plain = fit_quantile_head(
        (features[part, :1], units[part], scale[part]),
        validation=(features[rest, :1], units[rest], scale[rest]),
        names=("a",),
        levels=LEVELS,
        seed=0,
    )
    blend = QuantileBlend(with_signal, plain, share)
    found = blend.quantiles(features, scale)
    expected = share * with_signal.quantiles(features, scale) + (1 - share) * plain.quantiles(features[:, :1], scale)
    np.testing.assert_allclose(found, expected)
    assert (np.diff(found, axis=1) >= 0).all()


def test_the_share_goes_to_the_better_and_a_signal_has_to_earn_it():
    random = np.random.default_rng(0)
    units = random.gamma(2, 5, 500)
    good = np.tile(np.quantile(units, LEVELS), (500, 1))
    assert fit_share(good, good + 30, units=units, levels=LEVELS) == 1.0
    assert fit_share(good + 30, good, units=units, levels=LEVELS) == 0.0
    assert fit_share(good, good, units=units, levels=LEVELS) == 0.0  # a signal that brings nothing gets nothing
    assert fit_share(good - 4, good + 4, units=units, levels=LEVELS) == 0.5


def test_a_blend_without_a_share_for_the_signal_needs_no_head_for_it(head, later):
    features, _, scale = later
    beside = np.column_stack([features, np.full(len(features), np.nan, np.float32)])
    blend = QuantileBlend(None, head, 0.0)
    assert blend.levels == LEVELS
    np.testing.assert_array_equal(blend.quantiles(beside, scale), head.quantiles(features, scale))
