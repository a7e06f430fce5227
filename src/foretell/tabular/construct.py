"""New features from old ones: totals, shares, amounts per unit, rates times counts.

This module owns which pairs of numbers are worth combining, judged by their values and names on training rows; it
never sees the label. It refuses to try every pair: hundreds of combinations are noise that a model must then ignore.

A number is a count (whole, not below zero), a rate (within [0, 1]) or an amount. Counts give a total and shares of it;
an amount called like a count with another word after it (``pages``, ``pages_duration``) gives the amount per unit;
amounts of one family (``..._duration``) give a total and shares; rates and other amounts are multiplied by the
largest count; two rates give their ratio and difference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Combination", "combine", "find_combinations"]

Floats = NDArray[np.float64]
Form = Literal["sum", "share", "per_unit", "times", "ratio", "difference"]

_FEWEST_VALUES: Final = 6
_MOST: Final = 60
_SMALL: Final = 1e-3


@dataclass(frozen=True)
class Combination:
    """One constructed feature.

    Attributes:
        name: What it is called.
        form: How it is computed.
        first: The column in front; for sums, the first of all.
        others: The other columns.
    """

    name: str
    form: Form
    first: str
    others: tuple[str, ...]

    def apply(self, frame: pl.DataFrame) -> Floats:
        """Its values, NaN where a part is missing."""
        first = frame[self.first].to_numpy()
        others = [frame[name].to_numpy() for name in self.others]
        if self.form == "sum":
            return np.asarray(np.sum([first, *others], axis=0))
        if self.form == "share":
            return np.asarray(first / (1.0 + np.sum(others, axis=0)))
        if self.form == "per_unit":
            return np.asarray(first / (1.0 + others[0]))
        if self.form == "times":
            return np.asarray(first * (1.0 + others[0]))
        if self.form == "ratio":
            return np.asarray(first / (_SMALL + others[0]))
        return np.asarray(first - others[0])

    def to_json(self) -> dict[str, Any]:
        """The combination as JSON types."""
        return {**asdict(self), "others": list(self.others)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Combination:
        """Read what ``to_json`` wrote."""
        return cls(saved["name"], saved["form"], saved["first"], tuple(saved["others"]))


def find_combinations(frame: pl.DataFrame, *, names: list[str]) -> tuple[Combination, ...]:
    """Which of the numeric columns ``names`` to combine, by their values and names.

    Example:
        >>> frame = pl.DataFrame({"pages": range(9), "pages_duration": [2.5 * x for x in range(9)]})
        >>> [one.name for one in find_combinations(frame, names=frame.columns)]
        ['pages_duration per pages']
    """
    kinds = {name: _kind(frame[name].to_numpy()) for name in names}
    counts = [name for name in names if kinds[name] == "count"]
    rates = [name for name in names if kinds[name] == "rate"]
    amounts = [name for name in names if kinds[name] == "amount"]
    unit_of = {amount: count for amount in amounts for count in counts if _extends(amount, count)}
    families: dict[str, list[str]] = {}
    for amount, count in unit_of.items():
        families.setdefault(amount[len(count) :].lower(), []).append(amount)
    found = [Combination(f"{a} per {c}", "per_unit", a, (c,)) for a, c in unit_of.items()]
    for group, title in ((counts, "counts"), *((members, suffix.strip("_ ")) for suffix, members in families.items())):
        if len(group) >= 2:
            found.append(Combination(f"sum of {title}", "sum", group[0], tuple(group[1:])))
            found += [Combination(f"share of {name} in {title}", "share", name, tuple(group)) for name in group]
    if counts:
        largest = max(counts, key=lambda name: float(np.nanmean(frame[name].to_numpy())))
        single = rates + [name for name in amounts if name not in unit_of]
        found += [Combination(f"{name} x {largest}", "times", name, (largest,)) for name in single]
    for first, second in combinations(rates, 2):
        found.append(Combination(f"{first} / {second}", "ratio", first, (second,)))
        found.append(Combination(f"{second} - {first}", "difference", second, (first,)))
    return tuple(found[:_MOST])


def combine(frame: pl.DataFrame, *, combinations: tuple[Combination, ...]) -> pl.DataFrame:
    """The frame with its combinations beside it."""
    return frame.with_columns(*(pl.Series(one.name, one.apply(frame)) for one in combinations))


def _kind(values: Floats) -> Literal["count", "rate", "amount"] | None:
    present = values[np.isfinite(values)]
    if len(present) == 0 or len(np.unique(present)) < _FEWEST_VALUES or present.min() < 0:
        return None
    if (present == np.round(present)).all():
        return "count"
    return "rate" if present.max() <= 1 else "amount"


def _extends(name: str, base: str) -> bool:
    return len(name) > len(base) and name.lower().startswith(base.lower()) and not name[len(base)].isalnum()
