"""The declared columns of answers, and the names of quantiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.prediction import ANSWER_COLUMNS, answer_columns, quantile_column
from foretell.core.task import Task

LEVELS = st.floats(0, 1, exclude_min=True, exclude_max=True)


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (0.1, "q10"),
        (0.25, "q25"),
        (0.05, "q05"),
        (0.995, "q99_5"),
        (0.101, "q10_1"),
        (0.104, "q10_4"),
        (1e-7, "q00_00001"),
    ],
)
def test_a_quantile_is_called_by_its_level_in_percent(level, name):
    assert quantile_column(level) == name


@given(LEVELS, LEVELS)
def test_no_two_levels_share_a_name(one, other):
    assert (quantile_column(one) == quantile_column(other)) == (one == other)


@given(levels=st.lists(LEVELS, min_size=1, max_size=6, unique=True), kind=st.sampled_from(["demand", "amount"]))
def test_every_quantile_has_its_column_after_the_mean(levels, kind):
    rising = tuple(sorted(levels))
    found = answer_columns(Task(name="asked", kind=kind, horizon_days=7, quantiles=rising))
    at = found.index("mean") + 1
    assert found[at : at + len(rising)] == tuple(map(quantile_column, rising))
    assert found[:at] + found[at + len(rising) :] == ANSWER_COLUMNS[kind]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("kind", sorted(set(ANSWER_COLUMNS) - {"demand", "amount"}))
def test_other_tables_have_the_columns_of_their_kind(kind):
    assert answer_columns(Task(name="asked", kind=kind, horizon_days=7)) == ANSWER_COLUMNS[kind]
