"""The fused softmax in other precisions and with every candidate hidden."""

import pytest
import torch
from torch.nn import functional

from foretell.model import fused_softmax
from foretell.model.full_softmax import full_softmax_loss
from foretell.model.objectives import sampled_softmax_loss


def sampled(states, targets, vectors, negatives, correction, dtype=torch.float32):
    return sampled_softmax_loss(
        states,
        targets,
        target_vectors=vectors[targets],
        negatives=negatives,
        negative_vectors=vectors[negatives],
        log_expected_count=correction,
        dtype=dtype,
    )


def plain(states, targets, vectors, negatives, correction):
    others = states @ vectors[negatives].T - correction[negatives]
    others = others.masked_fill(targets[:, None] == negatives[None], float("-inf"))
    logits = torch.cat([(states * vectors[targets]).sum(1, keepdim=True), others], dim=1)
    return functional.cross_entropy(logits, torch.zeros(len(targets), dtype=torch.long))


@pytest.fixture
def setting():
    torch.manual_seed(0)
    states = (functional.normalize(torch.randn(700, 16), dim=1) * 10).requires_grad_()
    vectors = functional.normalize(torch.randn(300, 16), dim=1).requires_grad_()
    return states, torch.randint(1, 300, (700,)), vectors, torch.randint(1, 300, (90,)), torch.randn(300)


@pytest.mark.parametrize("rows", [1, 50, 200, 10**6])
def test_gradients_of_the_sampled_softmax_are_those_of_cross_entropy(setting, monkeypatch, rows):
    monkeypatch.setattr(fused_softmax, "_LOGITS_AT_ONCE", 90 * rows)
    states, _, vectors, _, _ = setting
    found, expected = sampled(*setting), plain(*setting)
    torch.testing.assert_close(found, expected)
    of_found, of_expected = (torch.autograd.grad(2 * one, (states, vectors)) for one in (found, expected))
    for one, other in zip(of_found, of_expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=1e-4)


def test_bfloat16_products_leave_the_gradient_where_it_points(setting):
    states, targets, vectors, _, _ = setting
    for loss in (
        lambda dtype: sampled(*setting, dtype=dtype),
        lambda dtype: full_softmax_loss(states, targets, vectors=vectors, dtype=dtype),
    ):
        found, expected = loss(torch.bfloat16), loss(torch.float32)
        assert found.dtype is torch.float32
        assert found.item() == pytest.approx(expected.item(), rel=2e-3)
        for one, other in zip(
            torch.autograd.grad(found, (states, vectors)), torch.autograd.grad(expected, (states, vectors)), strict=True
        ):
            assert float(functional.cosine_similarity(one.flatten(), other.flatten(), dim=0)) > 0.9995
            assert float(one.norm() / other.norm()) == pytest.approx(1.0, abs=5e-3)
