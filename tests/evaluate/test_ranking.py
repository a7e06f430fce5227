"""List metrics against a slow count and scikit-learn; nothing exceeds one, whatever the lists hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from foretell.evaluate import EvaluationError, ranking
from foretell.evaluate.ranking import RelevantSets
from foretell.evaluate.relevance import hits


def packed(sets):
    values = np.array([item for one in sets for item in one], dtype=np.int64)
    return RelevantSets(values, np.concatenate([[0], np.cumsum([len(one) for one in sets])]))


@st.composite
def lists_and_sets(draw):
    """Short lists with repeats and empty places, and wanted sets with repeats, some empty."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    item = st.integers(0, 7)
    ranked = draw(st.lists(st.lists(st.integers(-1, 7), min_size=k, max_size=k), min_size=n, max_size=n))
    wanted = draw(st.lists(st.lists(item, max_size=5), min_size=n, max_size=n))
    return np.array(ranked), wanted, draw(st.integers(1, k + 1))


def slow(ranked, wanted, k):
    """The five metrics, list by list."""
    rows = []
    for row, owned in zip(ranked, wanted, strict=True):
        if not owned:
            continue
        seen, places = set(), []
        for place, item in enumerate(row[:k], start=1):
            if item in owned and item not in seen:
                places.append(place)
            seen.add(item)
        n = len(set(owned))
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, n) + 1))
        gained = sum(1 / math.log2(place + 1) for place in places)
        first = 1 / places[0] if places else 0.0
        rows.append((float(bool(places)), gained / ideal, len(places) / n, len(places) / k, first))
    return np.mean(rows, axis=0) if rows else [math.nan] * 5


@given(lists_and_sets())
def test_metrics_equal_a_slow_count_and_stay_within_one(case):
    ranked, wanted, k = case
    functions = (ranking.hit_rate, ranking.ndcg, ranking.recall, ranking.precision, ranking.mrr)
    found = [function(ranked, relevant=packed(wanted), k=k) for function in functions]
    assert found == pytest.approx(slow(ranked, wanted, k), nan_ok=True)
    assert all(math.isnan(value) or 0 <= value <= 1 for value in found)


def test_ndcg_equals_scikit_learn():
    generator = np.random.default_rng(0)
    ranked = np.array([generator.permutation(20) for _ in range(30)])
    wanted = [generator.choice(20, size=generator.integers(1, 9), replace=False) for _ in range(30)]
    truth, score = np.zeros((30, 20)), np.zeros((30, 20))
    for row in range(30):
        truth[row, wanted[row]] = 1
        score[row, ranked[row]] = -np.arange(20)
    assert ranking.ndcg(ranked, relevant=packed(wanted), k=5) == pytest.approx(ndcg_score(truth, score, k=5))


def test_a_repeated_item_is_one_hit():
    found = hits([[3, 3, 3]], relevant=packed([[3, 4]]))
    assert found.tolist() == [[True, False, False]]
    assert ranking.ndcg([[3, 3, 3]], relevant=packed([[3]]), k=3) == 1


def test_empty_places_never_hit():
    # -1 of the second list must not reach into the wants of the first.
    assert not hits([[0], [-1]], relevant=packed([[7], [7]])).any()


def test_catalogue_figures():
    ranked = np.array([[0, 1], [0, -1]])
    assert ranking.coverage(ranked, n_items=4, k=2) == 0.5
    assert ranking.coverage(ranked, n_items=4, k=1) == 0.25
    assert ranking.popularity_share(ranked, popularity=[9, 3, 1, 1], k=2) == pytest.approx(2 / 3)
    assert math.isnan(ranking.popularity_share([[-1]], popularity=[1], k=1))
    assert ranking.popular_items(np.arange(300)).sum() == 3
    assert ranking.popular_items([2, 2, 1], share=0.34).tolist() == [True, False, False]


def test_lists_and_sets_must_fit():
    with pytest.raises(EvaluationError, match="offsets"):
        RelevantSets(np.array([1]), np.array([0, 2]))
    with pytest.raises(EvaluationError, match="table of item codes"):
        ranking.ndcg([[1], [2]], relevant=packed([[1]]))
