"""A reader that remembers gives what any reader gives, and reads each point once."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.predictor.encoder import Encoder
from foretell.predictor.reader import Reader
from foretell.predictor.remembering import RememberingReader


@pytest.fixture
def reader(tiny_predictor, view):
    return RememberingReader.of(tiny_predictor.reader, view=view)


@pytest.fixture
def n_read(monkeypatch):
    """How many points the sequence model was asked about, call by call."""
    calls = []
    encode = Encoder.encode

    def counted(self, histories, *, points):
        calls.append(points.height)
        return encode(self, histories, points=points)

    monkeypatch.setattr(Encoder, "encode", counted)
    return calls


def _same(one, other):
    assert one.points.equals(other.points)
    np.testing.assert_array_equal(one.features, other.features)
    for name in ("states", "hazard_logits", "elapsed_days"):
        np.testing.assert_allclose(getattr(one.encoded, name), getattr(other.encoded, name), atol=1e-5)
    np.testing.assert_allclose(one.summary, other.summary, atol=1e-4)


def test_what_was_read_is_found_again_in_any_order_and_number(reader, tiny_predictor, view, points, n_read):
    plain = tiny_predictor.reader
    _same(reader.read(view, points=points), plain.read(view, points=points))
    asked = pl.concat([points[5:9], points[:3], points[6:7]])
    n_read.clear()
    again = reader.read(view, points=asked)
    encoded = reader.encode(view, points=asked)
    assert n_read == []
    _same(again, plain.read(view, points=asked))
    np.testing.assert_array_equal(encoded.states, again.encoded.states)


def test_repeated_points_are_read_once(reader, view, points, n_read):
    found = reader.read(view, points=pl.concat([points, points]))
    assert n_read == [points.height]
    np.testing.assert_array_equal(found.features[: points.height], found.features[points.height :])


def test_points_are_never_pieced_together_of_several_readings(reader, view, points, n_read):
    reader.read(view, points=points[:4])
    reader.read(view, points=points[2:6])
    assert n_read == [4, 4]
    reader.read(view, points=points[3:6])
    assert n_read == [4, 4]


def test_of_another_view_nothing_is_kept_nor_taken(reader, view, points, n_read):
    reader.read(view, points=points[:4])
    other = replace(view, histories=view.histories.filter(pl.col("action") == "purchase"))
    found = reader.read(other, points=points[:4])
    reader.read(other, points=points[:4])
    reader.encode(other, points=points[:4])
    assert n_read == [4, 4, 4, 4]
    assert (found.encoded.states != reader.read(view, points=points[:4]).encoded.states).any()
    _same(found, Reader.read(reader, other, points=points[:4]))


def test_forgotten_points_are_read_anew(reader, view, points, n_read):
    reader.read(view, points=points[:4])
    reader.forget()
    reader.read(view, points=points[:4])
    assert n_read == [4, 4]
