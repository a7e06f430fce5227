import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.explain.attribution import occlusion, shapley

_SETTINGS = st.tuples(st.integers(1, 7), st.integers(1, 12), st.integers(0, 1000))


def _random_game(n_parts: int, seed: int):
    """Every subset has a value of its own: no structure to be lucky with."""
    values = np.random.default_rng(seed).normal(size=2**n_parts)
    return lambda kept: values[kept @ (1 << np.arange(n_parts))]


@given(_SETTINGS)
def test_shapley_adds_up_however_few_orders_are_drawn(settings):
    n_parts, n_permutations, seed = settings
    found = shapley(_random_game(n_parts, seed), n_parts=n_parts, n_permutations=n_permutations, seed=seed)
    assert found.effects.sum() == pytest.approx(found.full - found.empty)


@given(_SETTINGS)
def test_both_methods_are_exact_where_parts_do_not_interact(settings):
    n_parts, n_permutations, seed = settings
    weights = np.random.default_rng(seed).normal(size=n_parts)
    game = lambda kept: kept @ weights + 3.0  # noqa: E731
    np.testing.assert_allclose(shapley(game, n_parts=n_parts, n_permutations=n_permutations).effects, weights)
    np.testing.assert_allclose(occlusion(game, n_parts=n_parts).effects, weights)


def test_shapley_comes_close_to_the_exact_value():
    n_parts = 4
    game = _random_game(n_parts, 5)
    every = np.array([[subset >> part & 1 for part in range(n_parts)] for subset in range(2**n_parts)], dtype=bool)
    values = dict(zip(map(tuple, every.tolist()), game(every), strict=True))
    weight = {0: 1 / 4, 1: 1 / 12, 2: 1 / 12, 3: 1 / 4}  # |S|! (n - |S| - 1)! / n!
    exact = np.zeros(n_parts)
    for kept in every.tolist():
        for part in range(n_parts):
            if not kept[part]:
                joined = tuple(on or place == part for place, on in enumerate(kept))
                exact[part] += weight[sum(kept)] * (values[joined] - values[tuple(kept)])
    found = shapley(game, n_parts=n_parts, n_permutations=4000, seed=1)
    np.testing.assert_allclose(found.effects, exact, atol=0.05)


def test_a_part_that_does_nothing_gets_nothing():
    found = shapley(lambda kept: kept[:, 0] * 1.0, n_parts=5)
    np.testing.assert_allclose(found.effects, [1, 0, 0, 0, 0])


def test_two_parts_that_say_the_same_share_it_under_shapley_and_hide_each_other_under_occlusion():
    either = lambda kept: kept.any(axis=1) * 1.0  # noqa: E731
    np.testing.assert_allclose(shapley(either, n_parts=2).effects, [0.5, 0.5])
    np.testing.assert_allclose(occlusion(either, n_parts=2).effects, [0.0, 0.0])


def test_the_seed_decides():
    game = _random_game(6, 3)
    first, again, other = (shapley(game, n_parts=6, n_permutations=4, seed=seed).effects for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_subset_is_asked_about_twice():
    asked = []

    def game(kept):
        asked.append(kept)
        return kept.sum(axis=1) * 1.0

    shapley(game, n_parts=6, n_permutations=16)
    assert len(asked) == 1
    assert len(np.unique(asked[0], axis=0)) == len(asked[0])
