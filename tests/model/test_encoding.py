"""Events as integers: gaps, calendar, the start of an order, and the last event a cutoff may see."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import DAY, HOUR, SECOND, to_microseconds
from foretell.model.encoding import (
    CALENDAR_BUCKETS,
    GAP_BUCKETS,
    encode_histories,
    gap_bucket,
    last_event_before,
)
from foretell.model.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0.0, 0),
        (0.5, 0),
        (1.0, 1),
        (59.0, 1),
        (60.0, 2),
        (119.0, 2),
        (120.0, 3),
        (60.0 * 2**20, 22),
        (1e12, 22),
        (np.nan, 23),
    ],
)
def test_gaps_double_from_a_minute(seconds, bucket):
    assert gap_bucket(np.array([seconds])).tolist() == [bucket]
    assert bucket < GAP_BUCKETS


def test_gap_buckets_rise():
    buckets = gap_bucket(np.geomspace(0.1, 1e9, 500))
    assert (np.diff(buckets) >= 0).all()
    assert set(buckets) == set(range(GAP_BUCKETS - 1))


def encoded(rows):
    table = pl.DataFrame(rows, schema=["user_id", "time", "action"], orient="row")
    histories = history_frame(EventLog(table))
    return encode_histories(histories, vocabulary=Vocabulary.build(histories))


def test_a_gap_never_reaches_into_another_customer():
    users, batch = encoded([("a", 0, "view"), ("a", 90 * SECOND, "view"), ("b", 91 * SECOND, "view")])
    assert batch.values["gap"].tolist() == [23, 2, 23]
    assert batch.offsets.tolist() == [0, 2, 3]
    assert users.rows() == [("a", 0, 2), ("b", 2, 3)]


def test_an_order_starts_where_time_moves():
    rows = [("a", 0, "purchase"), ("a", 0, "purchase"), ("a", 5, "purchase"), ("b", 5, "purchase"), ("b", 5, "view")]
    assert encoded(rows)[1].values["order_start"].tolist() == [1, 0, 1, 1, 0]


@given(st.datetimes(min_value=datetime(1960, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_the_calendar_is_weekday_and_part_of_the_day(moment):
    _, batch = encoded([("a", to_microseconds(moment), "view")])
    assert batch.values["calendar"].tolist() == [moment.weekday() * 8 + moment.hour // 3]
    assert batch.values["calendar"].max() < CALENDAR_BUCKETS


def test_fields_are_codes_of_the_vocabulary(histories, vocabulary):
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    values = batch.values
    names = [None, *vocabulary.items]
    decoded = [names[code] for code in values["item"]]
    assert decoded == [name if name in vocabulary.items else None for name in histories["item_id"]]
    actions = [None, *vocabulary.actions]
    assert [actions[code] for code in values["action"]] == histories["action"].to_list()
    assert values["time"].tolist() == histories["time"].to_list()
    content = np.stack([values["content_0"], values["content_1"]], axis=1)
    assert (content == vocabulary.content_codes(histories["item_id"])).all()


def test_an_empty_frame_encodes_to_nothing(histories, vocabulary):
    users, batch = encode_histories(histories.head(0), vocabulary=vocabulary)
    assert (len(users), len(batch), batch.offsets.tolist()) == (0, 0, [0])


@given(
    events=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6)), max_size=12),
    points=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 7)), min_size=1, max_size=8),
)
def test_the_last_event_at_or_before_the_cutoff(events, points):
    table = pl.DataFrame(events, schema={"user_id": pl.String, "time": pl.Int64}, orient="row")
    histories = history_frame(EventLog(table.with_columns(pl.lit("view").alias("action"))))
    asked = pl.DataFrame(points, schema={"user_id": pl.String, "cutoff": pl.Int64}, orient="row")
    rows = list(enumerate(histories.select("user_id", "time").iter_rows()))
    expected = [
        max((row for row, (owner, time) in rows if owner == user and time <= cutoff), default=-1)
        for user, cutoff in points
    ]
    assert last_event_before(asked, histories=histories).tolist() == expected


def test_units():
    assert (DAY // (3 * HOUR)) * 7 == CALENDAR_BUCKETS
