"""Later rows test, earlier rows train, and no fold looks ahead."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import InputError, InsufficientDataError, SchemaError
from foretell.tabular.split import order_in_time, split_rows, validation_folds


def test_months_dates_and_numbers_have_an_order():
    assert order_in_time(pl.Series("m", ["June", "Feb", "Sept"])).values.tolist() == [6, 2, 9]
    days = order_in_time(pl.Series("d", ["2025-03-01", "2024-12-31"])).values
    assert days[0] > days[1]
    assert order_in_time(pl.Series("week", [3, 1, 2])).values.tolist() == [3, 1, 2]
    with pytest.raises(SchemaError, match="order of time"):
        order_in_time(pl.Series("shop", ["north", "south"]))


def test_without_time_both_answers_are_split_alike():
    label = np.repeat([0.0, 1.0], [800, 200])
    split = split_rows(label, seed=3)
    assert len(split.test) == 200
    assert label[split.test].sum() == 40
    assert not set(split.train) & set(split.test)


def test_with_time_the_latest_fifth_is_test():
    order = order_in_time(pl.Series("week", np.random.default_rng(0).integers(1, 51, 1000)))
    split = split_rows(np.tile([0.0, 1.0], 500), order=order)
    assert order.values[split.train].max() < order.values[split.test].min()
    assert len(split.test) / 1000 == pytest.approx(0.2, abs=0.03)
    assert (np.diff(order.values[split.train]) >= 0).all()


def test_a_start_of_the_test_part_can_be_named():
    order = order_in_time(pl.Series("m", ["Jan", "Feb", "Mar", "Apr"] * 30))
    split = split_rows(
        np.tile([0.0, 1.0, 1.0, 0.0], 30)[np.random.default_rng(0).permutation(120)], order=order, test_from=3.0
    )
    assert len(split.test) == 60
    with pytest.raises(InputError, match="all rows or none"):
        split_rows(np.tile([0.0, 1.0], 60), order=order, test_from=13.0)


def test_too_few_rows_are_refused():
    with pytest.raises(InsufficientDataError, match="too few rows"):
        split_rows(np.array([0.0, 1.0, 0.0, 1.0]))


@given(
    n=st.integers(40, 400),
    n_times=st.integers(1, 60),
    seed=st.integers(0, 1000),
)
def test_folds_in_time_never_look_ahead(n, n_times, seed):
    generator = np.random.default_rng(seed)
    times = np.sort(generator.integers(0, n_times, n).astype(float))
    label = generator.integers(0, 2, n).astype(float)
    label[:2] = [0.0, 1.0]
    folds = validation_folds(label, times=times)
    in_time = n_times >= 3 and all(fold.train.max() < fold.validation.min() for fold in folds)
    for fold in folds:
        assert not set(fold.train) & set(fold.validation)
        if in_time:
            assert times[fold.train].max() < times[fold.validation].min()
    seen = np.concatenate([fold.validation for fold in folds])
    assert len(np.unique(seen)) == len(seen)


def test_folds_of_months_are_months_foretold_from_at_least_one_before():
    times = np.repeat(np.arange(1.0, 11.0), 50)
    folds = validation_folds(np.tile([0.0, 1.0], 250), times=times)
    assert [set(times[fold.validation]) for fold in folds] == [{8.0}, {9.0}, {10.0}]
    assert [times[fold.train].max() for fold in folds] == [6.0, 7.0, 8.0]


def test_random_folds_cover_all_rows_once():
    label = np.repeat([0.0, 1.0], [90, 10])
    folds = validation_folds(label)
    assert sorted(np.concatenate([fold.validation for fold in folds])) == list(range(100))
    assert all(label[fold.validation].sum() == 2 for fold in folds)
