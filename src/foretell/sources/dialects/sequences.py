"""Sequence text: a line a customer, ``user item item ...`` in order of time, as S3-Rec and many papers have it.

This module owns that shape, with or without a tab and the gaps in seconds behind it. It refuses to pass an order off
as a calendar: its made-up times are stated.

References:
    K. Zhou et al., S3-Rec: Self-Supervised Learning for Sequential Recommendation (CIKM 2020), the files of its
    experiments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.sources.conform import conform
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.dialects.ordinal import backwards_by_day, backwards_by_gap
from foretell.sources.table import RAW, REASON
from foretell.sources.translation import Column, Translation
from foretell.sources.words import identifiers

__all__ = ["SEQUENCES"]

_SEQUENCE: Final = "sequence"
_GAPS: Final = "gaps"
_LINE: Final = "_line"
_PLACE: Final = "_place"
_LENGTH: Final = "_length"
_USER: Final = "user"
_ITEM: Final = "item"
_GAP: Final = "gap"
_TIME: Final = "made-up time"
_CONFIDENCE: Final = 0.9
_SHAPE: Final = r"^\s*\d+(\s+\d+)+\s*$"
_NUMBERS: Final = r"^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?(\s+-?\d+(\.\d+)?([eE][+-]?\d+)?)*\s*$"
_LAST_DAY: Final = "31 December 2020"
_NO_TIMES: Final = (
    "THE TIMES ARE MADE UP: the file gives an order and no moments. Events are set a day apart so that everybody's "
    f"last one falls on {_LAST_DAY}; only their order means anything, and nothing that counts days does."
)
_ONLY_GAPS: Final = (
    "THE DATES ARE MADE UP: the file gives the seconds between a customer's events and no moments. The gaps are "
    f"real; everybody's last event is set on {_LAST_DAY}, so seasons and the order between customers mean nothing."
)
_ACTION: Final = "The file does not say what was done: every event is taken as a purchase."


def _recognise(names: Sequence[str], sample: pl.DataFrame) -> float:
    """Lines of whole numbers set apart by blanks, at least a user and one item; and perhaps a tab and the gaps."""
    if not 1 <= len(names) <= 2 or sample.is_empty():
        return 0.0
    cells = [sample.to_series(place) for place in range(len(names))]
    if any(column.dtype != pl.String for column in cells):
        return 0.0
    shapes = (_SHAPE, _NUMBERS)
    fits = all(column.str.contains(shape).fill_null(False).all() for column, shape in zip(cells, shapes, strict=False))
    return _CONFIDENCE if fits and (len(names) == 1 or _pairs(*cells)) else 0.0


def _pairs(sequences: pl.Series, gaps: pl.Series) -> bool:
    """True if each item has its gap."""
    n_items = sequences.str.count_matches(r"\S+") - 1
    return bool((n_items == gaps.str.count_matches(r"\S+")).all())


def _headerless(names: Sequence[str], _: pl.DataFrame) -> tuple[str, ...] | None:
    if names[0] == _SEQUENCE:
        return None
    is_row = all(part.replace("_duplicated_", " ").replace(" ", "").replace(".", "").isdigit() for part in names)
    return (_SEQUENCE, _GAPS)[: len(names)] if is_row else None


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    if mapping:
        raise ConfigError(
            "Sequence text has no columns to map.", received=repr(dict(mapping)), remedy="Leave the mapping out."
        )
    return Plan({}, tuple(names[:2]))


def _translate(frame: pl.DataFrame, _: Mapping[str, str], zone: str | None) -> Translation:
    lines = frame.rename(dict(zip(frame.columns, (_SEQUENCE, _GAPS)[: frame.width], strict=True)))
    lines, rejected = _sound(lines.with_row_index(_LINE))
    words = pl.col(_SEQUENCE).str.extract_all(r"\S+")
    parts = [words.list.first().alias(_USER), words.list.slice(1).alias(_ITEM)]
    if _GAPS in lines.columns:
        parts.append(pl.col(_GAPS).str.extract_all(r"\S+").alias(_GAP))
    rows = lines.select(_LINE, *parts, (words.list.len() - 1).alias(_LENGTH))
    rows = rows.explode(_ITEM, *([_GAP] if _GAP in rows.columns else []))
    rows = rows.with_columns(pl.int_range(pl.len()).over(_LINE).alias(_PLACE))
    if _GAP in rows.columns:
        moments = backwards_by_gap(pl.col(_GAP).cast(pl.Float64), _LINE)
    else:
        moments = backwards_by_day(pl.col(_LENGTH), pl.col(_PLACE))
    rows = rows.with_columns(moments.alias(_TIME))
    if _GAP in rows.columns:
        rows = _in_order(rows)
    mapping = {columns.USER_ID: _USER, columns.ITEM_ID: _ITEM}
    translation = conform(rows.select(_USER, _ITEM), mapping, zone=zone)
    result = translation.frame.with_columns(rows[_TIME].alias(columns.TIME))
    own = {columns.USER_ID: "the first word", columns.TIME: "the order", columns.ITEM_ID: "the other words"}
    return replace(
        translation,
        frame=result.select(name for name in columns.READABLE if name in result.columns),
        columns={name: Column(words_of, _CONFIDENCE) for name, words_of in own.items()},
        time_unit="seconds between events" if _GAP in rows.columns else "nothing but an order",
        rejected=rejected,
        notes=((_ONLY_GAPS if _GAP in rows.columns else _NO_TIMES), _ACTION, *_repeated(lines)),
    )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Events with no gap between them a microsecond apart, so that their order is not lost."""
    later = pl.col(_LENGTH).cast(pl.Int64) - 1 - pl.col(_PLACE)
    return rows.with_columns((pl.col(_TIME) - later).alias(_TIME))


def _sound(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with a user and items (and as many gaps), and those without, set aside."""
    n_words = pl.col(_SEQUENCE).str.count_matches(r"\S+").fill_null(0)
    is_sound = n_words >= 2
    if _GAPS in lines.columns:
        n_gaps = pl.col(_GAPS).str.count_matches(r"\S+").fill_null(0)
        is_sound = is_sound & (n_gaps == n_words - 1) & pl.col(_GAPS).str.contains(_NUMBERS).fill_null(False)
    reason = "The line is not a user with items" + (" and as many gaps." if _GAPS in lines.columns else ".")
    bad = lines.filter(~is_sound)
    raw = pl.concat_str(pl.all().exclude(_LINE), separator="\t", ignore_nulls=True)
    return lines.filter(is_sound), bad.select(pl.lit(reason).alias(REASON), raw.alias(RAW))


def _repeated(lines: pl.DataFrame) -> tuple[str, ...]:
    users, _ = identifiers(lines[_SEQUENCE].str.extract(r"(\S+)"))
    n_repeated = len(users) - users.n_unique()
    return (f"{n_repeated:,} customers have several lines; their events are mixed.",) if n_repeated else ()


SEQUENCES: Final = Dialect(
    name="sequences",
    description="lines of 'user item item ...' in order of time, as in S3-Rec; also with a tab and gaps in seconds",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
    headerless=_headerless,
)
