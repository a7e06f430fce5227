"""How each kind of database is reached: which library, which quotes, and how rows are streamed and not written.

This module owns the registry ``DRIVERS``: a new database is one class and one line here. It refuses to build frames.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from foretell.core.errors import ConfigError, MissingExtraError, SourceError
from foretell.sources.databases.address import Address

__all__ = ["DRIVERS", "Driver"]

_EXTRA: Final = "database"
_BATCH: Final = 50_000


@dataclass(frozen=True)
class Driver:
    """One kind of database.

    Attributes:
        connect: From an address to an open connection that cannot write.
        cursor: From a connection to a cursor whose rows the server hands over batch by batch.
        quote: What stands around names.
        tables: A query for the names of the tables.
    """

    connect: Callable[[Address], Any]
    cursor: Callable[[Any], Any]
    quote: str
    tables: str


def _connect_sqlite(address: Address) -> sqlite3.Connection:
    if address.host:
        raise ConfigError(
            "The URL of an SQLite file names no machine.",
            received=address.shown,
            remedy="Write sqlite:///shop.db for a path from here, sqlite:////data/shop.db for one from the root.",
        )
    path = Path(address.database)
    if not path.is_file():
        raise SourceError("There is no such SQLite file.", received=address.shown, remedy="Check the path.")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.text_factory = _text
    return connection


def _text(content: bytes) -> str:
    """SQLite promises no encoding; what is not UTF-8 is read as Windows-1252, as in files."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _connect_postgresql(address: Address) -> Any:  # noqa: ANN401 - a connection of an optional library
    try:
        import psycopg
    except ImportError:
        raise MissingExtraError("psycopg", extra=_EXTRA) from None
    user, password = address.login
    known = {
        "host": address.host,
        "port": address.port,
        "user": user,
        "password": password,
        "dbname": address.database or None,
        **address.options,
    }
    given: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    connection = psycopg.connect(**{"connect_timeout": 10, **given})
    connection.read_only = True
    # Text keeps what Python has no value for: infinity, the year 20000, numbers of any precision.
    plain = connection.adapters
    loader = psycopg.types.string.TextLoader
    for name in ("timestamp", "timestamptz", "date", "time", "timetz", "interval", "numeric", "uuid", "inet", "cidr"):
        plain.register_loader(name, loader)
    connection.execute("SET TIME ZONE 'UTC'")
    return connection


def _connect_mysql(address: Address) -> Any:  # noqa: ANN401 - a connection of an optional library
    try:
        import pymysql
    except ImportError:
        raise MissingExtraError("pymysql", extra=_EXTRA) from None
    strange = sorted(set(address.options) - set(_MYSQL_OPTIONS))
    if strange:
        raise ConfigError(
            f"There is no option {strange[0]!r} of a MySQL connection.",
            received=address.shown,
            remedy=f"Use some of {', '.join(_MYSQL_OPTIONS)}.",
        )
    codes = pymysql.constants.FIELD_TYPE
    as_text = (codes.DATETIME, codes.TIMESTAMP, codes.DATE, codes.TIME, codes.DECIMAL, codes.NEWDECIMAL)
    connection = pymysql.connect(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=address.login[0],
        password=address.login[1] or "",
        database=address.database or None,
        conv={kind: value for kind, value in pymysql.converters.conversions.items() if kind not in as_text},
        connect_timeout=10,
        cursorclass=pymysql.cursors.SSCursor,
        **address.options,
    )
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
    return connection


_MYSQL_OPTIONS: Final = ("charset", "unix_socket", "ssl_ca", "ssl_cert", "ssl_key")


def _postgresql_cursor(connection: Any) -> Any:  # noqa: ANN401 - of an optional library
    cursor = connection.cursor(name="foretell")
    cursor.itersize = _BATCH
    return cursor


def _plain_cursor(connection: Any) -> Any:  # noqa: ANN401 - of an optional library
    return connection.cursor()


_SCHEMA_TABLES: Final = (
    "SELECT CASE WHEN table_schema IN ('public', {own}) THEN table_name ELSE {joined} END "
    "FROM information_schema.tables "
    "WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys') ORDER BY 1"
)
_SQLITE: Final = Driver(
    _connect_sqlite,
    _plain_cursor,
    '"',
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1",
)
_POSTGRESQL: Final = Driver(
    _connect_postgresql,
    _postgresql_cursor,
    '"',
    _SCHEMA_TABLES.format(own="current_schema()", joined="table_schema || '.' || table_name"),
)
_MYSQL: Final = Driver(
    _connect_mysql,
    _plain_cursor,
    "`",
    _SCHEMA_TABLES.format(own="DATABASE()", joined="CONCAT(table_schema, '.', table_name)"),
)

DRIVERS: Final[dict[str, Driver]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}
"""From the scheme of a URL to the driver."""
