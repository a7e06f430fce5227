"""A log of any size gives the rows that cleaning keeps, and the features that a run's heads read."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from foretell.core.errors import RunError, SchemaError, SourceError
from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import DAY, from_microseconds
from foretell.dataset.engines import polars_engine
from foretell.prepare import clean
from foretell.run.large_log import features_of_log, features_of_run

START = 17_000 * DAY


@pytest.fixture(scope="module")
def folder(tiny_shop, tmp_path_factory):
    """The small shop's events in part files, with rows sent twice and rows of nobody, and its items."""
    log = tiny_shop.log()
    events = log.events.with_row_index("n").with_columns(event_id=pl.format("e{}", "n")).drop("n")
    again = events.sample(300, seed=1)
    retried = events.sample(100, seed=2).with_columns(time=pl.col("time") + 9)
    nobody = events.sample(80, seed=3).with_columns(
        user_id=pl.lit(None, dtype=pl.String), event_id=pl.format("n{}", "event_id")
    )
    rows = pl.concat([events, again, retried, nobody])
    place = tmp_path_factory.mktemp("large")
    (place / "events").mkdir()
    for number in range(3):
        rows.slice(number * rows.height // 3, rows.height // 3 + 1 if number < 2 else None).write_parquet(
            place / "events" / f"part-{number}.parquet"
        )
    log.table("items").write_parquet(place / "items.parquet")
    return place


def test_rows_and_features_are_those_of_a_run(folder, tiny_run, tiny_predictor, tmp_path):
    read = pl.read_parquet(folder / "events" / "*.parquet")
    cleaned = clean(EventLog(read))
    last = int(cleaned.log.events["time"].max())
    definitions = features_of_run(tiny_run)
    made = features_of_log(
        folder,
        out=tmp_path / "out",
        cutoffs=[from_microseconds(last - 20 * DAY), from_microseconds(last)],
        definitions=definitions,
    )
    assert made["removed"] == {rule: count for rule, count in cleaned.removed.items() if count}
    assert (made["rows_in"], made["rows_out"], made["kept_apart"]) == (
        cleaned.rows_in,
        cleaned.rows_out,
        cleaned.kept_apart,
    )
    assert made["rows_in"] == made["rows_out"] + made["kept_apart"] + sum(made["removed"].values())
    found = pl.read_parquet(tmp_path / "out" / "features" / "*.parquet").sort("cutoff", "user_id")
    features = tiny_predictor.reader.user_features
    expected = features.compute(history_frame(cleaned.log), points=found.select("user_id", "cutoff"))
    assert len(definitions) > 100
    for feature in definitions:
        assert found[feature.name].equals(expected[feature.name], null_equal=True), feature.name
    aside = pl.read_parquet(tmp_path / "out" / "quarantine" / "*.parquet")
    assert aside.height == sum(made["removed"].values())
    assert json.loads((tmp_path / "out" / "features.json").read_text())["users"] == made["users"]


def test_features_in_shares_of_users_are_those_of_all_at_once(folder, monkeypatch, tmp_path):
    whole = features_of_log(folder, out=tmp_path / "whole")
    monkeypatch.setattr(polars_engine, "_SHARE_ROWS", whole["rows_in"] // 3)
    shared = features_of_log(folder, out=tmp_path / "shared")
    assert {**shared, "folder": ""} == {**whole, "folder": ""}
    assert len(list((tmp_path / "shared" / "features").glob("*.parquet"))) == 3
    found, expected = (
        pl.read_parquet(tmp_path / name / "features" / "*.parquet").sort("user_id") for name in ("shared", "whole")
    )
    assert found.equals(expected, null_equal=True)


def test_own_names_units_and_ids_of_numbers(tmp_path):
    log = pl.DataFrame(
        {"customer": [7, 7, 5], "timestamp": [1_483_225_200, 1_483_225_900, 1_483_225_200], "event": ["view"] * 3}
    )
    log.write_parquet(tmp_path / "log.parquet")
    made = features_of_log(tmp_path / "log.parquet", out=tmp_path / "out")
    found = pl.read_parquet(tmp_path / "out" / "features" / "*.parquet").sort("user_id")
    assert found["user_id"].to_list() == [5, 7]
    assert found["view_count_1_day"].to_list() == [1, 2]
    assert made["cutoffs"] == [datetime(2016, 12, 31, 23, 11, 40, tzinfo=UTC).isoformat()]


def test_the_command_line(foretell_command, folder, tmp_path):
    ran = foretell_command("features", str(folder), "--out", str(tmp_path / "out"), "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["engine"] == "polars"
    again = foretell_command("features", str(folder), "--out", str(tmp_path / "out"))
    assert again.code == 2
    assert "not empty" in again.err


def test_what_does_not_fit_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text("user_id,time,action\na,1,view\n")
    with pytest.raises(SourceError, match="no such file"):
        features_of_log(tmp_path / "none.parquet", out=tmp_path / "out")
    with pytest.raises(SourceError, match="no Parquet"):
        features_of_log(tmp_path / "log.csv", out=tmp_path / "out")
    dated = pl.DataFrame({"user_id": ["a"], "time": [datetime(2020, 1, 1, tzinfo=UTC)], "action": ["view"]})
    dated.write_parquet(tmp_path / "dated.parquet")
    with pytest.raises(SchemaError, match="whole numbers"):
        features_of_log(tmp_path / "dated.parquet", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "a").write_text("")
    with pytest.raises(RunError, match="not empty"):
        features_of_log(tmp_path / "dated.parquet", out=tmp_path / "used")


def test_what_cleaning_alone_reads(tmp_path):
    rows = pl.DataFrame(
        {
            "user_id": ["a", "a", "b"],
            "time": [START, START + 7_200_000_000, START],
            "action": ["view"] * 3,
            "received_time": [START + 1, START, None],
            "currency": ["EUR", "eur", None],
        }
    )
    rows.write_parquet(tmp_path / "one.parquet")
    assert features_of_log(tmp_path / "one.parquet", out=tmp_path / "out")["removed"]["clock_ahead"] == 1
    rows.with_columns(currency=pl.Series(["EUR", "USD", None])).write_parquet(tmp_path / "two.parquet")
    with pytest.raises(SchemaError, match="convert"):
        features_of_log(tmp_path / "two.parquet", out=tmp_path / "none")
