"""States at any cutoff: those of each history cut off there and read alone, however they are packed."""

import numpy as np
import pytest
import torch

from foretell.core.time import DAY
from foretell.model.backbones import Packing
from foretell.model.encoding import encode_histories
from foretell.predictor import encoder as module
from foretell.predictor.encoder import fields_of


@pytest.fixture(scope="module")
def alone(tiny_predictor, view, points):
    """The state of each point, its history cut at the cutoff and read by itself; zeros where it is empty."""
    encoder = tiny_predictor.reader.encoder
    states = np.zeros((points.height, encoder.model.size.width), dtype=np.float32)
    for row, (user, cutoff) in enumerate(points.rows()):
        mine = view.histories.filter((view.histories["user_id"] == user) & (view.histories["time"] <= cutoff))
        if mine.height:
            _, batch = encode_histories(mine, vocabulary=encoder.vocabulary)
            with torch.no_grad():
                states[row] = encoder.model(fields_of(batch), Packing.of(batch))[-1].numpy()
    return states


@pytest.mark.parametrize("events_at_once", [1, 40, 10**6])
def test_states_are_those_of_each_history_read_alone(tiny_predictor, view, points, alone, events_at_once, monkeypatch):
    monkeypatch.setattr(module, "_EVENTS_AT_ONCE", events_at_once)
    found = tiny_predictor.reader.encoder.encode(view.histories, points=points)
    np.testing.assert_allclose(found.states, alone, atol=1e-5)
    assert np.abs(alone).max() > 0.1


def test_elapsed_days_and_the_empty_history(tiny_predictor, view, points):
    found = tiny_predictor.reader.encoder.encode(view.histories, points=points)
    for row, (user, cutoff) in enumerate(points.rows()):
        times = view.histories.filter((view.histories["user_id"] == user) & (view.histories["time"] <= cutoff))["time"]
        if len(times):
            assert found.elapsed_days[row] == pytest.approx((cutoff - times.max()) / DAY)
        else:
            assert found.elapsed_days[row] == 0
            assert not found.states[row].any()


def test_the_waiting_time_answers_agree(tiny_predictor, view, points):
    """Half of the orders come by the median: P(order within the median) is one half."""
    found = tiny_predictor.reader.encoder.encode(view.histories, points=points)
    median = found.days_to_next_order()
    within = np.array([found.order_within(days)[row] for row, days in enumerate(median)])
    inside = median < 365
    assert inside.any()
    np.testing.assert_allclose(within[inside], 0.5, atol=1e-6)
    assert (found.order_within(7.0) < found.order_within(28.0)).all()


def test_the_summary_is_finite_and_ends_with_the_waiting_times(tiny_predictor, view, points):
    found = tiny_predictor.reader.encoder.encode(view.histories, points=points)
    summary = found.summary()
    assert summary.shape == (points.height, found.states.shape[1] + 4)
    assert np.isfinite(summary).all()
    odds = 1 / (1 + np.exp(-summary[:, -4:-2]))
    np.testing.assert_allclose(odds[:, 0], found.order_within(7.0), atol=1e-5)
    np.testing.assert_allclose(np.expm1(summary[:, -1]), found.days_to_next_order(), rtol=1e-4)


def test_the_names_and_vectors_of_items_go_together(tiny_predictor):
    encoder = tiny_predictor.reader.encoder
    assert encoder.item_names.tolist() == list(encoder.vocabulary.items)
    with torch.no_grad():
        third = encoder.model.embedding.items(torch.tensor([3]))[0]
    assert torch.equal(encoder.item_vectors[2], third)


def test_reading_finds_each_point_again(tiny_predictor, view, points):
    read = tiny_predictor.reader.read(view, points=points)
    order = np.random.default_rng(0).permutation(points.height)
    assert read.rows_of(points[order]).tolist() == order.tolist()
    taken = read.take(order[:5])
    np.testing.assert_array_equal(taken.features, read.features[order[:5]])
    assert taken.names == tiny_predictor.reader.names


def test_features_that_are_dropped_are_not_read(tiny_predictor, view, points):
    """A log of sixteen weeks has seen no year: nothing of the season may be learned from it."""
    reader = tiny_predictor.reader
    assert set(reader.dropped) >= {"year_sine", "year_cosine"}
    assert set(reader.names) == set(reader.user_features.names) - set(reader.dropped)
    assert reader.read(view, points=points).features.shape[1] == len(reader.names)


@pytest.mark.parametrize("block_rows", [1, 100])
def test_blocks_of_users_change_no_state(tiny_predictor, view, points, block_rows, monkeypatch):
    encoder = tiny_predictor.reader.encoder
    whole = encoder.encode(view.histories, points=points)
    monkeypatch.setattr(module, "_BLOCK_ROWS", block_rows)
    found = encoder.encode(view.histories, points=points)
    np.testing.assert_allclose(found.states, whole.states, atol=1e-5)
    np.testing.assert_array_equal(found.elapsed_days, whole.elapsed_days)
