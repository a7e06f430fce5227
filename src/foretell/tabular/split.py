"""Which rows are trained on, which decide, and which are only tested on.

This module owns the order in time of any column that has one (dates, moments, month names, plain numbers), the later
fifth or a stratified fifth as test, and the folds inside training. It refuses to look at features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InputError, InsufficientDataError, SchemaError
from foretell.core.time import from_microseconds
from foretell.sources.times import parse_times
from foretell.tabular.recognise import numbers, words

__all__ = ["Fold", "Order", "Split", "order_in_time", "split_rows", "validation_folds"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
TEST_SHARE: Final = 0.2
_VALIDATION_SHARE: Final = 0.3
_MOST_BLOCKS: Final = 5
_FOLDS: Final = 5
_ONE_FOLD_FROM: Final = 30_000
_FEWEST_ROWS: Final = 20


@dataclass(frozen=True)
class Order:
    """Rows in time.

    Attributes:
        values: A number per row that grows with time, NaN where a row has no time.
        note: How the column was read.
        shown: Each row's time in words.
    """

    values: Floats
    note: str
    shown: list[str]


@dataclass(frozen=True)
class Split:
    """Which rows train and which test.

    Attributes:
        train: Row numbers, in the order of time where there is one.
        test: Row numbers.
        order: The rows' times, if they have any.
        note: How the split was made, in a sentence.
    """

    train: Rows
    test: Rows
    order: Order | None
    note: str

    def windows(self) -> dict[str, list[str]]:
        """First and last time of training and test, in words; row counts where there is no time."""
        if self.order is None:
            return {}
        shown, values = self.order.shown, self.order.values
        return {
            name: [shown[rows[np.argmin(values[rows])]], shown[rows[np.argmax(values[rows])]]]
            for name, rows in (("train", self.train), ("test", self.test))
        }


@dataclass(frozen=True)
class Fold:
    """One fit inside training: rows to train on, later or other rows that decide (positions within training)."""

    train: Rows
    validation: Rows


def order_in_time(series: pl.Series) -> Order:
    """Read a column as time: month names, dates and moments, or plain numbers that grow.

    Raises:
        SchemaError: If the column has no order that could be time.

    Example:
        >>> order_in_time(pl.Series("Month", ["Nov", "Feb", "Sept"])).values.tolist()
        [11.0, 2.0, 9.0]
    """
    cells = words(series)
    shown = [cell or "unknown" for cell in cells.to_list()]
    short = cells.str.to_lowercase().str.slice(0, 3)
    if cells.count() and not series.dtype.is_numeric() and short.drop_nulls().is_in(_MONTHS).all():
        place = short.replace_strict({name: number for number, name in enumerate(_MONTHS, start=1)}, default=None)
        values = place.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
        note = f"{series.name!r} holds month names without a year: taken as one year, in calendar order."
        return Order(values, note, shown)
    try:
        moments = parse_times(series)
        if moments.values.null_count() <= 0.02 * len(series) + series.null_count():
            values = moments.values.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
            days = [
                "unknown" if moment is None else from_microseconds(moment).date().isoformat()
                for moment in moments.values.to_list()
            ]
            return Order(values, f"{series.name!r} was read as time ({moments.unit}).", days)
    except SchemaError:
        pass
    values = numbers(series)
    if np.isfinite(values).mean() < 0.98 * (cells.count() / max(len(cells), 1)) or not np.isfinite(values).any():
        raise SchemaError(
            f"The column {series.name!r} cannot be put in order of time.",
            received=", ".join(repr(cell) for cell in cells.drop_nulls().unique(maintain_order=True).head(5).to_list()),
            remedy="Name a column of dates, month names or growing numbers, or leave out --time.",
        )
    return Order(values, f"{series.name!r} was read as numbers that grow with time.", shown)


def split_rows(label: Floats, *, order: Order | None = None, test_from: float | None = None, seed: int = 0) -> Split:
    """Train on the earlier rows and test on the later fifth; without time, a stratified random fifth is tested on.

    Args:
        label: 0 or 1 for every row.
        order: The rows' times.
        test_from: The time from which rows are tested on; by default the one nearest to the later fifth.
        seed: Decides the random fifth.

    Raises:
        InsufficientDataError: If a part lacks rows of either answer.
        InputError: If ``test_from`` leaves one part empty.

    Example:
        >>> split_rows(np.tile([0.0, 1.0], 50)).test.shape
        (20,)
    """
    everyone = np.arange(len(label))
    if order is None:
        generator = np.random.default_rng([seed, 20])
        parts = []
        for answer in (0.0, 1.0):
            rows = generator.permutation(everyone[label == answer])
            parts.append(rows[: round(TEST_SHARE * len(rows))])
        test = np.sort(np.concatenate(parts))
        split = Split(
            np.setdiff1d(everyone, test), test, None, "A random fifth of the rows, as many of either answer, is test."
        )
    else:
        times = order.values
        known = np.unique(times[np.isfinite(times)])
        if test_from is None:
            later = np.array([(times >= moment).mean() for moment in known[1:]])
            if not len(later):
                raise InputError("All rows have the same time.", received=order.shown[0], remedy="Leave out --time.")
            test_from = float(known[1:][np.argmin(np.abs(later - TEST_SHARE))])
        test = np.flatnonzero(times >= test_from)
        train = np.flatnonzero(times < test_from)
        if not len(test) or not len(train):
            raise InputError(
                "The test part would hold all rows or none.",
                received=f"{len(train):,} earlier rows, {len(test):,} from there on",
                remedy="Name a time within the table.",
            )
        start = order.shown[int(test[np.argmin(times[test])])]
        share = len(test) / (len(test) + len(train))
        split = Split(
            train[np.argsort(times[train], kind="stable")],
            test,
            order,
            f"{order.note} Rows from {start} on ({share:.0%}) are test; earlier rows train.",
        )
    for name, rows in (("training", split.train), ("test", split.test)):
        n_yes = int(label[rows].sum())
        fewest = _FEWEST_ROWS if name == "training" else 2
        if len(rows) < fewest or n_yes == 0 or n_yes == len(rows):
            raise InsufficientDataError(
                f"There are too few rows for {name}.",
                received=f"{len(rows):,} rows, {n_yes:,} of them yes",
                remedy=f"Give more rows: at least {fewest} for {name}, of both answers.",
            )
    return split


def validation_folds(label: Floats, *, times: Floats | None = None, seed: int = 0) -> list[Fold]:
    """The fits that choose, blend and calibrate, all inside training.

    With time: the latest three tenths of training in up to five blocks. Each is foretold from what lies at least one
    block before it, because the test part is not the next moment either: chances calibrated on the next block alone
    are too sure of themselves further ahead.
    Without: five stratified folds (one for more than 30,000 rows).

    Args:
        label: 0 or 1 of the training rows.
        times: Their times, rising.
        seed: Decides random folds.

    References:
        Tashman, Out-of-sample tests of forecasting accuracy: an analysis and review, Int. J. Forecasting 16, 2000.

    Example:
        >>> folds = validation_folds(np.tile([0.0, 1.0], 50), times=np.repeat(np.arange(20.0), 5))
        >>> [(len(fold.train), len(fold.validation)) for fold in folds]
        [(60, 10), (70, 5), (80, 5), (85, 5), (90, 5)]
    """
    if times is not None:
        folds = _blocks(label, times)
        if folds:
            return folds
    rarer = int(min(label.sum(), len(label) - label.sum()))
    n_folds = max(2, min(_FOLDS, rarer))
    generator = np.random.default_rng([seed, 5])
    fold = np.zeros(len(label), dtype=np.int64)
    for answer in (0.0, 1.0):
        rows = generator.permutation(np.flatnonzero(label == answer))
        fold[rows] = np.arange(len(rows)) % n_folds
    used = 1 if len(label) > _ONE_FOLD_FROM else n_folds
    return [Fold(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(used)]


def _blocks(label: Floats, times: Floats) -> list[Fold]:
    moments, starts = np.unique(times, return_index=True)
    earliest = np.searchsorted(starts, (1 - _VALIDATION_SHARE) * len(times), side="left")
    starts = starts[max(int(earliest), 1) :]
    if not len(starts) or len(moments) < 3:
        return []
    if len(starts) > _MOST_BLOCKS:
        wanted = np.linspace(starts[0], len(times), _MOST_BLOCKS + 1)[:-1]
        starts = np.unique(starts[np.searchsorted(starts, wanted, side="left").clip(0, len(starts) - 1)])
    size = (len(times) - starts[0]) // len(starts)
    before = np.unique(times, return_index=True)[1]
    before = before[before <= starts[0] - size]
    trained_until = [int(before[-1]) if len(before) else 0, *starts[:-1].tolist()]
    ends = [*starts[1:].tolist(), len(times)]
    folds = [
        Fold(np.arange(until), np.arange(start, end))
        for until, start, end in zip(trained_until, starts.tolist(), ends, strict=True)
        if until
    ]
    if not folds:
        return []
    decided = label[folds[0].validation[0] :]
    enough = all(0 < label[fold.train].sum() < len(fold.train) for fold in folds)
    return folds if enough and 0 < decided.sum() < len(decided) else []
