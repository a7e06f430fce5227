"""Nested cells become plain ones, and none is lost."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from foretell.sources.nested import PART, ROW, as_structure, exploded, plain, unnested


def test_json_text_and_structures_unfold_alike():
    values = [{"a": {"b": 1}, "c": "x"}, None, {"a": {"b": 2}, "c": None}]
    structured = pl.DataFrame({"p": values})
    text = pl.DataFrame({"p": ['{"a": {"b": 1}, "c": "x"}', None, '{"a": {"b": 2}, "c": null}']})
    assert unnested(structured).rows() == unnested(text, parse=["p"]).rows()


def test_json_whose_rows_do_not_fit_is_kept_as_text():
    cells = pl.Series("p", ['{"a": 1}', "not json", '{"a": {"b": 2}}', '{"a": [3]}', None])
    found = as_structure(cells)
    assert len(found) == 5
    assert found.null_count() >= 2


def test_text_that_is_no_json_stays():
    assert as_structure(pl.Series(["plain", None])).to_list() == ["plain", None]


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=8))
def test_every_element_becomes_a_row_and_every_row_stays(lists):
    frame = pl.DataFrame(
        {"u": range(len(lists)), "items": [[{"id": n} for n in part] for part in lists]},
        schema_overrides={"items": pl.List(pl.Struct({"id": pl.Int64}))},
    )
    flat = exploded(frame, "items")
    assert flat.height == sum(max(1, len(part)) for part in lists)
    for number, part in enumerate(lists):
        assert flat.filter(pl.col(ROW) == number)["items.id"].drop_nulls().to_list() == part
        assert flat.filter(pl.col(ROW) == number)[PART].to_list() == list(range(max(1, len(part))))


def test_only_plain_columns_are_left():
    frame = pl.DataFrame({"a": [1], "b": [[1]], "c": [{"d": 1}], "e": [None]})
    assert plain(frame).columns == ["a"]
