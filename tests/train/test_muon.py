"""Muon against the singular value decomposition."""

import pytest
import torch
from torch import nn

from foretell.train.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_the_iteration_comes_near_the_orthogonal_factor(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix)
    assert torch.linalg.svdvals(found).min() > 0.5
    assert torch.linalg.svdvals(found).max() < 1.3
    aligned = (found * (left @ right)).sum() / (found.norm() * (left @ right).norm())
    assert float(aligned) > 0.97


def test_a_step_is_the_formula():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(3, 5))
    before, momentum = weight.detach().clone(), torch.zeros(3, 5)
    optimiser = Muon([weight], lr=0.1, momentum=0.9, weight_decay=0.5)
    for _ in range(3):
        weight.grad = torch.randn(3, 5)
        momentum = 0.9 * momentum + 0.1 * weight.grad
        ahead = 0.1 * weight.grad + 0.9 * momentum
        before = before * (1 - 0.1 * 0.5) - 0.1 * 0.2 * 5**0.5 * orthogonal(ahead)
        optimiser.step()
    torch.testing.assert_close(weight.detach(), before)
