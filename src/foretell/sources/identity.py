"""One customer under two names: ids of anonymous devices joined with the logins that used them.

This module owns which rows without a login belong to which customer. It refuses to guess: a device that two
customers used is left apart, and so, unless asked otherwise, is what a device did before its customer was known.

A model asked at a cutoff may only know what was known then. A visit on Monday by a device whose owner logs in for
the first time on Friday was, from Monday to Thursday, the visit of nobody in particular: with ``stitch="as_known"``
(the default) it stays that, for training as it would be live. ``stitch="whole"`` gives Monday to the customer too:
right for counting and reports, but a model trained on it has seen histories that no live system has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.sources.hints import Hints
from foretell.sources.identity_table import read_identities
from foretell.sources.translation import Translation

__all__ = ["Stitching", "stitch_ids", "stitched"]

_ROW: Final = "_row"
_LOGIN: Final = "_login"
_DECLARED: Final = "_declared"
_FIRST: Final = "_first"
_SECOND: Final = "_second"


@dataclass(frozen=True)
class Stitching:
    """Rows under the ids of the customers they belong to, and what was joined.

    Attributes:
        frame: The rows, in the order they came, ``user_id`` filled in and without ``anonymous_id``.
        merged_ids: Anonymous ids of which rows went to a login.
        merged_rows: Rows that went to a login.
        earlier_rows: Rows left apart because their device's login was not known yet.
        ambiguous_ids: Anonymous ids left apart in whole or part because several logins used them.
        anonymous_rows: Rows that stay with their anonymous id, those left apart included.
    """

    frame: pl.DataFrame
    merged_ids: int
    merged_rows: int
    earlier_rows: int
    ambiguous_ids: int
    anonymous_rows: int


def stitched(translation: Translation, hints: Hints) -> Translation:
    """The translation with one id a customer; as it is where the log has no anonymous ids.

    Raises:
        SchemaError: If the declared table of identities lacks a column.
        ConfigError: If one is declared for a log without anonymous ids.
    """
    has_both = columns.ANONYMOUS_ID in translation.frame.columns
    declared = read_identities(hints.identities, has_anonymous_ids=has_both)
    if not has_both:
        return translation
    joined = stitch_ids(
        translation.frame, identities=declared, stitch=hints.stitch, by_sessions=hints.stitch != "never"
    )
    types = dict(translation.id_types)
    anonymous = types.pop(columns.ANONYMOUS_ID, None)
    if joined.anonymous_rows and anonymous != types.get(columns.USER_ID):
        types[columns.USER_ID] = pl.String()
    return replace(
        translation, frame=joined.frame, id_types=types, notes=(*translation.notes, *_words(joined, hints.stitch))
    )


def stitch_ids(
    frame: pl.DataFrame,
    *,
    identities: pl.DataFrame | None = None,
    stitch: str = "as_known",
    by_sessions: bool = True,
) -> Stitching:
    """Give rows without a login to the one login known for them.

    Asked in this order: the declared table; the row's session, if one login was seen in it; its device, if one
    login was seen on it. Of a session or device that a second login used, rows count as known from the first
    login to the second (``as_known``) or not at all (``whole``).

    Args:
        frame: Canonical rows with ``anonymous_id``.
        identities: ``anonymous_id, user_id`` and perhaps ``time``, since when that is known.
        stitch: ``as_known``, ``whole`` or ``never``, as in ``Hints``.
        by_sessions: False asks the declared table only.

    Example:
        >>> rows = pl.DataFrame({"user_id": [None, "ann", None], "anonymous_id": ["d"] * 3, "time": [1, 2, 3]})
        >>> joined = stitch_ids(rows)
        >>> joined.frame["user_id"].to_list(), joined.merged_rows, joined.earlier_rows
        (['d', 'ann', 'ann'], 1, 1)
    """
    rows = frame.with_row_index(_ROW)
    logins = pl.lit(None, dtype=pl.String)
    rows = rows.with_columns(logins.alias(_LOGIN), pl.lit(False).alias(_FIRST), pl.lit(False).alias(_SECOND))
    if identities is not None:
        rows = _by_table(rows, identities, whole=stitch == "whole")
    if by_sessions:
        if columns.SESSION_ID in rows.columns:
            rows = _by_key(rows, [columns.ANONYMOUS_ID, columns.SESSION_ID], whole=stitch == "whole")
        rows = _by_key(rows, [columns.ANONYMOUS_ID], whole=stitch == "whole")
    rows = rows.sort(_ROW)

    named = pl.col(columns.USER_ID).is_not_null()
    merged = ~named & pl.col(_LOGIN).is_not_null()
    apart = ~named & pl.col(_LOGIN).is_null() & pl.col(columns.ANONYMOUS_ID).is_not_null()
    counts = rows.select(
        pl.col(columns.ANONYMOUS_ID).filter(merged).drop_nulls().n_unique().alias("merged_ids"),
        merged.sum().alias("merged_rows"),
        (apart & pl.col(_FIRST)).sum().alias("earlier_rows"),
        pl.col(columns.ANONYMOUS_ID).filter(apart & pl.col(_SECOND)).n_unique().alias("ambiguous_ids"),
        apart.sum().alias("anonymous_rows"),
    ).row(0, named=True)
    logins_known = rows[columns.USER_ID].drop_nulls().unique()
    other = pl.col(columns.ANONYMOUS_ID)
    # A device whose id is by chance also somebody's login must not become that person.
    other = pl.when(other.is_in(logins_known.implode())).then(pl.format("anonymous:{}", other)).otherwise(other)
    filled = rows.with_columns(pl.coalesce(columns.USER_ID, _LOGIN, other).alias(columns.USER_ID))
    return Stitching(filled.drop(_ROW, _LOGIN, _FIRST, _SECOND, columns.ANONYMOUS_ID), **counts)


def _by_table(rows: pl.DataFrame, identities: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
    """Logins by a declared table; of an anonymous id with several, each from its own time on."""
    since = pl.col(columns.TIME) if columns.TIME in identities.columns else pl.lit(None, dtype=pl.Int64)
    table = identities.select(
        columns.ANONYMOUS_ID, pl.col(columns.USER_ID).alias(_DECLARED), since.fill_null(-(2**62)).alias(columns.TIME)
    ).drop_nulls([columns.ANONYMOUS_ID, _DECLARED])
    return _filled(rows, _spans(table, [columns.ANONYMOUS_ID], _DECLARED), [columns.ANONYMOUS_ID], whole=whole)


def _by_key(rows: pl.DataFrame, keys: Sequence[str], *, whole: bool) -> pl.DataFrame:
    """Logins by what else was seen under the same session or device."""
    seen = rows.drop_nulls([columns.USER_ID, keys[-1], columns.TIME])
    seen = seen.select(*keys, pl.col(columns.USER_ID).alias(_DECLARED), columns.TIME)
    return _filled(rows, _spans(seen, keys, _DECLARED), keys, whole=whole)


def _spans(seen: pl.DataFrame, keys: Sequence[str], login: str) -> pl.DataFrame:
    """For each key its first login, since when, and when a second one came."""
    firsts = seen.group_by(*keys, login).agg(pl.col(columns.TIME).min()).sort(columns.TIME, login)
    return firsts.group_by(*keys, maintain_order=True).agg(
        pl.col(login).first().alias(_DECLARED),
        pl.col(columns.TIME).first().alias("_from"),
        pl.col(columns.TIME).slice(1, 1).first().alias("_until"),
    )


def _filled(rows: pl.DataFrame, spans: pl.DataFrame, keys: Sequence[str], *, whole: bool) -> pl.DataFrame:
    """Rows with a login from ``spans`` where they have none, and marks on those that it does not cover."""
    joined = rows.join(spans, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
    second = pl.col("_until").is_not_null()
    early = pl.col(columns.TIME) < pl.col("_from")
    late = (pl.col(columns.TIME) >= pl.col("_until")).fill_null(False)
    known = ~second if whole else ~early & ~late
    known = known.fill_null(False) & pl.col(_DECLARED).is_not_null()
    return joined.with_columns(
        pl.coalesce(_LOGIN, pl.when(known).then(pl.col(_DECLARED))).alias(_LOGIN),
        (pl.col(_FIRST) | (early & ~pl.lit(whole)).fill_null(False)).alias(_FIRST),
        (pl.col(_SECOND) | (second if whole else late).fill_null(False)).alias(_SECOND),
    ).drop(_DECLARED, "_from", "_until")


def _words(joined: Stitching, stitch: str) -> tuple[str, ...]:
    """What was joined, in sentences."""
    if stitch == "never" and not joined.merged_rows:
        return (f"{joined.anonymous_rows:,} rows without a login stay with their anonymous id, as asked.",)
    notes = []
    if joined.merged_rows:
        whose = f"{joined.merged_ids:,} anonymous ids"
        notes.append(f"{joined.merged_rows:,} rows of {whose} were given to the login known for them.")
    if joined.earlier_rows:
        notes.append(
            f"{joined.earlier_rows:,} rows from before their login was known stay with their anonymous id, because "
            "a model asked then could not have known (stitch = 'whole' joins them too)."
        )
    if joined.ambiguous_ids:
        notes.append(f"{joined.ambiguous_ids:,} anonymous ids were used by several logins and are left apart.")
    if joined.anonymous_rows:
        notes.append(f"{joined.anonymous_rows:,} rows stay with their anonymous id.")
    return tuple(notes)
