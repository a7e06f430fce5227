"""The transition graph: what it links, what it forgets, what it scores."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.graph.transitions import GraphConfig, TransitionGraph


def batch(*lists):
    lengths = [len(one) for one in lists]
    items = np.array([item for one in lists for item in one], dtype=np.int64)
    return Batch({"item": items}, np.cumsum([0, *lengths]).astype(np.int64))


@pytest.fixture(scope="module")
def graph():
    return TransitionGraph.build(batch([1, 2], [1, 2], [1, 3], [4, 5]), n_items=7)


def test_what_followed_most_comes_first(graph):
    assert graph.scores(batch([1])).toarray()[0].argmax() == 2


def test_direction_counts(graph):
    forward, backward = graph.scores(batch([4], [5])).toarray()
    assert forward[5] == pytest.approx(2 * backward[4])


def test_the_latest_item_counts_most(graph):
    scores = graph.scores(batch([1, 4])).toarray()[0]
    assert scores[5] > scores[2] > 0


def test_unknown_unseen_and_empty_histories_point_at_nothing(graph):
    assert graph.scores(batch([0], [6], [])).nnz == 0
    shares = graph.pair_shares(batch([], [6]), rows=np.array([0, 1]), items=np.array([1, 2]))
    np.testing.assert_array_equal(shares, [0, 0])


def test_shares_of_pairs_are_those_of_the_whole_row(graph):
    scores = graph.scores(batch([1], [4, 1])).toarray()
    rows, items = np.array([0, 1, 1]), np.array([2, 5, 3])
    shares = graph.pair_shares(batch([1], [4, 1]), rows=rows, items=items)
    np.testing.assert_allclose(shares, (scores / scores.sum(axis=1, keepdims=True))[rows, items], rtol=1e-6)


def test_saved_arrays_come_back(graph):
    again = TransitionGraph.from_arrays(graph.to_arrays(), config=graph.config)
    np.testing.assert_array_equal(again.links.toarray(), graph.links.toarray())
    np.testing.assert_array_equal(again.counts, graph.counts)


def test_batch_mates_do_not_matter(graph):
    together = graph.scores(batch([1], [4, 1], [5])).toarray()
    for row, one in enumerate(([1], [4, 1], [5])):
        np.testing.assert_array_equal(graph.scores(batch(one)).toarray()[0], together[row])


def test_only_the_strongest_links_are_kept():
    histories = batch([1, 2], [1, 2], [1, 3], [1, 4])
    graph = TransitionGraph.build(histories, n_items=5, config=GraphConfig(most_neighbours=1, popularity_power=0))
    assert graph.links[[1]].indices.tolist() == [2]


@pytest.mark.parametrize("wrong", [{"reach": 0}, {"age_decay": 0}, {"backward": 2}, {"unknown": 1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        GraphConfig(**wrong)


def test_scores_a_few_histories_at_a_time_are_the_same(graph, monkeypatch):
    monkeypatch.setattr("foretell.model.graph.transitions._SCORES_AT_ONCE", 2 * graph.n_items)
    histories = batch([1], [4, 1], [5], [2], [3, 2])
    whole = graph.scores(histories).toarray()
    parts = list(graph.dense_scores(histories))
    assert [rows.tolist() for rows, _ in parts] == [[0, 1], [2, 3], [4]]
    np.testing.assert_array_equal(np.concatenate([scores for _, scores in parts]), whole)
    some = list(graph.dense_scores(histories, rows=np.array([1, 3, 4])))
    np.testing.assert_array_equal(np.concatenate([scores for _, scores in some]), whole[[1, 3, 4]])
    rows, items = np.array([4, 0, 2, 4, 1, 0]), np.array([1, 2, 3, 5, 5, 2])
    shares = graph.pair_shares(histories, rows=rows, items=items)
    np.testing.assert_allclose(shares, (whole / whole.sum(axis=1, keepdims=True))[rows, items], rtol=1e-6)


def test_with_a_half_life_old_links_and_counts_fade():
    histories = batch([1, 2], [1, 3])
    aged = Batch({**histories.values, "day": np.array([0, 0, 10, 10])}, histories.offsets)
    graph = TransitionGraph.build(aged, n_items=4, config=GraphConfig(half_life_days=5))
    assert graph.links[1, 2] == pytest.approx(graph.links[1, 3] / 4)
    np.testing.assert_allclose(graph.counts, [0, 1.25, 0.25, 1])


def test_items_alike_are_linked_beside_what_was_counted(graph):
    alike = sparse.csr_array(([0.25, 0.75], ([6, 6], [1, 2])), shape=(7, 7))
    wider = graph.with_alike(alike, share=0.5)
    average = graph.links.sum() / 7
    expected = graph.links.toarray() + 0.5 * average * alike.toarray()
    np.testing.assert_allclose(wider.links.toarray(), expected, rtol=1e-6)
    assert wider.config.content_share == 0.5
    # An item without events points at what is like it.
    assert wider.scores(batch([6])).toarray()[0].argmax() == 2


def test_the_share_of_content_is_part_of_the_settings():
    lists, alike = batch([1, 2], [3, 4]), sparse.csr_array(([1.0], ([1], [4])), shape=(5, 5))
    config = GraphConfig(content_share=0.3)
    built = TransitionGraph.build(lists, n_items=5, config=config, alike=alike)
    plain = TransitionGraph.build(lists, n_items=5)
    np.testing.assert_array_equal(built.links.toarray(), plain.with_alike(alike, share=0.3).links.toarray())
    assert built.config == config
    assert TransitionGraph.build(lists, n_items=5, config=config).config.content_share == 0.0
