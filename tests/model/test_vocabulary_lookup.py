import numpy as np
import polars as pl
import pytest

from foretell.model import vocabulary as module
from foretell.model.vocabulary import Vocabulary


@pytest.fixture
def vocabulary() -> Vocabulary:
    rows = {"item_id": ["tea", "bun", "tea", "rum"], "action": ["view"] * 4, "price": [1.0, 2.0, None, 3.0]}
    items = pl.DataFrame(
        {
            "item_id": ["bun", "tea", "gin", "ale"],
            "category": ["bakery", "drinks", "drinks", None],
            "brand": ["b", None, "g", "a"],
        }
    )
    return Vocabulary.build(pl.DataFrame(rows), items=items, min_count=1)


@pytest.mark.parametrize("asked", [[], ["tea", None, "gin", "", "zzz", "bun", "rum", "tea"]])
def test_few_items_and_many_have_the_same_codes(vocabulary, asked, monkeypatch):
    """A customer's items are searched for, a whole shop's are joined: the codes must agree."""
    asked = pl.Series(asked, dtype=pl.String)
    few = vocabulary.item_codes(asked), vocabulary.content_codes(asked)
    monkeypatch.setattr(module, "_FEW", -1)
    for found, expected in zip(few, (vocabulary.item_codes(asked), vocabulary.content_codes(asked)), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def test_a_vocabulary_without_items_knows_none():
    empty = pl.DataFrame(schema={"item_id": pl.String, "action": pl.String, "price": pl.Float64})
    vocabulary = Vocabulary.build(empty, items=pl.DataFrame(schema={"item_id": pl.String, "category": pl.String}))
    asked = pl.Series(["tea", None])
    assert vocabulary.item_codes(asked).tolist() == [0, 0]
    assert vocabulary.content_codes(asked).tolist() == [[0], [0]]
