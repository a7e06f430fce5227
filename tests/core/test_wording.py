"""Counts and what is said of them agree."""

import pytest

from foretell.core.wording import agreeing


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("1 rows were converted.", "1 row was converted."),
        ("1 lines are not UTF-8 and were read.", "1 line is not UTF-8 and were read."),
        ("Left: 1 rows of 1 anonymous ids were given.", "Left: 1 row of 1 anonymous id was given."),
        ("1 rows from before it was known stay there.", "1 row from before it was known stays there."),
        ("1 events became 2 rows, one an item.", "1 event became 2 rows, one an item."),
        ("11 rows were, 2,001 rows are.", "11 rows were, 2,001 rows are."),
        ("0.1 days have passed, v1 lines are old.", "0.1 days have passed, v1 lines are old."),
        ("1 rows, and 1 cells", "1 row, and 1 cell"),
        ("item 1 rowsing", "item 1 rowsing"),
    ],
)  # fmt: skip
def test_one_is_singular(said, right):
    assert agreeing(said) == right
    assert agreeing(right) == right
