"""Every registered transformation: saved and read back, row by row, unseen values, constants and gaps; no leakage."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import ConfigError, InsufficientDataError, SchemaError
from foretell.features.binning import Bins
from foretell.features.target_encoding import TargetEncoding
from foretell.features.transforms import TRANSFORMS, fit_transform, transform_from_json

CATEGORICAL = ("one_hot", "ordinal", "target")
NUMERIC = tuple(name for name in TRANSFORMS if name not in CATEGORICAL)

numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True, width=32)
words = st.none() | st.sampled_from(["tea", "bun", "jam", "", "茶"])


def column_of(name, data, *, min_size=1):
    strategy = numbers if name in NUMERIC else words
    kind = pl.Float64 if name in NUMERIC else pl.String
    return pl.Series("x", data.draw(st.lists(strategy, min_size=min_size, max_size=20)), dtype=kind)


def options_of(name, data, n):
    if name != "target":
        return {}
    label = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n))
    time = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    return {"label": pl.Series(label, dtype=pl.Float64), "time": pl.Series(time), "delay": data.draw(st.integers(0, 3))}


@pytest.mark.parametrize("name", TRANSFORMS)
@given(data=st.data())
def test_saved_and_read_back_it_is_the_same(name, data):
    train = column_of(name, data)
    fitted = fit_transform(name, train, **options_of(name, data, len(train)))
    loaded = transform_from_json(name, json.loads(json.dumps(fitted.to_json(), allow_nan=False)))
    assert loaded == fitted
    later = column_of(name, data)
    np.testing.assert_array_equal(loaded.apply(later), fitted.apply(later))


@pytest.mark.parametrize("name", TRANSFORMS)
@given(data=st.data())
def test_every_row_is_worked_on_alone_and_has_every_column(name, data):
    train, later = column_of(name, data), column_of(name, data)
    fitted = fit_transform(name, train, **options_of(name, data, len(train)))
    whole = fitted.apply(later)
    assert whole.shape == (len(later), len(fitted.names))
    assert len(set(fitted.names)) == len(fitted.names)
    alone = [fitted.apply(later[row : row + 1]) for row in range(len(later))]
    np.testing.assert_array_equal(np.concatenate(alone), whole)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("value", [None, 1.0])
def test_columns_without_any_variety_are_finite_or_missing(name, value):
    kind = pl.Float64 if name in NUMERIC else pl.String
    train = pl.Series("x", [value, value] if name in NUMERIC else [value and "tea"] * 2, dtype=kind)
    options = {"label": pl.Series([0.0, 1.0]), "time": pl.Series([1, 2])} if name == "target" else {}
    found = fit_transform(name, train, **options).apply(train)
    assert not np.isinf(found).any()
    assert (found[0] == found[1]).all() or np.isnan(found).all()


@given(st.lists(numbers, min_size=1, max_size=40), st.integers(2, 12), st.sampled_from(["equal_width", "quantile"]))
def test_bins_rise_with_the_value(values, n_bins, way):
    column = pl.Series("x", values, dtype=pl.Float64)
    bins = getattr(Bins, way)(column, n_bins=n_bins)
    found = bins.apply(column)[:, 0]
    present = np.array([value is not None and value == value for value in values])
    assert (np.isnan(found) == ~present).all()
    given_numbers = np.array([value for value, there in zip(values, present, strict=True) if there], dtype=np.float64)
    inside = found[present][np.argsort(given_numbers, kind="stable")]
    assert (np.diff(inside) >= 0).all()
    assert len(inside) == 0 or 0 <= inside.min() <= inside.max() < n_bins
    assert list(bins.edges) == sorted(set(bins.edges))


def test_quantile_bins_hold_about_equally_many():
    column = pl.Series("x", np.random.default_rng(0).exponential(size=1000))
    counts = np.bincount(Bins.quantile(column, n_bins=8).apply(column)[:, 0].astype(int))
    assert counts.min() >= 124
    assert len(counts) == 8
    widths = np.bincount(Bins.equal_width(column, n_bins=8).apply(column)[:, 0].astype(int))
    assert widths[0] > 400


def naive(values, label, time, *, delay, smoothing):
    """Each row from rows whose answer was known before its time, one by one."""
    found = []
    for value, at in zip(values, time, strict=True):
        known = [(v, y) for v, y, t in zip(values, label, time, strict=True) if t + delay < at]
        if not known:
            found.append(np.nan)
            continue
        prior = sum(y for _, y in known) / len(known)
        mine = [y for v, y in known if v == value]
        found.append((sum(mine) + smoothing * prior) / (len(mine) + smoothing))
    return found


@given(data=st.data())
def test_target_encoding_reads_only_answers_known_before(data):
    values = column_of("target", data)
    options = options_of("target", data, len(values)) | {"smoothing": 3.0}
    _, train = TargetEncoding.fit_encode(values, **options)
    expected = naive(values, options["label"], options["time"], delay=options["delay"], smoothing=3.0)
    np.testing.assert_allclose(train[:, 0], expected, rtol=1e-12)


@given(data=st.data())
def test_a_rows_own_answer_never_changes_its_own_encoding(data):
    values = column_of("target", data, min_size=2)
    options = options_of("target", data, len(values))
    _, train = TargetEncoding.fit_encode(values, **options)
    row = data.draw(st.integers(0, len(values) - 1))
    other = options["label"].to_numpy().copy()
    other[row] = data.draw(st.sampled_from([0.0, 1.0, 7.0]))
    _, changed = TargetEncoding.fit_encode(values, **{**options, "label": pl.Series(other)})
    assert changed[row, 0] == train[row, 0] or (np.isnan(changed[row, 0]) and np.isnan(train[row, 0]))


@given(data=st.data())
def test_later_rows_never_change_an_earlier_encoding(data):
    values = column_of("target", data, min_size=2)
    options = options_of("target", data, len(values))
    at = data.draw(st.integers(0, 9))
    past = options["time"] <= at
    _, whole = TargetEncoding.fit_encode(values, **options)
    if past.any():
        kept = {name: part.filter(past) if isinstance(part, pl.Series) else part for name, part in options.items()}
        _, alone = TargetEncoding.fit_encode(values.filter(past), **kept)
        np.testing.assert_array_equal(whole[past.to_numpy()], alone)


def test_a_target_of_pure_chance_gives_an_encoding_of_pure_chance():
    """In fold, a column of single-use values would give the answer away; out of fold it knows nothing."""
    random = np.random.default_rng(1)
    label = pl.Series(random.integers(0, 2, 4000).astype(np.float64))
    values = pl.Series("id", random.integers(0, 2000, 4000).astype(str))
    encoding, train = TargetEncoding.fit_encode(values, label=label, time=pl.Series(range(4000)), smoothing=1.0)
    late = slice(100, None)
    assert abs(np.corrcoef(train[late, 0], label.to_numpy()[late])[0, 1]) < 0.05
    assert np.corrcoef(encoding.apply(values)[:, 0], label)[0, 1] > 0.4


def test_few_rows_are_pulled_to_the_mean_of_all_and_many_are_not():
    values = pl.Series("x", ["many"] * 900 + ["few"] + ["rest"] * 99)
    label = pl.Series([1.0] * 901 + [0.0] * 99)
    encoding, _ = TargetEncoding.fit_encode(values, label=label, time=pl.Series(range(1000)))
    many, few, unseen = encoding.apply(pl.Series(["many", "few", "new"]))[:, 0]
    assert unseen == pytest.approx(0.901)
    assert many == pytest.approx((900 + 20 * 0.901) / 920)
    assert few == pytest.approx((1 + 20 * 0.901) / 21)


def test_what_cannot_be_fitted_is_refused():
    values = pl.Series("x", ["a", "b"])
    with pytest.raises(ConfigError, match="no such transformation"):
        fit_transform("whiten", values)
    with pytest.raises(ConfigError, match="no such transformation"):
        transform_from_json("whiten", {})
    with pytest.raises(ConfigError, match="looks at a target"):
        fit_transform("target", values)
    with pytest.raises(ConfigError, match="no such option"):
        fit_transform("one_hot", values, n_bins=3)
    with pytest.raises(SchemaError, match="one label and one time"):
        TargetEncoding.fit_encode(values, label=pl.Series([1.0]), time=pl.Series([1, 2]))
    with pytest.raises(SchemaError, match="one label and one time"):
        TargetEncoding.fit_encode(values, label=pl.Series([1.0, None]), time=pl.Series([1, 2]))
    with pytest.raises(InsufficientDataError, match="needs rows"):
        TargetEncoding.fit_encode(values[:0], label=pl.Series([], dtype=pl.Float64), time=pl.Series([], dtype=pl.Int64))
