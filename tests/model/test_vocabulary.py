"""Codes for what is known, zero for the rest, and the same codes after saving."""

import json

import numpy as np
import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.model.vocabulary import UNKNOWN, Vocabulary


def histories_of(items, *, prices=None):
    n = len(items)
    table = pl.DataFrame(
        {
            "user_id": ["a"] * n,
            "time": range(n),
            "action": ["view"] * n,
            "item_id": items,
            "price": prices if prices is not None else [None] * n,
        },
        schema_overrides={"item_id": pl.String, "price": pl.Float64},
    )
    return history_frame(EventLog(table))


def test_items_come_by_frequency_then_name_and_rare_ones_get_no_code():
    vocabulary = Vocabulary.build(histories_of(["c", "b", "b", "a", "a", "c", "c", "d", None]), min_count=2)
    assert vocabulary.items == ("c", "a", "b")
    assert vocabulary.n_items == 4
    assert vocabulary.item_codes(pl.Series(["a", "d", None, "c", "zzz"])).tolist() == [2, 0, 0, 1, 0]


def test_at_most_so_many_items():
    assert Vocabulary.build(histories_of(list("aabbbc")), min_count=1, max_items=2).items == ("b", "a")


def test_unknown_actions_share_the_unknown_code(vocabulary):
    assert vocabulary.actions == ("cart", "purchase", "view")
    assert vocabulary.action_codes(pl.Series(["view", "dance", "cart"])).tolist() == [3, UNKNOWN, 1]


def test_content_of_items_without_a_code(vocabulary):
    """``new`` was never seen, ``rare`` is not in the table: the first has its content, the second none."""
    ids = pl.Series(["new", "rare", None, "i0", "i6"])
    assert vocabulary.item_codes(ids)[:3].tolist() == [0, 0, 0]
    category, brand = vocabulary.content_codes(ids).T
    tea, b = vocabulary.content["category"].index("tea") + 1, vocabulary.content["brand"].index("B") + 1
    a = vocabulary.content["brand"].index("A") + 1
    assert category.tolist() == [tea, 0, 0, tea, 0]
    assert brand.tolist() == [b, 0, 0, a, a]


def test_the_table_of_item_content_agrees_with_the_lookup(vocabulary):
    expected = vocabulary.content_codes(pl.Series(list(vocabulary.items)))
    assert (vocabulary.item_content[1:] == expected).all()
    assert (vocabulary.item_content[0] == 0).all()


def test_an_item_listed_twice_has_its_first_content():
    items = pl.DataFrame({"item_id": ["a", "a"], "category": ["tea", "cups"]})
    vocabulary = Vocabulary.build(histories_of(["a"]), items=items, min_count=1)
    assert vocabulary.content["category"][vocabulary.content_codes(pl.Series(["a"]))[0, 0] - 1] == "tea"


def test_price_buckets_are_even_shares_of_the_prices():
    prices = np.random.default_rng(0).lognormal(2, 1, 4000)
    vocabulary = Vocabulary.build(histories_of(["a"] * 4000, prices=prices), min_count=1)
    counts = np.bincount(vocabulary.price_buckets(pl.Series(prices)))
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 4000 / 15) < 4000 * 0.01).all()


def test_price_buckets_of_odd_prices():
    vocabulary = Vocabulary.build(histories_of(["a"] * 3, prices=[1.0, 2.0, 0.0]), min_count=1)
    found = vocabulary.price_buckets(pl.Series([None, float("nan"), -1.0, 0.0, 1e9]))
    assert found[:2].tolist() == [0, 0]
    assert (found[2:] >= 1).all()
    assert (found <= len(vocabulary.price_edges) + 1).all()


def test_one_price_only_and_no_price_at_all():
    same = Vocabulary.build(histories_of(["a"] * 3, prices=[2.0] * 3), min_count=1)
    assert same.price_buckets(pl.Series([2.0, None])).tolist() == [2, 0]
    none = Vocabulary.build(histories_of(["a"] * 3), min_count=1)
    assert none.price_edges == ()
    assert none.price_buckets(pl.Series([5.0, None])).tolist() == [1, 0]


@pytest.mark.parametrize("with_items", [True, False])
def test_saved_as_json_and_built_again_it_is_the_same(histories, items, with_items):
    built = Vocabulary.build(histories, items=items if with_items else None, min_count=1)
    again = Vocabulary.from_dict(json.loads(json.dumps(built.to_dict())), catalogue=built.catalogue)
    assert (again.items, again.actions, again.price_edges) == (built.items, built.actions, built.price_edges)
    assert again.content == built.content
    assert (again.item_content == built.item_content).all()
    ids = pl.Series(["new", "i3", None, "zzz"])
    assert (again.content_codes(ids) == built.content_codes(ids)).all()
    assert (again.price_buckets(histories["price"]) == built.price_buckets(histories["price"])).all()
