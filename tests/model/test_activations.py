"""Each activation is its formula."""

import math

import pytest
import torch

from foretell.model.activations import ACTIVATIONS

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def test_every_activation_has_a_formula_here():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_slope(name):
    points = torch.tensor([-6.0, -1.5, -0.1, 0.2, 1.0, 7.0], dtype=torch.float64, requires_grad=True)
    values = ACTIVATIONS[name](points)
    expected = torch.tensor([FORMULAS[name](x) for x in points.tolist()], dtype=torch.float64)
    torch.testing.assert_close(values.detach(), expected)
    values.sum().backward()
    step = 1e-6
    slopes = [(FORMULAS[name](x + step) - FORMULAS[name](x - step)) / (2 * step) for x in points.tolist()]
    torch.testing.assert_close(points.grad, torch.tensor(slopes, dtype=torch.float64), atol=1e-6, rtol=1e-5)
