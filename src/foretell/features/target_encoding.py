"""Categories as what followed them: the mean of the target, pulled towards the mean of all where few were seen.

This module owns the encoding, fitted out of fold: a training row is encoded from rows whose answers were known before
its own time, never from its own answer, which would give the answer away. It refuses rows without a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.features.codes import divide, lookup
from foretell.features.timeline import Timeline

__all__ = ["SMOOTHING", "TargetEncoding"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SMOOTHING: Final = 20.0
"""How many rows of a value its own mean has to weigh as much as the mean of all."""


@dataclass(frozen=True)
class TargetEncoding:
    """For each value: how many training rows had it, and the sum of their targets.

    Encoded, a value with n rows of mean m becomes ``(n m + smoothing p) / (n + smoothing)``, p being the mean of all:
    the weight of its own mean is ``n / (n + smoothing)``. A value never seen becomes p; no value is a value of its own.

    Attributes:
        name: The column.
        values: The values seen, sorted.
        counts: Rows of each value, then of none.
        sums: Their targets summed.
        smoothing: How many rows the mean of all is worth.

    Example:
        >>> colour = pl.Series("colour", ["red", "red", "blue", "red"])
        >>> time, label = pl.Series([1, 2, 3, 4]), pl.Series([1.0, 0.0, 1.0, 1.0])
        >>> encoding, train = TargetEncoding.fit_encode(colour, label=label, time=time, smoothing=1.0)
        >>> train[:, 0].round(3).tolist()  # before its own time: nothing, [1], all of [1, 0], red's [1, 0]
        [nan, 1.0, 0.5, 0.556]
        >>> encoding.apply(pl.Series(["red", "green"]))[:, 0].tolist()  # red: (2 + 0.75) / 4; green is new
        [0.6875, 0.75]

    References:
        Micci-Barreca (2001), A Preprocessing Scheme for High-Cardinality Categorical Attributes in Classification and
        Prediction Problems, SIGKDD Explorations 3(1); encoding from earlier rows only: Prokhorenkova et al. (2018),
        CatBoost, NeurIPS, section 3.2 ("ordered target statistics").
    """

    name: str
    values: tuple[str, ...]
    counts: tuple[int, ...]
    sums: tuple[float, ...]
    smoothing: float = SMOOTHING

    @classmethod
    def fit_encode(
        cls,
        values: pl.Series,
        *,
        label: pl.Series,
        time: pl.Series,
        delay: int = 0,
        smoothing: float = SMOOTHING,
    ) -> tuple[TargetEncoding, Floats]:
        """Fit on training rows and encode them out of fold.

        Args:
            values: The column.
            label: 0 or 1, or a number.
            time: When each row was asked about, int64 microseconds.
            delay: How long after that the label was known (the task's horizon), in microseconds.
            smoothing: How many rows the mean of all is worth.

        Returns:
            The encoding for rows to come, and float64 ``[N, 1]`` for these: each row is encoded from rows whose
            ``time + delay`` lies before its own time; NaN where there is none.

        Raises:
            SchemaError: If lengths differ or a label or a time is missing.
            InsufficientDataError: If there are no rows.
        """
        if not len(values):
            raise InsufficientDataError("A target encoding needs rows to be fitted on.", received="none")
        if len({len(values), len(label), len(time)}) > 1 or label.null_count() or time.null_count() or delay < 0:
            raise SchemaError(
                "A target encoding needs one label and one time for each row, and a delay of 0 or more.",
                received=f"{len(values)} rows, {len(label)} labels, {len(time)} times, delay {delay}",
            )
        names = values.drop_nulls().cast(pl.String).unique().sort()
        code = _codes(values, names)
        target, moment = label.cast(pl.Float64).to_numpy(), time.cast(pl.Int64).to_numpy()
        counts = np.bincount(code, minlength=len(names) + 1)
        sums = np.bincount(code, weights=target, minlength=len(names) + 1)
        fitted = cls(values.name, tuple(names), tuple(counts.tolist()), tuple(sums.tolist()), smoothing)
        n, total = _before(code, target=target, time=moment, delay=delay)
        n_all, total_all = _before(np.zeros_like(code), target=target, time=moment, delay=delay)
        prior = divide(total_all, n_all)
        return fitted, _pulled(total, n, prior=prior, smoothing=smoothing)[:, None]

    @property
    def names(self) -> tuple[str, ...]:
        """The one column of the result."""
        return (f"{self.name}_target",)

    @property
    def prior(self) -> float:
        """The mean of all."""
        return sum(self.sums) / max(sum(self.counts), 1)

    def apply(self, values: pl.Series) -> Floats:
        """Float64 ``[N, 1]`` of rows later than the training rows; a value never seen is the mean of all."""
        code = _codes(values, pl.Series(self.values, dtype=pl.String))
        known = code <= len(self.values)
        at = np.where(known, code, 0)
        n = np.where(known, np.array(self.counts, dtype=np.int64)[at], 0)
        total = np.where(known, np.array(self.sums, dtype=np.float64)[at], 0.0)
        return _pulled(total, n, prior=np.full(len(n), self.prior), smoothing=self.smoothing)[:, None]

    def to_json(self) -> dict[str, Any]:
        """The encoding as JSON values; floats keep every bit."""
        return {
            "name": self.name,
            "values": list(self.values),
            "counts": list(self.counts),
            "sums": list(self.sums),
            "smoothing": self.smoothing,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> TargetEncoding:
        """Read what ``to_json`` wrote."""
        lists = {name: tuple(saved[name]) for name in ("values", "counts", "sums")}
        return cls(name=saved["name"], smoothing=saved["smoothing"], **lists)


def _codes(values: pl.Series, names: pl.Series) -> Integers:
    """Codes of the values; ``len(names)`` for none, one more for unseen ones."""
    code = lookup(values.cast(pl.String), names=names)
    return np.where(values.is_null().to_numpy(), len(names), np.where(code < 0, len(names) + 1, code))


def _before(code: Integers, *, target: Floats, time: Integers, delay: int) -> tuple[Integers, Floats]:
    """For each row: how many rows of its value had their label known before its time, and the sum of those."""
    known_at = time + delay
    order = np.lexsort((known_at, code))
    line = Timeline.of(code[order], time=known_at[order], n_owners=int(code.max()) + 1)
    since = line.starts[code]
    until = line.position(code, tick=line.tick(time - 1))
    running = np.append(0.0, np.cumsum(target[order]))
    return until - since, running[until] - running[since]


def _pulled(total: Floats, n: Integers, *, prior: Floats, smoothing: float) -> Floats:
    return divide(total + smoothing * prior, n + smoothing)
