"""Cells become identifiers, amounts and actions; words for nothing become nothing."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.words import ACTION_WORDS, actions, amounts, amounts_noted, identifiers, text


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
        (["1,234", "2,55"], [1.234, 2.55]),
        (["1,234", "500"], [1234.0, 500.0]),
        (["1,234", "0,500"], [1.234, 0.5]),
        (["1,234", "2.50"], [1234.0, 2.5]),
        (["1,234", "1,234.50"], [1234.0, 1234.5]),
        (["1,234", "1.234,50"], [1.234, 1234.5]),
        (["1.234", "1.234,50"], [1234.0, 1234.5]),
        (["1.234.567", "1.234"], [1234567.0, 1234.0]),
        (["1,234,567", "-1,234", "12"], [1234567.0, -1234.0, 12.0]),
        (["1.234", "500"], [1.234, 500.0]),
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


@pytest.mark.parametrize(
    ("cells", "is_noted"),
    [(["1,234", "500"], True), (["1,234,567", "1,234"], False), (["1,234", "2,5"], False), (["1,234", "2.5"], False)],
)
def test_a_doubt_about_commas_is_stated(cells, is_noted):
    _, note = amounts_noted(pl.Series("paid", cells))
    assert (note is not None) == is_noted
    assert note is None or "(1,234 is 1234)" in note


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.sampled_from([",", "."]))
def test_amounts_are_read_as_people_write_them(cents, sign):
    """Two decimals and thousands set apart, in either custom: whatever the column holds, it comes back."""
    other = "." if sign == "," else ","
    words = [f"{value / 100:,.2f}".replace(",", "T").replace(".", other).replace("T", sign) for value in cents]
    assert amounts(pl.Series(words)).to_list() == pytest.approx([value / 100 for value in cents])
