"""Sample paths keep what each week's quantiles say, and go together as the weeks were seen to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.quantile_paths import RankPaths, quantile_at, rank_of

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
RANDOM = np.random.default_rng(0)


@st.composite
def rising(draw):
    steps = draw(st.lists(st.floats(0, 100), min_size=len(LEVELS), max_size=len(LEVELS)))
    return np.cumsum(steps)[None]


@given(quantiles=rising())
def test_the_curve_goes_through_the_quantiles_and_never_falls(quantiles):
    at_levels = quantile_at(np.array([LEVELS]), quantiles, LEVELS)
    np.testing.assert_allclose(at_levels, quantiles, atol=1e-9)
    curve = quantile_at(np.linspace(0, 0.999, 200)[None], quantiles, LEVELS)
    assert (np.diff(curve) >= -1e-9).all()
    assert curve[0, 0] == 0


@given(quantiles=rising(), rank=st.floats(0.01, 0.99), chance=st.floats(0, 0.999))
def test_a_rank_is_found_again(quantiles, rank, chance):
    units = quantile_at(np.array([[rank]]), quantiles, LEVELS)[:, 0]
    found = rank_of(units, quantiles, LEVELS, chance=np.array([chance]))
    again = quantile_at(found[:, None], quantiles, LEVELS)[:, 0]
    np.testing.assert_allclose(again, units, rtol=1e-6, atol=1e-6)


def test_the_tail_of_an_exponential_is_exact():
    levels = (0.5, 0.9)
    quantiles = -np.log(1 - np.array([levels])) * 7
    assert quantile_at(np.array([[0.99]]), quantiles, levels)[0, 0] == pytest.approx(-np.log(0.01) * 7)


def test_ranks_of_equal_amounts_are_spread_by_chance():
    quantiles = np.tile([0.0, 0.0, 0.0, 2.0, 4.0], (2000, 1))
    found = rank_of(np.zeros(2000), quantiles, LEVELS, chance=RANDOM.random(2000))
    assert found.max() <= 0.5
    assert found.mean() == pytest.approx(0.25, abs=0.02)


def shared(share, n=4000):
    """Weeks of a log-normal shop that share a part of their luck, and their true quantiles."""
    luck = np.sqrt(share) * RANDOM.normal(size=(n, 1)) + np.sqrt(1 - share) * RANDOM.normal(size=(n, 4))
    size = RANDOM.uniform(5, 50, size=(n, 1))
    at = np.array([-1.2815515655, -0.6744897502, 0.0, 0.6744897502, 1.2815515655])
    quantiles = size[:, :, None] * np.exp(0.5 * at)[None, None]
    return size * np.exp(0.5 * luck), np.repeat(quantiles, 4, axis=1)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_totals_cover_what_they_promise(share):
    units, quantiles = shared(share)
    learned = RankPaths.learn(units[:2000], quantiles=quantiles[:2000], levels=LEVELS, seed=0)
    paths = learned.paths(quantiles[2000:], LEVELS)
    for level in (0.5, 0.9):
        enough = np.quantile(paths.sum(axis=2), level, axis=1)
        assert (units[2000:].sum(axis=1) <= enough).mean() == pytest.approx(level, abs=0.05), level
    added_up = quantiles[2000:, :, -1].sum(axis=1)
    covered = (units[2000:].sum(axis=1) <= added_up).mean()
    assert covered > (0.97 if share == 0 else 0.9), "added up quantiles promise less than they keep"


def test_every_week_alone_is_spread_as_its_quantiles_say():
    units, quantiles = shared(0.5)
    paths = RankPaths.learn(units, quantiles=quantiles, levels=LEVELS, seed=0).paths(quantiles[:3], LEVELS)
    np.testing.assert_allclose(np.quantile(paths, LEVELS, axis=1).transpose(1, 2, 0), quantiles[:3], rtol=0.02)


def test_too_few_rows_are_not_learned_from():
    units, quantiles = shared(0.0, n=49)
    found = RankPaths.learn(units, quantiles=quantiles, levels=LEVELS, seed=0)
    assert not found.learned
    assert (found.ranks == found.ranks[:, :1]).all()


def test_what_is_saved_is_read_again():
    units, quantiles = shared(0.5, n=300)
    learned = RankPaths.learn(units, quantiles=quantiles, levels=LEVELS, seed=0)
    again = RankPaths.from_dict(learned.to_dict())
    assert (again.ranks == learned.ranks).all()
    assert again.learned
