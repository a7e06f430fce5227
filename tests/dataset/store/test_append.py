"""A store that grew day by day is the store of all days at once."""

import subprocess
import sys

import polars as pl
import pytest

from foretell.core.errors import RunError, SchemaError, SourceError
from foretell.core.time import DAY
from foretell.dataset.store import HistoryStore, append_to_store, build_store
from foretell.dataset.store.locking import locked
from foretell.prepare import CleaningRules

START = 17_000 * DAY


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


def test_a_day_is_added_where_very_many_rows_were_claimed(tmp_path):
    """Of many rows Polars filters pieces side by side, and takes no condition that names no column."""
    row = {"user_id": "a", "time": START, "action": "view"}
    repeated = pl.DataFrame([row, {**row, "user_id": "b"}])[[0, 1] * 60_000]
    day = pl.LazyFrame({"user_id": ["a"], "time": [START + DAY], "action": ["cart"]})
    build_store(repeated.lazy(), tmp_path / "store")
    append_to_store(day, tmp_path / "store")
    made = HistoryStore.open(tmp_path / "store")
    assert made.manifest.removed == {"exact_duplicate": 119_998}
    assert made.quarantine().height == 119_998
    assert len(made) == 3


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
    day = pl.LazyFrame({"user_id": ["a"], "time": [START], "action": ["view"], "own": [1]})
    with pytest.raises(RunError, match="no store here"):
        append_to_store(day, tmp_path / "store")
    build_store(day, tmp_path / "store", dialect="rees46", mapping={"user_id": "customer"})
    before = state(tmp_path / "store")
    with pytest.raises(SourceError, match="no events"):
        append_to_store(day.head(0), tmp_path / "store")
    with pytest.raises(SchemaError, match="lack time"):
        append_to_store(day.drop("time"), tmp_path / "store")
    with pytest.raises(SchemaError, match="another dialect"):
        append_to_store(day, tmp_path / "store", dialect="canonical")
    with pytest.raises(SchemaError, match="taken for user_id"):
        append_to_store(day, tmp_path / "store", mapping={"user_id": "visitor"})
    with pytest.raises(SchemaError, match="'own' has another type"):
        append_to_store(day.with_columns(own=pl.lit("x")), tmp_path / "store")
    with locked(tmp_path / "store"), pytest.raises(RunError, match="being added"):
        append_to_store(day, tmp_path / "store")
    after = state(tmp_path / "store")
    assert after[0] == before[0]
    assert after[1].equals(before[1])
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    append_to_store(day, tmp_path / "store", dialect="rees46", mapping={"user_id": "customer", "item_id": "sku"})
    assert HistoryStore.open(tmp_path / "store").manifest.mapping == {"user_id": "customer", "item_id": "sku"}


def test_days_may_bring_and_lack_columns(tmp_path):
    monday = pl.LazyFrame({"user_id": ["a", "b"], "time": [START, START], "action": ["view", "cart"]})
    tuesday = monday.with_columns(pl.col("time") + DAY, session_id=pl.Series(["s", None]), colour=pl.lit("red"))
    wednesday = monday.head(1).with_columns(pl.col("time") + 2 * DAY)
    build_store(monday, tmp_path / "store", rows_per_part=1)
    for day in (tuesday, wednesday):
        append_to_store(day, tmp_path / "store")
    events = HistoryStore.open(tmp_path / "store").events().sort("user_id", "time")
    assert events["colour"].to_list() == [None, "red", None, None, "red"]
    assert events["session_id"][1] == "s"
    assert events["session_id"].null_count() == 0
    whole = pl.concat([monday, tuesday, wednesday], how="diagonal")
    build_store(whole, tmp_path / "whole")
    assert state(tmp_path / "whole")[1].equals(state(tmp_path / "store")[1])


def test_ids_that_were_numbers_and_now_are_words_are_words(tmp_path):
    day = pl.LazyFrame({"user_id": [7], "time": [START], "action": ["view"], "item_id": [1]})
    build_store(day, tmp_path / "store", id_types={"user_id": pl.Int64(), "item_id": pl.Int64()})
    later = day.with_columns(user_id=pl.lit("u8"), time=pl.col("time") + DAY)
    append_to_store(later, tmp_path / "store", id_types={"user_id": pl.String(), "item_id": pl.Int64()})
    log = HistoryStore.open(tmp_path / "store").log()
    shown = log.restore_ids(log.events)
    assert (shown["user_id"].to_list(), shown["item_id"].to_list()) == (["7", "u8"], [1, 1])


def test_what_was_in_the_future_is_looked_at_again(tmp_path, monkeypatch):
    day = pl.LazyFrame({"user_id": ["a", "b"], "time": [START, START + 5 * DAY], "action": ["view", "cart"]})
    monkeypatch.setattr(CleaningRules, "latest", lambda _: START + DAY)
    build_store(day, tmp_path / "store")
    assert state(tmp_path / "store")[0] == (2, 1, 0, {"future_time": 1}, 2)
    monkeypatch.setattr(CleaningRules, "latest", lambda _: START + 9 * DAY)
    append_to_store(day.head(1).with_columns(pl.col("time") + 1), tmp_path / "store")
    assert state(tmp_path / "store")[0] == (3, 3, 0, {}, 3)


def test_a_part_that_has_grown_is_divided(tmp_path):
    def day(number):
        users = [f"u{user:02}" for user in range(20)]
        return pl.LazyFrame({"user_id": users, "time": [START + number * DAY] * 20, "action": ["view"] * 20})

    build_store(day(0), tmp_path / "store", rows_per_part=10)
    for number in range(1, 5):
        append_to_store(day(number), tmp_path / "store")
    store = HistoryStore.open(tmp_path / "store")
    sizes = [part.n_rows for part in store.manifest.parts]
    assert sum(sizes) == 100
    assert max(sizes) <= 20
    assert {path.name for path in store.folder.iterdir()} == store.manifest.names()
    assert store.events()["user_id"].is_sorted()
    assert [store.history(f"u{user:02}").height for user in range(20)] == [5] * 20


def test_unreadable_lines_add_up(tmp_path):
    day = pl.LazyFrame({"user_id": ["a"], "time": [START], "action": ["view"]})
    lines = pl.DataFrame({"reason": ["No time."], "raw": ["x;y"]})
    build_store(day, tmp_path / "store", rejected=lines)
    append_to_store(day.with_columns(pl.col("time") + 1), tmp_path / "store", rejected=lines)
    append_to_store(day.with_columns(pl.col("time") + 2), tmp_path / "store")
    assert state(tmp_path / "store")[0] == (5, 3, 0, {"unreadable": 2}, 3)
    assert HistoryStore.open(tmp_path / "store").quarantine()["raw"].to_list() == ["x;y"] * 2


def test_a_snapshot_stays_while_the_store_grows(tmp_path):
    day = pl.LazyFrame({"user_id": ["a", "b"], "time": [START, START], "action": ["view", "impression"]})
    build_store(day, tmp_path / "store")
    HistoryStore.open(tmp_path / "store").snapshot(tmp_path / "kept")
    append_to_store(day.with_columns(pl.col("time") + DAY), tmp_path / "store")
    kept = HistoryStore.open(tmp_path / "kept")
    assert (len(kept), kept.histories().height) == (2, 1)
    assert kept.log().events["time"].to_list() == [START] * 2


KILLED = """
import os, sys
import polars as pl
from foretell.dataset.store import append_to_store, build_store
place, verb, after = sys.argv[1], sys.argv[2], int(sys.argv[3])
day = pl.LazyFrame({"user_id": ["a", "b", "a"], "time": [10**15] * 3, "action": ["view", "cart", "purchase"]})
seen = []
def say(step):
    seen.append(step)
    if len(seen) == after:
        os._exit(9)
if verb == "build":
    build_store(day, place, rows_per_part=1, progress=say)
else:
    append_to_store(day.with_columns(pl.col("time") + 10**11), place, progress=say)
"""


@pytest.mark.parametrize("after", [1, 4, 10])
def test_killed_halfway_the_store_is_whole_and_the_call_made_again_works(tmp_path, after):
    def run(verb, stop):
        arguments = [sys.executable, "-c", KILLED, str(tmp_path / "store"), verb, str(stop)]
        return subprocess.run(arguments, check=False, capture_output=True, text=True)

    assert run("build", after).returncode == 9
    with pytest.raises(RunError, match="not finished"):
        HistoryStore.open(tmp_path / "store")
    assert run("build", 10**6).returncode == 0
    before = state(tmp_path / "store")
    assert run("append", min(after, 7)).returncode == 9
    assert state(tmp_path / "store")[1].equals(before[1])
    assert run("append", 10**6).returncode == 0
    assert state(tmp_path / "store")[0] == (6, 6, 0, {}, 6)
    store = HistoryStore.open(tmp_path / "store")
    assert {path.name for path in store.folder.iterdir()} == store.manifest.names()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_refunds_are_told_though_a_part_was_written_before_the_log_had_items(tmp_path):
    without = pl.LazyFrame({"user_id": ["a", "c"], "time": [10**15] * 2, "action": ["view"] * 2})
    times, actions = [10**15 + 1, 10**15 + 2], ["purchase", "refund"]
    bought = pl.LazyFrame({"user_id": ["a", "a"], "time": times, "action": actions, "item_id": ["tea"] * 2})
    build_store(without, tmp_path / "store", rules=CleaningRules(refunds="targets"), rows_per_part=1)
    append_to_store(bought, tmp_path / "store")
    assert HistoryStore.open(tmp_path / "store").log().tables["returned"].height == 1


def test_a_store_holds_one_currency(tmp_path):
    day = pl.DataFrame({"user_id": ["a"], "time": [START], "action": ["purchase"], "currency": ["EUR"]}).lazy()
    build_store(day, tmp_path / "store")
    later = day.with_columns(pl.col("time") + DAY)
    assert append_to_store(later.with_columns(currency=pl.lit(" eur")), tmp_path / "store").rows_out == 2
    with pytest.raises(SchemaError, match="convert"):
        append_to_store(later.with_columns(currency=pl.lit("USD")), tmp_path / "store")
    with pytest.raises(SchemaError, match="convert"):
        build_store(pl.concat([day, later.with_columns(currency=pl.lit("USD"))]), tmp_path / "mixed")
    with pytest.raises(SchemaError, match="convert"):
        build_store(day, tmp_path / "other", rules=CleaningRules(currency="USD"))
