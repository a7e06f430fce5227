"""Anonymous and login ids: who is joined, who is left apart, and what was known when."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError, SchemaError, UnknownNameError
from foretell.sources import read_events
from foretell.sources.identity import stitch_ids

SECOND = 1_000_000


def rows(*cells):
    """Rows from (user, device, time[, session])."""
    names = ("user_id", "anonymous_id", "time", "session_id")
    return pl.DataFrame(
        [dict(zip(names, row, strict=False)) for row in cells],
        schema={"user_id": pl.String, "anonymous_id": pl.String, "time": pl.Int64, "session_id": pl.String},
    )


def users(joined):
    return joined.frame["user_id"].to_list()


def test_a_device_with_one_login_belongs_to_it_from_then_on():
    joined = stitch_ids(rows((None, "d", 1), ("ann", "d", 2), (None, "d", 3), (None, "e", 4)))
    assert users(joined) == ["d", "ann", "ann", "e"]
    assert (joined.merged_ids, joined.merged_rows, joined.earlier_rows, joined.anonymous_rows) == (1, 1, 1, 2)
    assert "anonymous_id" not in joined.frame.columns


def test_the_whole_past_is_joined_when_asked_for():
    joined = stitch_ids(rows((None, "d", 1), ("ann", "d", 2), (None, "d", 3)), stitch="whole")
    assert users(joined) == ["ann"] * 3
    assert joined.earlier_rows == 0


def test_nothing_is_joined_when_asked_not_to():
    joined = stitch_ids(rows((None, "d", 1), ("ann", "d", 0)), stitch="never", by_sessions=False)
    assert users(joined) == ["d", "ann"]


def test_a_device_of_two_logins_is_left_apart():
    shared = rows((None, "d", 1), ("ann", "d", 2), (None, "d", 3), ("bob", "d", 4), (None, "d", 5))
    joined = stitch_ids(shared)
    # Before bob came nobody could know that the device is shared; after, nobody can tell who it is.
    assert users(joined) == ["d", "ann", "ann", "bob", "d"]
    assert joined.ambiguous_ids == 1
    assert users(stitch_ids(shared, stitch="whole")) == ["d", "ann", "d", "bob", "d"]


def test_a_session_tells_whose_turn_it_is_on_a_shared_device():
    shared = rows(("ann", "d", 1, "s1"), ("bob", "d", 2, "s2"), (None, "d", 3, "s1"), (None, "d", 4, "s2"))
    assert users(stitch_ids(shared)) == ["ann", "bob", "ann", "bob"]


def test_a_session_alone_is_enough_where_there_is_no_device():
    assert users(stitch_ids(rows(("ann", None, 1, "s"), (None, None, 2, "s"), (None, None, 3, None)))) == [
        "ann",
        "ann",
        None,
    ]


def test_a_declared_table_comes_first_and_knows_since_when():
    table = pl.DataFrame({"anonymous_id": ["d", "e"], "user_id": ["ann", "eve"], "time": [5, None]})
    joined = stitch_ids(rows((None, "d", 4), (None, "d", 5), (None, "e", 1)), identities=table)
    assert users(joined) == ["d", "ann", "eve"]


def test_an_anonymous_id_that_is_somebodys_login_does_not_become_that_person():
    assert users(stitch_ids(rows(("7", "a", 1), (None, "7", 2)))) == ["7", "anonymous:7"]


cells = st.tuples(
    st.sampled_from([None, "ann", "bob"]),
    st.sampled_from([None, "d", "e"]),
    st.integers(0, 9),
    st.sampled_from([None, "s", "t"]),
)


@given(st.lists(cells, min_size=1, max_size=12), st.integers(0, 9))
def test_what_comes_later_changes_nothing_before(drawn, cutoff):
    """Point in time: the joining of rows up to a cutoff does not depend on rows after it."""
    everything = stitch_ids(rows(*drawn)).frame.filter(pl.col("time") <= cutoff)
    known = [row for row in drawn if row[2] <= cutoff]
    if known:
        assert_frame_equal(everything, stitch_ids(rows(*known)).frame)


@given(st.lists(cells, min_size=1, max_size=12), st.sampled_from(["as_known", "whole", "never"]))
def test_no_row_and_no_login_is_lost(drawn, stitch):
    joined = stitch_ids(rows(*drawn), stitch=stitch, by_sessions=stitch != "never")
    assert joined.frame.height == len(drawn)
    for (user, device, *_), found in zip(drawn, users(joined), strict=True):
        assert user is None or found == user
        assert device is None or found is not None


LOG = """user_id,anonymous_id,time,action
,d,2024-01-01,view
ann,d,2024-01-02,view
,d,2024-01-03,view
,e,2024-01-04,view
"""


def test_reading_joins_and_says_so(write):
    log = read_events(write("log.csv", LOG))
    assert sorted(log.events["user_id"]) == ["ann", "ann", "d", "e"]
    said = " ".join(log.notes)
    assert "1 row of 1 anonymous id was given to the login" in said
    assert "1 row from before their login was known stays" in said


def test_reading_takes_a_table_a_file_or_a_mapping(write):
    path = write("log.csv", LOG)
    table = write("people.csv", "device_id,customer_id\ne,eve\n")
    for identities in (table, {"e": "eve"}, pl.DataFrame({"anonymous_id": ["e"], "user_id": ["eve"]})):
        assert "eve" in read_events(path, identities=identities).events["user_id"].to_list()


def test_a_log_without_logins_is_one_of_visitors(write):
    log = read_events(write("log.csv", "device_id,time,action\nd,2024-01-01,view\n"))
    assert log.events["user_id"].to_list() == ["d"]


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"stitch": "sometimes"}, ConfigError),
        ({"identities": {"x": "y"}}, ConfigError),
        ({"zone": "Europe/Berln"}, UnknownNameError),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, error, golden):
    with pytest.raises(error, match="What to do"):
        read_events(golden, **choice)


def test_a_table_without_logins_is_refused(write):
    with pytest.raises(SchemaError, match="user_id"):
        read_events(write("log.csv", LOG), identities=pl.DataFrame({"anonymous_id": ["e"]}))
