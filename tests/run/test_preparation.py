"""The verb that makes stores and adds to them: any source, rules and reading held to, the same in Python and on the
command line."""

import json

import polars as pl
import pytest

import foretell
from foretell.core.errors import ConfigError, RunError, SchemaError, SourceError
from foretell.core.time import DAY
from foretell.dataset.store import HistoryStore
from foretell.prepare import CleaningRules, clean
from foretell.run.clean_log import with_rules_of_store


@pytest.fixture(scope="module")
def days(tiny_shop, tmp_path_factory):
    """The small shop's log in two Parquet files, the second with the last week."""
    folder = tmp_path_factory.mktemp("days")
    events = tiny_shop.log().events.sort("time", maintain_order=True)
    last = events["time"].max() - 7 * DAY
    events.filter(pl.col("time") <= last).write_parquet(folder / "past.parquet")
    events.filter(pl.col("time") > last).write_parquet(folder / "week.parquet")
    return folder


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_store_made_and_grown_holds_what_cleaning_keeps(days, tiny_shop, tmp_path, ending):
    for name in ("past", "week"):
        frame = pl.read_parquet(days / f"{name}.parquet")
        frame.write_parquet(tmp_path / f"{name}.parquet") if ending == "parquet" else frame.write_csv(
            tmp_path / f"{name}.csv"
        )
    made = foretell.prepare(tmp_path / f"past.{ending}", out=tmp_path / "store")
    grown = foretell.prepare(tmp_path / f"week.{ending}", out=tmp_path / "store", append=True)
    assert made.in_pieces == (ending == "parquet")
    expected = clean(tiny_shop.log()).log
    log = grown.store.log()
    assert log.events.select(expected.events.columns).equals(expected.events)
    assert made.kept + grown.kept == len(log)
    assert (made.late, grown.late) == (0, 0)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_same_day_twice_is_counted_and_changes_nothing(days, tmp_path):
    week = pl.read_parquet(days / "week.parquet")
    first = foretell.prepare(week, out=tmp_path / "store")
    events = first.store.log().events
    again = foretell.prepare(week, out=tmp_path / "store", append=True)
    assert (again.read, again.kept, dict(again.removed)) == (week.height, 0, {"exact_duplicate": week.height})
    assert again.late == (week["time"] < week["time"].max()).sum()
    assert again.store.log().events.equals(events)


def test_rules_come_from_the_config_and_are_held_to(tmp_path):
    day = pl.DataFrame({"user_id": ["a"] * 30, "time": [10**15 + i for i in range(30)], "action": ["view"] * 30})
    day.write_parquet(tmp_path / "day.parquet")
    config = tmp_path / "shop.toml"
    config.write_text(f'[data]\nlog = "{tmp_path}/day.parquet"\n[clean]\nrobot_events_per_hour = 20\n', "utf-8")
    made = foretell.prepare(config, out=tmp_path / "store")
    assert dict(made.removed) == {"robot": 30}
    foretell.prepare(config, out=tmp_path / "store", append=True)
    foretell.prepare(day, out=tmp_path / "store", append=True)
    with pytest.raises(ConfigError, match="other rules") as refused:
        foretell.prepare(day, out=tmp_path / "store", append=True, rules=CleaningRules())
    assert "robot_events_per_hour" in str(refused.value)
    config.write_text("[clean]\nlate_hours = 3\n", "utf-8")
    with pytest.raises(ConfigError, match="No log"):
        foretell.prepare(config, out=tmp_path / "other")


def test_what_is_refused_leaves_everything_as_it_was(days, tmp_path):
    week = days / "week.parquet"
    with pytest.raises(RunError, match="no store here"):
        foretell.prepare(week, out=tmp_path / "store", append=True)
    with pytest.raises(SourceError):
        foretell.prepare(tmp_path / "nothing.parquet", out=tmp_path / "store")
    assert list(tmp_path.iterdir()) == []
    made = foretell.prepare(week, out=tmp_path / "store").store
    with pytest.raises(RunError, match="store here already"):
        foretell.prepare(week, out=tmp_path / "store")
    renamed = pl.read_parquet(week).rename({"user_id": "customer_id"})
    with pytest.raises(SchemaError, match="taken for user_id"):
        foretell.prepare(renamed, out=tmp_path / "store", append=True)
    invoices = pl.DataFrame(
        {
            "InvoiceNo": ["1"],
            "StockCode": ["x"],
            "Description": ["tea"],
            "Quantity": [1],
            "InvoiceDate": ["2010-12-01 08:26"],
            "UnitPrice": [2.5],
            "CustomerID": ["7"],
            "Country": ["UK"],
        }
    )
    with pytest.raises(SchemaError, match="another dialect"):
        foretell.prepare(invoices, out=tmp_path / "store", append=True)
    assert HistoryStore.open(tmp_path / "store").manifest == made.manifest
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_the_command_line_prepares_adds_and_inspects(days, tmp_path, foretell_command):
    store = tmp_path / "store"
    made = json.loads(foretell_command("prepare", days / "past.parquet", "--out", store, "--json").out)
    assert made["kept"] == made["in_all"]["rows_out"] == pl.read_parquet(days / "past.parquet").height
    ran = foretell_command("prepare", days / "week.parquet", "--out", store, "--append")
    assert ran.code == 0, ran.err
    assert "rows read" in ran.out
    seen = json.loads(foretell_command("inspect", store, "--json").out)
    assert seen["cleaning"]["rows_out"] == len(HistoryStore.open(store))
    assert seen["recognised"]["mapping"]["user_id"] == "user_id"
    assert {gate["task"] for gate in seen["gates"]} >= {"purchase", "churn"}
    text = foretell_command("inspect", store).out
    assert "A store of 1 parts, written 2 times." in text
    refused = foretell_command("prepare", days / "week.parquet", "--out", store)
    assert (refused.code, refused.out) == (2, "")
    assert "--append" in refused.err
    assert foretell_command("inspect", store, "--dialect", "rees46").code == 2
    assert "is a store" in foretell_command("features", store, "--out", tmp_path / "features").err


def test_a_run_made_from_a_store_is_the_run_made_from_the_log(
    tiny_shop, tiny_run, tiny_settings, tmp_path, tiny_log_folder, foretell_command
):
    from foretell.config import parse_config

    store = foretell.prepare(tiny_log_folder, out=tmp_path / "store").store
    with pytest.raises(ConfigError, match="other rules"):
        foretell.train(store.folder, out=tmp_path / "no", config=parse_config({"clean": {"late_hours": 3}}))
    with pytest.raises(ConfigError, match="read when it was made"):
        foretell.train(store.folder, out=tmp_path / "no", config=parse_config({"data": {"zone": "Europe/Berlin"}}))
    assert not (tmp_path / "no").exists()
    assert with_rules_of_store(parse_config({}), store.folder).clean == store.rules
    predictor = foretell.train(store.folder, out=tmp_path / "run", config=parse_config(tiny_settings))
    for name in predictor.tasks:
        mine, theirs = (
            pl.read_parquet(run / "predictions" / f"{name}.parquet") for run in (tmp_path / "run", tiny_run)
        )
        assert mine.equals(theirs), name
    foretell.prepare(tiny_shop.log().events.tail(50), out=store.folder, append=True)
    again = foretell.Predictor.load(tmp_path / "run").predict("purchase")
    assert again.equals(pl.read_parquet(tmp_path / "run" / "predictions" / "purchase.parquet"))
    assert foretell_command("evaluate", tmp_path / "run").code == 0
