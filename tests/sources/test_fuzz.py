"""Whatever the bytes are, reading ends in a log or in an error of ours, and no row is lost on the way."""

import csv
import gzip
import io
import json
import sqlite3

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from foretell.core.errors import ForetellError, SourceError
from foretell.sources import read_events, recognise
from foretell.sources.databases import open_database
from foretell.sources.formats.delimited import DelimitedFile
from foretell.sources.formats.json_lines import JsonLinesFile
from foretell.sources.formats.printable import printable

HEADER = b"user_id,time,action,price\n"
ENDINGS = [
    "csv",
    "tsv",
    "txt",
    "jsonl",
    "json",
    "parquet",
    "arrow",
    "arrows",
    "log",
    "csv.gz",
    "jsonl.zst",
    "db",
    "dat",
]
STARTS = [
    b"",
    b"PAR1",
    b"ARROW1\0\0",
    b"\xff\xff\xff\xff",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\xff\xfe",
    b"{",
    HEADER,
]
CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
KEY = st.sampled_from(["user_id", "time", "action", "price", "item_id", "quantity", "colour", "context"])


def attempt(source, **choices):
    """The number of rows read or set aside, or None where reading was refused in our words."""
    try:
        log = read_events(source, **choices)
        recognise(source, **choices)
    except ForetellError as error:
        told = str(error)
        assert all(letter.isprintable() or letter == "\n" for letter in told), told
        assert len(told) < 5000
        return None
    return len(log) + (0 if log.rejected is None else log.rejected.height)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


# --- bytes ---------------------------------------------------------------------------------------------


@given(ending=st.sampled_from(ENDINGS), start=st.sampled_from(STARTS), content=st.binary(max_size=400))
def test_random_bytes(place, ending, start, content):
    path = place / f"a.{ending}"
    path.write_bytes(start + content)
    attempt(path)


@given(content=st.binary(max_size=200), ending=st.sampled_from(["csv", "tsv", "csv.gz"]))
def test_random_bytes_after_a_sound_header(place, content, ending):
    path = place / f"b.{ending}"
    whole = HEADER + b"a,2020-01-01,view,1\n" + content
    path.write_bytes(gzip.compress(whole, mtime=0) if ending == "csv.gz" else whole)
    attempt(path)


@given(content=st.binary(min_size=16, max_size=300), table=st.sampled_from(["events", "a b"]))
def test_random_bytes_as_a_database(place, content, table):
    path = place / "c.db"
    path.write_bytes(b"SQLite format 3\0" + content)
    assert attempt(f"sqlite:///{path}", table=table) is None


WHOLE = HEADER + b"".join(b"u%d,2020-01-01,view,1\n" % number for number in range(50))


@given(cut=st.integers(0, 120), compression=st.sampled_from(["gz", "zst"]))
def test_truncated_compression(place, cut, compression):
    path = place / f"d.csv.{compression}"
    whole = gzip.compress(WHOLE, mtime=0) if compression == "gz" else pa.Codec("zstd").compress(WHOLE, asbytes=True)
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    assert attempt(path) == (50 if cut == 0 else None)


@given(st.data())
def test_damaged_arrow_streams(place, data):
    frame = pl.DataFrame({"user_id": [1, 2], "time": [1_577_836_800] * 2, "action": ["view"] * 2, "n": [["a"], None]})
    sink = io.BytesIO()
    frame.write_ipc_stream(sink)
    content = bytearray(sink.getvalue())
    for spot in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[spot] = data.draw(st.integers(0, 255))
    path = place / "e.arrows"
    path.write_bytes(content)
    attempt(path)


# --- delimited text ------------------------------------------------------------------------------------

LETTERS = st.text(
    st.one_of(st.sampled_from('",;\n\r\t\0 \\'), st.characters(exclude_categories=["Cs", "Cc"])), max_size=8
)


@given(
    cells=st.lists(st.lists(LETTERS, min_size=4, max_size=4), min_size=1, max_size=15),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_well_formed_csv_keeps_every_row(place, cells, end, bom):
    path = place / "f.csv"
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerow(["user_id", "time", "action", "price"])
    writer.writerow(["sound", "2020-01-01", "view", "1"])
    # Each row has a name, so that none is blank.
    writer.writerows([f"u{number}", *row[1:]] for number, row in enumerate(cells))
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + sink.getvalue().encode())
    try:
        table = DelimitedFile.open(path, separator=",")
    except SourceError:  # so many NULs that it is no text any more
        assert sink.getvalue().count("\0") > 8
        return
    rows = table.read(["user_id"])
    assert rows.frame.height + rows.rejected.height >= len(cells) + 1
    names = [f"u{number}" for number in range(len(cells))]
    if rows.rejected.is_empty():
        assert rows.frame["user_id"].to_list() == ["sound", *names]
    count = attempt(path, separator=",")
    assert count is None or count >= len(cells) + 1


BROKEN = st.text(alphabet=st.sampled_from('ab1,"\n\r; \0é'), max_size=25)


@given(st.lists(BROKEN, min_size=1, max_size=12), st.sampled_from(["utf-8", "latin-1"]))
@example([",1,,1"], "utf-8")  # a cell too many, in a column that is not asked for
@example([',\r",1"', ""], "utf-8")  # one column of it cannot be parsed, all of them can
def test_broken_lines_end_in_a_row_or_among_the_rejected(place, lines, encoding):
    assume(sum(line.count("\0") for line in lines) <= 8)  # more of them, and it is no text
    path = place / "g.csv"
    names = [f"<{number}>" for number in range(len(lines))]
    body = "".join(f"{name}{line}\n" for name, line in zip(names, lines, strict=True))
    path.write_bytes(b"user_id,time,action\n" + body.encode(encoding))
    table = DelimitedFile.open(path, separator=",")
    whole = table.read(["user_id", "time", "action"])
    seen = " ".join(cell or "" for row in whole.frame.iter_rows() for cell in row)
    seen += " ".join(whole.rejected["raw"])
    assert all(name in seen for name in names)
    part = table.read(["time"])
    assert (part.frame.height, part.rejected.height) == (whole.frame.height, whole.rejected.height)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_mixed_encodings(place, foreign):
    path = place / "h.csv"
    rows = [
        f"Zoë{number},2020-01-01,view,1\n".encode("latin-1" if odd else "utf-8") for number, odd in enumerate(foreign)
    ]
    path.write_bytes(HEADER + b"".join(rows))
    users = read_events(path).events["user_id"]
    assert sorted(users) == sorted(f"Zoë{number}" for number in range(len(foreign)))


@pytest.mark.parametrize("fault", ["", "x,2020-01-01,view,1,too,many\n"])
def test_a_huge_cell(place, fault):
    path = place / "i.csv"
    huge = "é\n" * 400_000
    path.write_text(f'user_id,time,action,text\na,2020-01-01,view,"{huge}"\nb,2020-01-01,view,x\n{fault}')
    if fault:  # more lines than a cell can have: the quote counts as never closed
        assert attempt(path) is not None
    else:
        assert read_events(path).events["text"].str.len_chars().to_list() == [len(huge.strip()), 1]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_ten_thousand_columns(place, ending):
    path = place / f"j.{ending}"
    row = {"user_id": "a", "time": "2020-01-01", "action": "view", **{f"c{number}": "1" for number in range(10_000)}}
    if ending == "csv":
        path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    else:
        path.write_text(json.dumps(row) + "\n")
    assert read_events(path).events.columns == ["user_id", "time", "action"]
    assert len(str(recognise(path).notes)) < 2000


# --- values --------------------------------------------------------------------------------------------


@given(rows=st.lists(st.dictionaries(KEY, CELL, max_size=7), min_size=1, max_size=15))
def test_json_lines_of_anything(place, rows):
    path = place / "k.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = JsonLinesFile.open(path).read([])
    assert read.rejected.is_empty()
    assert JsonLinesFile.open(path).sample().height == len(rows)
    count = attempt(path)
    assert count is None or count == len(rows)


@given(
    sound=st.integers(1, 20),
    odd=st.sampled_from(
        [
            '{"user_id": [1]}',
            '{"user_id": {"a": 1}}',
            '{"time": true}',
            "3",
            "{",
            '{"a": 1e999}',
            '{"a": NaN}',
            '{"\\ud800": "\\udfff"}',
        ]
    ),
)
def test_wrong_types_in_the_middle_of_json_lines(place, sound, odd):
    path = place / "l.jsonl"
    line = '{"user_id": 7, "time": 1577836800, "action": "view"}\n'
    path.write_text(line * sound + odd + "\n" + line * sound)
    table = JsonLinesFile.open(path)
    rows = table.read(["user_id", "time", "action"])
    assert rows.frame.height + rows.rejected.height == 2 * sound + 1
    count = attempt(path)
    assert count is None or count == 2 * sound + 1


@given(
    st.lists(
        st.tuples(
            *[
                st.one_of(
                    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=5), st.binary(max_size=5)
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=20,
    )
)
def test_sqlite_columns_of_anything(place, rows):
    path = place / "m.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    connection.commit()
    connection.close()
    frame = open_database(f"sqlite:///{path}", table="t").read(["a", "b"]).frame
    assert frame.height == len(rows)
    written = [value for row in rows for value in row if value is not None and value == value]
    assert sum(frame[name].len() - frame[name].null_count() for name in frame.columns) >= len(written)


@given(
    st.lists(st.tuples(st.text(max_size=5), CELL, CELL, CELL), min_size=1, max_size=10).map(
        lambda rows: [list(column) for column in zip(*rows, strict=True)]
    )
)
def test_pandas_frames_of_anything(columns):
    pd = pytest.importorskip("pandas")
    names = ["user_id", "time", "action", "price"]
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip(names, columns, strict=True)})
    attempt(frame)


@given(st.one_of(st.text(max_size=400), st.binary(max_size=400)))
def test_whatever_stands_in_a_message_is_printable_and_short(content):
    shown = printable(content, limit=100)
    assert shown.isprintable()
    assert len(shown) <= 100 * 10 + 30
