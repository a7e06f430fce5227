"""Packed sliding-window attention against dense attention with a mask, written out."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.attention import SlidingWindowAttention, window_mask


def dense(attention, states, sequence, window):
    """The same attention, position by position and head by head."""
    n, width = states.shape
    head = width // attention.n_heads
    projected = states @ attention.query_key_value.weight.T
    query, key, value = (part.view(n, attention.n_heads, head) for part in projected.split(width, dim=1))
    mixed = torch.zeros(n, attention.n_heads, head)
    for here in range(n):
        seen = [there for there in range(max(0, here - window + 1), here + 1) if sequence[there] == sequence[here]]
        for number in range(attention.n_heads):
            logits = torch.stack(
                [
                    query[here, number] @ key[there, number] / math.sqrt(head)
                    + attention.distance_bias[number, here - there]
                    for there in seen
                ]
            )
            mixed[here, number] = torch.softmax(logits, 0) @ torch.stack([value[there, number] for there in seen])
    return mixed.reshape(n, width) @ attention.output.weight.T


@pytest.mark.parametrize("window", [1, 4, 6])
@given(lengths=st.lists(st.integers(1, 13), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_equals_dense_masked_attention(window, lengths, seed):
    torch.manual_seed(seed)
    attention = SlidingWindowAttention(8, n_heads=2, window=window)
    torch.nn.init.normal_(attention.distance_bias)
    n = sum(lengths)
    padded = n + -n % window
    sequence = torch.full((padded,), -2)
    sequence[:n] = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    states = torch.randn(padded, 8)
    with torch.no_grad():
        found = attention(states, window_mask(sequence, window=window))[:n]
        expected = dense(attention, states[:n], sequence[:n].tolist(), window)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("window", [1, 3, 8])
def test_the_mask_is_the_definition(window):
    sequence = torch.tensor([0] * 5 + [1] * 9 + [2] * 2 + [3] * 8)
    mask = window_mask(sequence, window=window)
    assert mask.shape == (24 // window, window, 2 * window)
    for block in range(24 // window):
        for row in range(window):
            here = block * window + row
            for column in range(2 * window):
                there = (block - 1) * window + column
                allowed = there >= 0 and 0 <= here - there < window and sequence[there] == sequence[here]
                assert mask[block, row, column] == bool(allowed), (here, there)


def test_every_position_sees_itself():
    """Nobody attends to nothing: a softmax over nothing would be NaN and poison the whole batch."""
    mask = window_mask(torch.arange(12), window=4)
    assert (mask.sum(-1) == 1).all()
