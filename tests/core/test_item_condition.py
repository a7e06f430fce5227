"""Conditions on items: a value, or one of several, in every attribute named."""

import polars as pl

from foretell.core.item_condition import fits, values_of

ITEMS = pl.DataFrame({"item_id": ["1", "2", "3", "4"], "category": ["TEA", "CUPS", None, "TEA"], "size": [1, 2, 1, 2]})


def kept(where):
    return ITEMS.filter(fits(where))["item_id"].to_list()


def test_every_attribute_has_to_fit_and_any_value_of_it_will_do():
    assert kept({"category": "TEA"}) == ["1", "4"]
    assert kept({"category": ("TEA", "CUPS")}) == ["1", "2", "4"]
    assert kept({"category": ("TEA", "CUPS"), "size": "2"}) == ["2", "4"]


def test_a_missing_attribute_fits_nothing():
    assert "3" not in kept({"category": ("TEA", "CUPS", "null", "None")})


def test_one_value_is_one_value():
    assert values_of("TEA") == ("TEA",)
