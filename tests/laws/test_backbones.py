"""Whatever the backbone: a state knows its customer's past, no future, no neighbour, and survives saving."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.history import history_frame
from foretell.core.time import DAY
from foretell.model.backbones import BACKBONES
from foretell.model.behaviour import BehaviourModel
from foretell.predictor.encoder import Encoder
from foretell.predictor.ranker_storage import load_encoder, save_encoder

CLOSE = {"atol": 1e-5, "rtol": 1e-4}


@pytest.fixture(scope="module", params=BACKBONES)
def encoder(request, tiny_predictor):
    """The small run's vocabulary with a fresh model, so that no law holds because something was learned."""
    torch.manual_seed(5)
    vocabulary = tiny_predictor.reader.encoder.vocabulary
    return Encoder(vocabulary, BehaviourModel(vocabulary, size="nano", backbone=request.param).eval())


@pytest.fixture(scope="module")
def histories(log):
    return history_frame(log)


@pytest.fixture(scope="module")
def points(cutoff, some_users):
    """Some customers at two moments each, and one never seen."""
    moments = pl.DataFrame({"cutoff": [cutoff, cutoff - 30 * DAY]})
    return pl.DataFrame({"user_id": [*some_users[::3], "nobody"]}).join(moments, how="cross")


@pytest.fixture(scope="module")
def states(encoder, histories, points):
    found = encoder.encode(histories, points=points).states
    assert np.abs(found).max() > 0.1
    return found


def test_the_future_changes_no_state(encoder, states, histories, points, cutoff):
    past = histories.filter(pl.col("time") <= cutoff)
    np.testing.assert_allclose(encoder.encode(past, points=points).states, states, **CLOSE)


def test_live_equals_batch(encoder, states, histories, points):
    """Live has one customer's events by the moment asked about, and nobody else's."""
    for row, (user, moment) in enumerate(points.rows()):
        mine = histories.filter((pl.col("user_id") == user) & (pl.col("time") <= moment))
        alone = encoder.encode(mine, points=points[row]).states[0]
        np.testing.assert_allclose(alone, states[row], **CLOSE)


def test_who_else_is_asked_and_in_what_order_does_not_matter(encoder, states, histories, points):
    order = np.random.default_rng(2).permutation(points.height)
    np.testing.assert_allclose(encoder.encode(histories, points=points[order]).states, states[order], **CLOSE)


def test_saved_and_loaded_it_is_the_same_model(encoder, states, histories, points, tmp_path):
    save_encoder(encoder, tmp_path)
    loaded = load_encoder(tmp_path)
    assert loaded.model.settings() == encoder.model.settings()
    np.testing.assert_array_equal(loaded.encode(histories, points=points).states, states)
