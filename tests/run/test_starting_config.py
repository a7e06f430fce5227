"""The first config of a log: accepted as it stands, with comments, never over a file."""

import json

import pytest

from foretell.config import load_config
from foretell.core.errors import ConfigError, InsufficientDataError, SourceError
from foretell.run.inspection import inspect_log, mapping_of
from foretell.run.starting_config import write_starting_config


@pytest.fixture
def orders(tmp_path):
    """A log whose columns need a word of help, with names that TOML must quote."""
    lines = ["who,the\\day,thing,qty"]
    for day in range(120):
        for user in range(0, 30, 1 + day % 3):
            lines.append(f"{user},2024-{1 + day // 30:02d}-{1 + day % 28:02d} 10:00,{(user + day) % 12},1")
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


MAPPING = {"user_id": "who", "time": "the\\day", "item_id": "thing"}


def test_what_is_written_is_accepted(orders, tmp_path):
    written = write_starting_config(str(orders), out=tmp_path / "a.toml", mapping=MAPPING, zone="Europe/Berlin")
    config = load_config(tmp_path / "a.toml")
    assert set(config.task) == set(written["tasks"]) >= {"recommend"}
    assert config.data.mapping["time"] == "the\\day"
    assert (config.data.zone, config.data.dialect) == ("Europe/Berlin", "canonical")
    text = (tmp_path / "a.toml").read_text(encoding="utf-8")
    assert "# [task.promotion]" in text
    assert "Too little data" in text


def test_the_question_of_your_own_is_accepted_once_it_is_no_comment(orders, tmp_path):
    write_starting_config(str(orders), out=tmp_path / "a.toml", mapping=MAPPING)
    text, _, own = (tmp_path / "a.toml").read_text(encoding="utf-8").partition("# A question of your own")
    lines = [line.removeprefix("# ") for line in own.splitlines()[1:]]
    (tmp_path / "b.toml").write_text(text + "\n".join(lines), encoding="utf-8")
    asked = load_config(tmp_path / "b.toml").task["how_often"]  # this log tells of no money
    assert (asked.kind, asked.measure, asked.action) == ("amount", "count", "purchase")


def test_a_file_is_never_written_over(orders, tmp_path):
    out = tmp_path / "mine.toml"
    out.write_text("seed = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="would be lost"):
        write_starting_config(str(orders), out=out, mapping=MAPPING)
    assert out.read_text(encoding="utf-8") == "seed = 1\n"


def test_a_folder_that_is_not_there_is_named(orders, tmp_path):
    with pytest.raises(SourceError, match="no such folder"):
        write_starting_config(str(orders), out=tmp_path / "no" / "a.toml", mapping=MAPPING)


def test_a_log_that_suffices_for_nothing_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user_id,time,action\na,2024-01-01,view\n", encoding="utf-8")
    with pytest.raises(InsufficientDataError, match="foretell inspect"):
        write_starting_config(str(path), out=tmp_path / "a.toml")
    assert not (tmp_path / "a.toml").exists()


def test_a_password_is_not_written_down(tmp_path):
    with pytest.raises(ConfigError, match="password") as raised:
        write_starting_config("postgresql://shop:s3cret@db/shop", out=tmp_path / "a.toml")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("pair", ["user_id", "=who", "user_id="])
def test_mappings_that_say_nothing_are_refused(pair):
    with pytest.raises(ConfigError, match="canonical=own"):
        mapping_of([pair])


def test_a_column_is_mapped_once():
    with pytest.raises(ConfigError, match="once"):
        mapping_of(["user_id=a", "user_id=b"])
    assert mapping_of(None) is None


def test_init_and_inspect_from_the_command_line(foretell_command, orders, tmp_path):
    options = [word for name, own in MAPPING.items() for word in ("--mapping", f"{name}={own}")]
    toml = tmp_path / "shop.toml"
    ran = foretell_command("init", orders, "--out", toml, *options)
    assert (ran.code, toml.exists()) == (0, True)
    assert f"foretell train {toml}" in ran.out
    again = foretell_command("init", orders, "--out", toml, *options)
    assert again.code == 2
    assert "would be lost" in again.err
    by_log = foretell_command("inspect", orders, *options)
    by_config = foretell_command("inspect", toml)
    assert (by_log.code, by_config.code) == (0, 0)
    assert "user_id  = who (100%)" in by_log.out
    # The config cuts windows and horizons to the log, so more of the questions can be asked: those it asks.
    gates = inspect_log(str(toml))["gates"]
    assert {gate["task"]: gate["status"] != "refused" for gate in gates} == dict.fromkeys(load_config(toml).task, True)
    *same, _ = by_log.out.partition("purchase   no    Too little data: days of data: 118, at least 126 needed")
    assert same[1]
    assert by_config.out.splitlines()[5:16] == same[0].splitlines()[5:16]


def test_init_says_the_same_in_json(foretell_command, orders, tmp_path):
    options = [word for name, own in MAPPING.items() for word in ("--mapping", f"{name}={own}")]
    ran = foretell_command("init", orders, "--out", tmp_path / "shop.toml", *options, "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said["file"] == str(tmp_path / "shop.toml")
    assert set(said["tasks"]) == set(load_config(tmp_path / "shop.toml").task)


def test_what_is_given_wins_over_the_config(orders, tmp_path):
    write_starting_config(str(orders), out=tmp_path / "a.toml", mapping=MAPPING)
    found = inspect_log(str(tmp_path / "a.toml"), mapping=MAPPING | {"item_id": "who"})
    assert found["recognised"]["mapping"]["item_id"] == "who"
