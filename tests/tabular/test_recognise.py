"""What a column is, and why one is left out."""

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError, UnknownNameError
from foretell.tabular.recognise import numbers, recognise_columns


def kinds(frame, **options):
    found = recognise_columns(frame, **options)
    return {column.name: column.kind for column in found.columns}, found.dropped


def test_the_kinds(visitors):
    found, dropped = kinds(visitors.drop("made_purchase"))
    assert found == {
        "day": "date",
        "page_views": "number",
        "search_terms": "category",
        "purchase_frequency": "number",
    }
    assert set(dropped) == {"user", "shop"}
    assert "names rows" in dropped["user"]
    assert "same in every row" in dropped["shop"]


def test_everything_is_recognised_from_text_too(visitors):
    as_text = visitors.drop("made_purchase").cast(pl.String)
    assert kinds(as_text) == kinds(visitors.drop("made_purchase"))


def test_free_text_is_words():
    generator = np.random.default_rng(0)
    words = [f"word{number}" for number in range(300)]
    text = [" ".join(generator.choice(words, 4)) for _ in range(400)]
    assert kinds(pl.DataFrame({"search_terms": text}))[0] == {"search_terms": "text"}


def test_running_numbers_name_rows_and_amounts_do_not():
    generator = np.random.default_rng(0)
    frame = pl.DataFrame({"row": range(200), "spent": np.unique(generator.normal(50, 9, 200))})
    found, dropped = kinds(frame)
    assert list(found) == ["spent"]
    assert list(dropped) == ["row"]


def test_codes_and_drops_as_told():
    frame = pl.DataFrame({"browser": [1, 2, 3, 1] * 30, "views": range(0, 240, 2), "noise": [1.5, 2.5] * 60})
    found, dropped = kinds(frame.sample(fraction=1.0, shuffle=True, seed=1), drop=["noise"], categories=["browser"])
    assert found["browser"] == "category"
    assert dropped["noise"] == "left out as asked"
    with pytest.raises(UnknownNameError, match="brwoser"):
        kinds(frame, drop=["brwoser"])


def test_unreadable_cells_of_a_number_are_told():
    cells = [str(number % 17) for number in range(200)]
    cells[5] = "twelve"
    found = recognise_columns(pl.DataFrame({"views": cells}))
    assert "1 cells are no numbers" in found.columns[0].note


def test_numbers_with_signs_and_commas():
    assert numbers(pl.Series(["$1,234.50", "2.5", "", "x"])).tolist()[:2] == [1234.5, 2.5]
    assert numbers(pl.Series(["1,5", "2"])).tolist() == [1.5, 2.0]


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(InsufficientDataError, match="No column is left"):
        recognise_columns(pl.DataFrame({"shop": ["a"] * 9}))
