"""Likeness by content."""

import numpy as np
import pytest

from foretell.model.graph import likeness
from foretell.model.graph.likeness import alike_by_content

RANDOM = np.random.default_rng(0)


def oracle(codes, vectors):
    """All pairs, written out."""
    n = len(codes)
    said = []
    for row in codes:
        weights = {}
        for field, value in enumerate(row):
            if value:
                weights[field, value] = np.log(n / np.sum(codes[:, field] == value))
        length = np.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        said.append({key: weight / length for key, weight in weights.items()})
    likeness = np.zeros((n, n))
    for one in range(1, n):
        for other in range(1, n):
            if one != other:
                shared = said[one].keys() & said[other].keys()
                likeness[one, other] = sum(said[one][key] * said[other][key] for key in shared)
                likeness[one, other] += vectors[one] @ vectors[other]
    likeness = np.maximum(likeness, 0)
    for row in likeness:
        row[np.argsort(-row, kind="stable")[15:]] = 0
    likeness = likeness**3
    return likeness / np.maximum(likeness.sum(axis=1, keepdims=True), 1e-30)


@pytest.mark.parametrize("width", [0, 4])
def test_is_rare_values_shared_and_vectors_close(width, monkeypatch):
    monkeypatch.setattr(likeness, "_SCORES_AT_ONCE", 300)  # several blocks
    codes = RANDOM.integers(0, 5, size=(40, 3))
    vectors = RANDOM.normal(size=(40, width)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    codes[0], vectors[0] = 0, 0
    found = alike_by_content(codes, vectors).toarray()
    np.testing.assert_allclose(found, oracle(codes, vectors), atol=1e-5)


def test_nothing_said_is_nothing_alike():
    assert alike_by_content(np.zeros((5, 2), dtype=int)) is None
    assert alike_by_content(np.zeros((5, 1), dtype=int), np.zeros((5, 0), dtype=np.float32)) is None


def test_a_catalogue_too_large_to_compare_is_left_alone(monkeypatch):
    monkeypatch.setattr(likeness, "_MOST_ITEMS", 3)
    assert alike_by_content(np.array([[0], [1], [1], [2]])) is None


def test_an_item_is_like_neither_itself_nor_the_unknown_one():
    codes = RANDOM.integers(0, 3, size=(60, 2))
    codes[0] = 0
    found = alike_by_content(codes).toarray()
    assert not found.diagonal().any()
    assert not found[0].any()
    assert not found[:, 0].any()
    sums = found.sum(axis=1)
    assert ((np.abs(sums - 1) < 1e-5) | (sums == 0)).all()
