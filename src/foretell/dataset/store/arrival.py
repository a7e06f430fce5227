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
from foretell.prepare.amounts import amount_expressions
from foretell.prepare.group_rule import ROW
from foretell.prepare.row_rules import is_blank

__all__ = ["arriving", "write_table"]


def arriving(rows: pl.LazyFrame, *, first_row: int) -> pl.LazyFrame:
    """The rows, ready to be cleaned.

    Args:
        rows: Canonical columns, lazily.
        first_row: The number of the first of them.

    Raises:
        SchemaError: If a required column is missing or the rows name currencies.
    """
    schema = rows.collect_schema()
    missing = [name for name in columns.REQUIRED if name not in schema]
    if missing:
        raise SchemaError(
            f"The rows lack {', '.join(missing)}.", received=", ".join(schema), remedy="Give canonical columns."
        )
    if "currency" in schema:
        raise SchemaError(
            "A store cannot convert currencies.",
            received="a column currency",
            remedy="Convert the amounts first, or clean the log in memory with foretell.prepare.clean.",
        )
    text = [name for name in (*columns.IDENTIFIERS, *columns.WORDS) if name in schema]
    shaped = rows.with_columns(
        pl.col(columns.TIME).cast(pl.Int64),
        *(pl.col(name).cast(pl.String) for name in text),
        *(pl.col(name).cast(pl.Float64) for name in columns.NUMBERS if name in schema),
    ).with_row_index(ROW)
    shaped = shaped.with_columns(pl.col(ROW).cast(pl.Int64) + first_row)
    nobody = nw.when(~is_blank(columns.USER_ID)).then(nw.col(columns.USER_ID)).alias(columns.USER_ID)
    plan: pl.LazyFrame = nw.from_native(shaped).with_columns(nobody, *amount_expressions(list(schema))).to_native()
    return plan


def write_table(table: pl.DataFrame, name: str, *, folder: Path, generation: int) -> str:
    """Write a table of a store and return the file's name."""
    file = f"{name}.{generation}.parquet"
    table.write_parquet(folder / file)
    return file


def write_tables(tables: Mapping[str, pl.DataFrame], *, folder: Path, generation: int) -> dict[str, str]:
    """Write several."""
    return {name: write_table(table, name, folder=folder, generation=generation) for name, table in tables.items()}
