"""Scaling is fitted once and the same everywhere."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foretell.core.errors import ConfigError, SchemaError
from foretell.features import Standardiser
from foretell.features.transform import METHODS

numbers = st.none() | st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, float("nan"), float("inf")])
columns = st.lists(numbers, min_size=1, max_size=40)
methods = st.sampled_from(sorted(METHODS))


def frame_of(values):
    return pl.DataFrame({"a": pl.Series(values, dtype=pl.Float64), "b": pl.Series(values[::-1], dtype=pl.Float64)})


@given(train=columns, asked=columns, method=methods)
def test_one_row_alone_and_all_together_agree_bit_for_bit(train, asked, method):
    standardiser = Standardiser.fit(frame_of(train), method=method)
    frame = frame_of(asked)
    together = standardiser.transform(frame)
    assert np.isfinite(together).all()
    assert together.dtype == np.float32
    assert together.shape == (len(asked), len(standardiser.names))
    for number in range(len(asked)):
        assert (standardiser.transform(frame[number : number + 1]) == together[number]).all()


@given(train=columns, method=methods)
def test_saved_and_loaded_is_the_same(train, method):
    standardiser = Standardiser.fit(frame_of(train), method=method)
    assert Standardiser.from_json(json.loads(json.dumps(standardiser.to_json()))) == standardiser


@given(train=columns, method=methods)
@example(train=[0.0, 2.225073858507203e-309], method="rank_gauss")
def test_scaling_keeps_the_order(train, method):
    standardiser = Standardiser.fit(frame_of(train), method=method)
    rising = pl.DataFrame({"a": np.linspace(-1e9, 1e9, 50), "b": np.zeros(50)})
    assert (np.diff(standardiser.transform(rising)[:, 0]) >= 0).all()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_training_rows_come_out_centred_and_of_unit_spread(method):
    values = np.random.default_rng(1).normal(50, 9, size=5000)
    scaled = Standardiser.fit(pl.DataFrame({"a": values}), method=method).transform(pl.DataFrame({"a": values}))
    assert scaled.mean() == pytest.approx(0, abs=0.05)
    assert scaled.std() == pytest.approx(1, abs=0.05)


def test_ranks_tame_what_logarithms_do_not():
    values = np.exp(np.random.default_rng(1).normal(0, 4, size=5000))
    scaled = Standardiser.fit(pl.DataFrame({"a": values})).transform(pl.DataFrame({"a": [*values, 1e300, -1e300]}))
    assert np.abs(scaled).max() < 5
    assert abs(float(((scaled[:-2] - scaled[:-2].mean()) ** 3).mean())) < 0.1


def test_missing_values_are_the_centre_and_marked():
    standardiser = Standardiser.fit(pl.DataFrame({"a": [1.0, 2.0, None], "b": [1.0, 2.0, 3.0]}))
    assert standardiser.names == ("a", "b", "a_is_missing")
    scaled = standardiser.transform(pl.DataFrame({"a": [None], "b": [None]}, schema={"a": pl.Float64, "b": pl.Float64}))
    assert scaled.tolist() == [[0.0, 0.0, 1.0]]


def test_constant_and_empty_columns_become_zero():
    frame = pl.DataFrame({"same": [7.0, 7.0], "none": [None, None]}, schema={"same": pl.Float64, "none": pl.Float64})
    for method in METHODS:
        scaled = Standardiser.fit(frame, method=method).transform(frame)
        assert scaled[:, 0].tolist() == [0.0, 0.0]
        assert scaled[:, 1].tolist() == [0.0, 0.0]


def test_what_cannot_be_scaled_is_refused():
    with pytest.raises(ConfigError, match="no such way"):
        Standardiser.fit(pl.DataFrame({"a": [1.0]}), method="minmax")
    with pytest.raises(SchemaError, match="missing"):
        Standardiser.fit(pl.DataFrame({"a": [1.0]})).transform(pl.DataFrame({"b": [1.0]}))
