"""CDNOW: a table of purchases whose columns are set apart by blanks, one row a customer and day.

This module owns the splitting at blanks and the meaning of number and amount. It refuses to invent items: the file
says how many CDs were bought and not which.

References:
    P. Fader and B. Hardie, Forecasting Repeat Sales at CDNOW: A Case Study (2001), Interfaces 31(3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.conform import conform
from foretell.sources.dialects.build import check_canonical, plan_by_fields, scaled
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import shown
from foretell.sources.table import RAW, REASON
from foretell.sources.translation import Translation

__all__ = ["CDNOW"]

_NAMES: Final = ("customer_id", "date", "number_of_cds", "dollar_value")
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("customer_id", "id"),
    columns.TIME: ("date",),
    columns.QUANTITY: ("number_of_cds",),
    columns.VALUE: ("dollar_value",),
}
_CONFIDENCE: Final = 0.97
_NOTES: Final = (
    "Every row is a purchase; the file does not say which CDs, so there are no items.",
    "The price of a unit is the money of the row divided by its units.",
)


def _words_of(names: Sequence[str]) -> tuple[str, ...]:
    """The columns, whether a reader split them or the whole header came as one."""
    return tuple(word for name in names for word in name.lower().split())


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    return _CONFIDENCE if {"number_of_cds", "dollar_value", "date"} <= set(_words_of(names)) else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    if len(names) == 1:
        check_canonical(mapping)
        return Plan(dict(mapping), tuple(names))
    return plan_by_fields(names, mapping, fields=_FIELDS, needs=tuple(_FIELDS))


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    rejected = None
    if frame.width == 1:
        frame, rejected = _split(frame)
    plan = plan_by_fields(frame.columns, mapping, fields=_FIELDS, needs=tuple(_FIELDS))
    translation = conform(frame, plan.mapping, zone=zone)
    units = pl.when(pl.col(columns.QUANTITY) > 0).then(pl.col(columns.QUANTITY))
    rows = translation.frame.with_columns((pl.col(columns.VALUE) / units).alias(columns.PRICE))
    return replace(
        translation,
        frame=rows.select(name for name in columns.READABLE if name in rows.columns),
        columns=scaled(translation.columns, _CONFIDENCE, declared=mapping),
        rejected=translation.rejected if rejected is None else pl.concat([rejected, translation.rejected]),
        notes=(*translation.notes, *_NOTES),
    )


def _split(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The one column at its blanks; lines of another number of cells are set aside."""
    own = frame.columns[0]
    names = own.split()
    if len(names) < len(_NAMES):
        raise SchemaError(
            "The first line does not name CDNOW's columns.",
            received=shown(frame.columns),
            remedy=f"Put {' '.join(_NAMES)} into it.",
        )
    lines = frame[own].cast(pl.String)
    cells = lines.str.strip_chars().str.replace_all(r"\s+", " ").str.split(" ")
    is_row = cells.list.len() == len(names)
    good = pl.DataFrame([cells.filter(is_row).list.get(place).alias(name) for place, name in enumerate(names)])
    bad = lines.filter(~is_row.fill_null(False))
    reason = pl.Series(REASON, [f"The line does not have {len(names)} cells."] * len(bad), dtype=pl.String)
    return good, pl.DataFrame([reason, bad.alias(RAW)])


CDNOW: Final = Dialect(
    name="cdnow",
    description="CDNOW's master file: customer_id, date, number_of_cds, dollar_value, set apart by blanks",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
