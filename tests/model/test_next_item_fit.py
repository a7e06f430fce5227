"""Learning the mixture's weights: the shortlists, and what the likelihood makes of them."""

import numpy as np
import pytest
import torch
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.next_item import NextItemMixture, gather_evidence
from foretell.model.next_item_fit import FLOORS, Shortlists, fit_mixture

N_ITEMS = 6


def histories(*lists):
    items = np.array([item for one in lists for item in one], dtype=np.int64)
    return Batch({"item": items}, np.cumsum([0, *(len(one) for one in lists)]).astype(np.int64))


def evidence(*lists, logits=None, links=None, n_items=N_ITEMS):
    n = len(lists)
    return gather_evidence(
        histories(*lists),
        logits=torch.zeros(n, n_items) if logits is None else logits,
        graph_scores=sparse.csr_array(np.zeros((n, n_items), dtype=np.float32) if links is None else links),
        counts=np.arange(n_items, dtype=np.float32),
    )


def test_each_item_stands_on_a_shortlist_once_with_what_is_known_of_it():
    links = np.zeros((1, N_ITEMS), dtype=np.float32)
    links[0, 2], links[0, 3] = 3.0, 1.0
    logits = torch.arange(6.0)[None]
    lists = Shortlists.of(evidence([1, 4], logits=logits, links=links), np.array([3]))
    assert int(lists.filled.sum()) == N_ITEMS - 1
    place = int(lists.right[0])
    assert lists.sequence[0, place] == 3.0
    assert lists.share[0, place] == 0.25
    assert lists.log_count[0, place] == pytest.approx(np.log(4))
    held = lists.held[0][lists.sequence[0] == 1.0]
    assert held[0] == pytest.approx(1 + np.log(2))


def test_a_long_catalogue_is_cut_to_the_best_of_each_part():
    n_items = 2_000
    logits = torch.arange(float(n_items))[None].repeat(2, 1)
    links = np.zeros((2, n_items), dtype=np.float32)
    links[0, 7] = 1.0
    lists = Shortlists.of(evidence([5], [6], logits=logits, links=links, n_items=n_items), np.array([7, 900]))
    found = [set(row[filled].int().tolist()) for row, filled in zip(lists.sequence, lists.filled, strict=True)]
    assert found == [{5, 7, *range(1900, 2000)}, {6, *range(1900, 2000)}]
    assert lists.right.tolist()[1] == -1
    assert len(lists.answered().right) == 1


def test_parts_of_different_widths_join():
    narrow = Shortlists.of(evidence([1]), np.array([2]))
    wide = Shortlists.of(evidence([1], n_items=9), np.array([8]))
    joined = Shortlists.joined([narrow, wide])
    assert joined.filled.sum(dim=1).tolist() == [5, 8]
    assert joined.log_count[1, joined.right[1]] == pytest.approx(np.log(9))


def test_without_an_answer_the_weights_stay_where_they_start():
    mixture = fit_mixture(Shortlists.of(evidence([1]), np.array([0])))
    assert mixture == NextItemMixture(sequence=mixture.sequence, graph=1.0)


def test_a_graph_that_is_never_wrong_gets_a_low_floor_and_one_that_often_is_a_high_one():
    random = np.random.default_rng(5)
    targets = random.integers(1, N_ITEMS, 400)

    def floor(right_share):
        right = random.random(400) < right_share
        pointed = np.where(right, targets, targets % (N_ITEMS - 1) + 1)
        links = np.zeros((400, N_ITEMS), dtype=np.float32)
        links[np.arange(400), pointed] = random.uniform(0.5, 1.0, 400)
        links[np.arange(400), pointed % (N_ITEMS - 1) + 1] = 1e-3
        return fit_mixture(Shortlists.of(evidence(*([1],) * 400, links=links), targets)).floor

    assert floor(1.0) in FLOORS
    assert floor(0.5) > min(FLOORS)


@pytest.fixture(scope="module")
def many():
    """The graph knows the answer, the sequence model guesses, and nothing comes twice."""
    random = np.random.default_rng(0)
    lists = [random.choice(np.arange(1, N_ITEMS), 2, replace=False).tolist() for _ in range(300)]
    targets = np.array([random.choice([i for i in range(1, N_ITEMS) if i not in one]) for one in lists])
    links = np.full((300, N_ITEMS), 0.1, dtype=np.float32)
    links[np.arange(300), targets] = 1.0
    torch.manual_seed(0)
    return evidence(*lists, logits=torch.randn(300, N_ITEMS), links=links), targets


def test_the_fit_trusts_the_part_that_is_right(many):
    mixture = fit_mixture(Shortlists.of(*many))
    assert mixture.graph > 2 * abs(mixture.sequence)


def test_the_fit_learns_that_nothing_comes_again(many):
    _, targets = many
    random = np.random.default_rng(2)
    lists = [random.choice([i for i in range(1, N_ITEMS) if i != target], 2, replace=False) for target in targets]
    mixture = fit_mixture(Shortlists.of(evidence(*(one.tolist() for one in lists)), targets))
    scores = mixture.scores(evidence([2, 5]))[0]
    assert scores[[2, 5]].max() < scores[[1, 3, 4]].min() - 4


def test_what_always_comes_again_is_learned_too():
    random = np.random.default_rng(1)
    lists = [random.choice(np.arange(1, N_ITEMS), 3, replace=False).tolist() for _ in range(200)]
    mixture = fit_mixture(Shortlists.of(evidence(*lists), np.array([one[-1] for one in lists])))
    scores = mixture.scores(evidence([2, 5, 1]))
    assert scores.argmax() == 1
    assert mixture.repeats.since < 0
