"""Counting who stands near whom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.graph import neighbours
from foretell.model.graph.neighbours import count_neighbours, strength_by_length

histories = st.lists(st.lists(st.integers(0, 6), max_size=9), min_size=1, max_size=6)


def packed(lists):
    lengths = [len(one) for one in lists]
    return np.array([item for one in lists for item in one], dtype=np.int64), np.cumsum([0, *lengths])


def by_hand(lists, *, reach, decay, backward):
    counted = np.zeros((7, 7))
    for one in lists:
        for i, earlier in enumerate(one):
            for steps, later in enumerate(one[i + 1 : i + 1 + reach], start=1):
                if earlier and later:
                    count = decay ** (steps - 1) / np.log(2 + len(one))
                    counted[earlier, later] += count
                    counted[later, earlier] += backward * count
    return counted


@given(histories, st.integers(1, 5))
def test_counts_as_one_would_by_hand(lists, reach):
    items, offsets = packed(lists)
    counted = count_neighbours(items, offsets, n_items=7, reach=reach, decay=0.5, backward=0.25)
    expected = by_hand(lists, reach=reach, decay=0.5, backward=0.25)
    np.testing.assert_allclose(counted.toarray(), expected, rtol=1e-5, atol=1e-6)


def test_an_unknown_item_between_two_known_ones_does_not_hide_them():
    items, offsets = packed([[1, 0, 2]])
    assert count_neighbours(items, offsets, n_items=7, reach=2, decay=0.5, backward=0.0).toarray()[1, 2] > 0


@given(lists=histories)
def test_a_large_log_is_counted_in_pieces(lists):
    items, offsets = packed(lists)
    whole = count_neighbours(items, offsets, n_items=7, reach=3, decay=0.9, backward=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_PAIRS_AT_ONCE", 8)
        pieces = count_neighbours(items, offsets, n_items=7, reach=3, decay=0.9, backward=1.0)
    np.testing.assert_allclose(pieces.toarray(), whole.toarray(), rtol=1e-5)


def test_a_pair_counts_what_its_later_event_does():
    items, offsets = packed([[1, 2, 3]])
    plain = count_neighbours(items, offsets, n_items=7, reach=2, decay=0.5, backward=0.25)
    strength = np.array([1.0, 0.5, 0.25], dtype=np.float32)
    faded = strength_by_length(np.diff(offsets)) * strength
    counted = count_neighbours(items, offsets, n_items=7, reach=2, decay=0.5, backward=0.25, strength=faded)
    for earlier, later in ((1, 2), (1, 3), (2, 3)):
        share = strength[later - 1]
        assert counted[earlier, later] == share * plain[earlier, later]
        assert counted[later, earlier] == share * plain[later, earlier]
