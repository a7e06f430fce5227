"""From a file of logged choices to a table of what another policy would have earned."""

import json

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError, UnknownNameError
from foretell.run.off_policy import judge_policy, policy_text

COLUMNS = {"reward": "click", "propensity": "chance", "target": "ours"}


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "shown.csv"
    lines = ["who,click,chance,ours,wrong"]
    lines += [f"u{row % 40},{row % 5 // 4},0.{2 + row % 3},0.{1 + row % 5},x" for row in range(400)]
    lines += ["u1,,0.5,0.5,x", "u2,1,often,0.5,x"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_rows_that_lack_a_number_are_counted(log):
    found = judge_policy(log, **COLUMNS, user="who")
    assert (found["rows"], found["left_out"]) == (400, 2)
    assert "2 rows without a number" in policy_text(found)
    assert "inverse propensity" in policy_text(found)


def test_a_frame_says_the_same_as_the_file(log):
    frame = pl.read_csv(log, infer_schema=False)
    assert judge_policy(frame, **COLUMNS)["estimates"] == judge_policy(log, **COLUMNS)["estimates"]


def test_what_is_not_there_is_named(log):
    with pytest.raises(UnknownNameError, match="clck"):
        judge_policy(log, **(COLUMNS | {"reward": "clck"}))
    with pytest.raises(InsufficientDataError, match="no number at all in 'wrong'"):
        judge_policy(log, **(COLUMNS | {"reward": "wrong"}))


def test_percentages_are_shares_and_yes_is_one():
    frame = pl.DataFrame({"click": ["yes", "no"] * 40, "chance": ["50%"] * 80, "ours": ["50 %"] * 80})
    found = judge_policy(frame, **COLUMNS)
    assert found["estimates"]["ips"]["value"] == pytest.approx(0.5)
    assert found["weights"]["largest"] == 1.0


def test_the_command_line(foretell_command, log):
    options = ["--reward", "click", "--propensity", "chance", "--target", "ours", "--user", "who"]
    told = foretell_command("off-policy", log, *options, "--json")
    assert told.code == 0
    assert json.loads(told.out)["rows"] == 400
    refused = foretell_command("off-policy", log, "--reward", "click", "--propensity", "ours", "--target", "nobody")
    assert refused.code == 2
    assert "nobody" in refused.err
