"""Who sees whom in blocks, and how long ago."""

import pytest
import torch

from foretell.model.backbones.packing import Packing
from foretell.model.backbones.windows import WindowParts, Windows, window_mask


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


@pytest.mark.parametrize(("longest", "expected"), [(1, 1), (2, 2), (3, 4), (8, 8), (9, 16), (17, 32), (400, 32)])
def test_short_sequences_get_narrow_blocks(longest, expected):
    windows = Windows.of(Packing.of_lengths(torch.tensor([1, longest])), window=32)
    assert windows.window == expected
    assert windows.filled(torch.ones(longest + 1, 2)).shape[0] % expected == 0
    assert windows.gaps is None


def test_gaps_lie_where_their_pairs_lie():
    """The newest key of a query is itself; the one before it happened a week earlier."""
    packing = Packing.of_lengths(torch.tensor([3]), days=torch.tensor([10.0, 17.0, 17.5], dtype=torch.float64))
    windows = Windows.of(packing, window=2)
    assert windows.gaps.shape == (2, 2, 2, 4)
    of_second = windows.gaps[1, 0, 1]
    expected = torch.log1p(torch.tensor([7.0, 0.0]) / 14.0)
    torch.testing.assert_close(of_second[2:], expected)
    of_third = windows.gaps[1, 1, 0]
    torch.testing.assert_close(of_third[1:3], torch.log1p(torch.tensor([0.5, 0.0]) / 14.0))


def test_a_pack_in_order_of_length_is_divided_and_its_short_sequences_get_narrow_blocks():
    lengths = torch.tensor([1] * 100 + [3] * 300 + [4] * 10 + [7] * 200 + [40] * 30)
    parts = WindowParts.of(Packing.of_lengths(lengths), window=32).parts
    assert [part.window for part in parts] == [4, 8, 32]
    assert [part.n for part in parts] == [100 + 900 + 40, 1400, 1200]
    shuffled = Packing.of_lengths(lengths[torch.randperm(len(lengths))])
    assert [part.window for part in WindowParts.of(shuffled, window=32).parts] == [32]


def test_a_part_not_worth_its_calls_goes_with_the_next():
    lengths = torch.tensor([2] * 100 + [20] * 60)
    assert [part.window for part in WindowParts.of(Packing.of_lengths(lengths), window=32).parts] == [32]


def test_each_position_is_attended_to_once_and_in_its_place():
    lengths = torch.tensor([3] * 200 + [9] * 100)
    windows = WindowParts.of(Packing.of_lengths(lengths), window=16)
    values = torch.arange(1500.0)[:, None]
    seen = []

    def attend(part, of):
        assert len(part) % of.window == 0
        seen.append(of.window)
        return 2 * part

    torch.testing.assert_close(windows.each(attend, values), 2 * values)
    assert seen == [4, 16]
