"""What a declaration may say: which of its words each aggregate heeds, and on which columns.

This module owns the checks of declarations, one by one and against each other. A word that an aggregate would not
heed is refused, because a setting without effect misleads. It refuses to compute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.core.history import HISTORY_SCHEMA
from foretell.features.categories import CATEGORY_LEVELS
from foretell.features.definition import Feature

__all__ = ["COLUMN_KIND", "HEEDED", "NUMBERS", "TEXTS", "check_columns", "check_definitions"]

NUMBERS: Final = tuple(name for name, kind in HISTORY_SCHEMA.items() if kind.is_float())
"""The columns of an event that can be summed."""

TEXTS: Final = tuple(
    name
    for name, kind in HISTORY_SCHEMA.items()
    if kind == pl.String and name not in (columns.USER_ID, columns.ACTION, columns.EVENT_ID)
)
"""The columns of an event that can be grouped by; attributes of its item can, too."""

_CONDITION: Final = frozenset({"category", "where", "hours", "weekdays", "time_zone", "query_bucket", "query_buckets"})
_ROWS: Final = _CONDITION | {"actions"}
_WINDOW: Final = frozenset({"window_days", "skip_days"})
_CALENDAR: Final = frozenset[str]()
_ORDERS: Final = frozenset({"window_days"})

HEEDED: Final[dict[str, frozenset[str]]] = {
    "count": _ROWS | _WINDOW,
    "sum": _ROWS | _WINDOW | {"column"},
    "mean": _ROWS | _WINDOW | {"column"},
    "min": _ROWS | _WINDOW | {"column"},
    "max": _ROWS | _WINDOW | {"column"},
    "last": _ROWS | _WINDOW | {"column"},
    "trend": _ROWS | _WINDOW | {"column"},
    "count_share": _ROWS | _WINDOW,
    "value_share": _ROWS | _WINDOW | {"column"},
    "distinct": _ROWS | {"window_days", "column"},
    "entropy_bits": _ROWS | _WINDOW | {"column"},
    "top_share": _ROWS | _WINDOW | {"column", "top"},
    "price_level": _ROWS | _WINDOW | {"relative_to"},
    "active_days": _ROWS | _WINDOW,
    "gap_mean_days": _ROWS | _WINDOW,
    "gap_std_days": _ROWS | _WINDOW,
    "gap_irregularity": _ROWS | _WINDOW,
    "recency_days": _ROWS,
    "tenure_days": _ROWS,
    "order_count": _ORDERS,
    "order_recency_days": _ORDERS,
    "second_order_recency_days": _ORDERS,
    "order_gap_mean_days": _ORDERS,
    "order_gap_std_days": _ORDERS,
    "weekend_order_share": _ORDERS,
    "evening_order_share": _ORDERS,
    "order_hour_mode": _ORDERS,
    "year_sine": _CALENDAR,
    "year_cosine": _CALENDAR,
    "days_to_christmas": _CALENDAR,
    "month_day": _CALENDAR,
}
"""For each aggregate the fields of ``Feature`` that change what it gives; combinations heed ``of`` alone."""

COLUMN_KIND: Final = {
    **dict.fromkeys(("sum", "mean", "min", "max", "last", "trend", "value_share"), "number"),
    **dict.fromkeys(("distinct", "entropy_bits", "top_share"), "text"),
}
"""What ``column`` has to be, by aggregate."""

_ALWAYS: Final = frozenset({"name", "aggregate", "english", "chinese"})
_PARTS: Final = 2
_DAY_BASED: Final = frozenset({"active_days", "gap_mean_days", "gap_std_days", "gap_irregularity"})


def check_definitions(definitions: Iterable[Feature], *, combinations: Collection[str]) -> tuple[Feature, ...]:
    """The definitions, if each says what its aggregate heeds, names are distinct and ``of`` names earlier features.

    Raises:
        ConfigError: If one of these does not hold.

    Example:
        >>> check_definitions([Feature(name="a", aggregate="order_count", column="value")], combinations=[])
        Traceback (most recent call last):
        foretell.core.errors.ConfigError: The feature 'a' says something that its aggregate 'order_count' does not heed.
        Received: column
        What to do: Leave it out; order_count heeds window_days.
    """
    seen, checked = set[str](), tuple(definitions)
    for feature in checked:
        if feature.name in seen:
            raise ConfigError("Two features have the same name.", received=feature.name, remedy="Rename one of them.")
        if feature.aggregate not in HEEDED and feature.aggregate not in combinations:
            raise ConfigError(
                f"The feature {feature.name!r} asks for an unknown aggregate.",
                received=feature.aggregate,
                remedy=f"Use one of {', '.join(sorted({*HEEDED, *combinations}))}.",
            )
        _check_one(feature)
        absent = [name for name in feature.of if name not in seen]
        if absent:
            raise ConfigError(
                f"The feature {feature.name!r} combines a feature that is not declared before it.",
                received=", ".join(absent),
                remedy="Declare the parts first.",
            )
        seen.add(feature.name)
    return checked


def check_columns(definitions: Iterable[Feature], *, attributes: Collection[str]) -> None:
    """Go on if every column that a definition names exists in the shop.

    Args:
        definitions: The features.
        attributes: Which attributes of items are known.

    Raises:
        ConfigError: If one does not.
    """
    known = {*TEXTS, *attributes}
    for feature in definitions:
        named = [*feature.where]
        if COLUMN_KIND.get(feature.aggregate) == "text" and feature.column is not None:
            named.append(feature.column)
        for name in named:
            if name not in known:
                raise ConfigError(
                    f"The feature {feature.name!r} reads a column that neither events nor items have.",
                    received=name,
                    remedy=f"Use one of {', '.join(sorted(known))}.",
                )


def _check_one(feature: Feature) -> None:
    """Refuse words without effect, and aggregates that lack what they need."""
    heeded = HEEDED.get(feature.aggregate, frozenset({"of"}))
    said = {name for name in feature.model_fields_set if getattr(feature, name) != Feature.model_fields[name].default}
    said -= {name for name in said if getattr(feature, name) in ({}, ())}
    unheeded = sorted(said - heeded - _ALWAYS)
    if unheeded:
        words = ", ".join(sorted(heeded)) or "nothing but the cutoff"
        raise ConfigError(
            f"The feature {feature.name!r} says something that its aggregate {feature.aggregate!r} does not heed.",
            received=", ".join(unheeded),
            remedy=f"Leave it out; {feature.aggregate} heeds {words}.",
        )
    for wrong, what, remedy in (
        (heeded == {"of"} and len(feature.of) != _PARTS, "combines two features", "Name two in `of`."),
        (feature.aggregate == "trend" and feature.window_days is None, "needs a window", "Say window_days."),
        (
            feature.aggregate in ("count_share", "value_share") and feature.condition is None,
            "is the share of events that meet a condition, and has none",
            "Say where, hours or weekdays.",
        ),
        (
            (feature.query_bucket is None) != (feature.query_buckets is None)
            or (feature.query_bucket or 0) >= (feature.query_buckets or 1),
            "needs a bucket of words and how many there are",
            "Say query_bucket and query_buckets, the first less than the second.",
        ),
        (
            feature.time_zone != "UTC" and not (feature.hours or feature.weekdays or feature.aggregate in _DAY_BASED),
            "has a time zone but nothing that depends on it",
            "Leave it out, or say hours or weekdays.",
        ),
        (
            feature.category is not None and columns.CATEGORY in feature.where,
            "names a category twice",
            "Leave out `category`, and keep it in `where`.",
        ),
    ):
        if wrong:
            raise ConfigError(
                f"The feature {feature.name!r} {what}.", received=f"aggregate {feature.aggregate!r}", remedy=remedy
            )
    _check_column(feature)


def _check_column(feature: Feature) -> None:
    kind = COLUMN_KIND.get(feature.aggregate)
    if feature.column is None or kind is None:
        return
    is_number = feature.column in NUMBERS
    if is_number != (kind == "number"):
        known = ", ".join(NUMBERS if kind == "number" else (*TEXTS, *CATEGORY_LEVELS))
        raise ConfigError(
            f"The feature {feature.name!r} needs a {kind} column.",
            received=feature.column,
            remedy=f"Use one of {known}.",
        )
