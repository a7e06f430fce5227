"""Side tables in canonical form: identifiers as text, moments in microseconds, one row a key.

This module owns their keys and times. It refuses to drop attributes it does not know: they pass through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.names import SYNONYMS, normal_name, shown
from foretell.sources.table import Rows, Table
from foretell.sources.times import parse_times
from foretell.sources.words import amounts, identifiers

__all__ = ["read_side_table"]


@dataclass(frozen=True)
class _Form:
    """What a side table needs: columns that must be there, and columns that together name one row."""

    needs: tuple[str, ...]
    key: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


_FORMS: Final[dict[str, _Form]] = {
    "items": _Form((columns.ITEM_ID,), key=(columns.ITEM_ID,), numbers=(columns.PRICE,)),
    "users": _Form((columns.USER_ID,), key=(columns.USER_ID,)),
    "campaigns": _Form(
        (columns.CAMPAIGN_ID, columns.START, columns.END),
        key=(columns.CAMPAIGN_ID,),
        times=(columns.START, columns.END),
    ),
    "treatments": _Form((columns.CAMPAIGN_ID, columns.USER_ID, columns.TIME), times=(columns.TIME,)),
    "exposures": _Form(
        (columns.USER_ID, columns.TIME, columns.ITEM_ID), times=(columns.TIME,), numbers=(columns.WEIGHT,)
    ),
    "promotions": _Form((columns.ITEM_ID, columns.START, columns.END), times=(columns.START, columns.END)),
}
_MORE_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    columns.CATEGORY: ("department", "category_1", "item_category", "product_category", "category_l1"),
    columns.CATEGORY_2: ("item_category2", "subcategory", "sub_category", "category_l2"),
    columns.CATEGORY_3: ("item_category3", "category_l3"),
    columns.TITLE: ("name", "product_name", "item_name", "description"),
    columns.BRAND: ("item_brand", "manufacturer"),
    columns.START: ("start_date", "start_time", "starts_at"),
    columns.END: ("end_date", "end_time", "ends_at"),
    columns.KIND: ("type", "campaign_type"),
    columns.PRICE: SYNONYMS[columns.PRICE],
    columns.WEIGHT: (),
    columns.TREATED: ("is_treated", "treatment"),
}


def read_side_table(
    name: str, table: Table, *, mapping: Mapping[str, str] | None = None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The side table ``name`` in canonical form, and notes on what was changed.

    Args:
        name: One of ``SIDE_TABLES``.
        table: Where its rows are.
        mapping: From canonical column, or any name an attribute shall have, to the shop's column.

    Raises:
        SchemaError: If a column it needs is missing or of the wrong type, or ``mapping`` names one that is not there.
    """
    form = _FORMS[name]
    own = table.columns()
    absent = [theirs for theirs in (mapping or {}).values() if theirs not in own]
    if absent:
        raise SchemaError(
            f"The mapping of {name} names a column {absent[0]!r}, which the table does not have.",
            received=f"{table.where} with {shown(own)}",
            remedy="Name one of these columns.",
        )
    read = _named(table.read(own), mapping or {})
    notes = list(read.notes)
    if not read.rejected.is_empty():
        notes.append(f"{read.rejected.height:,} lines of {name} could not be read and are left out.")
    frame = read.frame.rename(_renaming(read.frame.columns, form))
    missing = [column for column in form.needs if column not in frame.columns]
    if missing:
        raise SchemaError(
            f"The side table {name} lacks {', '.join(missing)}.",
            received=f"{table.where} with {shown(frame.columns)}",
            remedy=f"It needs {', '.join(form.needs)}.",
        )
    frame = _typed(frame, form)
    complete = frame.drop_nulls(list(form.needs))
    if form.key:
        complete = complete.unique(list(form.key), keep="first", maintain_order=True)
    if complete.height < frame.height:
        notes.append(
            f"{frame.height - complete.height:,} rows of {name} were left out, because a key is missing or repeated."
        )
    return complete, tuple(notes)


def _named(read: Rows, mapping: Mapping[str, str]) -> Rows:
    """The rows with the declared names; a column whose name is taken by another gives way."""
    given_way = [name for name in mapping if name in read.frame.columns and mapping[name] != name]
    frame = read.frame.drop(given_way).rename(
        {theirs: canonical for canonical, theirs in mapping.items() if theirs not in given_way}
    )
    return replace(read, frame=frame)


def _renaming(names: list[str], form: _Form) -> Mapping[str, str]:
    """From the shop's column to the canonical one, for the columns this table knows."""
    known = {**_MORE_SYNONYMS, **{need: SYNONYMS[need] for need in form.needs if need in SYNONYMS}}
    by_normal: dict[str, str] = {}
    for name in names:
        by_normal.setdefault(normal_name(name), name)
    renaming: dict[str, str] = {}
    for canonical, synonyms in known.items():
        own = next((by_normal[word] for word in (canonical, *synonyms) if word in by_normal), None)
        if own is not None and own not in renaming and canonical not in (set(names) - {own}):
            renaming[own] = canonical
    return renaming


def _typed(frame: pl.DataFrame, form: _Form) -> pl.DataFrame:
    series = []
    for name in frame.columns:
        if name in columns.IDENTIFIERS:
            series.append(identifiers(frame[name])[0].alias(name))
        elif name in form.times:
            series.append(parse_times(frame[name]).values.alias(name))
        elif name in form.numbers:
            series.append(amounts(frame[name]).fill_nan(None).alias(name))
        elif name == columns.TREATED:
            series.append(_truth(frame[name]))
        else:
            series.append(frame[name])
    return pl.DataFrame(series)


def _truth(series: pl.Series) -> pl.Series:
    """A yes or no, however it was written."""
    if series.dtype == pl.Boolean:
        return series
    return series.cast(pl.String).str.to_lowercase().is_in(["true", "1", "1.0", "yes", "y", "t"])
