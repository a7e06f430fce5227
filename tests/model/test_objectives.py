"""The sampled softmax against the full one."""

import pytest
import torch
from torch.nn import functional

from foretell.model.objectives import sampled_softmax_loss


def loss(states, targets, vectors, negatives, log_expected_count):
    return sampled_softmax_loss(
        states,
        targets,
        target_vectors=vectors[targets],
        negatives=negatives,
        negative_vectors=vectors[negatives],
        log_expected_count=log_expected_count,
    )


@pytest.fixture
def setting():
    torch.manual_seed(3)
    return torch.randn(7, 5), torch.randint(0, 9, (7,)), torch.randn(9, 5)


def test_equals_the_full_softmax_when_everything_is_drawn_once(setting):
    states, targets, vectors = setting
    sampled = loss(states, targets, vectors, torch.arange(9), torch.zeros(9))
    torch.testing.assert_close(sampled, functional.cross_entropy(states @ vectors.T, targets))


def test_equals_the_full_softmax_when_everything_is_drawn_k_times_and_corrected(setting):
    """Item i drawn k_i times with expected count k_i: the copies and the correction cancel."""
    states, targets, vectors = setting
    times = torch.tensor([1, 2, 5, 1, 3, 1, 2, 4, 1])
    drawn = torch.repeat_interleave(torch.arange(9), times)
    expected = functional.cross_entropy(states @ vectors.T, targets)
    torch.testing.assert_close(loss(states, targets, vectors, drawn, times.float().log()), expected)


def test_formula_written_out(setting):
    states, targets, vectors = setting
    negatives = torch.tensor([0, 3, 3, 8])
    correction = torch.linspace(-1, 2, 9)
    total = 0.0
    for state, target in zip(states, targets, strict=True):
        positive = torch.exp(state @ vectors[target])
        others = sum(torch.exp(state @ vectors[one] - correction[one]) for one in negatives if one != target)
        total -= torch.log(positive / (positive + others))
    torch.testing.assert_close(loss(states, targets, vectors, negatives, correction), total / 7)


def test_a_negative_equal_to_the_target_is_taken_out(setting):
    states, targets, vectors = setting
    only_itself = loss(states[:1], targets[:1], vectors, targets[:1].repeat(4), torch.zeros(9))
    assert only_itself == 0.0


def learned_shares(shares, drawing, *, log_expected_count):
    """Softmax of scores learned from few shared negatives a step."""
    torch.manual_seed(0)
    n_items = len(shares)
    vectors, scores = torch.eye(n_items), torch.zeros(n_items, requires_grad=True)
    optimiser = torch.optim.Adam([scores], lr=0.08)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 300)
    for _ in range(300):
        targets = torch.multinomial(shares, 256, replacement=True)
        negatives = torch.multinomial(drawing, 10, replacement=True)
        value = loss(scores.expand(256, n_items), targets, vectors, negatives, log_expected_count)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    return torch.softmax(scores.detach(), 0)


def test_the_correction_finds_the_true_shares_though_popular_items_are_drawn_more():
    shares = 1 / torch.arange(1, 41).float()
    shares /= shares.sum()
    drawing = 0.5 * shares + 0.5 / 40
    corrected = learned_shares(shares, drawing, log_expected_count=torch.log(10 * drawing))
    plain = learned_shares(shares, drawing, log_expected_count=torch.zeros(40))
    divergence = {
        name: float((shares * (shares / found).log()).sum())
        for name, found in (("corrected", corrected), ("plain", plain))
    }
    assert divergence["corrected"] < 0.05
    assert divergence["plain"] > 0.15
