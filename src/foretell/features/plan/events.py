"""What the plan reads of the events: rows up to a cutoff, their masks, windows and exact amounts.

This module owns the expressions that several families of aggregates share. It refuses to group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import narwhals as nw

from foretell.core import columns
from foretell.core.time import DAY, HOUR, SECOND
from foretell.features.codes import AMOUNT_UNIT, LARGEST_AMOUNT
from foretell.features.conditions import Condition
from foretell.features.definition import SHOP_ACTIONS, Feature

__all__ = ["PlannedEvents", "Rows", "amount", "columns_read", "divide", "elapsed_days", "over", "whole"]

Rows = nw.LazyFrame[Any]
_DAY_SECONDS: Final = DAY // SECOND


def whole(column: str) -> nw.Expr:
    """A money or quantity column in whole ten-thousandths; null and non-finite amounts are 0 (``to_amount``)."""
    scaled = nw.col(column).cast(nw.Float64) * AMOUNT_UNIT
    finite = nw.when(nw.col(column).is_null() | ~nw.col(column).is_finite()).then(nw.lit(0.0)).otherwise(scaled)
    limited = (
        nw.when(finite > LARGEST_AMOUNT)
        .then(nw.lit(LARGEST_AMOUNT))
        .otherwise(nw.when(finite < -LARGEST_AMOUNT).then(nw.lit(-LARGEST_AMOUNT)).otherwise(finite))
    )
    return (limited + 0.5).floor().cast(nw.Int64)


def amount(column: str) -> str:
    """The name under which a column's whole ten-thousandths travel through the plan."""
    return f"_whole_{column}"


def divide(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """Quotient as a float, null where the denominator is not positive or either is null."""
    return nw.when(denominator > 0).then(numerator.cast(nw.Float64) / denominator.cast(nw.Float64))


def over(numerator: nw.Expr, constant: int) -> nw.Expr:
    """The correctly rounded quotient by a constant, in every engine.

    Polars multiplies by the reciprocal where a divisor is a literal, which differs in the last bit; a divisor that
    looks like a column is divided by.
    """
    dividend = numerator.cast(nw.Float64)
    return dividend / (dividend * 0.0 + float(constant))


def elapsed_days(microseconds: nw.Expr) -> nw.Expr:
    """Whole seconds of a duration, in days."""
    return over(microseconds // SECOND, _DAY_SECONDS)


@dataclass(frozen=True)
class PlannedEvents:
    """The events that a cutoff may see, with what the aggregates of a set of features read.

    Attributes:
        rows: Lazy events of all times.
        cutoff: int64 microseconds; what is asked for ends there.
        gather: Brings each user's rows together, for engines that group faster then.
        gathered: What was brought together so far; shared by all cutoffs.
    """

    rows: Rows
    cutoff: int
    gather: Callable[[Rows], Rows]
    gathered: dict[tuple[tuple[str, ...], tuple[str, ...]], Rows] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, events: Rows, *, features: Iterable[Feature], items: Rows | None, gather: Callable[[Rows], Rows]
    ) -> PlannedEvents:
        """Exact amounts and categories beside what the features read; no cutoff yet (``at``).

        Args:
            events: Columns as in ``HISTORY_SCHEMA``; ``user_id``, ``time`` and ``action`` are needed.
            features: What will be computed.
            items: ``item_id`` and attributes of items, each item once; None knows no items.
            gather: Brings each user's rows together.
        """
        asked = tuple(features)
        present = events.collect_schema().names()
        summed = sorted({feature.column for feature in asked if feature.column in _AMOUNTS})
        words = {name for feature in asked for name in _columns_of(feature) if name in _WORDS}
        read = dict.fromkeys((columns.ITEM_ID, columns.ORDER_ID, *sorted(str(word) for word in words)))
        rows = events.filter(~nw.col(columns.ACTION).is_in(columns.PASSIVE_ACTIONS))
        rows = rows.select(
            *dict.fromkeys(
                (columns.USER_ID, columns.TIME, columns.ACTION, *(name for name in read if name in present))
            ),
            *(nw.col(name).is_null().alias(_absent(name)) for name in summed if name in present),
            *(nw.lit(True).alias(_absent(name)) for name in summed if name not in present),
            *(whole(name).alias(amount(name)) for name in summed if name in present),
            *(nw.lit(0, dtype=nw.Int64).alias(amount(name)) for name in summed if name not in present),
            *(nw.lit(None, dtype=nw.String).alias(name) for name in read if name not in present),
        )
        attributes = sorted(
            {name for feature in asked for name in _columns_of(feature)} - {*present, *_AMOUNTS} - set(read)
        )
        known = [] if items is None else items.collect_schema().names()
        found = [name for name in attributes if name in known]
        if items is not None and found:
            rows = rows.join(items.select(columns.ITEM_ID, *found), on=columns.ITEM_ID, how="left")
        rows = rows.with_columns(nw.lit(None, dtype=nw.String).alias(name) for name in attributes if name not in found)
        return cls(rows, 0, gather)

    def at(self, cutoff: int) -> PlannedEvents:
        """The same events, seen from a cutoff."""
        return replace(self, cutoff=cutoff)

    def of_actions(self, actions: tuple[str, ...], *, reading: Iterable[str] = ()) -> Rows:
        """The rows of one of ``actions`` up to the cutoff; none given means everything the customer did.

        Args:
            actions: Which rows.
            reading: The columns they have beside user, time and action, named as features name them.
        """
        action, extra = nw.col(columns.ACTION), _plan_columns(reading)
        wanted = action.is_in(actions) if actions else ~action.is_in(SHOP_ACTIONS)
        # Rows of which only the moment counts are brought together once for all sets of actions.
        key = (actions, extra) if extra else ((), ())
        if key not in self.gathered:
            rows = self.rows.filter(wanted) if extra else self.rows
            self.gathered[key] = self.gather(rows.select(columns.USER_ID, columns.TIME, columns.ACTION, *extra))
        rows = self.gathered[key].filter(nw.col(columns.TIME) <= self.cutoff)
        return rows if extra else rows.filter(wanted)

    @property
    def users(self) -> Rows:
        """Whoever has done anything up to the cutoff, be it only seen by the shop."""
        self.of_actions(())
        return self.gathered[(), ()].filter(nw.col(columns.TIME) <= self.cutoff).select(columns.USER_ID).unique()

    def inside(self, feature: Feature, *, time: str = columns.TIME) -> nw.Expr:
        """True for moments in the feature's window ``(cutoff - window - skip, cutoff - skip]``."""
        end = self.cutoff - feature.skip_days * DAY
        until = nw.col(time) <= end
        return until if feature.window_days is None else until & (nw.col(time) > end - feature.window_days * DAY)

    def meeting(self, condition: Condition | None) -> nw.Expr:
        """True for rows that meet a feature's condition."""
        meets = nw.lit(True)
        if condition is None:
            return meets
        for column, values in condition.where:
            meets = meets & ~nw.col(column).is_null() & nw.col(column).is_in(values)
        if condition.hours is not None:
            hours = [hour for hour in range(_HOURS) if condition.has_hour(hour)]
            meets = meets & (nw.col(columns.TIME) % DAY // HOUR).is_in(hours)
        if condition.weekdays:
            meets = meets & ((nw.col(columns.TIME) // DAY + 3) % 7).is_in(condition.weekdays)
        return meets


_HOURS: Final = 24
_AMOUNTS: Final = columns.NUMBERS
_WORDS: Final = (*columns.IDENTIFIERS, *columns.WORDS)


def _plan_columns(names: Iterable[str]) -> tuple[str, ...]:
    """What columns are called in the plan: an amount is two, its whole ten-thousandths and whether it is absent."""
    wanted: dict[str, None] = {}
    for name in sorted(set(names)):
        wanted |= dict.fromkeys((_absent(name), amount(name)) if name in _AMOUNTS else (name,))
    return tuple(wanted)


def columns_read(feature: Feature) -> list[str]:
    """The columns that a feature reads beside user, time and action."""
    return _columns_of(feature) + ([feature.column] if feature.column in _AMOUNTS else [])


def _columns_of(feature: Feature) -> list[str]:
    """The text columns and attributes that a feature reads beside the action and the time."""
    conditioned = [] if feature.condition is None else [name for name, _ in feature.condition.where]
    return conditioned + ([feature.column] if feature.column and feature.column not in _AMOUNTS else [])


def _absent(column: str) -> str:
    return f"_absent_{column}"


def is_present(column: str) -> nw.Expr:
    """True where the amount was given."""
    return ~nw.col(_absent(column))
