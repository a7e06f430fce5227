"""Rows as they arrive at a store: numbered in the order of arrival, ids as text, amounts in one shape.

This module owns what every row goes through before any rule looks at it. It refuses logs in several currencies,
which ``prepare.clean`` converts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.dataset.store.store import HistoryStore
from foretell.prepare.amounts import amount_expressions
from foretell.prepare.group_rule import ROW
from foretell.prepare.row_rules import user_or_null
from foretell.prepare.rules import CleaningRules

__all__ = [
    "arriving",
    "in_stored_types",
    "joint_types",
    "refuse_currencies",
    "refuse_other_reading",
    "write_table",
    "write_tables",
]


def arriving(rows: pl.LazyFrame, *, first_row: int) -> pl.LazyFrame:
    """The rows, ready to be cleaned.

    Args:
        rows: Canonical columns, lazily.
        first_row: The number of the first of them.

    Raises:
        SchemaError: If a required column is missing.
    """
    schema = rows.collect_schema()
    missing = [name for name in columns.REQUIRED if name not in schema]
    if missing:
        raise SchemaError(
            f"The rows lack {', '.join(missing)}.", received=", ".join(schema), remedy="Give canonical columns."
        )
    text = [name for name in (*columns.IDENTIFIERS, *columns.WORDS, columns.CURRENCY) if name in schema]
    shaped = rows.with_columns(
        pl.col(columns.TIME).cast(pl.Int64),
        *(pl.col(name).cast(pl.String) for name in text),
        *(pl.col(name).cast(pl.Float64) for name in columns.NUMBERS if name in schema),
    ).with_row_index(ROW)
    shaped = shaped.with_columns(pl.col(ROW).cast(pl.Int64) + first_row)
    amounts = amount_expressions(list(schema))
    plan: pl.LazyFrame = nw.from_native(shaped).with_columns(user_or_null(), *amounts).to_native()
    return plan


def refuse_currencies(rows: pl.LazyFrame, *, rules: CleaningRules, store: HistoryStore | None = None) -> None:
    """Go on if all amounts, those in the store included, are in one currency and need no conversion.

    Raises:
        SchemaError: If they are in several, or in another than the rules ask for.

    Example:
        >>> refuse_currencies(pl.LazyFrame({"currency": ["EUR", None, " eur"]}), rules=CleaningRules())
    """
    if columns.CURRENCY not in rows.collect_schema():
        return
    frames = [rows.select(_currency()).unique().collect(engine="streaming")]
    if store is not None and columns.CURRENCY in store.schema():
        frames.append(store.events().select(_currency()).unique())
    found = {word for frame in frames for word in frame.to_series() if word}
    own = {rules.currency.strip().upper()} if rules.currency else set()
    if len(found | own) > 1:
        raise SchemaError(
            "A store cannot convert currencies.",
            received=", ".join(sorted(found)) + (f"; clean.currency is {rules.currency}" if own else ""),
            remedy="Convert the amounts first, or train from the log itself with clean.currency_rates.",
        )


def _currency() -> pl.Expr:
    return pl.col(columns.CURRENCY).cast(pl.String).str.strip_chars().str.to_uppercase()


def in_stored_types(rows: pl.LazyFrame, store: HistoryStore) -> pl.LazyFrame:
    """The rows with the types that the store has for columns of a shop's own.

    Raises:
        SchemaError: If one cannot be of the store's type.
    """
    known = store.schema()
    given = rows.collect_schema()
    other = {name: kind for name, kind in given.items() if known.get(name, kind) not in (kind, pl.Null)}
    for name, kind in other.items():
        if not (kind == pl.Null or (kind.is_integer() and known[name].is_float())):
            raise SchemaError(
                f"The column {name!r} has another type than in the store.",
                received=f"{kind}; the store has {known[name]}",
                remedy="Bring the new rows in the type of the old ones, or prepare the whole log again.",
            )
    return rows.with_columns(pl.col(name).cast(known[name]) for name in other)


def refuse_other_reading(store: HistoryStore, *, dialect: str | None, mapping: Mapping[str, str]) -> None:
    """Go on if the new rows were read as those in the store were.

    Raises:
        SchemaError: If the dialect is another, or a column was taken from elsewhere.
    """
    before = store.manifest
    if dialect not in (None, before.dialect):
        raise SchemaError(
            "The new rows are in another dialect than those of the store.",
            received=f"{dialect}; the store was read as {before.dialect}",
            remedy=f"If that is a mistake, name the dialect: --dialect {before.dialect}. Else prepare the whole log.",
        )
    for name, own in mapping.items():
        known = before.mapping.get(name, own)
        if own != known:
            raise SchemaError(
                f"In the new rows another column is taken for {name}.",
                received=f"{own!r}; in the store it is {known!r}",
                remedy=f"Say which is meant: --mapping {name}={known}. If the shop renamed it, rename it back.",
            )


def joint_types(known: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """The types of identifiers of old and new rows; what was a number once and a word now is a word.

    Example:
        >>> joint_types({"user_id": "Int64", "item_id": "Int64"}, {"user_id": "String", "order_id": "Int64"})
        {'user_id': 'String', 'item_id': 'Int64', 'order_id': 'Int64'}
    """
    text = str(pl.String())
    return dict(known) | {name: kind if known.get(name, kind) == kind else text for name, kind in new.items()}


def write_table(table: pl.DataFrame, name: str, *, folder: Path, generation: int) -> str:
    """Write a table of a store and return the file's name."""
    file = f"{name}.{generation}.parquet"
    table.write_parquet(folder / file)
    return file


def write_tables(tables: Mapping[str, pl.DataFrame], *, folder: Path, generation: int) -> dict[str, str]:
    """Write several."""
    return {name: write_table(table, name, folder=folder, generation=generation) for name, table in tables.items()}
