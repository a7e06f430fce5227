"""Taobao UserBehavior: customer, item, category, behaviour and seconds, five columns without a header.

This module owns the recognition of that shape by its cells: the fourth column says pv, cart, fav or buy. It refuses
other headerless tables, whose columns nobody can name.

References:
    H. Zhu et al., Learning Tree-based Deep Model for Recommender Systems (KDD 2018); Tianchi data set 649.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.attributes import carried
from foretell.sources.conform import conform
from foretell.sources.dialects.build import plan_by_fields, scaled
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import find_fields
from foretell.sources.translation import Translation

__all__ = ["TAOBAO"]

_NAMES: Final = ("user_id", "item_id", "category_id", "behavior_type", "timestamp")
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    columns.USER_ID: ("user_id",),
    columns.TIME: ("timestamp", "timestamps", "time_stamp"),
    columns.ACTION: ("behavior_type", "behavior"),
    columns.ITEM_ID: ("item_id",),
}
_CATEGORY: Final[dict[str, tuple[str, ...]]] = {columns.CATEGORY: ("category_id", "item_category")}
_WORDS: Final = frozenset(("pv", "cart", "fav", "buy"))
_CONFIDENCE: Final = 0.97
_NOTE: Final = "The shop's clocks stand in China (UTC+8); the seconds are counted from 1970 UTC and need no shifting."


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    """By the cells of five columns; the same columns with a header are recognised by name and cells."""
    if len(names) != len(_NAMES) or sample.is_empty():
        return 0.0
    if len(find_fields(names, {**_FIELDS, **_CATEGORY})) == len(_NAMES):
        found = find_fields(names, _FIELDS)
        return _CONFIDENCE if _holds(sample[found[columns.ACTION]]) else 0.0
    return _CONFIDENCE if _has_shape(sample) else 0.0


def _has_shape(sample: pl.DataFrame) -> bool:
    if any(kind.is_nested() or kind == pl.Object for kind in sample.dtypes):
        return False
    cells = [sample.to_series(place).cast(pl.String, strict=False) for place in range(len(_NAMES))]
    numbers = all(cells[place].str.contains(r"^\d+$").fill_null(False).mean() == 1.0 for place in (0, 1, 2))
    seconds = cells[4].str.contains(r"^-?\d{1,12}$").fill_null(False).mean() == 1.0
    return numbers and seconds and _holds(cells[3])


def _holds(cells: pl.Series) -> bool:
    """True if nothing but Taobao's four words stands in the column."""
    return not cells.dtype.is_nested() and set(cells.cast(pl.String, strict=False).str.strip_chars().unique()) <= _WORDS


def _headerless(names: Sequence[str], sample: pl.DataFrame) -> tuple[str, ...] | None:
    is_named = bool(find_fields(names, _FIELDS))
    return _NAMES if not is_named and len(names) == len(_NAMES) and _has_shape(sample) else None


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    return plan_by_fields(names, mapping, fields=_FIELDS, needs=tuple(_FIELDS), also=_CATEGORY[columns.CATEGORY])


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    translation = conform(frame, mapping, zone=zone)
    items = carried(frame, columns.ITEM_ID, mapping[columns.ITEM_ID], _CATEGORY)
    return replace(
        translation,
        columns=scaled(translation.columns, _CONFIDENCE, declared={}),
        notes=(*translation.notes, _NOTE),
        tables={} if items is None else {"items": items},
    )


TAOBAO: Final = Dialect(
    name="taobao",
    description="Taobao UserBehavior without a header: customer, item, category, pv/cart/fav/buy, seconds",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
    headerless=_headerless,
)
