"""A store that grew day by day is the store of all days at once."""

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.core.errors import RunError, SchemaError, SourceError
from foretell.core.time import DAY, HOUR
from foretell.dataset.store import HistoryStore, append_to_store, build_store
from foretell.prepare import CleaningRules

START = 17_000 * DAY
SCHEMA = {
    "user_id": pl.String,
    "time": pl.Int64,
    "action": pl.String,
    "item_id": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "order_id": pl.String,
    "event_id": pl.String,
}
RULES = {
    "robot_events_per_hour": 3,
    "absurd_item_rows": 2,
    "absurd_price_floor": 1.0,
    "absurd_item_factor": 5.0,
    "absurd_log_factor": 8.0,
    "stray_share": 0.4,
    "stray_jump": 1.5,
    "stray_days": 0.1,
}

rows = st.tuples(
    st.sampled_from(["ann", "bob", "eve", "zoe", None, " "]),
    st.integers(0, 40).map(lambda hour: START + hour * HOUR),
    st.sampled_from(["view", "purchase", "refund"]),
    st.sampled_from(["tea", "pot", None]),
    st.sampled_from([1.0, 2.0, 10.0, 100.0, 0.0, None]),
    st.sampled_from([1.0, 2.0, -1.0, None]),
    st.sampled_from(["o1", "o2", None]),
    st.sampled_from(["e1", "e2", "e3", None, None, None]),
)
logs = st.lists(st.lists(rows, min_size=1, max_size=14), min_size=2, max_size=4)


def state(folder):
    """All that a store says."""
    store = HistoryStore.open(folder)
    made = store.manifest
    log = store.log()
    tables = {name: table.select(sorted(table.columns)).rows() for name, table in log.tables.items()}
    account = (made.rows_in, made.rows_out, made.kept_apart, made.removed, made.next_row)
    events = log.events.select(sorted(log.events.columns))
    aside = store.quarantine()
    return account, events, aside.select(sorted(aside.columns)), tables


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=logs,
    n_parts=st.integers(1, 3),
    refunds=st.sampled_from(["events", "targets", "net"]),
    strict=st.booleans(),
)
def test_days_one_by_one_are_all_days_at_once(days, n_parts, refunds, strict, tmp_path_factory):
    rules = CleaningRules(refunds=refunds, **(RULES if strict else {}))
    frames = [pl.DataFrame(day, schema=SCHEMA, orient="row") for day in days]
    place = tmp_path_factory.mktemp("stores")
    whole = pl.concat(frames)
    build_store(whole.lazy(), place / "whole", rules=rules, rows_per_part=-(-whole.height // n_parts))
    build_store(frames[0].lazy(), place / "grown", rules=rules, rows_per_part=-(-frames[0].height // n_parts))
    for frame in frames[1:]:
        append_to_store(frame.lazy(), place / "grown")
    one, other = state(place / "grown"), state(place / "whole")
    assert one[0] == other[0]
    assert one[1].columns == other[1].columns
    assert one[1].rows() == other[1].rows()
    assert one[2].rows() == other[2].rows()
    assert one[3] == other[3]


@pytest.mark.parametrize("n_parts", [1, 3])
def test_a_week_of_the_small_shop_is_added(tiny_shop, tmp_path, n_parts):
    events = tiny_shop.log().events
    last = events["time"].max()
    past = events.filter(pl.col("time") <= last - 7 * DAY).sort("time")
    week = events.filter(pl.col("time") > last - 7 * DAY).sort("time")
    share = -(-past.height // n_parts)
    build_store(pl.concat([past, week]).lazy(), tmp_path / "whole", rows_per_part=-(-events.height // n_parts))
    build_store(past.lazy(), tmp_path / "grown", rows_per_part=share)
    append_to_store(week.lazy(), tmp_path / "grown", tables={"items": tiny_shop.log().table("items")})
    one, other = state(tmp_path / "grown"), state(tmp_path / "whole")
    assert one[0] == other[0]
    assert one[1].equals(other[1])
    assert list(one[3]) == ["items"]
    files = {path.name for path in (tmp_path / "grown").iterdir()}
    assert files == HistoryStore.open(tmp_path / "grown").manifest.names()


def test_an_open_store_reads_on_while_another_day_is_added(tmp_path):
    day = pl.LazyFrame({"user_id": ["a", "b"], "time": [START, START], "action": ["view", "cart"]})
    build_store(day, tmp_path / "store")
    opened = HistoryStore.open(tmp_path / "store").events()
    append_to_store(day.with_columns(pl.col("time") + DAY), tmp_path / "store")
    assert opened["action"].to_list() == ["view", "cart"]
    assert HistoryStore.open(tmp_path / "store").events().height == 4


def test_an_interrupted_append_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    day = pl.LazyFrame({"user_id": ["a", "b"], "time": [START, START], "action": ["view", "cart"]})
    build_store(day, tmp_path / "store")
    before = state(tmp_path / "store")

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("foretell.dataset.store.manifest.Manifest.save", stop)
        with pytest.raises(KeyboardInterrupt):
            append_to_store(day.with_columns(pl.col("time") + DAY), tmp_path / "store")
    after = state(tmp_path / "store")
    assert after[0] == before[0]
    assert after[1].equals(before[1])
    append_to_store(day.with_columns(pl.col("time") + DAY), tmp_path / "store")
    assert state(tmp_path / "store")[0] == (4, 4, 0, {}, 4)
    assert {path.name for path in (tmp_path / "store").iterdir()} == HistoryStore.open(
        tmp_path / "store"
    ).manifest.names()


def test_what_cannot_be_added_is_refused(tmp_path):
    day = pl.LazyFrame({"user_id": ["a"], "time": [START], "action": ["view"]})
    with pytest.raises(RunError, match="no finished store"):
        append_to_store(day, tmp_path / "store")
    build_store(day, tmp_path / "store")
    with pytest.raises(SourceError, match="no events"):
        append_to_store(day.head(0), tmp_path / "store")
    with pytest.raises(SchemaError, match="lack time"):
        append_to_store(day.drop("time"), tmp_path / "store")
    with pytest.raises(SchemaError, match="sessions"):
        append_to_store(day.with_columns(session_id=pl.lit("s")), tmp_path / "store")
