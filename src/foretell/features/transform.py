"""Features as a linear or neural head wants them: centred, of unit spread, with missing values marked.

This module owns scaling fitted on training rows and repeated exactly on any others, live or in batch: every
value is worked on alone. It refuses to choose features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from foretell.core.errors import ConfigError, SchemaError

__all__ = ["METHODS", "Method", "Scale", "Standardiser"]

Floats = NDArray[np.float64]
Method = Literal["rank_gauss", "log", "standard", "robust"]

_MISSING_SUFFIX: Final = "_is_missing"
_N_KNOTS: Final = 256
_FEW_ROWS: Final = 8
_QUARTILES_PER_SIGMA: Final = 1.3489795003921634


@dataclass(frozen=True)
class Scale:
    """How one feature is scaled: a straight line, or a broken one through knots.

    Attributes:
        name: The feature.
        logarithm: Whether ``sign(x) log(1 + |x|)`` is taken first.
        knots: Values where the broken line bends, rising; two knots at least, or none.
        heights: What the knots are scaled to. Outside the knots the line is level.
        centre: What is taken off where there are no knots.
        spread: What is divided by where there are no knots.
        has_missing: Whether training rows lacked it, so that its absence is a column of its own.
    """

    name: str
    logarithm: bool = False
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    centre: float = 0.0
    spread: float = 1.0
    has_missing: bool = False

    def apply(self, values: Floats) -> Floats:
        """The scaled values; missing ones are 0, the centre."""
        present = np.isfinite(values)
        numbers = np.where(present, values, 0.0)
        if self.logarithm:
            numbers = np.sign(numbers) * np.log1p(np.abs(numbers))
        scaled = _broken_line(numbers, *self._line) if self.knots else (numbers - self.centre) / self.spread
        return np.where(present, scaled, 0.0)

    @cached_property
    def _line(self) -> tuple[Floats, Floats]:
        return np.array(self.knots), np.array(self.heights)


@dataclass(frozen=True)
class Standardiser:
    """Scales fitted on training rows.

    Attributes:
        scales: One a feature, in the order of the columns.

    Example:
        >>> train = pl.DataFrame({"visits": [0.0, 1.0, 2.0, 3.0, None]})
        >>> standardiser = Standardiser.fit(train, method="standard")
        >>> standardiser.names
        ('visits', 'visits_is_missing')
        >>> standardiser.transform(pl.DataFrame({"visits": [1.5, None]})).tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """

    scales: tuple[Scale, ...]

    @classmethod
    def fit(
        cls, frame: pl.DataFrame, *, names: Sequence[str] | None = None, method: Method = "rank_gauss"
    ) -> Standardiser:
        """Fit on training rows.

        Args:
            frame: The features, one row an example; null, NaN and infinite values count as missing.
            names: The columns to scale; by default all.
            method: ``rank_gauss`` gives each feature a normal shape; ``log`` takes logarithms, then
                mean 0 and deviation 1; ``standard`` without logarithms; ``robust`` by median and quartiles.

        Raises:
            ConfigError: If there is no such method.
            SchemaError: If a column is missing.

        References:
            Rank-based inverse normal scores: van der Waerden (1952).
        """
        if method not in METHODS:
            raise ConfigError(
                "There is no such way of scaling.",
                received=method,
                remedy=f"Use one of {', '.join(METHODS)}.",
            )
        chosen = frame.columns if names is None else list(names)
        return cls(tuple(METHODS[method](name, _numbers(frame, name)) for name in chosen))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the result: the features, then ``..._is_missing`` for those that can be missing."""
        missing = [f"{scale.name}{_MISSING_SUFFIX}" for scale in self.scales if scale.has_missing]
        return (*(scale.name for scale in self.scales), *missing)

    def transform(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Float32 of shape ``[N, len(names)]``, without missing values.

        Raises:
            SchemaError: If a column is missing.
        """
        return self._by_column(frame.height, lambda name: _numbers(frame, name))

    def transform_matrix(self, values: NDArray[np.float32], *, names: Sequence[str]) -> NDArray[np.float32]:
        """The same of a matrix ``[N, F]`` whose columns are ``names``, without building a frame.

        Raises:
            SchemaError: If a column is missing.
        """
        place = {name: number for number, name in enumerate(names)}
        for scale in self.scales:
            if scale.name not in place:
                raise _absent(scale.name)
        if len(values) <= _FEW_ROWS:
            chosen = values[:, [place[scale.name] for scale in self.scales]].astype(np.float64)
            gone = ~np.isfinite(chosen[:, [scale.has_missing for scale in self.scales]])
            return np.concatenate([self._all_columns(chosen), gone], axis=1, dtype=np.float32)
        return self._by_column(len(values), lambda name: values[:, place[name]].astype(np.float64))

    def _by_column(self, n_rows: int, column: Callable[[str], Floats]) -> NDArray[np.float32]:
        result = np.empty((n_rows, len(self.names)), dtype=np.float32)
        indicator = len(self.scales)
        for number, scale in enumerate(self.scales):
            values = column(scale.name)
            result[:, number] = scale.apply(values)
            if scale.has_missing:
                result[:, indicator] = ~np.isfinite(values)
                indicator += 1
        return result

    def _all_columns(self, values: Floats) -> Floats:
        """``Scale.apply`` of all columns at once: for one customer, a call a column would be most of the work."""
        present = np.isfinite(values)
        numbers = np.where(present, values, 0.0)
        logarithm, centre, spread, n_knots, x, y = self._table
        numbers = np.where(logarithm, np.sign(numbers) * np.log1p(np.abs(numbers)), numbers)
        column = np.arange(values.shape[1])
        at = np.clip((x <= numbers[:, :, None]).sum(axis=2) - 1, 0, np.maximum(n_knots - 2, 0))
        width = np.where(n_knots > 0, x[column, at + 1] - x[column, at], 1.0)
        share = np.clip((numbers - x[column, at]) / width, 0.0, 1.0)
        bent = y[column, at] + share * (y[column, at + 1] - y[column, at])
        return np.where(present, np.where(n_knots > 0, bent, (numbers - centre) / spread), 0.0)

    @cached_property
    def _table(self) -> tuple[NDArray[np.bool_], Floats, Floats, NDArray[np.int64], Floats, Floats]:
        """Every scale's numbers side by side; knots that a scale lacks lie beyond all values."""
        n_knots = np.array([len(scale.knots) for scale in self.scales], dtype=np.int64)
        x = np.full((len(self.scales), max(int(n_knots.max(initial=0)), 2)), np.finfo(np.float64).max)
        y = np.zeros_like(x)
        for number, scale in enumerate(self.scales):
            x[number, : n_knots[number]] = scale.knots
            y[number, : n_knots[number]] = scale.heights
        logarithm = np.array([scale.logarithm for scale in self.scales], dtype=np.bool_)
        centre = np.array([scale.centre for scale in self.scales])
        return logarithm, centre, np.array([scale.spread for scale in self.scales]), n_knots, x, y

    def to_json(self) -> list[dict[str, Any]]:
        """The scales as JSON values; floats keep every bit."""
        return [
            {
                "name": scale.name,
                "logarithm": scale.logarithm,
                "knots": list(scale.knots),
                "heights": list(scale.heights),
                "centre": scale.centre,
                "spread": scale.spread,
                "has_missing": scale.has_missing,
            }
            for scale in self.scales
        ]

    @classmethod
    def from_json(cls, values: Sequence[Mapping[str, Any]]) -> Standardiser:
        """Read what ``to_json`` wrote."""
        return cls(
            tuple(
                Scale(**{**value, "knots": tuple(value["knots"]), "heights": tuple(value["heights"])})
                for value in values
            )
        )


def _rank_gauss(name: str, values: Floats) -> Scale:
    """Knots at quantiles, each lifted to the normal score of its mean rank; ties share one score."""
    present = np.sort(values[np.isfinite(values)])
    missing = len(present) < len(values)
    if not len(present) or present[0] == present[-1]:
        return Scale(name, centre=float(present[0]) if len(present) else 0.0, has_missing=missing)
    at = np.rint(np.linspace(0, len(present) - 1, min(_N_KNOTS, len(present)))).astype(np.int64)
    knots = np.unique(present[at])
    below, until = np.searchsorted(present, knots, side="left"), np.searchsorted(present, knots, side="right")
    scores = ndtri((below + until) / (2.0 * len(present)))
    fitted = _broken_line(present, knots, scores)
    heights = (scores - fitted.mean()) / max(float(fitted.std()), 1e-12)
    return Scale(name, knots=tuple(knots.tolist()), heights=tuple(heights.tolist()), has_missing=missing)


def _line(name: str, values: Floats, *, logarithm: bool = False, robust: bool = False) -> Scale:
    """A straight line through mean and deviation, or median and quartiles."""
    present = values[np.isfinite(values)]
    missing = len(present) < len(values)
    if not len(present):
        return Scale(name, logarithm=logarithm, has_missing=missing)
    if logarithm:
        present = np.sign(present) * np.log1p(np.abs(present))
    centre, spread = float(present.mean()), float(present.std())
    if robust:
        low, centre, high = (float(value) for value in np.quantile(present, (0.25, 0.5, 0.75)))
        spread = (high - low) / _QUARTILES_PER_SIGMA or spread
    # A constant column becomes 0 rather than noise blown up by a tiny spread.
    if not np.isfinite(spread) or spread <= 1e-12 * max(abs(centre), 1.0):
        spread = 1.0
    return Scale(name, logarithm=logarithm, centre=centre, spread=spread, has_missing=missing)


METHODS: Final[dict[str, Callable[[str, Floats], Scale]]] = {
    "rank_gauss": _rank_gauss,
    "log": lambda name, values: _line(name, values, logarithm=True),
    "standard": _line,
    "robust": lambda name, values: _line(name, values, robust=True),
}
"""The ways of scaling by name; each fits one feature."""


def _broken_line(values: Floats, x: Floats, y: Floats) -> Floats:
    """Linear interpolation, level outside the knots; the same formula whatever the other values."""
    at = np.clip(np.searchsorted(x, values, side="right") - 1, 0, len(x) - 2)
    with np.errstate(over="ignore"):  # knots may lie so close that the ratio leaves the range; it is clipped anyway
        share = np.clip((values - x[at]) / (x[at + 1] - x[at]), 0.0, 1.0)
    return y[at] + share * (y[at + 1] - y[at])


def _numbers(frame: pl.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        raise _absent(name)
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _absent(name: str) -> SchemaError:
    return SchemaError("A feature is missing.", received=f"no column {name!r}", remedy="Compute the same features.")
