"""Session lists: one row a visit with the list of items clicked in it, as Diginetica is often handed around.

This module owns that shape, and its test files of an input list and the target that came next. It refuses to invent
returning customers: each session is a customer of its own, and that is stated.

References:
    S. Wu et al., Session-based Recommendation with Graph Neural Networks (AAAI 2019), section 4.1, and
    Z. Wang et al., Global Context Enhanced Graph Neural Networks (SIGIR 2020), section 5.1: the samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.core.time import SECOND
from foretell.sources.conform import conform
from foretell.sources.dialects.build import check_canonical
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.dialects.ordinal import backwards_by_day
from foretell.sources.names import find_fields, shown
from foretell.sources.nested import as_structure
from foretell.sources.translation import Column, Translation

__all__ = ["SESSION_LISTS"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "items": ("items", "item_list", "item_ids", "sequence", "item_sequence", "session_items", "clicks"),
    columns.SESSION_ID: ("session", "session_id"),
    columns.USER_ID: ("user", "user_id", "visitor_id"),
    columns.TIME: ("time", "timestamp", "date", "start_time", "event_time"),
    "target": ("target", "label", "next_item"),
}
_ITEMS: Final = "items"
_TARGET: Final = "target"
_ROW: Final = "_row"
_PLACE: Final = "_place"
_LENGTH: Final = "_length"
_TIME: Final = "made-up time"
_CONFIDENCE: Final = 0.92
_TEXT_LIST: Final = r"^\s*\[\s*[^\[\]{}]*\]\s*$"
_MADE_UP: Final = (
    "THE TIMES ARE MADE UP: the log gives the order within a session and no moments. Events are set a day apart so "
    "that every session's last one falls on 31 December 2020; only their order means anything, and nothing that "
    "counts days or compares sessions does."
)
_STARTS: Final = "Only a session's start is known: its events are set a second apart from there."
_NOBODY: Final = "The log does not say who came back: every session is a customer of its own."
_ACTION: Final = "The log does not say what was done: every event is taken as a view."
_SAMPLES: Final = (
    "Every row is a sample, a list and the item that came next; samples that are beginnings of one session count as "
    "sessions of their own, because the rows do not say which belong together."
)


def _is_list(cells: pl.Series) -> bool:
    """True for lists of plain values, also as JSON text."""
    if isinstance(cells.dtype, (pl.List, pl.Array)):
        return not cells.dtype.inner.is_nested()
    if cells.dtype != pl.String or cells.null_count() == len(cells):
        return False
    return bool(cells.drop_nulls().str.contains(_TEXT_LIST).all())


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    found = find_fields(names, _FIELDS)
    if _ITEMS not in found or not _is_list(sample[found[_ITEMS]]):
        return 0.0
    has_company = {columns.SESSION_ID, columns.USER_ID, _TARGET} & set(found)
    return _CONFIDENCE if has_company else 0.0


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    check_canonical(mapping)
    found = find_fields(names, _FIELDS)
    if columns.ITEM_ID in mapping:
        found[_ITEMS] = mapping[columns.ITEM_ID]
    for name in (columns.SESSION_ID, columns.USER_ID, columns.TIME):
        if name in mapping:
            found[name] = mapping[name]
    absent = [own for own in mapping.values() if own not in names]
    if _ITEMS not in found or absent:
        raise SchemaError(
            "There is no column of item lists." if not absent else f"There is no column {absent[0]!r}.",
            received=shown(names),
            remedy="Map item_id to the column that holds a list of items a row.",
        )
    return Plan(found, tuple(dict.fromkeys(found.values())))


def _translate(frame: pl.DataFrame, found: Mapping[str, str], zone: str | None) -> Translation:
    own_items = found[_ITEMS]
    lists = as_structure(frame[own_items]).alias(own_items)
    if not isinstance(lists.dtype, (pl.List, pl.Array)):
        raise SchemaError(
            f"The column {own_items!r} holds no lists of items.",
            received=f"values of type {lists.dtype}",
            remedy="Write each cell as a list such as [1, 2], or map item_id to the column that holds them.",
        )
    numbered = frame.with_columns(lists).with_row_index(_ROW)
    if _TARGET in found:
        target = pl.col(found[_TARGET]).cast(lists.dtype.inner, strict=False)
        numbered = numbered.with_columns(pl.concat_list(own_items, target).alias(own_items))
    length = pl.col(own_items).list.len().alias(_LENGTH)
    rows = numbered.with_columns(length).drop(found.get(_TARGET, []), strict=False).explode(own_items)
    rows = rows.with_columns(pl.int_range(pl.len()).over(_ROW).alias(_PLACE), pl.col(_ROW).cast(pl.Int64))
    rows = rows.with_columns(backwards_by_day(pl.col(_LENGTH), pl.col(_PLACE)).alias(_TIME)).drop(_LENGTH)
    session = found.get(columns.SESSION_ID, _ROW)
    mapping = {
        columns.USER_ID: found.get(columns.USER_ID, session),
        columns.TIME: found.get(columns.TIME, _TIME),
        columns.ITEM_ID: own_items,
        columns.SESSION_ID: session,
        columns.POSITION: _PLACE,
    }
    translation = conform(rows, mapping, zone=zone, action=columns.VIEW)
    later = pl.col(columns.POSITION).cast(pl.Int64) * (SECOND if columns.TIME in found else 0)
    result = translation.frame.with_columns(pl.col(columns.TIME) + later).drop(columns.POSITION)
    words = {_ROW: "the number of the row", _TIME: "the order in the list"}
    shown_columns = {
        name: Column(words.get(column.own, column.own), _CONFIDENCE)
        for name, column in translation.columns.items()
        if name != columns.POSITION
    }
    notes = [_STARTS if columns.TIME in found else _MADE_UP, _ACTION]
    notes += [_NOBODY] if columns.USER_ID not in found else []
    notes += [_SAMPLES] if _TARGET in found else []
    return replace(
        translation,
        frame=result.select(name for name in columns.READABLE if name in result.columns),
        columns=shown_columns,
        time_unit=translation.time_unit if columns.TIME in found else "nothing but an order",
        notes=(*translation.notes, *notes),
    )


SESSION_LISTS: Final = Dialect(
    name="session-lists",
    description="one row a session with the list of its items (Diginetica); also an input list and its target",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
