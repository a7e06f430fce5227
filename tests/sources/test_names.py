"""Columns are recognised by their names, whatever the case and the separators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core import columns
from foretell.sources.names import SYNONYMS, infer_mapping, normal_name, shown


@pytest.mark.parametrize("canonical", SYNONYMS)
def test_every_synonym_is_found(canonical):
    for word in (canonical, *SYNONYMS[canonical]):
        for spelling in (
            word,
            word.upper(),
            word.title().replace("_", ""),
            word.replace("_", " "),
            word.replace("_", "-"),
        ):
            assert infer_mapping([spelling]) == {canonical: spelling}


def test_synonyms_are_unambiguous_and_canonical():
    words = [word for synonyms in SYNONYMS.values() for word in synonyms]
    assert len(words) == len(set(words))
    assert not set(words) & set(columns.READABLE)
    assert set(SYNONYMS) == set(columns.READABLE)


def test_proper_names_win_over_synonyms():
    assert infer_mapping(["customer_id", "user_id"]) == {"user_id": "user_id"}
    assert infer_mapping(["event", "action"]) == {"action": "action"}


@given(st.lists(st.text(max_size=12), unique=True, max_size=30))
def test_no_column_is_used_twice(names):
    mapping = infer_mapping(names)
    assert len(set(mapping.values())) == len(mapping)
    assert set(mapping.values()) <= set(names)


def test_long_lists_are_shortened():
    assert shown([f"c{number}" for number in range(10_000)]).endswith("and 9,980 more")
    assert len(shown(["x" * 10_000])) < 60


@given(st.text(max_size=30))
def test_normal_names_are_stable(name):
    assert normal_name(normal_name(name)) == normal_name(name)
