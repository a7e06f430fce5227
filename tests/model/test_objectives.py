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
    """Item i drawn k_i times with expected count k_i: the copies and the correction cancel.

    The target itself is taken out of the negatives, so its own logit must not be lowered by its count: its
    correction is checked in the next test.
    """
    states, targets, vectors = setting
    times = torch.tensor([1, 2, 5, 1, 3, 1, 2, 4, 1])
    drawn = torch.repeat_interleave(torch.arange(9), times)
    logits = states @ vectors.T
    lowered = logits[torch.arange(7), targets] - times[targets].float().log()
    others = logits.masked_fill(functional.one_hot(targets, 9).bool(), float("-inf"))
    expected = (torch.logsumexp(torch.cat([lowered[:, None], others], 1), 1) - lowered).mean()
    torch.testing.assert_close(loss(states, targets, vectors, drawn, times.float().log()), expected)


def test_formula_written_out(setting):
    states, targets, vectors = setting
    negatives = torch.tensor([0, 3, 3, 8])
    correction = torch.linspace(-1, 2, 9)
    total = 0.0
    for state, target in zip(states, targets, strict=True):
        positive = torch.exp(state @ vectors[target] - correction[target])
        others = sum(torch.exp(state @ vectors[one] - correction[one]) for one in negatives if one != target)
        total -= torch.log(positive / (positive + others))
    torch.testing.assert_close(loss(states, targets, vectors, negatives, correction), total / 7)


def test_a_negative_equal_to_the_target_is_taken_out(setting):
    states, targets, vectors = setting
    only_itself = loss(states[:1], targets[:1], vectors, targets[:1].repeat(4), torch.zeros(9))
    assert only_itself == 0.0


def test_learning_with_popular_negatives_finds_the_true_shares():
    """With the correction the softmax of the scores is the share of each item, however negatives are drawn."""
    torch.manual_seed(0)
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    drawing = torch.tensor([0.7, 0.1, 0.1, 0.1])
    vectors = torch.zeros(4, 4).fill_diagonal_(1.0)
    state = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.Adam([state], lr=0.03)
    n = 64
    for _ in range(600):
        targets = torch.multinomial(shares, 512, replacement=True)
        negatives = torch.multinomial(drawing, n, replacement=True)
        value = loss(state.expand(512, 4), targets, vectors, negatives, torch.log(n * drawing))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    learned = torch.softmax(state.detach(), 0)
    assert (learned - shares).abs().max() < 0.06
