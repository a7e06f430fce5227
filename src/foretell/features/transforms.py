"""Every way of turning a column into numbers a model likes, by name: fitted on training rows, applied to any, saved.

This module owns the register and the one shape that all of them have. It refuses to choose one for a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import ConfigError
from foretell.features.binning import Bins
from foretell.features.categorical import OneHot, Ordinal
from foretell.features.target_encoding import TargetEncoding
from foretell.features.transform import METHODS, Scale, Standardiser

__all__ = ["TRANSFORMS", "Scaled", "Transform", "fit_transform", "transform_from_json"]

Floats = NDArray[np.float64]


class Transform(Protocol):
    """A fitted transformation of one column."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the result."""

    def apply(self, values: pl.Series) -> Floats:
        """Float64 of shape ``[N, len(names)]``: every row by itself, whatever lies beside it."""

    def to_json(self) -> dict[str, Any]:
        """Everything fitted, as JSON values."""


@dataclass(frozen=True)
class Scaled:
    """A number scaled (``Standardiser`` of one column), and beside it whether it is missing where training had gaps.

    Example:
        >>> scaled = fit_transform("standard", pl.Series("visits", [0.0, 1.0, 2.0, 3.0, None]))
        >>> scaled.names, scaled.apply(pl.Series([1.5, None])).tolist()
        (('visits', 'visits_is_missing'), [[0.0, 0.0], [0.0, 1.0]])
    """

    scale: Scale

    @classmethod
    def fit(cls, values: pl.Series, *, method: str) -> Scaled:
        """Fit one of ``METHODS``."""
        return cls(METHODS[method](values.name, values.cast(pl.Float64).fill_null(np.nan).to_numpy()))

    @property
    def names(self) -> tuple[str, ...]:
        """The column, and ``..._is_missing`` where training lacked it."""
        return Standardiser((self.scale,)).names

    def apply(self, values: pl.Series) -> Floats:
        """Float64 without missing values."""
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        columns = [self.scale.apply(numbers)] + ([~np.isfinite(numbers)] if self.scale.has_missing else [])
        return np.column_stack(columns).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        """The scale as JSON values."""
        return Standardiser((self.scale,)).to_json()[0]

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Scaled:
        """Read what ``to_json`` wrote."""
        return cls(Standardiser.from_json([saved]).scales[0])


@dataclass(frozen=True)
class _Kind:
    """How a transformation is fitted and read back; ``out_of_fold`` ones need a label and a time."""

    fit: Callable[..., Transform]
    read: Callable[[Mapping[str, Any]], Transform]
    out_of_fold: bool = False


def _scaling(method: str) -> _Kind:
    return _Kind(lambda values: Scaled.fit(values, method=method), Scaled.from_json)


TRANSFORMS: Final[dict[str, _Kind]] = {
    **{method: _scaling(method) for method in METHODS},
    "equal_width_bins": _Kind(Bins.equal_width, Bins.from_json),
    "quantile_bins": _Kind(Bins.quantile, Bins.from_json),
    "one_hot": _Kind(OneHot.fit, OneHot.from_json),
    "ordinal": _Kind(Ordinal.fit, Ordinal.from_json),
    "target": _Kind(
        lambda values, **options: TargetEncoding.fit_encode(values, **options)[0], TargetEncoding.from_json, True
    ),
}
"""The transformations by name: rank_gauss, log, standard and robust scale; the bins cut; the others take categories."""


def fit_transform(name: str, values: pl.Series, **options: Any) -> Transform:  # noqa: ANN401 (each has its own)
    """Fit the transformation called ``name`` on a column of training rows.

    Args:
        name: A key of ``TRANSFORMS``.
        values: The column; its name becomes that of the result.
        options: ``n_bins``; ``at_most``; ``order``; ``label``, ``time``, ``delay`` and ``smoothing``.

    Raises:
        ConfigError: If there is no such transformation, or it lacks what it needs or has no such option.

    Example:
        >>> fit_transform("quantile_bins", pl.Series("age", [20, 30, 40, 50]), n_bins=2).to_json()
        {'name': 'age', 'edges': [40.0]}
    """
    kind = _kind(name)
    if kind.out_of_fold and not {"label", "time"} <= set(options):
        raise ConfigError(
            f"The transformation {name!r} looks at a target.", received="no label or no time", remedy="Give both."
        )
    try:
        return kind.fit(values, **options)
    except TypeError as error:
        raise ConfigError(f"The transformation {name!r} has no such option.", received=error) from error


def transform_from_json(name: str, saved: Mapping[str, Any]) -> Transform:
    """Read the transformation called ``name`` back from what its ``to_json`` wrote.

    Raises:
        ConfigError: If there is no such transformation.
    """
    return _kind(name).read(saved)


def _kind(name: str) -> _Kind:
    if name not in TRANSFORMS:
        raise ConfigError(
            "There is no such transformation.", received=name, remedy=f"Use one of {', '.join(TRANSFORMS)}."
        )
    return TRANSFORMS[name]
