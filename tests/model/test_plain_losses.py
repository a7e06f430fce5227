"""Each plain loss is its formula, in value and in slope."""

import math

import pytest
import torch

from foretell.model.plain_losses import LOSSES


def chance(s):
    return 1 / (1 + math.exp(-s))


FORMULAS = {
    "cross_entropy": lambda s, y: -(y * math.log(chance(s)) + (1 - y) * math.log(1 - chance(s))),
    "logistic": lambda s, y: math.log(1 + math.exp(-s if y else s)),
    "mse": lambda s, y: (chance(s) - y) ** 2,
}
SLOPES = {
    "cross_entropy": lambda s, y: chance(s) - y,
    "logistic": lambda s, y: chance(s) - y,
    "mse": lambda s, y: 2 * (chance(s) - y) * chance(s) * (1 - chance(s)),
}


def test_every_loss_has_a_formula_here():
    assert set(FORMULAS) == set(SLOPES) == set(LOSSES)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_slope(name, weighted):
    points = [(s, y) for s in (-5.0, -0.3, 0.0, 1.2, 6.0) for y in (0.0, 1.0)]
    logits = torch.tensor([s for s, _ in points], dtype=torch.float64, requires_grad=True)
    weights = [1.0] * len(points) if weighted is False else [0.5 + 0.1 * place for place in range(len(points))]
    label = torch.tensor([y for _, y in points], dtype=torch.float64)
    found = LOSSES[name](logits, label, torch.tensor(weights, dtype=torch.float64) if weighted else None)
    expected = [weight * FORMULAS[name](s, y) for (s, y), weight in zip(points, weights, strict=True)]
    torch.testing.assert_close(found.item(), sum(expected) / len(points))
    found.backward()
    slopes = [weight * SLOPES[name](s, y) / len(points) for (s, y), weight in zip(points, weights, strict=True)]
    torch.testing.assert_close(logits.grad.tolist(), slopes)


@pytest.mark.parametrize("name", LOSSES)
def test_far_logits_stay_finite(name):
    logits = torch.tensor([-300.0, 300.0], requires_grad=True)
    found = LOSSES[name](logits, torch.tensor([1.0, 0.0]), None)
    found.backward()
    assert torch.isfinite(found)
    assert torch.isfinite(logits.grad).all()
