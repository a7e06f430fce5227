"""What is decayed, and the learning rate over the steps."""

import pytest
import torch
from torch import nn

from foretell.train.optimisation import make_optimiser, set_learning_rate


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.layer, self.norm = nn.Embedding(5, 3), nn.Linear(3, 2), nn.LayerNorm(2)


def test_only_the_matrices_of_layers_are_decayed():
    model = Small()
    optimiser = make_optimiser(model, learning_rate=0.1, weight_decay=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimiser.step()
    after = dict(model.named_parameters())
    torch.testing.assert_close(after["layer.weight"], before["layer.weight"] * 0.95)
    for name in ("table.weight", "layer.bias", "norm.weight", "norm.bias"):
        torch.testing.assert_close(after[name].detach(), before[name])


@pytest.mark.parametrize(("step", "expected"), [(0, 2 / 30), (500, 2 * 0.51), (1000, 2 * 0.02)])
def test_warm_up_then_a_cosine(step, expected):
    optimiser = make_optimiser(Small(), learning_rate=2.0, weight_decay=0.0)
    set_learning_rate(optimiser, step, n_steps=1000, peak=2.0)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([expected] * 2)
