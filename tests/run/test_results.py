"""What a run writes beside its report: quarantine, predictions with the shop's own ids, the closing table."""

import dataclasses
import json
from datetime import UTC, datetime

import polars as pl
import pytest

import foretell
from foretell.config import parse_config
from foretell.core.prediction import ANSWER_COLUMNS
from foretell.evaluate.checks import CHECKS
from foretell.run.pipeline import train
from foretell.run.summary import summary_rows, summary_text
from foretell.tasks import TASKS


@pytest.fixture(scope="module")
def state(tiny_run):
    return json.loads((tiny_run / "run.json").read_text())


@pytest.fixture(scope="module")
def numbered_log(tiny_shop):
    """The small shop's log as read from a table whose customers are whole numbers."""
    events = tiny_shop.events.with_columns(pl.col("user_id").str.strip_prefix("u").cast(pl.Int64))
    return foretell.read_events(events)


def test_the_quarantine_adds_up(tiny_run, state):
    facts = state["facts"]
    quarantine = pl.read_parquet(tiny_run / "quarantine.parquet")
    assert facts["rows_in"] == facts["rows_out"] + sum(facts["removed"].values())
    assert quarantine.height == sum(facts["removed"].values())
    assert facts["rows_out"] == pl.read_parquet(tiny_run / "data" / "events.parquet").height
    report = json.loads((tiny_run / "report.json").read_text())
    assert report["data"]["removed"] == facts["removed"]
    assert report["data"]["events"] == facts["rows_out"]


def test_dirty_rows_end_in_the_quarantine_of_the_run(tiny_shop, tiny_run, tiny_settings, tmp_path, monkeypatch):
    events = tiny_shop.events
    dirty = pl.concat(
        [
            events,
            events.head(7),
            events.tail(5).with_columns(user_id=pl.lit(None, pl.String), event_id=pl.format("x{}", "event_id")),
        ]
    )

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("foretell.run.pipeline._pretrain", stop)  # the log is prepared by then
    with pytest.raises(KeyboardInterrupt):
        train(foretell.read_events(dirty), out=tmp_path / "run", config=parse_config(tiny_settings))
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["facts"]
    counts = dict(pl.read_parquet(tmp_path / "run" / "quarantine.parquet").group_by("rule").len().iter_rows())
    assert counts == {rule: count for rule, count in facts["removed"].items() if count}
    assert counts["missing_user"] == 5
    assert counts["exact_duplicate"] + counts.get("repeated_event_id", 0) == 7
    assert facts["rows_in"] == dirty.height == facts["rows_out"] + 12
    kept = pl.read_parquet(tmp_path / "run" / "data" / "events.parquet")
    assert kept.height == pl.read_parquet(tiny_run / "data" / "events.parquet").height


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_left_its_answers(tiny_run, tiny_shop, tiny_predictor, task):
    answers = pl.read_parquet(tiny_run / "predictions" / f"{task}.parquet")
    assert answers.height > 0
    assert set(ANSWER_COLUMNS[task]) - {"quantiles"} <= set(answers.columns)
    assert answers["model_version"].unique().to_list() == [tiny_predictor.version]
    last = datetime.fromtimestamp(tiny_shop.events["time"].max() / 1e6, tz=UTC)
    assert [abs((cutoff - last).total_seconds()) < 1e-3 for cutoff in answers["cutoff"].unique()] == [True]
    for name in ("user_id", "item_id"):
        if name in answers.columns:
            assert answers[name].dtype == tiny_shop.events[name].dtype
            assert answers[name].null_count() == 0
            assert set(answers[name]) <= set(tiny_shop.events[name])
    if "probability" in answers.columns:
        assert answers["probability"].is_between(0, 1).all()
    told = pl.read_parquet(tiny_run / "predictions" / f"{task}.test.parquet")
    assert ("units" if task == "demand" else "label") in told.columns
    assert told["model_version"].unique().to_list() == [tiny_predictor.version]


def test_demand_answers_rise_with_their_level(tiny_run):
    answers = pl.read_parquet(tiny_run / "predictions" / "demand.parquet")
    assert (answers["q10"] >= 0).all()
    assert (answers["q10"] <= answers["q50"]).all()
    assert (answers["q50"] <= answers["q90"]).all()
    assert (answers["order_quantity"] >= answers["q90"] - 1e-9).all(), "the service level is .9"
    assert set(answers["week"]) == {1, 2}


def test_whole_numbers_as_ids_stay_whole_numbers(tiny_predictor, numbered_log):
    log = foretell.clean(numbered_log).log
    predictor = dataclasses.replace(tiny_predictor, id_types=log.id_types)
    answers = predictor.predict("purchase", log=log)
    assert answers["user_id"].dtype == pl.Int64
    assert set(answers["user_id"]) == set(numbered_log.restore_ids(numbered_log.events)["user_id"])
    named = predictor.predict("purchase", log=log, users=[1042, 999_999])
    assert named["user_id"].to_list() == [1042, 999_999]


@pytest.mark.slow
def test_whole_numbers_as_ids_stay_whole_numbers_all_the_way(numbered_log, tiny_settings, tmp_path):
    tasks = {name: tiny_settings["task"][name] for name in ("purchase", "demand")}
    train(numbered_log, out=tmp_path / "run", config=parse_config({**tiny_settings, "task": tasks}))
    folder = tmp_path / "run" / "predictions"
    for name in ("purchase.parquet", "purchase.test.parquet"):
        answers = pl.read_parquet(folder / name)
        assert answers["user_id"].dtype == pl.Int64
        assert answers["user_id"].is_between(1000, 1199).all()
    again = foretell.Predictor.load(tmp_path / "run").predict("purchase", users=[1001])
    assert again["user_id"].to_list() == [1001]


def test_tasks_without_enough_data_are_left_out_and_the_others_answered(tiny_run, state):
    """The gates of the run are those the report shows."""
    gates = {gate["task"]: gate["status"] for gate in state["facts"]["gates"]}
    assert set(gates) == set(TASKS)
    report = json.loads((tiny_run / "report.json").read_text())
    answered = {name for name, status in gates.items() if status != "refused"} - set(state["facts"]["left_out"])
    assert set(report["tasks"]) == answered


def test_the_closing_table_repeats_the_report(tiny_run):
    report = foretell.Report.load(tiny_run)
    summary = summary_rows(report, tiny_run)
    text = summary_text(summary)
    lines = text.splitlines()
    for row, line in zip(summary["tasks"], lines[1:], strict=False):
        task = report.document["tasks"][row["task"]]
        headline = task["metrics"][task["headline"]]
        assert line.split()[:2] == [row["task"], task["headline"]]
        assert f"{headline['value']:.4f} [{headline['low']:.4f}, {headline['high']:.4f}]" in line
        if row["best_baseline"]:
            assert row["best_baseline"] in line
            assert row["baseline_value"] == task["baselines"][row["best_baseline"]][task["headline"]]["value"]
        failed = [check["code"] for check in task["checks"] if check["status"] == "fail"]
        assert all(f"{code} {CHECKS[code][0]}" in line for code in failed)
        assert ("checks failed" in line) == bool(failed)
    assert str(tiny_run / "report.html") in text
    assert str(tiny_run / "predictions") in text
    assert f"{sum(report.document['seconds'].values()):.0f} s" in text


def test_the_closing_table_ends_with_what_the_answers_come_to(tiny_run):
    answers = {path.stem: pl.read_parquet(path) for path in (tiny_run / "predictions").glob("*.parquet")}
    told = summary_rows(foretell.Report.load(tiny_run), tiny_run)["findings"]
    assert set(told) == {"purchase", "churn", "promotion", "demand"}
    text = summary_text(summary_rows(foretell.Report.load(tiny_run), tiny_run))
    assert all(sentence in text for sentence in told.values())
    everyone = answers["purchase"]
    expected = everyone["probability"].sum()
    assert (
        told["purchase"]
        == f"Who buys within 14 days? {expected:,.0f} of {everyone.height:,} customers are expected to."
    )
    leaving = answers["churn"].filter(pl.col("probability") > 0.5)
    assert told["churn"].startswith(f"{leaving.height} of {answers['churn'].height} active customers")
    orders = answers["demand"].filter(pl.col("week") == 1)
    assert f"{orders['order_quantity'].sum():,.0f} units of {orders['item_id'].n_unique()} items" in told["demand"]


def test_the_closing_table_names_failed_checks_and_sameness(tiny_run):
    document = json.loads((tiny_run / "report.json").read_text())
    for task in document["tasks"].values():
        task["checks"] = [{"code": "FT002", "name": "calibrated", "status": "fail", "message": "No."}]
        baseline = next(name for name in task["baselines"] if name == "lightgbm_features")
        same = {"baseline": baseline, "value": 0.0, "low": 0.0, "high": 0.0, "outcome": "ties"}
        task["verdict"] = {**same, "metric": task["headline"]}
    text = summary_text(summary_rows(foretell.Report(document), tiny_run))
    assert text.count("the same model (checks failed: FT002 calibrated)") == len(document["tasks"])


def test_a_run_without_verdict_is_shown_with_dashes(tiny_run):
    document = json.loads((tiny_run / "report.json").read_text())
    for task in document["tasks"].values():
        task["verdict"] = None
    undecided = foretell.Report(document)
    rows = summary_text(summary_rows(undecided, tiny_run)).splitlines()[1:7]
    assert all(row.split("]")[1].split()[:2] == ["-", "-"] for row in rows)
