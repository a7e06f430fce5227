"""The fused softmax against the one that holds every logit."""

import pytest
import torch
from torch.nn import functional

from foretell.model import fused_softmax
from foretell.model.full_softmax import full_softmax_loss


@pytest.fixture(params=[1, 7, 10**6], ids=["a row at a time", "uneven chunks", "all at once"])
def at_once(request, monkeypatch):
    monkeypatch.setattr(fused_softmax, "_LOGITS_AT_ONCE", request.param * 11)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("skip_first", [True, False])
def test_loss_and_gradients_are_those_of_cross_entropy(skip_first):
    torch.manual_seed(0)
    states = torch.randn(23, 5, requires_grad=True)
    vectors = torch.randn(11, 5, requires_grad=True)
    targets = torch.randint(1, 11, (23,))
    fused = full_softmax_loss(states, targets, vectors=vectors, skip_first=skip_first)
    logits = states @ vectors.T
    if skip_first:
        logits = logits.index_fill(1, torch.tensor([0]), float("-inf"))
    plain = functional.cross_entropy(logits, targets)
    torch.testing.assert_close(fused, plain)
    of_fused = torch.autograd.grad(3 * fused, (states, vectors))
    of_plain = torch.autograd.grad(3 * plain, (states, vectors))
    for one, other in zip(of_fused, of_plain, strict=True):
        torch.testing.assert_close(one, other)


def test_large_logits_do_not_overflow():
    loss = full_softmax_loss(torch.tensor([[1e4]]), torch.tensor([1]), vectors=torch.tensor([[0.0], [1.0], [-1.0]]))
    assert loss.item() == 0.0
