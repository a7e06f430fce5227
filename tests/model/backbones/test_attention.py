"""Packed sliding-window attention against dense attention with a mask, written out."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.backbones import BACKBONES
from foretell.model.backbones.attention import SlidingWindowAttention
from foretell.model.backbones.packing import Packing
from foretell.model.backbones.windows import TIME_SCALES_DAYS, WindowParts
from foretell.model.size import SIZES


def dense(attention, states, packing, window):
    """The same attention, position by position and head by head."""
    n, width = states.shape
    head = width // attention.n_heads
    projected = states @ attention.query_key_value.weight.T
    query, key, value = (part.view(n, attention.n_heads, head) for part in projected.split(width, dim=1))
    mixed = torch.zeros(n, attention.n_heads, head)
    sequence, days = packing.sequence.tolist(), packing.days.tolist()
    for here in range(n):
        seen = [there for there in range(max(0, here - window + 1), here + 1) if sequence[there] == sequence[here]]
        for number in range(attention.n_heads):
            logits = []
            for there in seen:
                forgotten = [math.log(1 + (days[here] - days[there]) / scale) for scale in TIME_SCALES_DAYS]
                slopes = attention.bias.time[number]
                logits.append(
                    query[here, number] @ key[there, number] / math.sqrt(head)
                    + attention.bias.distance[number, here - there]
                    + sum(slope * one for slope, one in zip(slopes, forgotten, strict=True))
                )
            weights = torch.softmax(torch.stack(logits), 0)
            mixed[here, number] = weights @ torch.stack([value[there, number] for there in seen])
    return mixed.reshape(n, width) @ attention.output.weight.T


@pytest.mark.parametrize("window", [1, 4, 8])
@given(lengths=st.lists(st.integers(1, 13), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_equals_dense_masked_attention(window, lengths, seed):
    """In blocks as wide as the size says, and in the narrower ones that short sequences get."""
    torch.manual_seed(seed)
    attention = SlidingWindowAttention(8, n_heads=2, window=window)
    torch.nn.init.normal_(attention.bias.distance)
    torch.nn.init.normal_(attention.bias.time)
    days = torch.cat([torch.rand(length, dtype=torch.float64).cumsum(0) * 9 for length in lengths])
    packing = Packing.of_lengths(torch.tensor(lengths), days=days)
    windows = WindowParts.of(packing, window=window)
    assert all(part.window <= max(window, 1) for part in windows.parts)
    states = torch.randn(len(packing), 8)
    with torch.no_grad():
        found = attention(states, windows)
        torch.testing.assert_close(found, dense(attention, states, packing, window), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["transformer", "hstu"])
def test_no_state_depends_on_the_division_into_parts(name):
    torch.manual_seed(0)
    backbone = BACKBONES[name](SIZES["nano"], dropout=0.0).eval()
    lengths = torch.tensor([2] * 300 + [7] * 100 + [30] * 30)
    days = torch.cat([torch.rand(int(one), dtype=torch.float64).cumsum(0) for one in lengths])
    packing = Packing.of_lengths(lengths, days=days)
    assert len(WindowParts.of(packing, window=32).parts) == 3
    events = torch.randn(len(packing), 32)
    reversed_order = torch.cat([events[packing.sequence == number] for number in reversed(range(len(lengths)))])
    days_of = torch.cat([days[packing.sequence == number] for number in reversed(range(len(lengths)))])
    other = Packing.of_lengths(lengths.flip(0), days=days_of)
    with torch.no_grad():
        divided, whole = backbone(events, packing), backbone(reversed_order, other)
    back = torch.cat([whole[other.sequence == number] for number in reversed(range(len(lengths)))])
    torch.testing.assert_close(divided, back, atol=1e-5, rtol=1e-4)
