"""Bad input ends in a message naming the problem, what was received and what to do: never in a traceback."""

import gzip

import polars as pl
import pytest

from foretell.core.errors import InputError, SchemaError, SourceError
from foretell.sources import read_events, recognise

HEADER = b"user_id,time,action\n"
SOUND = b"a,2020-01-01,view\n"
PARQUET_CUT = b"PAR1" + b"\x00" * 40

BAD = {
    "empty.csv": (b"", SourceError, "empty"),
    "blank.csv": (b"\n \n", SourceError, "no text"),
    "header_only.csv": (HEADER, SourceError, "no events"),
    "other_columns.csv": (b"colour,size\nred,3\n", SchemaError, "which is user_id"),
    "no_action.csv": (b"user_id,time,colour\na,2020-01-01,red\n", SchemaError, "which is action"),
    "garbage.csv": (bytes(range(256)) * 20, SourceError, "not text"),
    "garbage.jsonl": (bytes(range(256)) * 20, SourceError, "not text"),
    "garbage.parquet": (bytes(range(256)) * 20, SourceError, "damaged"),
    "cut.parquet": (PARQUET_CUT, SourceError, "damaged"),
    "cut.csv.gz": (gzip.compress(HEADER + SOUND * 5000)[:-9], SourceError, "cut short"),
    "cut_early.csv.gz": (gzip.compress(HEADER + SOUND * 5000)[:15], SourceError, "cut short"),
    "not_really.csv.gz": (b"\x1f\x8bnonsense", SourceError, "cut short|cannot be read"),
    "array.json": (b'[{"user_id": 1}]', SourceError, "JSON array"),
    "book.xlsx": (b"PK\x03\x04....", SourceError, "not known"),
    "no_times.csv": (HEADER + b"a,soon,view\nb,later,view\n", SchemaError, "Not one of 2 rows"),
    "small_times.jsonl": (b'{"user_id":1,"time":5,"action":"view"}', SchemaError, "no times since 1970"),
    "true_times.jsonl": (b'{"user_id":1,"time":true,"action":"view"}', SchemaError, "cannot be a time"),
}

BEYOND_A_SAMPLE = ("no_times.csv", "cut.csv.gz")
"""Faults that the first rows do not show."""


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("verb", [read_events, recognise])
def test_bad_files(name, verb, write):
    content, error, words = BAD[name]
    path = write(name, content)
    if verb is recognise and name in BEYOND_A_SAMPLE:
        assert verb(path).dialect == "canonical"
        return
    with pytest.raises(error, match=words) as caught:
        verb(path)
    assert caught.value.received is not None
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", ["missing.csv", "missing_folder/", "a\0b.csv", "x" * 5000, ""])
def test_paths_that_lead_nowhere(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError):
        read_events(path)


def test_a_folder_without_events(tmp_path, write):
    with pytest.raises(SourceError, match="nothing in it"):
        read_events(tmp_path)
    write("readme.md", "hello")
    with pytest.raises(SourceError, match=r"readme\.md"):
        read_events(tmp_path)


def test_a_folder_of_mixed_formats(tmp_path, write):
    write("a.csv", HEADER + SOUND)
    write("b.jsonl", b'{"user_id":1,"time":1577836800,"action":"view"}')
    with pytest.raises(SourceError, match="mixes formats"):
        read_events(tmp_path)


def test_two_event_tables(tmp_path, write):
    write("events.csv", HEADER + SOUND)
    write("events.jsonl", b'{"user_id":1,"time":1577836800,"action":"view"}')
    with pytest.raises(SourceError, match="several event tables"):
        read_events(tmp_path)


def test_one_bad_part_is_named(tmp_path, write):
    write("log/0.csv", HEADER + SOUND)
    write("log/1.csv", b"colour\nred\n")
    with pytest.raises(SchemaError, match=r"1\.csv lacks user_id"):
        read_events(tmp_path / "log")
    write("log/1.csv", b"")
    with pytest.raises(SourceError, match=r"1\.csv"):
        read_events(tmp_path / "log")


def test_a_side_table_without_its_key(tmp_path, write):
    write("events.csv", HEADER + SOUND)
    write("items.csv", b"colour\nred\n")
    with pytest.raises(SchemaError, match="items lacks item_id"):
        read_events(tmp_path)


def test_an_amount_that_is_a_date():
    frame = pl.DataFrame({"user_id": [1], "time": [1_577_836_800], "action": ["view"], "price": [True]})
    with pytest.raises(InputError, match="no amount"):
        read_events(frame)


@pytest.mark.parametrize(
    "content",
    ['{\n  "user_id": 1,\n  "time": "2020-01-01",\n  "action": "view"\n}\n', '{"user_id": 1}{"user_id": 2}\n'],
)
def test_json_that_is_not_one_object_a_line_is_named(write, content):
    with pytest.raises(SourceError, match="Not one line of the file is a JSON object") as caught:
        read_events(write("log.jsonl", content))
    assert "jq -c ." in str(caught.value)


def test_a_column_that_is_taken_is_not_suggested(write):
    with pytest.raises(SchemaError, match="none is left") as caught:
        read_events(write("one.csv", "user_id\n7\n8\n"))
    assert "time=user_id" not in str(caught.value)
    with pytest.raises(SchemaError, match="time=colour"):
        read_events(write("two.csv", "user_id,colour\n7,red\n"))


def test_of_columns_with_one_name_the_first_is_taken_and_that_is_said(write):
    log = read_events(write("twice.csv", "user_id,time,action,price,price\na,2020-01-01,view,2.5,9\n"))
    assert log.events["price"].to_list() == [2.5]
    said = " ".join(log.notes)
    assert "Several columns are named 'price'" in said
    assert "'price_duplicated_0'" in said
