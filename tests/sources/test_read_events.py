"""The same log in every shape gives the same events; nothing is lost on the way."""

import gzip
import logging

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError, SchemaError, SourceError, UnknownNameError
from foretell.prepare import clean
from foretell.sources import DIALECTS, SOURCES, read_events


def as_csv(frame, separator=","):
    return frame.write_csv(separator=separator).encode()


def as_lines(frame):
    return frame.write_ndjson().encode()


SHAPES = {
    "events.csv": as_csv,
    "events.tsv": lambda frame: as_csv(frame, "\t"),
    "semicolons.csv": lambda frame: as_csv(frame, ";"),
    "events.csv.gz": lambda frame: gzip.compress(as_csv(frame)),
    "gzipped_without_saying_so.csv": lambda frame: gzip.compress(as_csv(frame)),
    "events.jsonl": as_lines,
    "events.ndjson.gz": lambda frame: gzip.compress(as_lines(frame)),
    "utf16.csv": lambda frame: as_csv(frame).decode().encode("utf-16"),
    "bom.csv": lambda frame: b"\xef\xbb\xbf" + as_csv(frame),
    "windows_line_ends.csv": lambda frame: as_csv(frame).replace(b"\n", b"\r\n"),
    "old_mac_line_ends.csv": lambda frame: as_csv(frame).replace(b"\n", b"\r"),
    "separator_said_first.csv": lambda frame: b"sep=;\r\n" + as_csv(frame, ";"),
    "blank_lines.csv": lambda frame: as_csv(frame).replace(b"\n", b"\n\n"),
}


@pytest.fixture
def expected(golden):
    return read_events(golden).events


@pytest.mark.parametrize("name", SHAPES)
def test_every_text_format_gives_the_same_events(name, golden, expected, write):
    log = read_events(write(name, SHAPES[name](golden)))
    assert_frame_equal(log.events, expected)
    assert log.rejected is None
    assert log.id_types["user_id"] == pl.Int64


def test_parquet_gives_the_same_events(golden, expected, tmp_path):
    golden.write_parquet(tmp_path / "a.parquet")
    golden.write_parquet(tmp_path / "content_wins_over_name.csv")
    assert_frame_equal(read_events(tmp_path / "a.parquet").events, expected)
    assert_frame_equal(read_events(str(tmp_path / "content_wins_over_name.csv")).events, expected)


def test_tables_in_memory_give_the_same_events(golden, expected):
    pandas = pytest.importorskip("pandas")
    arrow = golden.to_arrow()
    columns = {name: golden[name].to_list() for name in golden.columns}
    assert_frame_equal(read_events(golden.lazy()).events, expected)
    assert_frame_equal(read_events(arrow).events, expected)
    assert_frame_equal(read_events(pandas.DataFrame(columns)).events, expected)


def test_part_files_are_one_log(golden, expected, write, tmp_path):
    write("log/day=1/part-0.csv", as_csv(golden[:2]))
    write("log/day=2/part-0.csv", as_csv(golden[2:]))
    write("log/_SUCCESS", "")
    write("log/notes.md", "hello")
    assert_frame_equal(read_events(tmp_path / "log").events, expected)


def test_ids_come_back_as_the_shop_wrote_them(golden):
    log = read_events(golden)
    assert log.restore_ids(log.events)["user_id"].to_list() == [7, 7, 8, 9]
    text = read_events(golden.with_columns(user_id=pl.Series(["007", "007", "8", "9"])))
    assert text.restore_ids(text.events)["user_id"].to_list() == ["007", "007", "8", "9"]


def test_identifiers_with_gaps_read_by_pandas_are_whole_again():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"user_id": [1, None], "time": ["2020-01-01", "2020-01-02"], "action": ["view", "view"]})
    log = read_events(frame)
    assert log.events["user_id"].to_list() == [None, "1"]
    assert log.restore_ids(log.events)["user_id"].to_list() == [None, 1]


def test_a_mixed_object_column_of_pandas_becomes_text():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"user_id": ["a", 1, None], "time": [1_577_836_800] * 3, "action": ["view", 2, "view"]})
    assert sorted(read_events(frame).events["user_id"].drop_nulls()) == ["1", "a"]


def test_synonyms_and_declared_mapping(write):
    path = write("log.csv", "who,customer_id,ts,SKU,event_type\nx,c1,1577836800,s1,add_to_cart\n")
    log = read_events(path)
    assert log.events.row(0, named=True) == {
        "user_id": "c1",
        "time": 1_577_836_800_000_000,
        "action": "cart",
        "item_id": "s1",
    }
    assert read_events(path, mapping={"user_id": "who"}).events["user_id"].to_list() == ["x"]


def test_a_log_without_actions_is_purchases_and_says_so(write, caplog):
    path = write("orders.csv", "customer,date,order_id,qty\na,2020-01-01,o1,2\na,2020-01-02,o2,-1\n")
    with caplog.at_level(logging.INFO, logger="foretell.sources"):
        log = read_events(path)
    assert log.events["action"].to_list() == ["purchase", "refund"]
    assert "every row is taken as a purchase" in caplog.text


def test_unreadable_cells_are_set_aside_with_their_reason(write):
    path = write(
        "log.csv",
        "user_id,time,action,price\na,2020-01-01,view,1\nb,yesterday,view,1\nc,2020-01-02,view,cheap\nd,,view,\n",
    )
    log = read_events(path)
    assert log.events["user_id"].to_list() == ["a", "d"]
    reasons = dict(log.rejected.select("raw", "reason").iter_rows())
    assert [reason for raw, reason in sorted(reasons.items())] == [
        "The time in 'time' cannot be read.",
        "The price in 'price' is no number.",
    ]
    assert '"user_id":"b"' in sorted(reasons)[0]


def test_json_lines_keep_keys_that_come_late_and_set_broken_lines_aside(write):
    lines = ['{"user_id":1,"time":1577836800,"action":"view"}'] * 300
    lines += ["{broken", "[1, 2]", '{"user_id":2,"time":1577836801,"action":"purchase","order_id":"o1"}']
    log = read_events(write("log.jsonl", "\n".join(lines)))
    assert len(log) == 301
    assert log.events["order_id"].drop_nulls().to_list() == ["o1"]
    assert log.rejected.rows() == [
        ("The line is not JSON.", "{broken"),
        ("The line is JSON but not an object.", "[1, 2]"),
    ]


def test_reading_twice_gives_the_same(golden, write):
    path = write("a.csv", as_csv(golden))
    assert_frame_equal(read_events(path).events, read_events(path).events)


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"dialect": "cannonical"}, UnknownNameError),
        ({"mapping": {"user": "user_id"}}, UnknownNameError),
        ({"mapping": {"user_id": "nobody"}}, SchemaError),
        ({"dialect": "invoices"}, SchemaError),
    ],
)
def test_wrong_choices_are_named(choice, error, golden):
    with pytest.raises(error, match="What to do"):
        read_events(golden, **choice)


def test_choices_without_effect_are_refused(tiny_journey):
    with pytest.raises(ConfigError):
        read_events(tiny_journey, mapping={"user_id": "household_id"})


def test_registries_name_themselves():
    assert all(name == dialect.name for name, dialect in DIALECTS.items())
    assert all(source.description for source in SOURCES.values())


def test_an_arrow_table_of_nested_values_is_refused():
    table = pa.table({"user_id": [[1]], "time": [1_577_836_800], "action": ["view"]})
    with pytest.raises(SchemaError, match="nested"):
        read_events(table)


def test_nothing_else_is_a_source():
    with pytest.raises(SourceError, match="a int"):
        read_events(42)


def test_what_cleaning_alone_reads_comes_from_every_source(write):
    text = "user_id,time,action,price,received_time,currency_code\n1,1483225200,view,2,1483225260,eur\n"
    log = read_events(write("events.csv", text))
    assert log.events.select("received_time", "currency").row(0) == (1483225260_000_000, "eur")
    renamed = pl.DataFrame({"who": [1], "ts": [1483225200], "action": ["view"], "got": [1483225260], "cur": ["usd"]})
    found = read_events(renamed, mapping={"user_id": "who", "received_time": "got", "currency": "cur"}).events
    assert found.select("received_time", "currency").row(0) == (1483225260_000_000, "usd")


def test_currencies_read_from_a_file_are_never_added_up(write):
    rows = "1,1483225200,purchase,a,2,EUR\n2,1483225201,purchase,a,2,USD\n"
    log = read_events(write("events.csv", "user_id,time,action,item_id,price,currency\n" + rows))
    with pytest.raises(ConfigError, match="mixes currencies"):
        clean(log)
