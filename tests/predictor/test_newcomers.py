"""An item that nobody has seen, in the lists of a whole predictor."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.model.vocabulary import Vocabulary
from foretell.predictor.candidates import candidates
from foretell.predictor.encoder import Encoder
from foretell.predictor.newcomers import undiscovered, with_newcomers
from foretell.predictor.next_item import NextItemRanker
from foretell.predictor.pair_scores import pair_scores

NEW = "arrived today"


@pytest.fixture(scope="module")
def kin(tiny_predictor):
    """The item sold most often, which the new one is described like."""
    return tiny_predictor.reader.encoder.vocabulary.items[0]


@pytest.fixture(scope="module")
def wider(tiny_predictor, kin):
    """The predictor of the small shop, whose items table has one more row."""
    ranker = tiny_predictor.reader.ranker
    vocabulary = ranker.encoder.vocabulary
    like = vocabulary.catalogue.filter(pl.col("item_id") == kin).with_columns(pl.lit(NEW).alias("item_id"))
    described = Vocabulary.from_dict(vocabulary.to_dict(), catalogue=pl.concat([vocabulary.catalogue, like]))
    before = NextItemRanker(Encoder(described, ranker.encoder.model), ranker.graph, ranker.mixture)
    assert NEW in undiscovered(described)
    return replace(tiny_predictor, reader=replace(tiny_predictor.reader, ranker=with_newcomers(before, [NEW])))


def test_a_new_item_is_a_candidate_and_is_scored_like_its_like(wider, kin, view, points):
    read = wider.reader.read(view, points=points)
    found = candidates(wider.reader, view=view, read=read)
    mine = found.filter(pl.col("item_id") == NEW)
    assert mine.height > 0
    assert mine["is_new_to_user"].all()
    n = points.height
    at = np.tile(np.arange(n), 2)
    scores = pair_scores(wider.reader, view=view, read=read, point=at, items=pl.Series([NEW] * n + [kin] * n))[:, 0]
    assert np.isfinite(scores).all()
    assert np.corrcoef(scores[:n], scores[n:])[0, 1] > 0.3, "who would like the one would like the other"


def test_lists_are_whole_with_a_new_item_among_those_ranked(wider, tiny_predictor, log):
    (task,) = [name for name, fitted in tiny_predictor.tasks.items() if fitted.task.kind == "recommend"]
    users = log.events["user_id"].unique().sort().head(5).to_list()
    before, after = (one.predict(task, log=log, users=users) for one in (tiny_predictor, wider))
    assert after.columns == before.columns
    assert after.height >= before.height
    assert after["score"].is_finite().all()
