"""Cells become identifiers, amounts and actions; words for nothing become nothing."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.words import ACTION_WORDS, actions, amounts, identifiers, text


@pytest.mark.parametrize(
    ("cells", "expected", "kind"),
    [
        ([1, None], ["1", None], pl.Int64()),
        ([1.0, None, math.nan], ["1", None, None], pl.Int64()),
        ([1.5], ["1.5"], pl.String()),
        (["1", "2"], ["1", "2"], pl.Int64()),
        (["01", "2"], ["01", "2"], pl.String()),
        (["17850.0", "12"], ["17850", "12"], pl.Int64()),
        (["9" * 30], ["9" * 30], pl.String()),
        ([" a ", "", "NULL", "undefined", "NaN"], ["a", None, None, None, None], pl.String()),
        ([b"k\xff", b"2"], ["k\ufffd", "2"], pl.String()),
    ],
)
def test_identifiers(cells, expected, kind):
    ids, own = identifiers(pl.Series(cells))
    assert ids.to_list() == expected
    assert own == kind


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), max_size=20))
def test_whole_numbers_round_trip(cells):
    ids, own = identifiers(pl.Series(cells, dtype=pl.Int64))
    assert ids.cast(own).to_list() == cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.5", " 2 ", "$3", "€ 4"], [1.5, 2.0, 3.0, 4.0]),
        (["1,234.50", "2.5", "$1,234,567.00"], [1234.5, 2.5, 1234567.0]),
        (["1.234,50", "2,5", "-1.000,0"], [1234.5, 2.5, -1000.0]),
        (["2,55", "3"], [2.55, 3.0]),
        ([1, None], [1.0, None]),
        (["", "nan", "N/A"], [None, None, None]),
    ],
)
def test_amounts(cells, expected):
    assert amounts(pl.Series(cells)).to_list() == expected


def test_amounts_that_are_none():
    assert amounts(pl.Series(["1.5", "2,55", "inf", "x"])).is_nan().to_list() == [False, True, True, True]
    assert amounts(pl.Series([math.inf, math.nan])).is_nan().to_list() == [True, None]
    with pytest.raises(SchemaError):
        amounts(pl.Series([[1]]))


def test_actions_by_their_known_words():
    for action, words in ACTION_WORDS.items():
        assert set(actions(pl.Series([*words, action.upper()]))) == {action}
    assert set(ACTION_WORDS) == set(columns.ACTIONS)
    assert actions(pl.Series(["Spin the wheel", None])).to_list() == ["Spin the wheel", None]


def test_nested_cells_are_refused():
    with pytest.raises(SchemaError, match="nested"):
        text(pl.Series("tags", [["a"]]))
