"""A log read in pieces says what the same log says read whole; what depends on all of it is not read in pieces."""

import polars as pl
import pytest

from foretell.core.errors import SchemaError, UnknownNameError
from foretell.sources import open_pieces, read_events
from foretell.sources.pieces import Pieces


def in_pieces(pieces, rows):
    found = list(pieces.read(piece_rows=rows))
    return pl.concat([piece.frame for piece in found]), pl.concat([piece.rejected for piece in found])


@pytest.fixture
def shop():
    n = 500
    return pl.DataFrame(
        {
            "customer": pl.Series([f"c{row % 7}" if row % 11 else None for row in range(n)]),
            "timestamp": [1_483_225_200 + 60 * row for row in range(n)],
            "event": [["add_to_cart", "pv", "raffle", " buy "][row % 4] for row in range(n)],
            "product_id": [row % 13 for row in range(n)],
            "price": [float("inf") if row == 40 else row / 10 for row in range(n)],
        }
    )


@pytest.mark.parametrize("piece_rows", [17, 10**6])
@pytest.mark.parametrize("n_files", [1, 3])
def test_pieces_are_the_whole(shop, tmp_path, piece_rows, n_files):
    folder = tmp_path / "log"
    folder.mkdir()
    for part in range(n_files):
        rows = shop.slice(part * 200, 200 if part < n_files - 1 else None)
        rows.write_parquet(folder / f"part-{part}.parquet", row_group_size=64)
    pieces = open_pieces(folder)
    assert isinstance(pieces, Pieces)
    frame, rejected = in_pieces(pieces, piece_rows)
    whole = read_events(folder)
    assert frame.sort("user_id", "time", maintain_order=True).equals(whole.events)
    assert rejected.rows() == whole.rejected.rows()
    assert frame["time"].is_sorted()  # in the order of arrival


def test_declared_mappings_and_side_tables_count(shop, tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    shop.rename({"customer": "who"}).write_ipc(folder / "events.arrow")
    pl.DataFrame({"product_id": [1], "category": ["tea"]}).write_csv(folder / "items.csv")
    pieces = open_pieces(folder, mapping={"user_id": "who"})
    assert pieces.mapping["user_id"] == "who"
    assert pieces.tables["items"].equals(read_events(folder, mapping={"user_id": "who"}).table("items"))


@pytest.mark.parametrize(
    "change",
    [
        {"customer": pl.lit("17850.0")},  # a number only if all of them are
        {"price": pl.lit("1,50")},
        {"timestamp": pl.lit("2017-01-01")},
        {"anonymous_id": pl.lit("cookie")},
    ],
)
def test_what_depends_on_the_whole_is_read_whole(shop, tmp_path, change):
    shop.with_columns(**change).write_parquet(tmp_path / "log.parquet")
    assert open_pieces(tmp_path / "log.parquet") is None


def test_other_formats_dialects_and_identities_are_read_whole(shop, tmp_path):
    shop.write_csv(tmp_path / "log.csv")
    assert open_pieces(tmp_path / "log.csv") is None
    shop.write_parquet(tmp_path / "log.parquet")
    assert open_pieces(tmp_path / "log.parquet", stitch="never") is None
    with pytest.raises(UnknownNameError):
        open_pieces(tmp_path / "log.parquet", zone="Mars/Crater")


def test_a_unit_of_time_that_changes_is_refused(shop, tmp_path):
    later = shop.with_columns(pl.col("timestamp") * 1000)
    pl.concat([shop, later]).write_parquet(tmp_path / "log.parquet", row_group_size=100)
    pieces = open_pieces(tmp_path / "log.parquet")
    with pytest.raises(SchemaError, match="unit of times changes"):
        in_pieces(pieces, 100)
