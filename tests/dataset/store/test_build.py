"""A store holds what cleaning in memory keeps, however many parts it is made in."""

from pathlib import Path

import polars as pl
import pytest

from foretell.core.errors import RunError, SchemaError, SourceError
from foretell.core.events import EventLog
from foretell.core.time import DAY
from foretell.dataset.store import HistoryStore, build_store
from foretell.prepare import CleaningRules, clean
from foretell.prepare.amounts import complete_amounts

START = 17_000 * DAY


@pytest.fixture(scope="session")
def dirty(tiny_shop):
    """The small shop's events with every kind of dirt, by user and time as a log is."""
    events = tiny_shop.log().events.with_row_index("n").with_columns(event_id=pl.format("e{}", "n")).drop("n")
    again = events.sample(200, seed=1)
    same_id = events.sample(150, seed=2).with_columns(time=pl.col("time") + 7)
    nobody = events.sample(50, seed=4).with_columns(user_id=pl.lit(None, dtype=pl.String))
    nobody = nobody.with_columns(event_id=pl.format("n{}", "event_id"))
    free = events.filter(pl.col("price").is_not_null()).sample(40, seed=5)
    free = free.with_columns(price=pl.lit(0.0), event_id=pl.format("f{}", "event_id"))
    absurd = events.filter(pl.col("price").is_not_null()).sample(30, seed=6)
    absurd = absurd.with_columns(price=pl.col("price") * 1e7, event_id=pl.format("a{}", "event_id"))
    refund = events.filter(pl.col("action") == "purchase").sample(60, seed=7)
    refund = refund.with_columns(
        action=pl.lit("refund"), time=pl.col("time") + 3 * DAY, event_id=pl.format("b{}", "event_id")
    )
    robot = events.filter(pl.col("action") == "view").head(1500)
    robot = robot.with_columns(
        user_id=pl.lit("robot"), time=pl.lit(START) + pl.int_range(1500) * 1000, event_id=pl.format("r{}", "event_id")
    ).with_columns(order_id=pl.lit(None, dtype=pl.String))
    rows = pl.concat([events, again, same_id, nobody, free, absurd, refund, robot])
    return EventLog(rows).events


@pytest.mark.parametrize("refunds", ["events", "targets", "net"])
@pytest.mark.parametrize("n_parts", [1, 4])
def test_a_store_keeps_what_cleaning_keeps(dirty, tmp_path, n_parts, refunds):
    rules = CleaningRules(refunds=refunds)
    cleaned = clean(EventLog(dirty), rules=rules)
    made = build_store(dirty.lazy(), tmp_path / "store", rules=rules, rows_per_part=-(-dirty.height // n_parts))
    store = HistoryStore.open(tmp_path / "store")
    assert len(made.parts) == n_parts
    assert made.removed == {rule: count for rule, count in cleaned.removed.items() if count}
    assert len(made.removed) >= 5
    assert (made.rows_in, made.rows_out, made.kept_apart) == (
        cleaned.rows_in,
        cleaned.rows_out,
        cleaned.kept_apart,
    )
    log = store.log()
    assert log.events.select(sorted(log.events.columns)).equals(
        cleaned.log.events.select(sorted(cleaned.log.events.columns))
    )
    assert set(log.tables) == set(cleaned.log.tables)
    for name, table in cleaned.log.tables.items():
        assert log.tables[name].select(table.columns).equals(table), name
    aside, expected = store.quarantine(), complete_amounts(cleaned.quarantine)
    assert sorted(aside.columns) == sorted(expected.columns)
    keys = ["user_id", "time", "rule", "event_id"]
    assert (
        aside.select(sorted(expected.columns)).sort(keys).equals(expected.select(sorted(expected.columns)).sort(keys))
    )


def test_one_user_is_read_alone(dirty, tmp_path):
    build_store(dirty.lazy(), tmp_path / "store", rows_per_part=3000)
    store = HistoryStore.open(tmp_path / "store")
    everyone = store.events()
    for user in everyone["user_id"].unique().sort().gather_every(17):
        assert store.history(user).equals(everyone.filter(pl.col("user_id") == user))
    assert store.history("nobody known").is_empty()
    assert store.history("").is_empty()


def test_events_are_the_files_own_pages(dirty, tmp_path):
    build_store(dirty.lazy(), tmp_path / "store")
    store = HistoryStore.open(tmp_path / "store")
    files = [str(tmp_path / "store" / part.events) for part in store.manifest.parts]
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux tells what is mapped")
    assert not any(file in maps.read_text(encoding="utf-8") for file in files)
    events = store.events()
    assert all(file in maps.read_text(encoding="utf-8") for file in files)
    assert events.height == len(store)


def test_numbers_as_ids_are_given_back_as_numbers(tmp_path):
    log = pl.LazyFrame({"user_id": [7, 5], "time": [START, START], "action": ["view", "view"], "item_id": [1, 2]})
    build_store(log, tmp_path / "store", id_types={"user_id": pl.Int64(), "item_id": pl.Int64()})
    log = HistoryStore.open(tmp_path / "store").log()
    assert log.restore_ids(log.events)["user_id"].to_list() == [5, 7]


def test_a_folder_in_use_and_an_empty_log_are_refused(tmp_path):
    log = pl.LazyFrame({"user_id": ["a"], "time": [START], "action": ["view"]})
    build_store(log, tmp_path / "store")
    with pytest.raises(RunError, match="store here already"):
        build_store(log, tmp_path / "store")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="not empty"):
        build_store(log, tmp_path / "full")
    with pytest.raises(RunError, match="is a file"):
        build_store(log, tmp_path / "full" / "mine.txt")
    with pytest.raises(SourceError, match="no events"):
        build_store(log.head(0), tmp_path / "other")
    with pytest.raises(SchemaError, match="lack action"):
        build_store(log.drop("action"), tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "store"]
    with pytest.raises(RunError, match="no store here"):
        HistoryStore.open(tmp_path / "other")


def test_the_rules_handed_in_decide(tmp_path):
    log = pl.LazyFrame({"user_id": ["a"] * 30, "time": [START + i for i in range(30)], "action": ["view"] * 30})
    made = build_store(log, tmp_path / "store", rules=CleaningRules(robot_events_per_hour=20))
    assert made.removed == {"robot": 30}
    assert made.rows_out == 0


def test_a_damaged_store_and_one_of_another_version_say_so(tmp_path):
    log = pl.LazyFrame({"user_id": ["a"], "time": [START], "action": ["view"]})
    build_store(log, tmp_path / "store")
    manifest = tmp_path / "store" / "store.json"
    whole = manifest.read_text(encoding="utf-8")
    manifest.write_text(whole.replace('"version": 1', '"version": 99, "more": 2'), encoding="utf-8")
    with pytest.raises(RunError, match="another version"):
        HistoryStore.open(tmp_path / "store")
    manifest.write_text(whole.replace('"late_hours": 72.0', '"late_hours": null'), encoding="utf-8")
    with pytest.raises(RunError, match="late_hours"):
        HistoryStore.open(tmp_path / "store")
    manifest.write_text(whole[:-20], encoding="utf-8")
    with pytest.raises(RunError, match="cannot be read"):
        HistoryStore.open(tmp_path / "store")
    manifest.write_text(whole, encoding="utf-8")
    next((tmp_path / "store").glob("*.events.arrow")).unlink()
    with pytest.raises(RunError, match="are missing"):
        HistoryStore.open(tmp_path / "store")
