"""What files really look like, through the command line: an account of every row or one message, never a traceback."""

import gzip
import json
import random

import polars as pl
import pytest

ROWS = 40


def rows(n=ROWS, **more):
    """Sound rows of four users."""
    return [
        {
            "user_id": f"u{row % 4}",
            "time": f"2024-03-{1 + row % 28:02d}T10:{row % 60:02d}:00Z",
            "action": "purchase" if row % 3 else "view",
            "item_id": f"i{row % 9}",
            "price": 2.5,
            **more,
        }
        for row in range(n)
    ]


def csv(table, separator=","):
    """Every cell quoted."""
    names = list(table[0])
    quoted = [[str(row[name]).replace('"', '""') for name in names] for row in table]
    return "".join(separator.join(f'"{cell}"' for cell in line) + "\n" for line in [names, *quoted])


def json_lines(table):
    return "".join(json.dumps(row) + "\n" for row in table)


def with_wrong_types():
    table = rows()
    table[20] |= {"price": "dear", "time": "yesterday"}
    table[21] |= {"price": "", "item_id": "x" * 3}
    return table


TEXT = {"csv": csv, "tsv": lambda table: csv(table, "\t"), "jsonl": json_lines}
TABLES = {
    "newlines": lambda: rows(text='two\nlines, "quoted"'),
    "nul": lambda: [row | {"text": "a\0b" if number == 7 else "ab"} for number, row in enumerate(rows())],
    "huge_cell": lambda: [row | {"text": "é" * 500_000 if number == 7 else "x"} for number, row in enumerate(rows())],
    "many_columns": lambda: rows(n=12, **{f"c{number}": "1" for number in range(10_000)}),
    "wrong_types": with_wrong_types,
}


def account(foretell_command, path, *, written=None):
    """Inspect a file: refused in three parts, or every row accounted for."""
    ran = foretell_command("inspect", path, "--json")
    assert "Traceback" not in ran.err + ran.out
    if ran.code == 2 and not ran.out:
        assert "\nReceived: " in ran.err
        assert "\nWhat to do: " in ran.err
        return None
    assert ran.code in (0, 2), ran.err
    cleaning = json.loads(ran.out)["cleaning"]
    assert cleaning["rows_in"] == cleaning["rows_out"] + sum(cleaning["removed"].values()) + cleaning["kept_apart"]
    if written is not None:
        assert cleaning["rows_in"] == written
    return cleaning


@pytest.mark.parametrize("ending", [*TEXT, "csv.gz", "parquet", "arrow"])
@pytest.mark.parametrize("horror", TABLES)
def test_every_row_is_accounted_for(foretell_command, tmp_path, ending, horror):
    table, path = TABLES[horror](), tmp_path / f"log.{ending}"
    if ending in TEXT:
        path.write_text(TEXT[ending](table), encoding="utf-8", newline="")
    elif ending == "csv.gz":
        path.write_bytes(gzip.compress(csv(table).encode(), mtime=0))
    else:
        frame = pl.DataFrame([{name: str(cell) for name, cell in row.items()} for row in table], orient="row")
        frame.write_parquet(path) if ending == "parquet" else frame.write_ipc(path)
    assert account(foretell_command, path, written=len(table)) is not None


def test_a_truncated_gzip_is_refused(foretell_command, tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(csv(rows()).encode(), mtime=0)[:-30])
    assert account(foretell_command, path) is None


def test_encodings_may_be_mixed(foretell_command, tmp_path):
    path = tmp_path / "log.csv"
    lines = csv(rows(text="Zoë")).splitlines(keepends=True)
    path.write_bytes(b"".join(line.encode("latin-1" if number % 2 else "utf-8") for number, line in enumerate(lines)))
    account(foretell_command, path, written=ROWS)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow", "log", "csv.gz", "jsonl.zst", "tsv"])
def test_random_bytes_are_refused_or_counted(foretell_command, tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    path.write_bytes(random.Random(ending).randbytes(5000))
    account(foretell_command, path)
