"""The assembly of a plan: each family of features is one group-by, joined to the users, then divided.

This module owns the order of the steps and the refusal of what cannot be planned. It refuses to know formulas
(``sums``, ``orders``) and engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import narwhals as nw
import numpy as np

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.features.aggregates import AGGREGATES, COMBINATIONS
from foretell.features.definition import Feature
from foretell.features.language import check_definitions
from foretell.features.plan.events import PlannedEvents, Rows, columns_read, divide
from foretell.features.plan.orders import ORDERS, orders_of
from foretell.features.plan.sums import DISTINCT, SUMS, Planned, value_of_row

__all__ = ["PLANNED_AGGREGATES", "is_planned", "plan_features"]

_CALENDAR: Final = ("year_sine", "year_cosine", "days_to_christmas", "month_day")
_VALUE: Final = "_distinct_value"

PLANNED_AGGREGATES: Final = frozenset((*SUMS, *DISTINCT, *ORDERS, *_CALENDAR))
"""The aggregates that can be planned; combinations of planned features can be, too."""

_COMBINED: Final[dict[str, Callable[[nw.Expr, nw.Expr], nw.Expr]]] = {
    "ratio": divide,
    "share": lambda a, b: divide(a, a + b),
    "contrast": lambda a, b: divide(a - b, a + b),
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "total": lambda a, b: a + b,
}


def _as_it_is(rows: Rows) -> Rows:
    return rows


def plan_features(
    events: Rows,
    *,
    definitions: Sequence[Feature],
    cutoffs: Sequence[int],
    items: Rows | None = None,
    shorten: Callable[[Rows], Rows] = _as_it_is,
    gather: Callable[[Rows], Rows] = _as_it_is,
) -> Rows:
    """The features of every user with a history, at each cutoff, as a plan of whatever engine ``events`` is of.

    Args:
        events: Lazy Narwhals rows with ``user_id``, ``time`` (int64 microseconds), ``action`` and what the
            features read.
        definitions: What is computed; combinations name earlier features.
        cutoffs: int64 microseconds; nothing later than a cutoff enters its rows.
        items: Lazy ``item_id`` with the attributes of items (categories, brand), each item once; None knows none.
        shorten: Called with the plan after each of its steps, for engines that had better compute it so far.
        gather: Called with rows that will be grouped by user several times, for engines that group faster what lies
            together.

    Returns:
        ``user_id``, ``cutoff`` and one float column a feature, null where not defined, in no particular order. A
        user is there for every cutoff up to which an event is known.

    Raises:
        ConfigError: If a feature's aggregate cannot be planned, or there is no cutoff.

    Example:
        >>> import polars as pl
        >>> from foretell.features import default_features
        >>> log = pl.LazyFrame({"user_id": ["ann"], "time": [5], "action": ["purchase"], "value": [2.5]})
        >>> plan = plan_features(nw.from_native(log), definitions=default_features(["purchase"]), cutoffs=[9])
        >>> plan.collect().to_native().select("user_id", "purchase_value_7_days", "order_recency_days").row(0)
        ('ann', 2.5, 0.0)
    """
    check_definitions(definitions, combinations=COMBINATIONS)
    strangers = [feature for feature in definitions if not is_planned(feature)]
    if strangers:
        raise ConfigError(
            "A feature can be computed in memory but not planned for a large log.",
            received=", ".join(f"{feature.name} ({feature.aggregate})" for feature in strangers[:5]),
            remedy="Leave it out, or compute the features with UserFeatures. A plan knows hours and days in UTC, no "
            f"hashed search words, and the aggregates {', '.join(sorted(PLANNED_AGGREGATES | set(_COMBINED)))}.",
        )
    if not cutoffs:
        raise ConfigError("There is no cutoff.", received="none", remedy="Give at least one moment.")
    asked = tuple(definitions)
    seen = PlannedEvents.of(events, features=asked, items=items, gather=gather)
    seen = replace(seen, rows=shorten(seen.rows))
    parts = [_at(seen.at(int(cutoff)), asked, shorten=shorten) for cutoff in cutoffs]
    return parts[0] if len(parts) == 1 else nw.concat(parts, how="vertical")


def is_planned(feature: Feature) -> bool:
    """Whether a feature can be planned; combinations can if their parts can."""
    if feature.aggregate not in PLANNED_AGGREGATES | set(_COMBINED):
        return False
    return feature.time_zone == "UTC" and feature.query_bucket is None


def _at(seen: PlannedEvents, definitions: tuple[Feature, ...], *, shorten: Callable[[Rows], Rows]) -> Rows:
    users = seen.users
    stages: list[list[nw.Expr]] = []
    values = _calendar(definitions, seen.cutoff)
    for number, (rows, family) in enumerate(_families(seen, definitions)):
        aggregations = []
        for position, (feature, planned) in enumerate(family):
            name = f"_{number}_{position}_"
            parts = [f"{name}{part}" for part in range(len(planned.parts))]
            aggregations += [part.alias(given) for part, given in zip(planned.parts, parts, strict=True)]
            values[feature.name] = _in_stages(stages, planned, parts, name=name)
        grouped = shorten(rows.group_by(columns.USER_ID).agg(*aggregations))
        users = users.join(grouped, on=columns.USER_ID, how="left")
    users = shorten(users)
    for stage in stages:
        users = users.with_columns(*stage)
    users = users.with_columns(values[f.name].cast(nw.Float64).alias(f.name) for f in definitions if f.name in values)
    users = shorten(users)
    for feature in definitions:
        if feature.aggregate in _COMBINED:
            left, right = (nw.col(name) for name in feature.of)
            users = users.with_columns(_COMBINED[feature.aggregate](left, right).alias(feature.name))
    return users.select(
        columns.USER_ID,
        nw.lit(seen.cutoff, dtype=nw.Int64).alias(columns.CUTOFF),
        *(feature.name for feature in definitions),
    )


def _families(seen: PlannedEvents, definitions: Sequence[Feature]) -> list[tuple[Rows, list[tuple[Feature, Planned]]]]:
    """Features that one group-by answers, with the rows it reads."""
    members: dict[tuple[Any, ...], list[Feature]] = {}
    for feature in definitions:
        if feature.aggregate in SUMS:
            key: tuple[Any, ...] = ("rows", feature.actions)
        elif feature.aggregate in DISTINCT:
            key = ("distinct", feature.actions, feature.condition, value_of_row(feature))
        elif feature.aggregate in ORDERS:
            key = ("orders", (columns.PURCHASE,))
        else:
            continue
        members.setdefault(key, []).append(feature)
    # Families of the same actions read the same rows, so that these are brought together once.
    reading: dict[tuple[str, ...], set[str]] = {}
    for (kind, actions, *_), features in members.items():
        reading.setdefault(actions, set()).update(name for feature in features for name in _reading(kind, feature))
    return [
        _family(seen.of_actions(actions, reading=reading[actions]), kind, features, seen)
        for (kind, actions, *_), features in members.items()
    ]


def _reading(kind: str, feature: Feature) -> list[str]:
    """The columns that a feature of a family reads."""
    if kind == "orders":
        return [columns.ORDER_ID]
    return columns_read(feature) + ([value_of_row(feature)] if kind == "distinct" else [])


def _family(
    rows: Rows, kind: str, features: list[Feature], seen: PlannedEvents
) -> tuple[Rows, list[tuple[Feature, Planned]]]:
    if kind == "orders":
        return seen.gather(orders_of(rows)), [
            (feature, ORDERS[feature.aggregate](seen, feature)) for feature in features
        ]
    if kind == "distinct":
        return _last_of_each(rows, features[0], seen), [(f, DISTINCT[f.aggregate](seen, f)) for f in features]
    return rows, [(feature, SUMS[feature.aggregate](seen, feature)) for feature in features]


def _last_of_each(rows: Rows, feature: Feature, seen: PlannedEvents) -> Rows:
    """The last moment of each different value of each user."""
    value = nw.col(value_of_row(feature))
    rows = rows.filter(seen.meeting(feature.condition) & ~value.is_null())
    rows = rows.select(columns.USER_ID, columns.TIME, value.alias(_VALUE))
    return rows.group_by(columns.USER_ID, _VALUE).agg(nw.col(columns.TIME).max())


def _in_stages(stages: list[list[nw.Expr]], planned: Planned, parts: Sequence[str], *, name: str) -> nw.Expr:
    """The value of a feature, with what comes before it laid into the stages: empty parts filled, then its steps."""
    known = [nw.col(part) for part in parts]
    if planned.empty is not None:
        filled = [_filled(part, planned.empty).alias(part) for part in parts]
        _stage(stages, 0).extend(filled)
    for number, step in enumerate(planned.steps):
        _stage(stages, number + 1).append(step(*known).alias(f"{name}step_{number}"))
        known.append(nw.col(f"{name}step_{number}"))
    return planned.value(*known)


def _stage(stages: list[list[nw.Expr]], number: int) -> list[nw.Expr]:
    """The expressions of a stage, which all read what the stages before it made."""
    while len(stages) <= number:
        stages.append([])
    return stages[number]


def _filled(part: str, empty: int) -> nw.Expr:
    """A part, with the value that no rows mean for users who have none."""
    return nw.when(nw.col(part).is_null()).then(nw.lit(empty, dtype=nw.Int64)).otherwise(nw.col(part))


def _calendar(definitions: Sequence[Feature], cutoff: int) -> dict[str, nw.Expr]:
    """What the cutoff alone decides, from the formulas that the memory path uses."""
    ledger = _Moment(np.array([cutoff], dtype=np.int64))
    asked = [feature for feature in definitions if feature.aggregate in _CALENDAR]
    return {f.name: nw.lit(float(AGGREGATES[f.aggregate](ledger, f)[0])) for f in asked}  # type: ignore[arg-type]


class _Moment:
    """As much of a ledger as the calendar reads: the cutoffs."""

    def __init__(self, cutoff: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        self.cutoff = cutoff
