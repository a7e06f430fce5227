"""Each optimiser against its formula, what is decayed and clipped, and the learning rate over the steps."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from foretell.train.optimisation import OptimisationConfig, Optimiser, learning_rate_at

RATE = 0.1


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.layer, self.norm = nn.Embedding(5, 3), nn.Linear(3, 2), nn.LayerNorm(2)


def optimiser_of(model, *, weight_decay=0.0, **settings):
    return Optimiser(model, config=OptimisationConfig(**settings), learning_rate=RATE, weight_decay=weight_decay)


def test_only_the_matrices_of_layers_are_decayed():
    model = Small()
    optimiser = optimiser_of(model, weight_decay=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimiser.step()
    after = dict(model.named_parameters())
    torch.testing.assert_close(after["layer.weight"], before["layer.weight"] * 0.95)
    for name in ("table.weight", "layer.bias", "norm.weight", "norm.bias"):
        torch.testing.assert_close(after[name].detach(), before[name])


def walked(name, formula, *, weight_decay=0.0):
    """Three steps of an optimiser and of its formula, on a matrix of a layer."""
    torch.manual_seed(0)
    model = Small()
    optimiser = optimiser_of(model, optimiser=name, weight_decay=weight_decay)
    expected, state = model.layer.weight.detach().clone(), {}
    for step in range(1, 4):
        slope = torch.randn(2, 3)
        model.layer.weight.grad = slope.clone()
        optimiser.step()
        expected = formula(expected, slope, state, step)
    torch.testing.assert_close(model.layer.weight.detach(), expected)


def adam(weight, slope, state, step):
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * slope
    state["v"] = 0.98 * state.get("v", 0) + 0.02 * slope**2
    return weight - RATE * (state["m"] / (1 - 0.9**step)) / ((state["v"] / (1 - 0.98**step)).sqrt() + 1e-8)


def momentum(weight, slope, state, _):
    state["m"] = 0.9 * state.get("m", 0) + slope
    return weight - RATE * state["m"]


def test_gradient_descent():
    walked("gd", lambda weight, slope, *_: weight - RATE * slope)


def test_momentum():
    walked("sgd", momentum)


def test_adam():
    walked("adam", adam)


def test_adam_decays_inside_the_gradient():
    walked("adam", lambda weight, slope, *rest: adam(weight, slope + 0.5 * weight, *rest), weight_decay=0.5)


def test_adamw_decays_beside_it():
    walked("adamw", lambda weight, slope, *rest: adam(weight * (1 - RATE * 0.5), slope, *rest), weight_decay=0.5)


def test_muon_moves_matrices_and_leaves_the_rest_to_adam():
    model = Small()
    optimiser = optimiser_of(model, optimiser="muon")
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    after = dict(model.named_parameters())
    torch.testing.assert_close(after["table.weight"].detach(), before["table.weight"] - RATE)
    moved = before["layer.weight"] - after["layer.weight"].detach()
    assert float(torch.linalg.matrix_norm(moved, 2)) == pytest.approx(RATE * 0.2 * 3**0.5, rel=0.4)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_gradient_of_all_parameters_is_shortened_together(sparse):
    model = Small()
    model.table.sparse = sparse
    optimiser = optimiser_of(model, clip_norm=0.25)
    (model.norm(model.layer(model.table(torch.tensor([1, 1, 4])))) * torch.tensor([3.0, 5.0])).sum().backward()
    before = [one.grad.to_dense().clone() for one in model.parameters()]
    length = torch.cat([one.flatten() for one in before]).norm()
    optimiser.clip()
    for one, slope in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(one.grad.to_dense(), slope * 0.25 / length, rtol=1e-4, atol=1e-7)


def test_a_short_gradient_and_one_without_a_bound_are_left():
    model = Small()
    for norm, scale in ((1e3, 1.0), (None, 1e6)):
        optimiser = optimiser_of(model, clip_norm=norm)
        model.layer.weight.grad = torch.full((2, 3), scale)
        optimiser.clip()
        torch.testing.assert_close(model.layer.weight.grad, torch.full((2, 3), scale))


def test_l1_pulls_matrices_to_zero_and_no_further():
    model = Small()
    optimiser = optimiser_of(model, l1=2.0, optimiser="gd")
    with torch.no_grad():
        model.layer.weight.copy_(torch.tensor([[0.5, -0.5, 0.1], [-0.1, 0.3, -0.2]]))
    bias = model.layer.bias.detach().clone()
    optimiser.step()
    expected = torch.tensor([[0.3, -0.3, 0.0], [0.0, 0.1, 0.0]])
    torch.testing.assert_close(model.layer.weight.detach(), expected)
    assert torch.equal(model.layer.bias.detach(), bias)


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        ("cosine", 0, 2 / 30),
        ("cosine", 500, 2 * 0.51),
        ("cosine", 1000, 2 * 0.02),
        ("linear", 250, 2 * (0.02 + 0.98 * 0.75)),
        ("linear", 1000, 2 * 0.02),
        ("constant", 14, 1.0),
        ("constant", 900, 2.0),
    ],
)
def test_warm_up_and_then_the_schedule(schedule, step, expected):
    config = OptimisationConfig(schedule=schedule)
    rate = learning_rate_at(step, n_steps=1000, peak=2.0, config=config)
    assert rate == pytest.approx(expected)
    optimiser = optimiser_of(Small(), schedule=schedule)
    optimiser.set_learning_rate(rate)
    assert [group["lr"] for part in optimiser.parts for group in part.param_groups] == pytest.approx([expected] * 2)


@pytest.mark.parametrize("wrong", [{"optimiser": "lbfgs"}, {"schedule": "step"}, {"clip_norm": 0}, {"momentum": 1.0}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValidationError):
        OptimisationConfig(**wrong)
