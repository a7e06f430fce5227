"""Features from columns, the same for any rows, and combinations of them."""

import json

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import SchemaError
from foretell.tabular.construct import Combination, combine, find_combinations
from foretell.tabular.encode import TableEncoder
from foretell.tabular.recognise import recognise_columns


@pytest.fixture(scope="module")
def encoder(visitors):
    frame = visitors.drop("made_purchase")
    return TableEncoder.fit(frame, recognition=recognise_columns(frame))


def test_a_row_alone_gets_what_it_gets_among_others(encoder, visitors):
    together = encoder.transform(visitors)
    for row in (0, 7, 1199):
        assert encoder.transform(visitors[row]).equals(together[row])


def test_unseen_values_and_gaps_do_not_raise(encoder, visitors):
    odd = visitors.head(2).with_columns(
        search_terms=pl.Series(["never seen", None]),
        page_views=pl.Series([None, 3], dtype=pl.Int64),
        day=pl.Series(["", "2031-05-05"]),
    )
    found = encoder.transform(odd)
    assert found["search_terms=gift card"].to_list()[0] == 0.0
    assert np.isnan(found["search_terms=gift card"][1])
    assert np.isnan(found["page_views"][0])


def test_a_missing_column_is_named(encoder, visitors):
    with pytest.raises(SchemaError, match="page_views"):
        encoder.transform(visitors.drop("page_views"))


def test_saved_and_read_again_it_is_the_same(encoder, visitors):
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again.transform(visitors).equals(encoder.transform(visitors))


def test_hashed_words_find_the_word_that_matters():
    generator = np.random.default_rng(0)
    words = [f"word{number}" for number in range(200)]
    text = [" ".join(generator.choice(words, 3)) + (" coupon" if row % 2 else "") for row in range(300)]
    frame = pl.DataFrame({"search_terms": text})
    features = TableEncoder.fit(frame, recognition=recognise_columns(frame)).transform(frame)
    has_coupon = np.arange(300) % 2 == 1
    separated = [
        name for name in features.columns if "words_" in name and features[name].to_numpy()[has_coupon].min() == 1.0
    ]
    assert len(separated) >= 1


def test_combinations_follow_kinds_and_names():
    generator = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "pages": generator.poisson(9, 300).astype(float),
            "pages_duration": generator.gamma(2, 30, 300),
            "helps": generator.poisson(3, 300).astype(float),
            "helps_duration": generator.gamma(2, 9, 300),
            "bounce": generator.random(300),
            "flag": generator.integers(0, 2, 300).astype(float),
        }
    )
    found = {one.name: one for one in find_combinations(frame, names=frame.columns)}
    assert {
        "pages_duration per pages",
        "helps_duration per helps",
        "sum of counts",
        "share of helps in counts",
        "sum of duration",
        "bounce x pages",
    } <= set(found)
    assert not any("flag" in name for name in found)
    values = combine(frame, combinations=(found["share of helps in counts"],)).row(0, named=True)
    assert values["share of helps in counts"] == values["helps"] / (1 + values["pages"] + values["helps"])
    assert Combination.from_json(json.loads(json.dumps(found["sum of counts"].to_json()))) == found["sum of counts"]
