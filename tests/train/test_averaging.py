"""The average of weights against its formula."""

import torch
from torch import nn

from foretell.train.averaging import WeightAverage


def test_it_is_the_formula_and_exchanging_twice_changes_nothing():
    model = nn.Linear(2, 1, bias=False)
    average, expected = WeightAverage(model, decay=0.5), model.weight.detach().clone()
    for step in range(20):
        with torch.no_grad():
            model.weight += 1.0
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * model.weight.detach()
    last = model.weight.detach().clone()
    average.exchange()
    torch.testing.assert_close(model.weight.detach(), expected)
    average.exchange()
    assert torch.equal(model.weight.detach(), last)


def test_a_saved_average_goes_on():
    model = nn.Linear(2, 1)
    average = WeightAverage(model, decay=0.9)
    with torch.no_grad():
        model.weight += 1.0
    average.update(0)
    other = WeightAverage(nn.Linear(2, 1), decay=0.9)
    other.load_state_dict(average.state_dict())
    assert all(torch.equal(one, two) for one, two in zip(other.averages, average.averages, strict=True))
