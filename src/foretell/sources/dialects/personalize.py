"""Amazon Personalize: the interactions data set, upper-case columns as its schemas demand.

This module owns the lists of impressions and the free event types. It refuses to read a value as money where the
event is no purchase: there it may be a share watched or a rating.

References:
    Amazon Personalize Developer Guide, "Schemas": Item interactions data set requirements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.conform import conform
from foretell.sources.dialects.build import plan_by_fields, scaled
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields
from foretell.sources.translation import Translation
from foretell.sources.words import text

__all__ = ["PERSONALIZE"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.TIME: ("timestamp",),
    columns.ACTION: ("event_type",),
    columns.ITEM_ID: ("item_id",),
    columns.VALUE: ("event_value",),
    columns.LIST_ID: ("recommendation_id",),
    columns.SESSION_ID: ("session_id",),
    columns.PRICE: ("price",),
    columns.QUANTITY: ("quantity",),
    columns.CHANNEL: ("device", "device_type", "channel"),
    columns.CURRENCY: ("currency", "currency_code"),
}
_IMPRESSION: Final = "IMPRESSION"
_CONFIDENCE: Final = 0.96
_NO_TYPE: Final = "There is no EVENT_TYPE: every row is taken as a view."
_VALUE: Final = "EVENT_VALUE is taken as money paid on purchases and refunds, and left aside on {n:,} other rows."
_SHOWN: Final = "{rows:,} rows list what was shown: {n:,} impressions were added at their moments."


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    """By the upper-case names the service demands; without a type or a value of its own the shape is too common."""
    own = set(names)
    if not {"USER_ID", "ITEM_ID", "TIMESTAMP"} <= own:
        return 0.0
    return _CONFIDENCE if own & {"EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID"} else 0.93


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    needs = (columns.USER_ID, columns.TIME, columns.ITEM_ID)
    found = find_fields(names, {_IMPRESSION: ("impression",)})
    plan = plan_by_fields(names, mapping, fields=_FIELDS, needs=needs)
    return Plan(plan.mapping, (*plan.reads, *(own for own in found.values() if own not in plan.reads)))


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    shown = find_fields(frame.columns, {_IMPRESSION: ("impression",)}).get(_IMPRESSION)
    lists = text(frame[shown]) if shown is not None else None
    with_lists = {**mapping, columns.TEXT: shown} if shown is not None else dict(mapping)
    translation = conform(frame, with_lists, zone=zone, action=columns.VIEW)
    rows, notes = translation.frame, list(translation.notes)
    if columns.ACTION not in mapping:
        notes.append(_NO_TYPE)
    if columns.VALUE in mapping:
        is_paid = pl.col(columns.ACTION).is_in([columns.PURCHASE, columns.REFUND])
        n_other = rows.select((~is_paid & pl.col(columns.VALUE).is_not_null()).sum()).item()
        rows = rows.with_columns(pl.when(is_paid).then(pl.col(columns.VALUE)).alias(columns.VALUE))
        notes.append(_VALUE.format(n=n_other))
    if lists is not None:
        added = _impressions(rows)
        notes.append(_SHOWN.format(rows=rows[columns.TEXT].count(), n=added.height))
        rows = pl.concat([rows, added], how="diagonal").drop(columns.TEXT)
    found = scaled(translation.columns, _CONFIDENCE, declared={})
    found.pop(columns.TEXT, None)
    return replace(
        translation,
        frame=rows.select(name for name in columns.READABLE if name in rows.columns),
        columns=found,
        notes=tuple(notes),
    )


def _impressions(rows: pl.DataFrame) -> pl.DataFrame:
    """A row for every item listed as shown, with its place in the list."""
    kept = [columns.USER_ID, columns.TIME, columns.LIST_ID, columns.SESSION_ID, columns.CHANNEL]
    listed = rows.filter(pl.col(columns.TEXT).is_not_null()).select(
        *(name for name in kept if name in rows.columns),
        pl.lit(columns.IMPRESSION).alias(columns.ACTION),
        pl.col(columns.TEXT).str.split("|").alias(columns.ITEM_ID),
    )
    places = pl.int_ranges(pl.col(columns.ITEM_ID).list.len()).alias(columns.POSITION)
    exploded = listed.with_columns(places).explode(columns.ITEM_ID, columns.POSITION)
    return exploded.with_columns(pl.col(columns.POSITION).cast(pl.String), pl.col(columns.ITEM_ID).str.strip_chars())


PERSONALIZE: Final = Dialect(
    name="personalize",
    description="Amazon Personalize interactions: USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE, IMPRESSION",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
