"""Adam by rows against dense Adam, and against what it refuses to pay for."""

import pytest
import torch
from torch import nn

from foretell.train.row_adam import RowAdam

N_ROWS, WIDTH = 12, 3


def rates(n_steps):
    return [0.01 * (1 + step % 7) for step in range(n_steps)]


def targets_and_rows(n_steps, seed):
    torch.manual_seed(seed)
    return [(torch.randint(0, N_ROWS, (3,)), torch.randn(3, WIDTH)) for _ in range(n_steps)]


def dense(n_steps, seed):
    torch.manual_seed(100)
    table = nn.Embedding(N_ROWS, WIDTH)
    optimiser = torch.optim.Adam(table.parameters(), betas=(0.9, 0.98), eps=1e-8)
    for rate, (rows, wanted) in zip(rates(n_steps), targets_and_rows(n_steps, seed), strict=True):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        (table(rows) - wanted).square().sum().backward()
        optimiser.step()
    return table.weight.detach()


def by_rows(n_steps, seed, *, saved_at=None):
    torch.manual_seed(100)
    table = nn.Embedding(N_ROWS, WIDTH, sparse=True)
    optimiser = RowAdam(table.weight)
    for step, (rate, (rows, wanted)) in enumerate(zip(rates(n_steps), targets_and_rows(n_steps, seed), strict=True)):
        if step == saved_at:
            saved = {name: torch.as_tensor(value).clone() for name, value in optimiser.state_dict().items()}
            optimiser = RowAdam(table.weight)
            optimiser.load_state_dict(saved)
        optimiser.learning_rate = rate
        optimiser.ready(torch.unique(rows))
        table.weight.grad = None
        (table(rows) - wanted).square().sum().backward()
        optimiser.step()
    optimiser.settle()
    return table.weight.detach()


@pytest.mark.parametrize("n_steps", [1, 2, 30, 600])
def test_after_settling_every_row_stands_where_dense_adam_would_have_it(n_steps):
    torch.testing.assert_close(by_rows(n_steps, 0), dense(n_steps, 0), atol=2e-4, rtol=2e-3)


def test_a_saved_state_goes_on_bit_for_bit():
    assert torch.equal(by_rows(40, 1, saved_at=17), by_rows(40, 1))


def test_rows_that_were_never_touched_do_not_move():
    table = nn.Embedding(5, 2, sparse=True)
    before = table.weight.detach().clone()
    optimiser = RowAdam(table.weight)
    optimiser.learning_rate = 0.1
    for _ in range(9):
        optimiser.ready(torch.tensor([3]))
        table.weight.grad = None
        table(torch.tensor([3])).sum().backward()
        optimiser.step()
    optimiser.settle()
    moved = (table.weight.detach() != before).any(1)
    assert moved.tolist() == [False, False, False, True, False]


def test_the_norm_adds_what_is_said_of_a_row_twice():
    table = nn.Embedding(5, 1, sparse=True)
    optimiser = RowAdam(table.weight)
    (table(torch.tensor([2, 2, 4])).sum()).backward()
    assert float(optimiser.norm()) == pytest.approx(5**0.5)
    optimiser.scale_gradient(torch.tensor(0.5))
    assert table.weight.grad.to_dense().flatten().tolist() == [0, 0, 1, 0, 0.5]
