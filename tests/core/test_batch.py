"""Packed sequences: the layout is checked, and selecting sequences is selecting slices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.batch import Batch
from foretell.core.errors import SchemaError


def packed(lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    n = int(offsets[-1])
    return Batch({"item": np.arange(n), "price": np.arange(n) * 0.5}, offsets)


@given(lengths=st.lists(st.integers(0, 4), min_size=1, max_size=8), data=st.data())
def test_selecting_equals_slicing(lengths, data):
    batch = packed(lengths)
    which = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=10))
    chosen = batch.select(np.array(which, dtype=np.int64))
    assert chosen.lengths.tolist() == [lengths[one] for one in which]
    for name in batch.values:
        parts = [batch.values[name][batch.offsets[one] : batch.offsets[one + 1]] for one in which]
        assert chosen.values[name].tolist() == [value for part in parts for value in part.tolist()]


@given(st.lists(st.integers(0, 4), max_size=8))
def test_every_position_knows_its_sequence(lengths):
    batch = packed(lengths)
    expected = [number for number, length in enumerate(lengths) for _ in range(length)]
    assert batch.sequence_of_position().tolist() == expected
    assert len(batch) == len(lengths)


@pytest.mark.parametrize("offsets", [[1, 2], [0, 2, 1, 2]])
def test_offsets_start_at_zero_and_never_fall(offsets):
    with pytest.raises(SchemaError, match="Offsets"):
        Batch({"item": np.arange(2)}, np.array(offsets))


def test_an_array_that_does_not_fit_is_named():
    with pytest.raises(SchemaError, match="'price'") as caught:
        Batch({"item": np.arange(2), "price": np.arange(3)}, np.array([0, 2]))
    assert caught.value.received == "3 values for 2 positions"
