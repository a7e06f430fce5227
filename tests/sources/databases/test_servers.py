"""The same log out of SQLite, PostgreSQL and MariaDB: types, streaming, refusals, and no password anywhere."""

import json
import sqlite3

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError, SchemaError, SourceError
from foretell.sources import read_events, recognise
from foretell.sources.databases import DatabaseTable, open_database
from foretell.sources.databases import table as table_module

from .conftest import IN_URL, PASSWORD

ROWS = [
    (1, "7", "2020-01-01 00:00:00", "view", "A1", 2.5, None),
    (2, "7", "2020-01-01 00:01:00.5", "purchase", "A1", 2.5, 2),
    (3, "8", "2020-01-02 00:00:00", "add_to_cart", "B'2", 10.0, 1),
    (4, "9", "2020-02-01 00:00:00", "purchase", None, None, None),
]
EXPECTED = pl.DataFrame(
    {
        "user_id": ["7", "7", "8", "9"],
        "time": [1_577_836_800_000_000, 1_577_836_860_500_000, 1_577_923_200_000_000, 1_580_515_200_000_000],
        "action": ["view", "purchase", "cart", "purchase"],
        "item_id": ["A1", "A1", "B'2", None],
        "price": [2.5, 2.5, 10.0, None],
        "quantity": [None, 2.0, 1.0, None],
        "event_id": ["1", "2", "3", "4"],
    }
)


def inserts(table="events"):
    def cell(value):
        if value is None:
            return "NULL"
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)

    return [f"INSERT INTO {table} VALUES ({', '.join(cell(value) for value in row)})" for row in ROWS]


COLUMNS = "event_id {whole} PRIMARY KEY, user_id {text}, time {time}, action {text}, item_id {text}, "
COLUMNS += "price {money}, quantity {whole}"


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)

    def run(*statements):
        for statement in statements:
            connection.execute(statement)
        connection.commit()

    yield f"sqlite:///{path}", run
    connection.close()


TYPES = {
    "sqlite": {"whole": "INTEGER", "text": "TEXT", "time": "TEXT", "money": "REAL"},
    "postgresql": {"whole": "BIGINT", "text": "TEXT", "time": "TIMESTAMPTZ", "money": "NUMERIC(10,2)"},
    "mariadb": {"whole": "BIGINT", "text": "VARCHAR(50)", "time": "TIMESTAMP(6)", "money": "DECIMAL(10,2)"},
}


@pytest.fixture(params=TYPES)
def server(request):
    """A database with the four events in it, and an empty and a side table."""
    url, run = request.getfixturevalue(request.param)
    kinds = TYPES[request.param]
    zone = {"postgresql": "SET TIME ZONE 'UTC'", "mariadb": "USE shop"}.get(request.param)
    start = [zone] if zone else []
    if request.param == "mariadb":
        start.append("SET time_zone = '+00:00'")
    run(
        *start,
        "DROP TABLE IF EXISTS events",
        "DROP TABLE IF EXISTS products",
        "DROP TABLE IF EXISTS hollow",
        f"CREATE TABLE events ({COLUMNS.format(**kinds)})",
        "CREATE TABLE hollow (user_id INTEGER, time INTEGER, action INTEGER)",
        f"CREATE TABLE products (sku {kinds['text']}, department {kinds['text']})",
        "INSERT INTO products VALUES ('A1', 'TEA'), ('B''2', 'COFFEE')",
        *inserts(),
    )
    return url


def test_a_table_is_a_log(server):
    log = read_events(server, table="events")
    assert_frame_equal(log.events, EXPECTED, check_column_order=False)
    assert log.rejected is None


def test_a_query_is_a_log(server):
    query = "SELECT user_id AS customer, time, action, item_id AS sku FROM events WHERE price > 1 -- of sale\n;"
    log = read_events(server, query=query)
    assert log.events["item_id"].to_list() == ["A1", "A1", "B'2"]
    assert recognise(server, query=query).mapping["user_id"] == "customer"


def test_percent_signs_are_no_parameters(server):
    log = read_events(server, query="SELECT * FROM events WHERE action LIKE 'pur%'")
    assert log.events.height == 2


def test_side_tables_from_the_same_database(server):
    log = read_events(server, table="events", side_tables={"items": {"table": "products"}})
    assert log.table("items").sort("item_id").rows() == [("A1", "TEA"), ("B'2", "COFFEE")]
    renamed = {"items": {"table": "products", "mapping": {"item_id": "sku", "brand": "department"}}}
    assert read_events(server, table="events", side_tables=renamed).table("items").columns == ["item_id", "brand"]


def test_rows_come_in_batches(server, monkeypatch):
    monkeypatch.setattr(table_module, "_BATCH", 2)
    assert_frame_equal(read_events(server, table="events").events, EXPECTED, check_column_order=False)


def test_only_the_columns_wanted_are_read(server):
    table = open_database(server, table="events")
    assert isinstance(table, DatabaseTable)
    assert table.read(["time", "user_id"]).frame.columns == ["time", "user_id"]
    assert table.sample().height == 4
    assert table.columns()[:2] == ["event_id", "user_id"]


@pytest.mark.parametrize(
    ("choice", "error", "words"),
    [
        ({}, ConfigError, "events, hollow, products"),
        ({"table": "events", "query": "SELECT 1"}, ConfigError, "one table, or one query"),
        ({"table": "evnts"}, SourceError, "Name one of its tables: events"),
        ({"query": "SELEC 1"}, SourceError, "does not understand the query"),
        ({"query": "DELETE FROM events"}, SourceError, "does not understand the query"),
        ({"table": "hollow"}, SourceError, "no events"),
        ({"table": "products"}, SchemaError, "which is user_id"),
        ({"table": "events", "separator": ","}, ConfigError, "separator has no effect"),
        ({"table": "events", "storage": {"anon": True}}, ConfigError, "storage has no effect"),
    ],
)
def test_refusals(server, choice, error, words):
    with pytest.raises(error) as caught:
        read_events(server, **choice)
    assert words in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert IN_URL not in str(caught.value)
    assert read_events(server, table="events").events.height == 4


def test_wrong_passwords_and_closed_doors_are_told_without_the_password(server):
    if server.startswith("sqlite"):
        pytest.skip("a file has no password")
    for url in (
        server.replace(IN_URL, "guessed-wrong"),
        server.replace(IN_URL, "guessed-wrong@home"),
        server.rsplit(":", 1)[0] + ":1/shop",
    ):
        with pytest.raises(SourceError, match="cannot be reached, or refuses") as caught:
            read_events(url, table="events")
        assert "guessed-wrong" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert IN_URL not in str(caught.value)
        assert caught.value.__cause__ is None


def test_the_password_may_come_from_the_environment(server, monkeypatch):
    if server.startswith("sqlite"):
        pytest.skip("a file has no password")
    hidden = server.replace(IN_URL, "${SHOP_SECRET}")
    with pytest.raises(ConfigError, match="no variable SHOP_SECRET"):
        read_events(hidden, table="events")
    monkeypatch.setenv("SHOP_SECRET", IN_URL)
    assert read_events(hidden, table="events").events.height == 4


def test_postgresql_types(postgresql):
    url, run = postgresql
    run(
        "DROP TABLE IF EXISTS odd",
        "DROP SCHEMA IF EXISTS warehouse CASCADE",
        "DROP TYPE IF EXISTS kind",
        "CREATE TYPE kind AS ENUM ('view', 'purchase')",
        "CREATE SCHEMA warehouse",
        "CREATE TABLE warehouse.odd (user_id UUID, time TIMESTAMPTZ, action KIND, item_id NUMERIC, "
        "context JSONB, tags TEXT[], price DOUBLE PRECISION)",
        "INSERT INTO warehouse.odd VALUES "
        "('00000000-0000-0000-0000-000000000001', '2020-01-01 02:00+02', 'view', 12, "
        "'{\"page\": {\"url\": \"/a\"}}', ARRAY['x'], 'NaN'), "
        "('00000000-0000-0000-0000-000000000002', 'infinity', 'purchase', 13, NULL, NULL, 1)",
    )
    log = read_events(url, table="warehouse.odd", mapping={"text": "context.page.url"})
    assert log.events.row(0, named=True) == {
        "user_id": "00000000-0000-0000-0000-000000000001",
        "time": 1_577_836_800_000_000,
        "action": "view",
        "item_id": "12",
        "price": None,
        "text": "/a",
    }
    assert log.rejected["reason"].to_list() == ["The time in 'time' cannot be read."]


def test_sqlite_mixed_types_and_foreign_text(sqlite):
    url, run = sqlite
    run("CREATE TABLE loose (user_id, time, action, price)")
    rows = [(1, 1_577_836_800, "view", 1), ("x", 1_577_836_801, "view", 2.5)]
    rows.append((b"\xc3\xa9", 1_577_836_802, "view", None))
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    connection.executemany("INSERT INTO loose VALUES (?, ?, ?, ?)", rows)
    connection.execute("INSERT INTO loose VALUES (CAST(x'5a6feb' AS TEXT), 1577836803, 'view', 'cheap')")
    connection.commit()
    connection.close()
    log = read_events(url, table="loose")
    assert sorted(log.events["user_id"]) == ["1", "x", "é"]
    assert json.loads(log.rejected["raw"][0])["user_id"] == "Zoë"


def test_a_sqlite_file_that_is_none(tmp_path):
    with pytest.raises(SourceError, match="no such SQLite file"):
        read_events(f"sqlite:///{tmp_path}/missing.db", table="events")
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(SourceError, match="refuses"):
        read_events(f"sqlite:///{tmp_path}/garbage.db", table="events")
    with pytest.raises(ConfigError, match="names no machine"):
        read_events("sqlite://shop.db", table="events")


def test_unknown_options_of_mysql_are_refused():
    pytest.importorskip("pymysql")
    with pytest.raises(ConfigError, match="no option 'colour'"):
        read_events("mysql://shop@127.0.0.1/shop?colour=red", table="events")


@pytest.mark.parametrize("query", ["SELEC * FROM events", "SELECT colour FROM events", "SELECT 1; SELECT 2"])
def test_a_query_that_is_wrong_in_itself_is_told(sqlite, query):
    url, run = sqlite
    run("CREATE TABLE events (user_id INTEGER)")
    with pytest.raises(SourceError, match="does not understand the query"):
        read_events(url, query=query)
