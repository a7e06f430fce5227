"""The laws of a store: it keeps what cleaning keeps, and one that grew day by day is that of all days at once."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.core.events import EventLog
from foretell.core.history import history_rows
from foretell.core.time import DAY, HOUR
from foretell.dataset.store import HistoryStore, append_to_store, build_store
from foretell.prepare import CleaningRules, clean
from foretell.prepare.amounts import complete_amounts

START = 17_000 * DAY
SCHEMA = {
    "user_id": pl.String,
    "time": pl.Int64,
    "action": pl.String,
    "item_id": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "value": pl.Float64,
    "order_id": pl.String,
    "event_id": pl.String,
    "session_id": pl.String,
    "received_time": pl.Int64,
}
OPTIONAL = [name for name in SCHEMA if name not in ("user_id", "time", "action")]
STRICT = {
    "robot_events_per_hour": 3,
    "absurd_item_rows": 2,
    "absurd_price_floor": 1.0,
    "absurd_item_factor": 5.0,
    "absurd_log_factor": 8.0,
    "stray_share": 0.4,
    "stray_jump": 1.5,
    "stray_days": 0.1,
    "now": datetime.fromtimestamp((START + 35 * HOUR) / 1e6, tz=UTC),
}
hours = st.integers(0, 40).map(lambda hour: START + hour * HOUR)
rows = st.tuples(
    st.sampled_from(["ann", "bob", "eve", "zoe", None, " "]),
    st.one_of(hours, hours, hours, st.none()),
    st.sampled_from(["view", "purchase", "refund", "impression", "coupon_sent", None]),
    st.sampled_from(["tea", "pot", None]),
    st.sampled_from([1.0, 2.0, 10.0, 100.0, 0.0, None]),
    st.sampled_from([1.0, 2.0, -1.0, None]),
    st.sampled_from([1.0, 200.0, None, None]),
    st.sampled_from(["o1", "o2", None]),
    st.sampled_from(["e1", "e2", "e3", None, None, None]),
    st.sampled_from(["s1", "s2", None]),
    st.one_of(st.none(), hours),
)
absent = st.sets(st.sampled_from(OPTIONAL), max_size=5)
days = st.lists(st.tuples(st.lists(rows, min_size=1, max_size=14), absent), min_size=2, max_size=4)
rules = st.builds(
    lambda strict, **others: CleaningRules(**others, **(STRICT if strict else {})),
    strict=st.booleans(),
    refunds=st.sampled_from(["events", "targets", "net"]),
    repeated_lines=st.sampled_from(["by_event_id", "keep", "remove"]),
    session_gap_minutes=st.sampled_from([30.0, 300.0, None]),
    keep_unattributed=st.booleans(),
)


def frame_of(day, absent):
    return pl.DataFrame(day, schema=SCHEMA, orient="row").drop(absent)


def ordered(frame):
    """The columns by name, without those that say nothing."""
    return frame.select(sorted(name for name in frame.columns if frame[name].null_count() < frame.height))


def state(folder):
    """All that a store says."""
    store = HistoryStore.open(folder)
    made, log = store.manifest, store.log()
    tables = {name: ordered(table).rows() for name, table in log.tables.items()}
    account = (made.rows_in, made.rows_out, made.kept_apart, made.removed, made.next_row)
    assert made.rows_in == made.rows_out + made.kept_apart + sum(made.removed.values())
    assert log.histories.equals(history_rows(log.events))
    return account, ordered(log.events), ordered(store.quarantine()), tables


def grown_and_whole(days, n_parts, rules, place):
    frames = [frame_of(*day) for day in days]
    whole = pl.concat(frames, how="diagonal")
    share = -(-frames[0].height // n_parts)
    build_store(whole.lazy(), place / "whole", rules=rules, rows_per_part=-(-whole.height // n_parts))
    build_store(frames[0].lazy(), place / "grown", rules=rules, rows_per_part=share)
    for frame in frames[1:]:
        append_to_store(frame.lazy(), place / "grown")
    one, other = state(place / "grown"), state(place / "whole")
    assert one[0] == other[0]
    for mine, theirs in zip(one[1:3], other[1:3], strict=True):
        assert mine.columns == theirs.columns
        assert mine.rows() == theirs.rows()
    assert one[3] == other[3]
    store = HistoryStore.open(place / "grown")
    busiest = store.events()["user_id"].value_counts()["count"].max() or 0
    assert max(part.n_rows for part in store.manifest.parts) <= share + max(share, busiest)


def kept_and_cleaned(day, n_parts, rules, place):
    log = EventLog(frame_of(*day))
    cleaned = clean(log, rules=rules)
    made = build_store(log.events.lazy(), place / "store", rules=rules, rows_per_part=-(-len(log) // n_parts))
    account, events, aside, tables = state(place / "store")
    assert account[:4] == (
        cleaned.rows_in,
        cleaned.rows_out,
        cleaned.kept_apart,
        {rule: count for rule, count in sorted(cleaned.removed.items()) if count},
    )
    expected = ordered(cleaned.log.events)
    assert events.columns == expected.columns
    assert events.rows() == expected.rows()
    assert tables == {name: ordered(table).rows() for name, table in cleaned.log.tables.items()}
    expected = complete_amounts(cleaned.quarantine).with_columns(
        pl.when(pl.col("user_id").str.strip_chars() != "").then("user_id").alias("user_id")
    )
    expected = ordered(expected)
    assert aside.columns == expected.columns
    assert sorted(aside.rows(), key=str) == sorted(expected.rows(), key=str)
    assert made.rows_in == len(log)


few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(few, max_examples=250)
asked = given(days=days, n_parts=st.integers(1, 3), rules=rules)


@few
@asked
def test_days_one_by_one_are_all_days_at_once(days, n_parts, rules, tmp_path_factory):
    grown_and_whole(days, n_parts, rules, tmp_path_factory.mktemp("stores"))


@few
@asked
def test_a_store_keeps_what_cleaning_keeps(days, n_parts, rules, tmp_path_factory):
    for day in days:
        kept_and_cleaned(day, n_parts, rules, tmp_path_factory.mktemp("stores"))


@pytest.mark.slow
@pytest.mark.timeout(1500)
@many
@asked
def test_many_days_one_by_one_are_all_days_at_once(days, n_parts, rules, tmp_path_factory):
    grown_and_whole(days, n_parts, rules, tmp_path_factory.mktemp("stores"))


@pytest.mark.slow
@pytest.mark.timeout(1500)
@many
@asked
def test_many_stores_keep_what_cleaning_keeps(days, n_parts, rules, tmp_path_factory):
    for day in days:
        kept_and_cleaned(day, n_parts, rules, tmp_path_factory.mktemp("stores"))
