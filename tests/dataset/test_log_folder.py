"""The clean log of a run: what is written is what is read; a half-written one is refused."""

import polars as pl
import pytest

from foretell.core.errors import RunError
from foretell.core.events import EventLog
from foretell.dataset.log_folder import load_log, save_log


@pytest.fixture
def log():
    return EventLog(
        pl.DataFrame({"user_id": ["7", "8"], "time": [1, 2], "action": ["view", "view"], "colour": [None, "red"]}),
        {"items": pl.DataFrame({"item_id": ["x"]}), "users": pl.DataFrame({"user_id": ["7"]})},
        id_types={"user_id": pl.UInt32(), "item_id": pl.Categorical()},
        dialect="invoices",
    )


def test_there_and_back(log, tmp_path):
    save_log(log, tmp_path / "data")
    again = load_log(tmp_path / "data")
    assert again.events.equals(log.events)
    assert set(again.tables) == {"items", "users"}
    assert all(again.tables[name].equals(table) for name, table in log.tables.items())
    assert again.dialect == "invoices"
    assert again.restore_ids(again.events)["user_id"].to_list() == [7, 8]
    assert again.id_types["user_id"] == pl.UInt32


def test_types_unknown_to_the_file_come_back_as_text(log, tmp_path):
    save_log(log, tmp_path)
    assert load_log(tmp_path).id_types["item_id"] == pl.String


@pytest.mark.parametrize("gone", ["manifest.json", "events.parquet", "items.parquet"])
def test_an_unfinished_folder_is_refused(log, tmp_path, gone):
    save_log(log, tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(RunError, match="cannot be read") as caught:
        load_log(tmp_path)
    assert str(tmp_path) in str(caught.value.received)


@pytest.mark.parametrize("name", ["manifest.json", "events.parquet"])
def test_a_damaged_file_is_refused(log, tmp_path, name):
    save_log(log, tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RunError, match="cannot be read"):
        load_log(tmp_path)
