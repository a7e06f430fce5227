"""Dropout: what share is dropped, what is kept in expectation, and where nothing happens."""

import pytest
import torch

from foretell.model.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_the_share_and_the_scale(share):
    torch.manual_seed(0)
    dropped = Dropout(share)(torch.ones(400, 999))
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.004)
    assert float(dropped.max()) == pytest.approx(1 / (1 - share), rel=1e-4)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.005)


def test_rows_and_columns_are_dropped_apart_from_each_other():
    torch.manual_seed(0)
    gone = (Dropout(0.5)(torch.ones(20_000, 8)) == 0).double()
    assert (torch.corrcoef(gone.T) - torch.eye(8)).abs().max() < 0.03
    assert abs(float(torch.corrcoef(torch.stack([gone[:-1, 0], gone[1:, 0]]))[0, 1])) < 0.03


def test_the_gradient_flows_where_something_was_kept():
    torch.manual_seed(0)
    values = torch.ones(101, requires_grad=True)
    dropped = Dropout(0.4)(values)
    dropped.sum().backward()
    torch.testing.assert_close(values.grad, dropped.detach())


def test_the_seed_decides():
    layer, drawn = Dropout(0.5), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(layer(torch.ones(64)))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_nothing_is_dropped_in_answers_or_where_nothing_should():
    values = torch.randn(3, 5)
    assert torch.equal(Dropout(0.5).eval()(values), values)
    assert torch.equal(Dropout(0.0)(values), values)
    assert not Dropout(1.0)(values).any()
