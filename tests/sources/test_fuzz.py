"""Whatever the bytes are, reading ends in a log or in an error of ours."""

import gzip
import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import ForetellError
from foretell.sources import read_events, recognise

HEADER = b"user_id,time,action,price\n"
NAMES = st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.txt", "a.csv.gz", "a.json"])
CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
)
KEY = st.sampled_from(["user_id", "time", "action", "price", "item_id", "quantity", "colour"])


def attempt(source):
    """The number of rows read or set aside, or None where reading was refused in our words."""
    try:
        log = read_events(source)
        recognise(source)
    except ForetellError:
        return None
    return len(log) + (0 if log.rejected is None else log.rejected.height)


@given(name=NAMES, content=st.binary(max_size=400))
def test_random_bytes(tmp_path_factory, name, content):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    attempt(path)


@given(content=st.binary(max_size=200), name=st.sampled_from(["b.csv", "b.tsv"]))
def test_random_bytes_after_a_sound_header(tmp_path_factory, content, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(HEADER + b"a,2020-01-01,view,1\n" + content)
    attempt(path)


@given(cut=st.integers(0, 120))
def test_truncated_gzip(tmp_path_factory, cut):
    path = tmp_path_factory.getbasetemp() / "c.csv.gz"
    whole = gzip.compress(HEADER + b"".join(b"u%d,2020-01-01,view,1\n" % number for number in range(50)), mtime=0)
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    assert attempt(path) == (50 if cut == 0 else None)


@given(rows=st.lists(st.dictionaries(KEY, CELL, max_size=7), min_size=1, max_size=15))
def test_json_lines_of_anything(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    count = attempt(path)
    assert count is None or count == len(rows)


@given(cells=st.lists(st.lists(st.text(max_size=10), min_size=4, max_size=4), min_size=1, max_size=15))
def test_well_formed_csv_of_anything(tmp_path_factory, cells):
    path = tmp_path_factory.getbasetemp() / "e.csv"
    frame = pl.DataFrame(cells, schema=["user_id", "time", "action", "price"], orient="row")
    sound = pl.DataFrame({"user_id": ["a"], "time": ["2020-01-01"], "action": ["view"], "price": ["1"]})
    pl.concat([sound, frame]).write_csv(path, quote_style="always")
    count = attempt(path)
    empty = sum(all(not cell for cell in row) for row in cells)
    assert count is None or len(cells) + 1 - empty <= count <= len(cells) + 1


@given(
    st.lists(st.tuples(st.text(max_size=5), CELL, CELL, CELL), min_size=1, max_size=10).map(
        lambda rows: [list(column) for column in zip(*rows, strict=True)]
    )
)
def test_pandas_frames_of_anything(columns):
    import pandas as pd

    names = ["user_id", "time", "action", "price"]
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip(names, columns, strict=True)})
    attempt(frame)
