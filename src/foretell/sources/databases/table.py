"""A table or query of a database, read batch by batch.

This module owns the statements and the frames made of their rows. It refuses to write: the connection is read-only
and a query always stands inside of a ``SELECT``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from foretell.core.errors import ConfigError, ForetellError, SourceError
from foretell.sources.databases.address import Address
from foretell.sources.databases.drivers import DRIVERS, Driver
from foretell.sources.formats.printable import printable
from foretell.sources.table import SAMPLE_ROWS, Rows, stacked
from foretell.sources.values import column_of

__all__ = ["DatabaseTable", "is_database", "open_database"]

_BATCH: Final = 50_000
_MOST_NAMED: Final = 20


def is_database(source: object) -> bool:
    """True for the URL of a database foretell can read.

    Example:
        >>> is_database("sqlite:///shop.db"), is_database("s3://shop/events.csv")
        (True, False)
    """
    return isinstance(source, str) and source.split("://")[0].lower().split("+")[0] in DRIVERS and "://" in source


_MISUNDERSTOOD: Final = ("syntax", "no such column", "unknown column", "no such function", "one statement at a time")
"""What databases say of a query that is wrong in itself."""


def open_database(url: str, *, table: str | None = None, query: str | None = None) -> DatabaseTable:
    """The rows of a table, or of a query, of a database.

    Args:
        url: ``sqlite:///file``, ``postgresql://...``, ``mysql://...`` or ``mariadb://...``.
        table: The table, with its schema where it needs one.
        query: A query in place of a table.

    Raises:
        ConfigError: If not exactly one of table and query is given.
        SourceError: If the database cannot be reached or refuses.
        MissingExtraError: If the library for it is not installed.
    """
    address = Address.parse(url)
    driver = DRIVERS[address.scheme]
    if (table is None) == (query is None) or not (table or query or "").strip(" ;\n\t"):
        raise ConfigError(
            "Of a database one table, or one query, can be read.",
            received=f"{address.shown}, table={table!r}, query={query!r}",
            remedy=f"Name one of its tables: {_known_tables(driver, address)}.",
        )
    opened = DatabaseTable(address, driver, table, query)
    opened.columns()
    return opened


@dataclass(frozen=True)
class DatabaseTable:
    """A table or query of a database.

    Attributes:
        address: Where the database is.
        driver: How it is reached.
        table: The table; None for a query.
        query: The query; None for a table.
    """

    address: Address
    driver: Driver
    table: str | None
    query: str | None

    @property
    def where(self) -> str:
        """The URL without its password, and the table."""
        return f"{self.address.shown}, {f'table {self.table}' if self.table else 'a query'}"

    def columns(self) -> list[str]:
        """The names the database gives to the columns."""
        return self._sample.columns

    def sample(self) -> pl.DataFrame:
        """The first rows that the database gives."""
        return self._sample

    @cached_property
    def _sample(self) -> pl.DataFrame:
        return self._frame("*", limit=SAMPLE_ROWS)[0]

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns, fetched batch by batch; only one batch is held as rows."""
        quote = self.driver.quote
        chosen = ", ".join(_quoted(name, quote) for name in columns)
        frame, notes = self._frame(chosen)
        return Rows(frame, notes=notes)

    def _frame(self, chosen: str, *, limit: int | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
        cut = "" if limit is None else f" LIMIT {limit}"
        with self._asked(f"SELECT {chosen} FROM {self._origin()}{cut}") as cursor:
            names = _distinct([str(column[0]) for column in cursor.description])
            frames = [_batch(names, rows) for rows in _batches(cursor)]
        if not frames:
            return pl.DataFrame({name: pl.Series([], dtype=pl.Null) for name in names}), ()
        frame = stacked(frames)
        mixed = [name for name in names if any(part[name].dtype != frame[name].dtype for part in frames)]
        texts = [name for name in mixed if frame.schema[name] == pl.String and _had_others(frames, name)]
        notes = tuple(f"The column {name!r} holds values of several types, which are read as text." for name in texts)
        return frame, notes

    def _origin(self) -> str:
        if self.query is not None:
            # On a line of its own, so that a comment at the end of the query ends there.
            return f"(\n{self.query.strip().rstrip(';')}\n) AS asked"
        schema, dot, name = str(self.table).rpartition(".")
        quote = self.driver.quote
        return (_quoted(schema, quote) + "." if dot else "") + _quoted(name, quote)

    @contextmanager
    def _asked(self, statement: str) -> Iterator[Any]:
        try:
            with (
                closing(self.driver.connect(self.address)) as connection,
                closing(self.driver.cursor(connection)) as cursor,
            ):
                # Without parameters a percent sign in the statement is a percent sign.
                cursor.execute(statement)
                yield cursor
        except ForetellError:
            raise
        except Exception as error:  # the libraries' own errors, which cannot be named where they are not installed
            is_theirs = type(error).__module__.startswith(("psycopg", "pymysql", "sqlite3"))
            if not is_theirs and not isinstance(error, (OSError, ValueError)):
                raise
            raise _refused(error, self.driver, self.address, self.where) from None


def _refused(error: Exception, driver: Driver, address: Address, where: str) -> SourceError:
    message = printable(address.hide(error), limit=500)
    said = message.lower()
    if "no such table" in said or ("does not exist" in said and "relation" in said) or "doesn't exist" in said:
        return SourceError(
            "The database has no such table.",
            received=f"{where}: {message}",
            remedy=f"Name one of its tables: {_known_tables(driver, address)}.",
        )
    if any(word in said for word in _MISUNDERSTOOD) or ("does not exist" in said and "column" in said):
        return SourceError(
            "The database does not understand the query.",
            received=f"{where}: {message}",
            remedy="Give one SELECT, without a semicolon inside, that the database's own console answers.",
        )
    return SourceError(
        "The database cannot be reached, or refuses.",
        received=f"{where}: {message}",
        remedy="Check the URL, that the database runs, and that the user may read the table.",
    )


def _known_tables(driver: Driver, address: Address) -> str:
    try:
        with closing(driver.connect(address)) as connection, closing(driver.cursor(connection)) as cursor:
            cursor.execute(driver.tables)
            names = [str(row[0]) for row in cursor.fetchall()]
    except ForetellError:
        raise
    except Exception as error:  # as above
        raise SourceError(
            "The database cannot be reached, or refuses.",
            received=f"{address.shown}: {printable(address.hide(error), limit=500)}",
            remedy="Check the URL, that the database runs, and that the user may read the table.",
        ) from None
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(names[:_MOST_NAMED]) or "it has none that this user may see") + more


def _batches(cursor: Any) -> Iterator[Sequence[Sequence[Any]]]:  # noqa: ANN401 - a cursor of any library
    while rows := cursor.fetchmany(_BATCH):
        yield rows


def _batch(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    cells = zip(*rows, strict=True)
    return pl.DataFrame([column_of(name, list(values)) for name, values in zip(names, cells, strict=True)])


def _had_others(frames: Sequence[pl.DataFrame], name: str) -> bool:
    return any(frame.schema[name] not in (pl.String, pl.Null) for frame in frames)


def _quoted(name: str, quote: str) -> str:
    return quote + name.replace(quote, quote * 2) + quote


def _distinct(names: Sequence[str]) -> list[str]:
    """Names as a query gave them, numbered where one comes twice."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct
