"""What the next-item benchmark may learn from, and what it asks."""

import importlib
import sys

import polars as pl
import pytest


@pytest.fixture
def protocols(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository))
    yield importlib.import_module("benchmarks.next_item_protocols")
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]


def lists(continued):
    grouped = continued.histories.group_by("user_id", maintain_order=True).agg("item_id")
    return grouped["item_id"].to_list()


def test_leave_one_out(protocols, tmp_path):
    path = tmp_path / "sequences.txt"
    path.write_text("1 1 2 3 4 5\n2 6 7 8 9\n3 3 4 5\n")
    found = protocols.FORMATS["s3rec"](path)
    assert found.known.group_by("user_id", maintain_order=True).agg("item_id")["item_id"].to_list() == [
        ["1", "2", "3"],
        ["6", "7"],
        ["3"],
    ]
    assert lists(found.validation) == [["1", "2", "3"], ["6", "7"], ["3"]]
    assert found.validation.targets.to_list() == ["4", "8", "4"]
    assert lists(found.test) == [["1", "2", "3", "4"], ["6", "7", "8"], ["3", "4"]]
    assert found.test.targets.to_list() == ["5", "9", "5"]


def test_a_long_history_is_read_from_its_end(protocols, tmp_path):
    path = tmp_path / "sequences.txt"
    items = [str(1 + number % 7) for number in range(80)]
    path.write_text("1 " + " ".join(items) + "\n2 1 2 3\n")
    found = protocols.FORMATS["s3rec"](path)
    assert lists(found.test)[0] == items[29:79]


def test_sessions(protocols, tmp_path):
    pl.DataFrame({"items": [[1, 2], [2, 3, 4], *([[1, 3]] * 8)]}).write_parquet(tmp_path / "train_sessions.parquet")
    pl.DataFrame({"input": [[1], [4, 3]], "target": [2, 1]}).write_parquet(tmp_path / "test.parquet")
    found = protocols.FORMATS["sessions"](tmp_path)
    assert found.known["user_id"].n_unique() == 9
    assert lists(found.validation) == [["1"]]
    assert found.validation.targets.to_list() == ["3"]
    assert lists(found.test) == [["1"], ["4", "3"]]
    assert found.test.targets.to_list() == ["2", "1"]
