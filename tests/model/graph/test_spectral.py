"""Vectors from the graph's spectrum."""

import numpy as np

from foretell.core.batch import Batch
from foretell.model.graph.spectral import spectral_vectors

GROUPS = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])


def histories(n=200):
    random = np.random.default_rng(0)
    lists = [random.choice(GROUPS[group], 3, replace=False) for group in random.integers(0, 2, n)]
    return Batch({"item": np.concatenate(lists)}, np.arange(0, 3 * n + 1, 3))


def test_items_of_one_group_are_close_and_of_two_are_not():
    vectors = spectral_vectors(histories(), n_items=10, width=2, seed=0)
    near = vectors @ vectors.T
    assert near[1:5, 1:5].min() > 0.9
    assert abs(near[1:5, 5:9]).max() < 0.2


def test_items_never_seen_and_the_unknown_one_have_no_direction():
    vectors = spectral_vectors(histories(), n_items=10, width=4, seed=0)
    assert not vectors[[0, 9]].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:9], axis=1), 1.0, rtol=1e-5)


def test_a_width_beyond_the_catalogue_is_filled_with_zeros():
    assert spectral_vectors(histories(), n_items=10, width=64, seed=0).shape == (10, 64)


def test_the_same_seed_gives_the_same_vectors():
    first, second = (spectral_vectors(histories(), n_items=10, width=3, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, second)
