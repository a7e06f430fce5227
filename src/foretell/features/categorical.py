"""Categories as numbers without looking at a target: one column a value, or the value's place.

This module owns one-hot and ordinal encoding and their saved forms. A value never seen in training has no column and
no place: all zeros, and NaN. It refuses targets (``target_encoding``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.features.codes import lookup

__all__ = ["OneHot", "Ordinal", "commonest"]

Floats = NDArray[np.float64]


def commonest(values: pl.Series, *, at_most: int | None) -> tuple[str, ...]:
    """The distinct values as text, the commonest first, equals in the order of their text.

    Example:
        >>> commonest(pl.Series(["tea", "bun", "tea", None]), at_most=1)
        ('tea',)
    """
    counts = values.drop_nulls().cast(pl.String).alias("value").to_frame().group_by("value").len()
    ranked = counts.sort(["len", "value"], descending=[True, False])["value"]
    return tuple(ranked if at_most is None else ranked.head(at_most))


@dataclass(frozen=True)
class OneHot:
    """One column of 0 and 1 for each of the commonest values; the others, and no value, are 0 in all of them.

    Example:
        >>> encoding = OneHot.fit(pl.Series("colour", ["red", "blue", "red"]))
        >>> encoding.names, encoding.apply(pl.Series(["blue", "green", None])).tolist()
        (('colour_is_red', 'colour_is_blue'), [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    """

    name: str
    values: tuple[str, ...]

    @classmethod
    def fit(cls, values: pl.Series, *, at_most: int = 32) -> OneHot:
        """Take the ``at_most`` commonest values."""
        return cls(values.name, commonest(values, at_most=at_most))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the result."""
        return tuple(f"{self.name}_is_{value}" for value in self.values)

    def apply(self, values: pl.Series) -> Floats:
        """Float64 of shape ``[N, len(values)]``."""
        code = lookup(values.cast(pl.String), names=pl.Series(self.values, dtype=pl.String))
        columns: Floats = (code[:, None] == np.arange(len(self.values))).astype(np.float64)
        return columns

    def to_json(self) -> dict[str, Any]:
        """The encoding as JSON values."""
        return {"name": self.name, "values": list(self.values)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> OneHot:
        """Read what ``to_json`` wrote."""
        return cls(saved["name"], tuple(saved["values"]))


@dataclass(frozen=True)
class Ordinal:
    """The place of each value, in the order given or else of its text; NaN for unseen values and for none.

    Example:
        >>> Ordinal.fit(pl.Series("size", ["S", "L"]), order=("S", "M", "L")).apply(pl.Series(["L", "XL"])).tolist()
        [[2.0], [nan]]
    """

    name: str
    values: tuple[str, ...]

    @classmethod
    def fit(cls, values: pl.Series, *, order: tuple[str, ...] | None = None) -> Ordinal:
        """Take the values there are, or those of ``order``."""
        return cls(values.name, tuple(sorted(commonest(values, at_most=None))) if order is None else order)

    @property
    def names(self) -> tuple[str, ...]:
        """The one column of the result."""
        return (self.name,)

    def apply(self, values: pl.Series) -> Floats:
        """Float64 of shape ``[N, 1]``."""
        code = lookup(values.cast(pl.String), names=pl.Series(self.values, dtype=pl.String))
        return np.where(code < 0, np.nan, code)[:, None]

    def to_json(self) -> dict[str, Any]:
        """The encoding as JSON values."""
        return {"name": self.name, "values": list(self.values)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Ordinal:
        """Read what ``to_json`` wrote."""
        return cls(saved["name"], tuple(saved["values"]))
