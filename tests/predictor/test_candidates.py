"""Which items are ranked, and what is known of a customer and an item together."""

import numpy as np
import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.model.behaviour import TEMPERATURE
from foretell.predictor.candidates import candidates, popular_items
from foretell.predictor.pair_inputs import pair_inputs
from foretell.predictor.pair_scores import pair_scores, recent_of


@pytest.fixture(scope="module")
def read(tiny_predictor, view, points):
    return tiny_predictor.reader.read(view, points=points)


@pytest.fixture(scope="module")
def pairs(tiny_predictor, view, read):
    return candidates(tiny_predictor.reader, view=view, read=read)


def test_no_candidate_comes_twice_and_everybody_has_some(pairs, points):
    assert pairs.select("point", "item_id").is_duplicated().sum() == 0
    assert set(pairs["point"]) == set(range(points.height))


def test_new_to_the_customer_is_what_the_customer_never_bought(pairs, points, view):
    for row, (user, cutoff) in enumerate(points.rows()):
        known = view.histories.filter((pl.col("user_id") == user) & (pl.col("time") <= cutoff))
        touched = known["item_id"].drop_nulls()
        bought = known.filter(action="purchase")["item_id"].drop_nulls()
        mine = pairs.filter(pl.col("point") == row)
        assert set(mine.filter(~pl.col("is_new_to_user"))["item_id"]) == set(bought)
        assert set(mine.filter("is_new_to_user")["item_id"]).isdisjoint(bought)
        # So small a shop has fewer items than are kept for anybody.
        assert set(touched) <= set(mine["item_id"])


@pytest.mark.parametrize("action", ["purchase", "cart"])
def test_new_ones_only_are_those_the_action_was_never_done_to(tiny_predictor, view, read, points, action):
    found = candidates(tiny_predictor.reader, view=view, read=read, action=action, new_only=True)
    assert found["is_new_to_user"].all()
    assert found.select("point", "item_id").is_duplicated().sum() == 0
    every = set(view.histories["item_id"].drop_nulls())
    for row, (user, cutoff) in enumerate(points.rows()):
        known = view.histories.filter((pl.col("user_id") == user) & (pl.col("time") <= cutoff))
        done = set(known.filter(action=action)["item_id"].drop_nulls())
        mine = set(found.filter(pl.col("point") == row)["item_id"])
        assert mine.isdisjoint(done)
        if cutoff == points["cutoff"].max():
            assert mine == every - done, "the shop is small: whatever is new is a candidate"


def test_the_best_new_items_are_taken_however_many_are_left_out(tiny_predictor, view, points, monkeypatch):
    """Of the popular and of those pointed at, as many as anybody gets: not what the first few leave over."""
    monkeypatch.setattr("foretell.predictor.candidates.N_POPULAR", 3)
    monkeypatch.setattr("foretell.predictor.candidates.N_POINTED_AT", 3)
    monkeypatch.setattr("foretell.predictor.candidates.N_LINKED", 3)
    monkeypatch.setattr("foretell.predictor.candidates.N_KNOWN", 1)
    reader = tiny_predictor.reader
    buyers = points.filter(pl.col("user_id") != "nobody")
    read = reader.read(view, points=buyers)
    found = candidates(reader, view=view, read=read, new_only=True)
    counts = found.group_by("point").len()["len"]
    assert len(counts) == buyers.height
    assert counts.min() >= 3
    assert counts.max() <= 10


def test_nothing_is_recommended_that_nobody_could_know_of(pairs, points, view, tiny_predictor):
    known = set(tiny_predictor.reader.encoder.vocabulary.items)
    for row, (_, cutoff) in enumerate(points.rows()):
        seen = set(view.histories.filter(pl.col("time") <= cutoff)["item_id"].drop_nulls())
        assert set(pairs.filter(pl.col("point") == row)["item_id"]) <= seen | known


def test_popular_items_are_those_bought_most_in_the_four_weeks_before(view, last):
    cutoff = last - 30 * DAY
    day_end = (cutoff + 1) // DAY * DAY
    bought = view.histories.filter(
        (pl.col("action") == "purchase") & (pl.col("time") < day_end) & (pl.col("time") >= day_end - 28 * DAY)
    )
    counts = dict(bought["item_id"].value_counts().rows())
    top = popular_items(view, cutoff=cutoff, n=5)
    assert [counts[item] for item in top] == sorted(counts.values(), reverse=True)[:5]


def test_pair_inputs_keep_the_order_of_the_pairs(tiny_predictor, view, read, pairs):
    levels = dict(tiny_predictor.tasks["ad"].levels)
    some = pairs.sample(300, seed=1).with_columns(pl.lit("2").alias("position"), pl.lit("web").alias("channel"))
    order = np.random.default_rng(2).permutation(300)
    whole, shuffled = (
        pair_inputs(tiny_predictor.reader, view=view, read=read, pairs=part, placements=levels)
        for part in (some, some[order])
    )
    np.testing.assert_array_equal(whole.features[order], shuffled.features)
    np.testing.assert_allclose(whole.states[order], shuffled.states, atol=1e-5)
    assert whole.names[-2:] == tuple(f"{name}_code" for name in levels)


def test_pair_inputs_of_many_points_are_those_of_each_point(tiny_predictor, view, points):
    """One cutoff takes a shorter way than several: both must give the same."""
    reader = tiny_predictor.reader
    together = reader.read(view, points=points)
    pairs = candidates(reader, view=view, read=together)
    whole = pair_inputs(reader, view=view, read=together, pairs=pairs, placements={})
    for row in (0, 7, 31):
        alone = reader.read(view, points=points[row : row + 1])
        mine = pairs.filter(pl.col("point") == row)
        one = mine.with_columns(pl.lit(0, dtype=pl.UInt32).alias("point"))
        found = pair_inputs(reader, view=view, read=alone, pairs=one, placements={})
        at = np.flatnonzero(pairs["point"].to_numpy() == row)
        np.testing.assert_array_equal(found.features, whole.features[at])
        np.testing.assert_allclose(found.states, whole.states[at], atol=1e-4)


def test_placements_are_codes_by_response_and_unknown_ones_missing(tiny_predictor, view, read, pairs):
    levels = {"position": ("3", "1")}
    some = pairs.head(3).with_columns(pl.Series("position", ["1", "3", "77"]))
    found = pair_inputs(tiny_predictor.reader, view=view, read=read, pairs=some, placements=levels)
    column = found.features[:, found.names.index("position_code")]
    np.testing.assert_array_equal(column, np.array([1, 0, np.nan], np.float32))


def test_pair_scores_written_out(tiny_predictor, view, read, pairs):
    reader = tiny_predictor.reader
    encoder = reader.encoder
    some = pairs.filter(pl.col("point").is_in([2, 5]))
    at = some["point"].cast(pl.Int64).to_numpy()
    found = pair_scores(reader, view=view, read=read, point=at, items=some["item_id"])
    linked = reader.graph.scores(recent_of(reader, view, read)).toarray()
    for point in (2, 5):
        rows = np.flatnonzero(at == point)
        known = encoder.vocabulary.item_codes(some["item_id"])[rows]
        query = encoder.model.item_query.weight.detach().numpy() @ read.encoded.states[point]
        query = query + encoder.model.item_query.bias.detach().numpy()
        query = query / np.linalg.norm(query) / TEMPERATURE
        vectors = np.concatenate([np.zeros((1, query.size), np.float32), encoder.item_vectors.numpy()])
        expected = vectors[known] @ query
        np.testing.assert_allclose(found[rows[known > 0], 0], expected[known > 0], atol=1e-4)
        z = (found[rows, 0] - found[rows, 0].mean()) / found[rows, 0].std()
        np.testing.assert_allclose(found[rows, 1], z, atol=1e-3)
        share = linked[point] / max(linked[point].sum(), 1e-30)
        np.testing.assert_allclose(found[rows, 2], np.log(share[known] + 1e-6), atol=1e-4)


def test_recent_items_are_the_last_of_the_customer_up_to_the_cutoff(tiny_predictor, view, read, points):
    recent = recent_of(tiny_predictor.reader, view, read)
    vocabulary = tiny_predictor.reader.encoder.vocabulary
    assert len(recent) == points.height
    for row, (user, cutoff) in enumerate(points.rows()):
        known = view.histories.filter((pl.col("user_id") == user) & (pl.col("time") <= cutoff)).tail(50)
        mine = recent.values["item"][recent.offsets[row] : recent.offsets[row + 1]]
        np.testing.assert_array_equal(mine, vocabulary.item_codes(known["item_id"]))
