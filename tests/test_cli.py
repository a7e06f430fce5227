"""The command line: exit codes, data on stdout, talk on stderr, JSON on every verb."""

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import foretell
from foretell.core.files import PARTIAL
from foretell.core.prediction import answer_columns
from foretell.tasks import TASKS


@pytest.fixture(scope="module")
def run(tiny_run, tmp_path_factory):
    """A copy of the finished run that this module's tests share and do not change."""
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("cli") / "run")


def only_json(ran):
    """The document on stdout, which holds nothing else."""
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def refused(ran, *words):
    """Exit 2, nothing on stdout, a message in parts on stderr that holds ``words``."""
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert "Error: " in ran.err
    assert "What to do: " in ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


# --- the program itself -----------------------------------------------------------------------------------


def test_the_installed_program_answers_and_refuses():
    def program(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "foretell.cli", *arguments], capture_output=True, text=True, check=False
        )

    asked = program("--help")
    assert asked.returncode == 0
    assert "train" in asked.stdout
    wrong = program("inspect", "no/such/log.csv")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.splitlines()[0].startswith("Error: ")
    assert "Received: no/such/log.csv" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_the_version_is_data(foretell_command):
    ran = foretell_command("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"foretell {foretell.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "ask"),
    [
        (("forecast",), "foretell --help"),
        (("train", "log.csv", "--epochs", "3", "--out", "x"), "foretell train --help"),
        (("train", "log.csv"), "foretell train --help"),
        (("predict", "run"), "foretell predict --help"),
    ],
)
def test_an_unknown_verb_or_option_and_a_missing_one_exit_2(foretell_command, arguments, ask):
    refused(foretell_command(*arguments), f"What to do: {ask}", f"Received: foretell {' '.join(arguments)}")


def test_no_verb_at_all_shows_the_help(foretell_command):
    ran = foretell_command()
    assert ran.code == 2
    assert "Usage" in ran.out + ran.err
    assert "Error" not in ran.err


def test_an_unforeseen_failure_is_not_hidden(foretell_command, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("foretell.run.inspection.inspect_log", broken)
    with pytest.raises(ZeroDivisionError):  # the interpreter then shows the traceback and exits with 1
        foretell_command("inspect", "log.csv")


def test_a_failure_that_is_not_the_inputs_fault_exits_1(foretell_command, monkeypatch):
    def lacking(*_, **__):
        raise foretell.ForetellError("It did not work.", received="[bold]x", remedy="Try again.")

    monkeypatch.setattr("foretell.run.inspection.inspect_log", lacking)
    ran = foretell_command("inspect", "log.csv")
    assert ran.code == 1
    assert ran.err == "Error: It did not work.\nReceived: [bold]x\nWhat to do: Try again.\n"


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOENT, 2, ("no such file", "runs/shop")),
        (errno.EACCES, 2, ("may not be used", "permissions")),
        (errno.EISDIR, 2, ("it is a folder", "Name a file")),
        (errno.ENOSPC, 1, ("The disk is full", "Free some space", "same command again")),
    ],
)
def test_what_the_system_refuses_is_told_with_what_to_do(foretell_command, monkeypatch, number, code, words):
    def failing(*_, **__):
        raise OSError(number, os.strerror(number), "runs/shop")

    monkeypatch.setattr("foretell.run.inspection.inspect_log", failing)
    ran = foretell_command("inspect", "log.csv")
    assert ran.code == code
    assert ran.out == ""
    assert ran.err.splitlines()[1] == "Received: runs/shop"
    assert all(word in ran.err for word in words)


@pytest.mark.skipif(
    not (Path("/dev/full").exists() and stat.S_ISCHR(Path("/dev/full").stat().st_mode)), reason="no /dev/full here"
)
@pytest.mark.parametrize("name", ["lists.csv", "lists.parquet"])
def test_a_disk_that_fills_up_while_answers_are_written_leaves_nothing(foretell_command, run, tmp_path, name):
    (tmp_path / f".{name}{PARTIAL}").symlink_to("/dev/full")
    ran = foretell_command("predict", run, "--task", "recommend", "--out", tmp_path / name)
    assert ran.code == 1
    assert ran.err.startswith("Error: The disk is full.\n")
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_command_says_how_to_continue(foretell_command, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("foretell.run.inspection.inspect_log", interrupted)
    ran = foretell_command("inspect", "log.csv")
    assert ran.code == 130
    assert "same command again" in ran.err


# --- inspect and simulate ---------------------------------------------------------------------------------


def test_inspect_says_what_the_log_is_and_what_it_suffices_for(foretell_command, tiny_log_folder):
    found = only_json(foretell_command("inspect", tiny_log_folder, "--json"))
    assert set(found) == {"recognised", "quality", "cleaning", "gates"}
    cleaning = found["cleaning"]
    assert cleaning["rows_in"] == cleaning["rows_out"] + sum(cleaning["removed"].values())
    assert found["quality"]["users"] == 200
    assert {gate["task"] for gate in found["gates"]} == set(TASKS)
    text = foretell_command("inspect", tiny_log_folder)
    assert text.code == 0
    assert f"{found['quality']['events']:,} events, 200 users" in text.out
    assert all(f"  {task} " in text.out for task in TASKS)


def test_an_unknown_dialect_is_answered_with_the_nearest(foretell_command, tiny_log_folder):
    ran = foretell_command("inspect", tiny_log_folder, "--dialect", "canonicl")
    refused(ran, "canonicl", "Did you mean 'canonical'?")


def test_simulate_writes_a_shop_and_its_truth(foretell_command, tmp_path):
    arguments = ("simulate", "--out", tmp_path / "shop", "--users", 30, "--items", 48, "--days", 30, "--json")
    found = only_json(foretell_command(*arguments))
    events = pl.read_parquet(tmp_path / "shop" / "events.parquet")
    assert found["events"] == events.height > 0
    assert (tmp_path / "shop" / "truth" / "causes.json").exists()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    again = foretell_command(*arguments)
    refused(again, str(tmp_path / "shop"), "as --out")
    assert "overwrite" not in again.err, "there is no such option"
    (tmp_path / "file").write_text("mine")
    refused(foretell_command("simulate", "--out", tmp_path / "file"), "is a file")
    (tmp_path / "file").unlink()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


# --- predict ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", sorted(TASKS))
def test_predict_writes_what_it_says(foretell_command, run, tmp_path, task):
    out = tmp_path / "deep" / "answers.parquet"
    found = only_json(foretell_command("predict", run, "--task", task, "--out", out, "--json"))
    answers = pl.read_parquet(out)
    assert found == {"task": task, "rows": answers.height, "columns": answers.columns, "file": str(out), "notes": []}
    assert tuple(answers.columns) == answer_columns(foretell.Predictor.load(run).tasks[task].task)
    stored = pl.read_parquet(run / "predictions" / f"{task}.parquet")
    assert answers.equals(stored), "asked again, the run answers the same"


def test_predict_answers_a_list_of_users_seen_or_never_seen(foretell_command, run, tmp_path):
    known = pl.read_parquet(run / "predictions" / "purchase.parquet").sort("user_id").head(3)
    names = [*known["user_id"].to_list(), "never seen, 1"]
    listed = tmp_path / "users.txt"
    listed.write_text("user_id\n" + "\n".join([*names, names[0], ""]), encoding="utf-8")
    out = tmp_path / "answers.csv"
    ran = foretell_command("predict", run, "--task", "purchase", "--users", listed, "--out", out)
    assert ran.code == 0
    assert ran.out == f"4 answers in {out}\n"
    answers = pl.read_csv(out)
    assert sorted(answers["user_id"].to_list()) == sorted(names), "each once, with the shop's own ids"
    assert answers["probability"].is_between(0, 1).all()
    both = answers.join(known, on="user_id", suffix="_before")
    assert (both["probability"] - both["probability_before"]).abs().max() < 1e-6


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_users_named_again_get_one_list_each_and_are_counted(foretell_command, run, tmp_path, form):
    names = pl.read_parquet(run / "predictions" / "purchase.parquet")["user_id"].unique().sort().head(2).to_list()
    lines = [names[0], names[1], names[0], f" {names[0]}", names[1]]
    listed = tmp_path / f"users.{form}"
    header, end = ("user_id", "") if form == "txt" else ("user_id,segment", ",vip")
    listed.write_text("\n".join([header, *(line + end for line in lines)]), encoding="utf-8")
    out = tmp_path / "lists.parquet"
    ran = foretell_command("predict", run, "--task", "recommend", "--users", listed, "--out", out, "--json")
    said = f"Lines of {listed} that repeat a user: 3 of 5; each user gets one answer."
    assert only_json(ran)["notes"] == [said]
    assert ran.err == f"Note: {said}\n"
    answers = pl.read_parquet(out)
    assert set(answers["user_id"]) == set(names)
    assert not answers.select("user_id", "rank").is_duplicated().any()


def test_predict_recommends_new_items_only(foretell_command, run, tmp_path):
    out = tmp_path / "new.parquet"
    ran = foretell_command("predict", run, "--task", "recommend", "--new-only", "--out", out)
    assert ran.code == 0
    answers = pl.read_parquet(out)
    bought = pl.read_parquet(run / "data" / "events.parquet").filter(action="purchase")
    assert answers.join(bought, on=["user_id", "item_id"], how="semi").is_empty()
    assert answers.equals(foretell.Predictor.load(run).predict("recommend", new_only=True))
    stored = pl.read_parquet(run / "predictions" / "recommend.parquet")
    assert set(answers["user_id"]) == set(stored["user_id"])
    assert answers.height > 0.8 * stored.height, "lists stay full, as far as the shop has new items"


@pytest.mark.parametrize("task", sorted(set(TASKS) - {"recommend"}))
def test_new_items_only_is_refused_where_it_means_nothing(foretell_command, run, tmp_path, task):
    ran = foretell_command("predict", run, "--task", task, "--new-only", "--out", tmp_path / "x.csv")
    refused(ran, "Only recommendations", task)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("at", "words"),
    [("2024-06-30", "after the log ends (2024-04-21)"), ("2024-02-01", "before the end of the training window")],
)
def test_a_moment_that_answers_should_be_read_with_care_at_is_noted(foretell_command, run, tmp_path, at, words):
    asked = ("--task", "purchase", "--at", at)
    out = tmp_path / "answers.csv"
    plain = foretell_command("predict", run, *asked, "--out", out)
    assert plain.code == 0
    assert plain.out == f"{pl.read_csv(out).height} answers in {out}\n", "data stays on stdout"
    assert plain.err.startswith("Note: ")
    assert words in plain.err
    told = only_json(foretell_command("predict", run, *asked, "--out", out, "--json"))
    assert [words in note for note in told["notes"]] == [True]
    user = pl.read_csv(out)["user_id"][0]
    reasons = foretell_command("explain", run, *asked, "--user", user, "--json")
    assert [words in note for note in only_json(reasons)["notes"]] == [True]
    assert words in reasons.err


def test_explain_refuses_a_time_before_the_log(foretell_command, run):
    ran = foretell_command("explain", run, "--task", "purchase", "--user", "u1", "--at", "1990-01-01")
    refused(ran, "Nothing is known yet", "the log tells of 2024-01-01")


def test_predict_looks_at_nothing_after_the_moment_asked_about(foretell_command, run, tmp_path):
    out = tmp_path / "then.parquet"
    then = "2024-04-01T06:30:00+00:00"
    assert foretell_command("predict", run, "--task", "churn", "--at", then, "--out", out).code == 0
    answers = pl.read_parquet(out)
    assert answers["cutoff"].unique().to_list() == [datetime(2024, 4, 1, 6, 30, tzinfo=UTC)]
    predictor = foretell.Predictor.load(run)
    past = predictor.own_log().before(int(datetime.fromisoformat(then).timestamp() * 1e6))
    again = predictor.predict("churn", log=past, at=datetime.fromisoformat(then))
    assert again.equals(answers)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--task", "purchse", "--out", "x.csv"), ("purchse", "Did you mean 'purchase'?")),
        (("--task", "purchase", "--out", "x.xlsx"), ("x.xlsx", ".parquet or .csv")),
        (("--task", "purchase", "--out", "x"), ("Received: x", ".parquet or .csv")),
        (("--task", "purchase", "--out", "folder.csv"), ("is a folder",)),
        (("--task", "purchase", "--out", "users.txt/x.csv"), ("under a file", "users.txt")),
        (("--task", "purchase", "--out", "x.csv", "--at", "yesterday"), ("'yesterday'", "ISO 8601")),
        (
            ("--task", "purchase", "--out", "x.csv", "--at", "1990-01-01"),
            ("Nothing is known yet", "the log tells of 2024-01-01"),
        ),
        (("--task", "purchase", "--out", "x.csv", "--users", "none.txt"), ("Received: none.txt",)),
        (("--task", "purchase", "--out", "x.csv", "--users", "users.txt"), ("list of users is empty",)),
    ],
)
def test_a_question_that_cannot_be_answered_leaves_nothing(
    foretell_command, run, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "users.txt").write_text("user_id\n\n", encoding="utf-8")
    refused(foretell_command("predict", run, *arguments), *words)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.csv", "users.txt"}


def test_an_unknown_format_is_refused_before_anything_is_loaded(foretell_command, tmp_path):
    ran = foretell_command("predict", tmp_path / "no-run", "--task", "purchase", "--out", tmp_path / "x.json")
    refused(ran, "Received: x.json")


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "--task", "purchase", "--out", "x.csv"),
        ("evaluate",),
        ("report",),
        ("explain", "--task", "purchase", "--user", "u1"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(foretell_command, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    verb, *options = arguments
    refused(foretell_command(verb, "photos", *options), "photos")
    assert [path.name for path in tmp_path.rglob("*")] == ["photos"]


# --- evaluate, report, explain ----------------------------------------------------------------------------


def test_evaluate_writes_the_page_anew_and_finds_the_same(foretell_command, run, tmp_path):
    mine = shutil.copytree(run, tmp_path / "run")
    before = json.loads((mine / "report.json").read_text())
    for name in ("report.json", "report.html"):
        (mine / name).unlink()
    found = only_json(foretell_command("evaluate", mine, "--json"))
    assert found == json.loads((mine / "report.json").read_text())
    assert (mine / "report.html").stat().st_size > 10_000
    for timed in ("seconds", "peak_memory_mib"):
        found.pop(timed), before.pop(timed)
    assert found == before


def test_evaluate_refuses_a_run_whose_tasks_were_never_fitted(foretell_command, run, tmp_path):
    mine = shutil.copytree(run, tmp_path / "run")
    state = json.loads((mine / "run.json").read_text())
    state["stages"].pop("fit")
    (mine / "run.json").write_text(json.dumps(state))
    refused(foretell_command("evaluate", mine), "interrupted", "continue")


def test_report_shows_the_table_and_writes_the_page_elsewhere(foretell_command, run, tmp_path):
    text = foretell_command("report", run)
    assert text.code == 0
    lines = text.out.splitlines()
    assert lines[0].split()[:3] == ["task", "metric", "foretell"]
    assert {line.split()[0] for line in lines[1:7]} == set(TASKS)
    assert any("report.html" in line for line in lines)
    found = only_json(foretell_command("report", run, "--out", tmp_path / "page", "--json"))
    assert found == json.loads((run / "report.json").read_text())
    for name in ("report.json", "report.html"):
        assert (tmp_path / "page" / name).read_bytes() == (run / name).read_bytes()
    moved = foretell_command("report", run, "--out", tmp_path / "page").out.splitlines()
    places = dict(line.split(":", maxsplit=1) for line in moved if line.startswith(("Report:", "Predictions:")))
    assert Path(places["Predictions"].strip()).is_dir()
    assert Path(places["Report"].split(" (")[0].strip()) == tmp_path / "page" / "report.html"


def test_explain_names_reasons_for_anyone(foretell_command, run):
    user = pl.read_parquet(run / "predictions" / "purchase.parquet")["user_id"][0]
    found = only_json(foretell_command("explain", run, "--task", "purchase", "--user", user, "--json"))
    assert found["answer"]["user_id"] == user
    text = foretell_command("explain", run, "--task", "purchase", "--user", user)
    assert text.code == 0
    assert user in text.out
    stranger = only_json(foretell_command("explain", run, "--task", "churn", "--user", "never seen", "--json"))
    assert 0 <= stranger["answer"]["probability"] <= 1


def test_explain_refuses_what_it_cannot_speak_of(foretell_command, run):
    ask = ("explain", run, "--task", "purchase", "--user", "u1")
    refused(foretell_command(*ask, "--language", "fr"), "fr", "en or zh")
    refused(foretell_command("explain", run, "--task", "churm", "--user", "u1"), "Did you mean 'churn'?")
