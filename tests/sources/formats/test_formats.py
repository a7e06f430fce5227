"""The same log in every format and compression; patterns, headerless files, nested values; what is read lazily."""

import gzip
import io
import shutil

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError, SchemaError, SourceError
from foretell.sources import read_events, recognise
from foretell.sources.formats.delimited import DelimitedFile
from foretell.sources.formats.files import open_file
from foretell.sources.formats.folders import open_folder
from foretell.sources.formats.json_depth import is_deep
from foretell.sources.formats.json_lines import JsonLinesFile
from foretell.sources.frames import FrameTable
from foretell.sources.table import HeaderlessTable, ScannableTable, scan_of


def zstd(content):
    return pa.Codec("zstd").compress(content, asbytes=True)


def as_stream(frame):
    sink = io.BytesIO()
    frame.write_ipc_stream(sink)
    return sink.getvalue()


def written(method):
    def write(frame):
        sink = io.BytesIO()
        getattr(frame, method)(sink)
        return sink.getvalue()

    return write


FORMATS = {
    "csv": lambda frame: frame.write_csv().encode(),
    "jsonl": lambda frame: frame.write_ndjson().encode(),
    "parquet": written("write_parquet"),
    "arrow": written("write_ipc"),
    "feather": written("write_ipc"),
    "arrows": as_stream,
}
COMPRESSIONS = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd,
    ".zstd": lambda content: zstd(content[:40]) + zstd(content[40:]),  # as a log that was appended to
    ".gzip": lambda content: gzip.compress(content[:40]) + gzip.compress(content[40:]),
}


@pytest.fixture
def expected(golden):
    return read_events(golden).events


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_and_compression(name, compression, golden, expected, write):
    content = COMPRESSIONS[compression](FORMATS[name](golden))
    for path in (write(f"events.{name}{compression}", content), write(f"unsaid.{name}", content)):
        log = read_events(path)
        assert_frame_equal(log.events, expected)
        assert log.rejected is None
        assert recognise(path).mapping["user_id"] == "user_id"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("compression", [".gz", ".zst"])
def test_cut_compressions_are_refused_whole(name, compression, golden, write):
    big = pl.concat([golden] * 500)
    content = COMPRESSIONS[compression](FORMATS[name](big))
    for cut in (3, len(content) // 2):
        with pytest.raises(SourceError, match="cut short or damaged"):
            read_events(write(f"events.{name}{compression}", content[:-cut]))


@pytest.mark.parametrize("name", ["parquet", "arrow", "arrows"])
def test_damaged_binary_files(name, golden, write):
    content = FORMATS[name](golden)
    with pytest.raises(SourceError, match="damaged or cut short"):
        read_events(write(f"events.{name}", content[: len(content) // 2]))


def test_a_stream_without_its_end_says_so(golden, write, caplog):
    with caplog.at_level("INFO", logger="foretell.sources"):
        assert len(read_events(write("a.arrows", as_stream(golden)))) == 4
        assert "mark of its end" not in caplog.text
        assert len(read_events(write("b.arrows", as_stream(golden)[:-8]))) == 4
    assert "mark of its end" in caplog.text


# --- patterns ------------------------------------------------------------------------------------------


def test_patterns_of_files_and_folders(golden, expected, write, tmp_path):
    for number, day in enumerate(("2026-01-01", "2026-01-02")):
        part = golden[number * 2 : number * 2 + 2].write_csv().encode()
        write(f"logs/{day}/part-0.csv.gz", gzip.compress(part))
        write(f"logs/{day}/readme.md", "hello")
    write("logs/2025-01-01/part-0.csv.gz", b"never looked at")
    for pattern in ("logs/2026-*/part-*.csv.gz", "logs/2026-*", "logs/2026-01-0[12]/*.gz"):
        assert_frame_equal(read_events(f"{tmp_path}/{pattern}").events, expected)
    assert_frame_equal(read_events(tmp_path / "logs" / "2026-*").events, expected)
    (tmp_path / "logs/2025-01-01/part-0.csv.gz").unlink()
    assert_frame_equal(read_events(f"{tmp_path}/logs/**/*.gz").events, expected)


def test_a_pattern_that_matches_nothing(tmp_path):
    with pytest.raises(SourceError, match="No file matches"):
        read_events(f"{tmp_path}/*.csv")


def test_a_file_whose_name_is_a_pattern(golden, expected, tmp_path):
    golden.write_csv(tmp_path / "log[1].csv")
    assert_frame_equal(read_events(tmp_path / "log[1].csv").events, expected)


def test_parts_that_gained_a_column(write, tmp_path, caplog):
    write("log/0.csv", "user_id,time,action\na,2020-01-01,view\n")
    write("log/1.csv", "user_id,time,action,price\nb,2020-01-01,view,2\n")
    with caplog.at_level("INFO", logger="foretell.sources"):
        log = read_events(tmp_path / "log")
    assert log.events["price"].to_list() == [None, 2.0]
    assert "price in 1" in caplog.text


# --- headerless and declared separators ----------------------------------------------------------------

NAMELESS = "1;2020-01-01;view;A1\n2;2020-01-02;cart;\n"


def test_headerless_files_with_declared_columns(write, tmp_path):
    names = ["user_id", "time", "action", "item_id"]
    path = write("log/a.csv", NAMELESS)
    log = read_events(path, columns=names)
    assert log.events.rows() == [("1", 1_577_836_800_000_000, "view", "A1"), ("2", 1_577_923_200_000_000, "cart", None)]
    write("log/b.csv", NAMELESS + "3;2020-01-02;view;x;y\n\n4;2020-01-02\n")
    whole = read_events(tmp_path / "log", columns=names)
    assert sorted(whole.events["user_id"]) == ["1", "1", "2", "2", "4"]
    assert whole.rejected["raw"].to_list() == ["3;2020-01-02;view;x;y"]
    assert recognise(path, columns=names).confidence == 1.0


def test_separators_of_any_kind(write):
    for number, separator in enumerate(("^", "~", " ", "\x01", ":")):
        text = "user_id,action,time\na,view,1577836800\n".replace(",", separator)
        assert len(read_events(write(f"{number}.dat", text), separator=separator)) == 1


@pytest.mark.parametrize(
    ("choice", "error", "words"),
    [
        ({"columns": ["user_id", "time"]}, SchemaError, "4 cells where 2 columns are declared"),
        ({"columns": ["a", "a"]}, ConfigError, "every column once"),
        ({"columns": []}, ConfigError, "every column once"),
        ({"separator": ";;"}, ConfigError, "one plain character"),
        ({"separator": '"'}, ConfigError, "one plain character"),
        ({"table": "events"}, ConfigError, "table has no effect"),
        ({"query": "SELECT 1"}, ConfigError, "query has no effect"),
        ({"storage": {"anon": True}}, ConfigError, "storage has no effect"),
        ({"colums": ["a"]}, ConfigError, "colums"),
    ],
)
def test_declarations_are_checked(choice, error, words, write):
    with pytest.raises(error, match=words):
        read_events(write("a.csv", NAMELESS), **choice)


@pytest.mark.parametrize("name", ["parquet", "arrow", "jsonl"])
def test_declarations_without_effect_are_refused(name, golden, write):
    path = write(f"a.{name}", FORMATS[name](golden))
    choices = [{"columns": ["a"]}, {"separator": ","}] if name != "jsonl" else []
    for choice in choices:
        with pytest.raises(ConfigError, match="has no effect"):
            read_events(path, **choice)
    with pytest.raises(ConfigError, match="has no effect"):
        read_events(golden, columns=["a"])


# --- damage that looks sound ---------------------------------------------------------------------------

SWALLOWING = (
    'user_id,time,action,text\na,2020-01-01,view,"x\nb,2020-01-01,view,y\nc,2020-01-01,view,"z\nd,2020-01-01,view,w\n'
)


def test_a_swallowed_row_in_a_column_nobody_asked_for_is_found(write):
    rows = DelimitedFile.open(write("a.csv", SWALLOWING)).read(["user_id"])
    assert rows.frame["user_id"].to_list() == ["b", "d"]
    assert rows.rejected["reason"].to_list() == ["A quote is opened and never closed."] * 2


def test_inches_are_no_quotes(write):
    log = read_events(write("a.csv", 'user_id,time,action,text\na,2020-01-01,view,12" pipe\nb,2020-01-01,view,x\n'))
    assert log.events["text"].to_list() == ['12" pipe', "x"]
    assert log.rejected is None


def test_rows_empty_in_the_columns_asked_for_are_kept(write):
    rows = DelimitedFile.open(write("a.csv", "a,b\n1,2\n,3\n\n\n4,\n")).read(["a"])
    assert rows.frame["a"].to_list() == ["1", None, "4"]


# --- nested values -------------------------------------------------------------------------------------

NESTED = [
    '{"user": {"id": 7}, "context": {"page": {"url": "/a"}}, "time": 1577836800, "action": "view", "tags": ["x"]}',
    '{"user": {"id": 8}, "context": {"page": null}, "time": 1577836801, "action": "view", "tags": []}',
]


def test_nested_values_have_dotted_names(write, tmp_path):
    path = write("a.jsonl", "\n".join(NESTED))
    pl.read_ndjson(path).write_parquet(tmp_path / "a.parquet")
    for source in (path, tmp_path / "a.parquet", pl.read_ndjson(path)):
        log = read_events(source, mapping={"text": "context.page.url"})
        assert log.events.select("user_id", "text").rows() == [("7", "/a"), ("8", None)]
    sample = JsonLinesFile.open(path).sample()
    assert isinstance(sample.schema["context"], pl.Struct)
    assert isinstance(sample.schema["tags"], pl.List)


def test_nested_values_stay_nested_beside_damaged_lines(write):
    sample = JsonLinesFile.open(write("a.jsonl", "\n".join([*NESTED, "{broken", "3"]))).sample()
    assert isinstance(sample.schema["context"], pl.Struct)
    odd = JsonLinesFile.open(write("b.jsonl", '{"a": [1], "b": {"c": 1}}\n{"a": 3, "b": {"c": 2}}\n')).sample()
    assert odd.schema == {"a": pl.String, "b": pl.Struct({"c": pl.Int64})}


def test_json_too_deep_for_the_parser_is_set_aside(write):
    deep = '{"a":' * 2000 + "1" + "}" * 2000
    lists = '{"user_id": 1, "time": 1577836800, "action": "view", "x": ' + "[" * 900 + "]" * 900 + "}"
    wide = '{"user_id": 1, "time": 1577836800, "action": "view", "x": [' + ",".join(["{}"] * 500) + "]}"
    log = read_events(write("a.jsonl", "\n".join([NESTED[0], deep, lists, wide])), mapping={"user_id": "user_id"})
    assert len(log) == 2
    assert log.rejected["reason"].to_list() == ["The line is nested deeper than 64 levels."] * 2
    assert not is_deep(('{"a": "' + "{" * 200 + '"}').encode())


# --- frames in memory ----------------------------------------------------------------------------------


def test_frames_of_every_library(golden, expected):
    table = golden.to_arrow()
    batches = table.to_batches(max_chunksize=2)
    reader = pa.RecordBatchReader.from_batches(table.schema, batches)
    assert_frame_equal(read_events(golden.lazy()).events, expected)
    assert_frame_equal(read_events(table).events, expected)
    assert_frame_equal(read_events(reader).events, expected)
    with pytest.raises(SourceError, match=r"no events|cannot be read"):
        read_events(reader)  # a reader gives its rows once


def test_spark_frames_give_arrow_tables(golden, expected):
    # The real ones need Java; what foretell asks of them is this.
    frame = type("DataFrame", (), {"__module__": "pyspark.sql.classic.dataframe"})()
    frame.toPandas = None
    frame.toArrow = golden.to_arrow
    assert_frame_equal(read_events(frame).events, expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # PySpark's own
def test_a_real_spark_frame(golden, expected):
    pyspark = pytest.importorskip("pyspark.sql", reason="needs the extra 'spark'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    session = pyspark.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        assert_frame_equal(read_events(session.createDataFrame(golden.rows(), golden.columns)).events, expected)
    finally:
        session.stop()


# --- side tables ---------------------------------------------------------------------------------------


def test_side_tables_from_any_place(golden, write):
    items = write("products.csv", "sku;department\nA1;TEA\n")
    users = pl.DataFrame({"customer_id": [7], "age": [30]})
    log = read_events(golden, side_tables={"items": {"source": str(items), "separator": ";"}, "users": users})
    assert log.table("items").rows() == [("A1", "TEA")]
    assert log.table("users").rows() == [("7", 30)]
    nameless = write("nameless.csv", "A1,TEA\n")
    declared = {"items": {"source": str(nameless), "columns": ["item_id", "category"]}}
    assert read_events(golden, side_tables=declared).table("items").rows() == [("A1", "TEA")]
    mapped = {"items": {"source": pl.DataFrame({"nr": ["A1"], "kind": ["TEA"]}), "mapping": {"item_id": "nr"}}}
    assert read_events(golden, side_tables=mapped).table("items").rows() == [("A1", "TEA")]
    assert recognise(golden, side_tables=declared).side_tables["items"] == str(nameless)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"itmes": "a.csv"}, "no side table named 'itmes'"),
        ({"items": {"sorce": "a.csv"}}, "items.sorce"),
        ({"items": {"table": "products"}}, "without a place"),
        ({"items": "missing.csv"}, "no such file"),
    ],
)
def test_side_tables_are_checked(declared, words, golden):
    with pytest.raises(Exception, match=words):
        read_events(golden, side_tables=declared)


def test_a_declared_side_table_wins_over_one_beside_the_log(write, tmp_path):
    write("log/events.csv", "user_id,time,action,item_id\n1,2020-01-01,view,9\n")
    write("log/items.csv", "item_id,category\n9,TEA\n")
    better = pl.DataFrame({"item_id": ["9"], "category": ["COFFEE"]})
    assert read_events(tmp_path / "log", side_tables={"items": better}).table("items")["category"][0] == "COFFEE"


# --- lazy reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["csv", "parquet", "arrow"])
def test_sound_files_can_be_scanned(name, golden, write, tmp_path):
    write(f"log/0.{name}", FORMATS[name](golden[:2]))
    write(f"log/1.{name}", FORMATS[name](golden[2:]))
    table = open_folder(tmp_path / "log").events
    assert isinstance(table, ScannableTable)
    lazy = scan_of(table).collect()
    assert_frame_equal(lazy, table.read(golden.columns).frame)
    assert scan_of(FrameTable(golden)).collect().height == 4


def test_what_cannot_be_scanned_says_so(golden, write):
    assert scan_of(open_file(write("a.csv", golden.write_csv().encode("utf-16")))) is None
    assert scan_of(open_file(write("a.arrows", as_stream(golden)))) is None
    assert scan_of(open_file(write("a.jsonl", golden.write_ndjson().encode()))) is None
    nameless = open_file(write("b.csv", NAMELESS))
    assert isinstance(nameless, HeaderlessTable)
    assert scan_of(nameless.without_header(["a", "b", "c", "d"])).collect().height == 2
