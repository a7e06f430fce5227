"""The mixture of what the sequence model and the graph say."""

import numpy as np
import torch
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.next_item import NextItemEvidence, NextItemMixture, Repeats, gather_evidence

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
        sequence=0.5,
        sequence_length=0.1,
        graph=0.3,
        graph_length=-0.1,
        popularity=0.2,
        repeats=Repeats(held=-2.0, since=0.7),
        floor=0.01,
    )
    scores = mixture.scores(evidence([1, 4, 1], logits=logits.clone(), links=links, counts=counts))[0]
    length = np.log(3) - 1.5
    share = np.array([0, 0, 0.75, 0.25, 0, 0])
    expected = (0.5 + 0.1 * length) * logits[0].numpy() + (0.3 - 0.1 * length) * np.log1p(share / 0.01)
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


def test_saved_weights_come_back():
    mixture = NextItemMixture(sequence=0.25, repeats=Repeats(held=-3.0), floor=0.1)
    assert NextItemMixture.from_dict(mixture.to_dict()) == mixture


def test_evidence_is_plain_data():
    assert isinstance(evidence([1]), NextItemEvidence)
