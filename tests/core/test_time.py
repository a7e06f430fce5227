"""Microseconds and aware datetimes: exact both ways, and no time without a zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import InputError
from foretell.core.time import DAY, HOUR, SECOND, from_microseconds, parse_time, to_microseconds


def test_units():
    assert (SECOND, HOUR, DAY) == (10**6, 3600 * 10**6, 86_400 * 10**6)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_there_and_back_is_exact(moment):
    assert from_microseconds(to_microseconds(moment)) == moment


@given(st.integers(-(2**50), 2**52))
def test_back_and_there_is_exact(microseconds):
    moment = from_microseconds(microseconds)
    assert moment.tzinfo is UTC
    assert to_microseconds(moment) == microseconds


def test_other_zones_name_the_same_moment():
    moment = datetime(2024, 3, 10, 12, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=-5, minutes=-30)))
    assert to_microseconds(elsewhere) == to_microseconds(moment)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InputError, match="without a time zone") as caught:
        to_microseconds(datetime(2024, 1, 1))
    assert "2024-01-01" in str(caught.value.received)
    assert "zone" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", DAY),
        ("1970-01-01T01:00:00", HOUR),
        ("1970-01-01T01:00:00Z", HOUR),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_texts_are_read_as_utc_unless_they_say_otherwise(text, expected):
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "1704067200"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(InputError, match="not a time") as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)
    assert "ISO 8601" in caught.value.remedy
