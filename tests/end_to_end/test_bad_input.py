"""Logs nothing can be learned from: exit 2, a message in three parts, nothing left behind, no traceback."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

START = datetime(2024, 1, 1, tzinfo=UTC)


def purchases(n, *, users, step):
    """``n`` purchases of ``users`` customers in turn, ``step`` apart."""
    rows = pl.int_range(n, eager=True)
    return pl.DataFrame(
        {
            "user_id": [f"u{row % users}" for row in rows],
            "time": [(START + row * step).isoformat() for row in rows],
            "action": "purchase",
            "item_id": [f"i{row % 9}" for row in rows],
            "price": 2.0,
            "quantity": 1,
        }
    )


UNREADABLE = {
    "missing.csv": (None, "no such file"),
    "empty.csv": (b"", "empty"),
    "header_only.csv": (b"user_id,time,action\n", "Error: "),
    "wrong_columns.csv": (b"colour,size\nred,3\n", "colour, size"),
    "garbage.csv": (bytes(range(256)) * 20, "garbage.csv"),
    "garbage.parquet": (bytes(range(255, -1, -1)) * 20, "PAR1"),
    "cut_short.parquet": (b"PAR1" + b"\x00" * 100, "Parquet"),
}

TOO_LITTLE = {
    "one user only": (lambda: purchases(600, users=1, step=timedelta(hours=6)), "customers: 1", "1 users"),
    "no purchases": (
        lambda: purchases(2000, users=50, step=timedelta(hours=1)).with_columns(action=pl.lit("view")),
        "'purchase': 0",
        "50 users",
    ),
    "a single day": (lambda: purchases(2000, users=50, step=timedelta(seconds=30)), "days of data: 0.7", "0.7 days"),
}


def message(err):
    """What is wrong, what was received and what to do, of the one message on stderr."""
    start = err.index("Error: ")
    problem, rest = err[start + len("Error: ") :].split("\nReceived: ", maxsplit=1)
    received, remedy = rest.split("\nWhat to do: ", maxsplit=1)
    assert problem
    assert received
    assert remedy.strip()
    assert "Traceback" not in err
    return problem, received, remedy


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_log_that_cannot_be_read_is_named(foretell_command, tmp_path, name):
    content, words = UNREADABLE[name]
    log, out = tmp_path / name, tmp_path / "run"
    if content is not None:
        log.write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    for arguments in (("train", log, "--out", out), ("train", log, "--out", out, "--json"), ("inspect", log)):
        ran = foretell_command(*arguments)
        assert ran.code == 2, ran.err
        assert ran.out == ""
        message(ran.err)
        assert words in ran.err
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("why", TOO_LITTLE)
def test_a_log_too_small_for_any_task_is_refused(foretell_command, tmp_path, why):
    make, lacks, seen = TOO_LITTLE[why]
    log, out = tmp_path / "log.csv", tmp_path / "run"
    make().write_csv(log)

    trained = foretell_command("train", log, "--out", out)
    assert trained.code == 2
    assert trained.out == ""
    problem, received, _ = message(trained.err)
    assert "not enough for any" in problem
    assert lacks in received
    assert not out.exists()

    inspected = foretell_command("inspect", log)
    assert inspected.code == 2
    assert lacks in inspected.out, "the overview is data and comes first"
    _, received, _ = message(inspected.err)
    assert seen in received


def test_an_empty_folder_is_no_log(foretell_command, tmp_path):
    (tmp_path / "log").mkdir()
    ran = foretell_command("train", tmp_path / "log", "--out", tmp_path / "run")
    assert ran.code == 2
    assert "holds no events" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_log_too_short_for_the_windows_asked_for_leaves_nothing(foretell_command, tmp_path, tiny_log_folder):
    config = tmp_path / "config.toml"
    config.write_text(
        f"[data]\nlog = '{tiny_log_folder}'\n[split]\ntest_days = 80\n"
        "[task.soon]\nkind = 'purchase'\nhorizon_days = 7\n"
    )
    ran = foretell_command("train", config, "--out", tmp_path / "run")
    assert ran.code == 2
    problem, received, remedy = message(ran.err)
    assert "not enough for any of the tasks" in problem
    assert "days of data: 111" in received
    assert "at least 195 needed" in received
    assert "split.test_days" in received
    assert "Bring more data" in remedy
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("seed == 1", "line 1"), ("[split]\ntest_day = 3", "split.test_day"), ("seed = 1", "No log is named")],
)
def test_a_config_at_fault_leaves_nothing(foretell_command, tmp_path, text, words):
    config = tmp_path / "config.toml"
    config.write_text(text)
    ran = foretell_command("train", config, "--out", tmp_path / "run")
    assert ran.code == 2
    assert words in ran.err
    assert "What to do: " in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_folder_of_something_else_is_not_touched(foretell_command, tmp_path, tiny_log_folder):
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.jpg").write_bytes(b"a cat")
    ran = foretell_command("train", tiny_log_folder, "--out", out)
    assert ran.code == 2
    assert message(ran.err)[1] == str(out)
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [("cat.jpg", b"a cat")]


def test_a_place_that_cannot_be_written_to_is_refused_before_the_log_is_read(foretell_command, tmp_path, monkeypatch):
    def read(*_, **__):
        raise AssertionError("the log was read")

    monkeypatch.setattr("foretell.run.pipeline.clean_log", read)
    (tmp_path / "notes").write_text("mine")
    for out in (tmp_path / "notes" / "run", tmp_path / ("long" * 100), "/proc/nowhere/run"):
        ran = foretell_command("train", tmp_path, "--out", out)
        assert ran.code == 2
        assert "What to do: " in ran.err
        assert "Traceback" not in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_file_in_the_runs_place_is_not_touched(foretell_command, tmp_path, tiny_log_folder):
    out = tmp_path / "notes"
    out.write_text("mine")
    ran = foretell_command("train", tiny_log_folder, "--out", out)
    assert ran.code == 2
    assert message(ran.err)[1] == str(out)
    assert out.read_text() == "mine"
