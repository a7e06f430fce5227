"""The layout and its views: each is the definition written out, and each way has a way back."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.batch import Batch
from foretell.core.time import DAY
from foretell.model.backbones.packing import Packing

LENGTHS = st.lists(st.integers(0, 9), max_size=6)


def listed(lengths):
    """(sequence, place) of every position."""
    return [(number, place) for number, length in enumerate(lengths) for place in range(length)]


def made(lengths):
    return Packing.of_lengths(torch.tensor(lengths, dtype=torch.long))


def test_of_a_batch():
    batch = Batch({"time": np.array([DAY, 3 * DAY, 3 * DAY + 1])}, np.array([0, 1, 1, 3]))
    packing = Packing.of(batch)
    assert packing.sequence.tolist() == [0, 2, 2]
    assert packing.longest == 2
    assert packing.days.dtype == torch.float64
    assert packing.days[2] > packing.days[1] == 3
    assert Packing.of(Batch({"item": np.arange(3)}, np.array([0, 3]))).days is None
    assert Packing.of(Batch({}, np.array([0]))).longest == 0


@given(LENGTHS)
def test_places_and_lengths(lengths):
    packing = made(lengths)
    assert packing.place.tolist() == [place for _, place in listed(lengths)]
    assert packing.lengths.tolist() == [length for length in lengths if length]
    assert packing.longest == max(lengths, default=0)
    assert len(packing) == sum(lengths)


@given(LENGTHS)
def test_there_and_back(lengths):
    packing = made(lengths)
    values = torch.arange(2 * len(packing)).view(-1, 2)
    padded = packing.padded(values)
    assert padded.shape == (sum(length > 0 for length in lengths), packing.longest, 2)
    assert padded.sum() == values.sum()
    assert torch.equal(packing.packed(padded), values)


@given(LENGTHS)
def test_steps_are_the_layout_of_a_packed_sequence(lengths):
    packing = made(lengths)
    order, n_at_step = packing.steps()
    assert n_at_step.tolist() == [sum(length > step for length in lengths) for step in range(packing.longest)]
    assert sorted(order.tolist()) == list(range(len(packing)))
    places = [listed(lengths)[position] for position in order]
    longest_first = sorted((number for number, length in enumerate(lengths) if length), key=lambda n: -lengths[n])
    expected = [(n, step) for step in range(packing.longest) for n in longest_first if lengths[n] > step]
    assert places == expected


@given(LENGTHS, st.integers(1, 12))
def test_earlier(lengths, by):
    packing = made(lengths)
    values = torch.arange(1.0, len(packing) + 1)
    expected = [
        float(values[position - by]) if place >= by else 0.0 for position, (_, place) in enumerate(listed(lengths))
    ]
    assert packing.earlier(values, by=by).tolist() == expected
    assert torch.equal(packing.earlier(values[:, None], by=by)[:, 0], packing.earlier(values, by=by))


@given(LENGTHS, st.integers(1, 5), st.data())
def test_prefixes_end_at_their_rows_and_hold_a_place_to_answer(lengths, most, data):
    packing = made(lengths)
    rows = data.draw(st.lists(st.sampled_from(range(len(packing))), max_size=5)) if len(packing) else []
    index, own = packing.prefixes(torch.tensor(rows, dtype=torch.long), most=most)
    expected, sequence = [], []
    for number, row in enumerate(rows):
        n = min(listed(lengths)[row][1] + 1, most)
        expected += [*range(row - n + 1, row + 1), row]
        sequence += [number] * (n + 1)
    assert index.tolist() == expected
    assert own.sequence.tolist() == sequence
    assert own.longest == max((sequence.count(number) for number in sequence), default=0)
