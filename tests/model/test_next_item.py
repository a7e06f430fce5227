"""The mixture of what the sequence model and the graph say."""

import numpy as np
import pytest
import torch
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.next_item import FLOOR, NextItemEvidence, NextItemMixture, fit_mixture, gather_evidence

N_ITEMS = 6


def histories(*lists):
    items = np.array([item for one in lists for item in one], dtype=np.int64)
    return Batch({"item": items}, np.cumsum([0, *(len(one) for one in lists)]).astype(np.int64))


def evidence(*lists, logits=None, links=None, counts=None):
    n = len(lists)
    return gather_evidence(
        histories(*lists),
        logits=torch.zeros(n, N_ITEMS) if logits is None else logits,
        graph_scores=sparse.csr_array(np.zeros((n, N_ITEMS), dtype=np.float32) if links is None else links),
        counts=np.zeros(N_ITEMS, dtype=np.float32) if counts is None else counts,
    )


def test_each_term_written_out():
    links = np.zeros((1, N_ITEMS), dtype=np.float32)
    links[0, 2], links[0, 3] = 3.0, 1.0
    logits, counts = torch.arange(6.0)[None], np.arange(6, dtype=np.float32)
    mixture = NextItemMixture(
        sequence=0.5, sequence_length=0.1, graph=0.3, graph_length=-0.1, popularity=0.2, again=-2.0, again_age=0.7
    )
    scores = mixture.scores(evidence([1, 4, 1], logits=logits.clone(), links=links, counts=counts))[0]
    length = np.log(3) - 1.5
    share = np.full(6, FLOOR)
    share[2], share[3] = 0.75 + FLOOR, 0.25 + FLOOR
    expected = (0.5 + 0.1 * length) * logits[0].numpy() + (0.3 - 0.1 * length) * (np.log(share) - np.log(FLOOR))
    expected += 0.2 * np.log1p(counts)
    expected[1] += -2.0  # zero steps since
    expected[4] += -2.0 + 0.7 * np.log(2)
    np.testing.assert_allclose(scores[1:].numpy(), expected[1:], rtol=1e-5)
    assert scores[0] == float("-inf")


def test_an_item_held_several_times_counts_from_the_last():
    known = evidence([3, 1, 3, 2]).again.toarray()[0]
    np.testing.assert_allclose(known, [0, 1 + np.log(3), 1, 1 + np.log(2), 0, 0], rtol=1e-6)


def test_an_empty_history_and_unknown_items_hold_nothing():
    assert evidence([], [0, 0]).again.nnz == 0


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
    mixture = fit_mixture(*many)
    assert mixture.graph > 2 * abs(mixture.sequence)


def test_the_fit_learns_that_nothing_comes_again(many):
    _, targets = many
    random = np.random.default_rng(2)
    lists = [random.choice([i for i in range(1, N_ITEMS) if i != target], 2, replace=False) for target in targets]
    mixture = fit_mixture(evidence(*(one.tolist() for one in lists)), targets)
    scores = mixture.scores(evidence([2, 5]))[0]
    assert scores[[2, 5]].max() < scores[[1, 3, 4]].min() - 4


def test_what_always_comes_again_is_learned_too():
    random = np.random.default_rng(1)
    lists = [random.choice(np.arange(1, N_ITEMS), 3, replace=False).tolist() for _ in range(200)]
    mixture = fit_mixture(evidence(*lists), np.array([one[-1] for one in lists]))
    scores = mixture.scores(evidence([2, 5, 1]))
    assert scores.argmax() == 1
    assert mixture.again_age < 0


def test_saved_weights_come_back():
    mixture = NextItemMixture(sequence=0.25, again=-3.0)
    assert NextItemMixture.from_dict(mixture.to_dict()) == mixture


def test_evidence_is_plain_data():
    assert isinstance(evidence([1]), NextItemEvidence)
