"""Which word means yes, rows without a label, and targets that are no yes-or-no question."""

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.tabular.target import TargetError, read_target


@pytest.mark.parametrize(
    ("cells", "yes"),
    [
        (["TRUE", "FALSE"], "TRUE"),
        (["No", "Yes"], "Yes"),
        ([0, 1], "1"),
        ([1.0, 0.0], "1"),
        ([1, 2], "1"),
        ([-1, 1], "1"),
        (["n", "y"], "y"),
        (["churned", "stayed"], "churned"),
        (["未购买", "已购买"], "已购买"),
        (["apple", "pear"], "pear"),
    ],
)
def test_the_word_for_yes_is_found(cells, yes):
    target = read_target(pl.Series("target", cells))
    assert target.yes == yes
    assert target.values.sum() == 1
    assert yes in target.note


def test_spellings_of_one_answer_are_one():
    target = read_target(pl.Series("target", ["TRUE", "true", "True ", "FALSE"]))
    assert target.values.tolist() == [1, 1, 1, 0]


def test_rows_without_an_answer_have_none():
    target = read_target(pl.Series("target", ["yes", "", None, "n/a", "no"]))
    assert target.known.tolist() == [True, False, False, False, True]
    assert np.isnan(target.values[1:4]).all()


def test_more_classes_are_refused_by_name():
    with pytest.raises(TargetError, match="3 classes") as caught:
        read_target(pl.Series("size", ["small", "large", "medium", "small"]))
    assert "'small' (2)" in str(caught.value)


def test_one_class_is_nothing_to_learn():
    with pytest.raises(InsufficientDataError, match="same in every row"):
        read_target(pl.Series("target", ["yes", "yes"]))


def test_the_user_can_say_what_yes_is():
    assert read_target(pl.Series("target", ["apple", "pear"]), yes="Apple").values.tolist() == [1, 0]
    with pytest.raises(TargetError, match="plum"):
        read_target(pl.Series("target", ["apple", "pear"]), yes="plum")
