"""Moments in every unit and spelling come out as the same microseconds."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import SchemaError, UnknownNameError
from foretell.core.time import to_microseconds
from foretell.sources.times import parse_times

MOMENT = datetime(2019, 11, 5, 17, 4, 9, tzinfo=UTC)
MICROSECONDS = to_microseconds(MOMENT)
MIDNIGHT = to_microseconds(datetime(2019, 11, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        (MICROSECONDS // 1_000_000, "seconds"),
        (MICROSECONDS / 1_000_000, "seconds"),
        (MICROSECONDS // 1_000, "milliseconds"),
        (MICROSECONDS, "microseconds"),
        (MICROSECONDS * 1_000, "nanoseconds"),
        (str(MICROSECONDS // 1_000), "milliseconds"),
        (f"{MICROSECONDS // 1_000_000}.0", "seconds"),
        ("2019-11-05T17:04:09Z", "ISO 8601"),
        ("2019-11-05T17:04:09.000Z", "ISO 8601"),
        ("2019-11-05 17:04:09 UTC", "ISO 8601"),
        ("2019-11-05 17:04:09,000", "ISO 8601"),
        ("2019-11-05T19:04:09+02:00", "ISO 8601"),
        ("2019-11-05T12:04:09-0500", "ISO 8601"),
        ("2019-11-05T18:04:09+01", "ISO 8601"),
        ("2019/11/05 17:04:09", "year/month/day"),
        ("05.11.2019 17:04:09", "day.month.year"),
        ("05-Nov-2019 17:04:09", "day-month-year"),
        ("11/5/2019 5:04:09 PM", "month/day/year"),
        ("Tue, 05 Nov 2019 17:04:09 GMT", "day month year"),
        ("Tue, 5 Nov 2019 19:04:09 +0200", "day month year"),
        ("Tuesday, 05 Nov 19 12:04:09 EST", "day month year"),
        ("05 November 2019 5:04:09 PM", "day month year"),
        ("Nov 5, 2019 17:04:09", "month day, year"),
        ("2019-11-05 5:04:09 PM", "ISO 8601"),
        ("1.572973449E+09", "seconds"),
        ("1.572973449e12", "milliseconds"),
        (MOMENT, "datetime"),
        (MOMENT.replace(tzinfo=None), "datetime"),
        (MOMENT.astimezone(timezone(timedelta(hours=9))), "datetime"),
    ],
)
def test_one_moment_in_many_spellings(cell, unit):
    times = parse_times(pl.Series("when", [cell, None]))
    assert times.values.to_list() == [MICROSECONDS, None]
    assert times.unit == unit


@pytest.mark.parametrize(
    "cell",
    [20191105, "20191105", "2019-11-05", "2019/11/05", "05.11.2019", "Nov 5, 2019", "05 Nov 2019", date(2019, 11, 5)],
)
def test_days_are_their_midnight(cell):
    assert parse_times(pl.Series([cell])).values.to_list() == [MIDNIGHT]


def test_the_order_of_day_and_month_is_decided_by_all_cells():
    american = parse_times(pl.Series(["11/5/2019 8:26", "12/31/2019 8:26"]))
    assert american.unit == "month/day/year"
    european = parse_times(pl.Series(["5/11/2019 8:26", "31/12/2019 8:26"]))
    assert european.unit == "day/month/year"
    assert american.values.to_list() == european.values.to_list()
    assert "either way" in " ".join(parse_times(pl.Series(["1/2/2010 8:26"])).notes)


def test_a_missing_zone_is_stated():
    assert parse_times(pl.Series(["2019-11-05 17:04:09"])).notes == ("Times without a zone are taken as UTC.",)
    assert parse_times(pl.Series(["2019-11-05 17:04:09Z"])).notes == ()


def test_unreadable_and_mixed_cells():
    times = parse_times(pl.Series(["2019-11-05", "soon", "2019-11-05 17:04:09", "2019-13-45", ""]))
    assert times.values.to_list() == [MIDNIGHT, None, MICROSECONDS, None, None]


def test_each_row_is_in_the_unit_that_its_magnitude_tells():
    seconds = MICROSECONDS // 1_000_000
    times = parse_times(pl.Series("when", [seconds, seconds + 1, seconds * 1000]))
    assert times.values.to_list() == [MICROSECONDS, MICROSECONDS + 1_000_000, MICROSECONDS]
    assert times.unit == "seconds"
    [note] = times.notes
    assert note.startswith("Mixed units: 1 row counts milliseconds in 'when', where most count seconds")
    assert f"for example {seconds * 1000}" in note


def test_a_row_that_no_unit_brings_near_does_not_move_the_others():
    seconds = MICROSECONDS // 1_000_000
    times = parse_times(pl.Series([seconds, seconds + 1, 5_000_000_000_000]))  # in milliseconds it were 2128
    assert times.values.to_list()[:2] == [MICROSECONDS, MICROSECONDS + 1_000_000]
    assert times.values.to_list()[2] > MICROSECONDS * 100
    assert times.notes == ()


@pytest.mark.parametrize("n_counts", [1, 3])
def test_counts_beside_iso_text_are_both_read(n_counts):
    cells = ["2019-11-05T17:04:09Z"] * 2 + [str(MICROSECONDS // 1000)] * n_counts + [None]
    times = parse_times(pl.Series("when", cells))
    assert times.values.to_list() == [MICROSECONDS] * (2 + n_counts) + [None]
    assert times.unit == ("ISO 8601" if n_counts == 1 else "milliseconds")
    [note] = times.notes
    assert f"{n_counts} of {2 + n_counts} times are milliseconds" in note
    assert str(MICROSECONDS // 1000) in note


def test_counts_that_a_spreadsheet_rounded_are_stated():
    assert "such as 1.57E+09 were rounded" in " ".join(parse_times(pl.Series(["1.57E+09", "1572973449"])).notes)


@pytest.mark.parametrize("cells", [[43_774.71], [43_774, 43_775], ["43774.71", "43775"]])
def test_day_numbers_of_spreadsheets_are_named(cells):
    with pytest.raises(SchemaError, match="yyyy-mm-dd") as caught:
        parse_times(pl.Series("when", cells))
    assert "spreadsheet's day numbers" in str(caught.value)


@pytest.mark.parametrize("cells", [[1, 2, 3], [0.5], [True], [[1]], [40_513.35]])
def test_what_cannot_be_a_time_is_refused(cells):
    with pytest.raises(SchemaError):
        parse_times(pl.Series("when", cells))


@given(st.lists(st.integers(0, 4_000_000_000_000_000), min_size=1, max_size=20))
def test_iso_text_round_trips(moments):
    text = pl.Series(moments).cast(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    assert parse_times(text).values.to_list() == moments


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")),
        max_size=20,
    )
)
def test_any_text_is_read_or_null_or_refused(cells):
    series = pl.Series("when", cells, dtype=pl.String)
    try:
        times = parse_times(series)
    except SchemaError:
        return
    assert len(times.values) == len(series)
    assert times.values.dtype == pl.Int64


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=20))
def test_any_whole_numbers_are_read_or_refused(cells):
    try:
        times = parse_times(pl.Series("when", cells, dtype=pl.Int64))
    except SchemaError:
        return
    assert len(times.values) == len(cells)


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=20))
def test_any_floats_are_read_or_refused(cells):
    try:
        times = parse_times(pl.Series("when", cells, dtype=pl.Float64))
    except SchemaError:
        return
    assert times.values.dtype == pl.Int64


def test_a_declared_zone_moves_clocks_that_name_none():
    berlin = parse_times(pl.Series(["2019-11-05 18:04:09", "2019-11-05T17:04:09Z"]), zone="Europe/Berlin")
    assert berlin.values.to_list() == [MICROSECONDS, MICROSECONDS]
    assert berlin.notes == ("Times without a zone are taken as Europe/Berlin.",)
    naive = pl.Series([MOMENT.replace(tzinfo=None, hour=18)])
    assert parse_times(naive, zone="Europe/Berlin").values.to_list() == [MICROSECONDS]


def test_a_zone_changes_nothing_that_is_counted_from_1970():
    times = parse_times(pl.Series([MICROSECONDS // 1_000_000]), zone="Asia/Shanghai")
    assert times.values.to_list() == [MICROSECONDS]
    assert "not needed" in times.notes[0]


def test_hours_that_a_clock_skips_or_shows_twice_are_read():
    skipped, twice = "2024-03-31 02:30:00", "2024-10-27 02:30:00"
    values = parse_times(pl.Series([skipped, twice]), zone="Europe/Berlin").values
    assert values.to_list() == [
        to_microseconds(datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
        to_microseconds(datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ]


def test_a_zone_that_does_not_exist_is_named():
    with pytest.raises(UnknownNameError, match="Europe/Berlin"):
        parse_times(pl.Series([1]), zone="Europe/Berln")
