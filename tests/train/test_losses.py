"""What is added to the losses, against its formulas; and each switch of the engine, against a run without it."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.train import losses
from foretell.train.losses import Objectives, RegularisationConfig, agreement_loss, contrastive_loss, smoothing_loss
from foretell.train.negatives import Negatives
from foretell.train.precision import Precision
from foretell.train.pretraining_data import PretrainingData

FLOAT32 = Precision.chosen("float32")


def test_smoothing_is_the_cross_entropy_with_a_smoothed_label():
    torch.manual_seed(0)
    queries, vectors, targets = torch.randn(9, 4), torch.randn(6, 4), torch.randint(0, 6, (9,))
    scores = queries @ vectors.T
    found = functional.cross_entropy(scores, targets) + 0.3 * smoothing_loss(
        queries, vectors[targets], average=vectors.mean(0)
    )
    torch.testing.assert_close(found, functional.cross_entropy(scores, targets, label_smoothing=0.3))


def test_the_contrastive_term_is_its_formula_and_small_where_readings_agree():
    torch.manual_seed(0)
    one, other = torch.randn(5, 3), torch.randn(5, 3)
    cosines = [[float(functional.cosine_similarity(a, b, dim=0)) / 0.5 for b in other] for a in one]
    scores = torch.tensor(cosines)
    rows = scores.logsumexp(1) - scores.diagonal()
    columns = scores.logsumexp(0) - scores.diagonal()
    torch.testing.assert_close(contrastive_loss(one, other, temperature=0.5), (rows + columns).mean() / 2)
    assert contrastive_loss(one, one, temperature=0.01) < 1e-3


@pytest.fixture
def step(small):
    vocabulary, batch = small
    torch.manual_seed(0)
    model = BehaviourModel(vocabulary, size="tiny", dropout=0.0)
    data = PretrainingData.cut(batch, events_per_step=1000, seed=0)
    return model, data.take(np.arange(len(data.batch)))


def terms_of(step, *, sampled, **regularisation):
    model, batch = step
    negatives = None
    if sampled:
        counts = np.bincount(batch.values["next_item"], minlength=model.embedding.items.identity.num_embeddings)
        negatives = Negatives.of(counts, n=20_000, drawing="uniform")
    torch.manual_seed(1)
    objectives = Objectives(negatives, FLOAT32, RegularisationConfig(**regularisation))
    return objectives.losses(model, batch, drawn=objectives.draw())


def test_label_smoothing_of_the_exact_softmax_is_cross_entropy_with_it(step):
    model, batch = step
    found = terms_of(step, sampled=False, label_smoothing=0.2)["next_item"]
    fields = {name: torch.from_numpy(array) for name, array in batch.values.items() if name != "time"}
    named = fields["next_item"] > 0
    states = model(fields, Packing.of(batch))[named]
    scores = model.item_queries(states) @ model.embedding.items(torch.arange(1, 7)).T
    expected = functional.cross_entropy(scores, fields["next_item"][named] - 1, label_smoothing=0.2)
    torch.testing.assert_close(found, expected)


def test_label_smoothing_of_the_sampled_softmax_estimates_the_same(step):
    plain = {name: terms_of(step, sampled=name, label_smoothing=0.0)["next_item"] for name in (True, False)}
    smooth = {name: terms_of(step, sampled=name, label_smoothing=0.2)["next_item"] for name in (True, False)}
    assert (smooth[True] - plain[True]).item() == pytest.approx((smooth[False] - plain[False]).item(), rel=0.2)


def test_the_contrastive_term_comes_with_its_weight(step):
    assert "contrastive" not in terms_of(step, sampled=False)
    one = terms_of(step, sampled=False, contrastive=1.0)["contrastive"]
    half = terms_of(step, sampled=False, contrastive=0.5)["contrastive"]
    torch.testing.assert_close(half, 0.5 * one)


def test_the_agreement_is_half_the_divergence_of_each_from_the_other():
    torch.manual_seed(0)
    one, other = torch.randn(5, 7), torch.randn(5, 7)
    p, q = one.softmax(1), other.softmax(1)
    there = functional.kl_div(q.log(), p, reduction="batchmean")
    back = functional.kl_div(p.log(), q, reduction="batchmean")
    torch.testing.assert_close(agreement_loss(one, other), (there + back) / 2)
    assert agreement_loss(one, one + 3.0).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("sampled", [False, True])
def test_readings_disagree_by_their_dropout_alone(step, sampled):
    model, _ = step
    assert "r_drop" not in terms_of(step, sampled=sampled)
    assert terms_of(step, sampled=sampled, r_drop=1.0)["r_drop"].item() == pytest.approx(0.0, abs=1e-6)
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.3
    whole, half = (terms_of(step, sampled=sampled, r_drop=weight)["r_drop"] for weight in (1.0, 0.5))
    assert whole.item() > 1e-4  # an untrained model
    torch.testing.assert_close(half, 0.5 * whole)


def test_agreement_on_drawn_items_is_that_on_all_where_all_are_drawn(step, monkeypatch):
    model, _ = step
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.3
    whole = terms_of(step, sampled=False, r_drop=1.0)["r_drop"]
    monkeypatch.setattr(losses, "_MOST_AGREED_ON", 6)
    monkeypatch.setattr(torch, "randint", lambda *_: torch.tensor([3, 1, 6, 2, 5, 4]))
    torch.testing.assert_close(terms_of(step, sampled=False, r_drop=1.0)["r_drop"], whole)
