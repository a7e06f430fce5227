"""A campaign's table: who received which arm, what came of it, what was known before.

This module owns the reading of those columns, and the reason for every row left out. It refuses to learn from the
columns that tell the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, SchemaError, UnknownNameError
from foretell.sources.table import Rows
from foretell.sources.words import text
from foretell.tabular.recognise import numbers, words
from foretell.tabular.target import read_target

__all__ = ["Campaign", "Columns", "read_campaign"]

Floats = NDArray[np.float64]

_FEWEST: Final = 100
_MOST_ARMS: Final = 20


@dataclass(frozen=True)
class Columns:
    """The names that make a table a campaign.

    Attributes:
        treatment: The column with the arm.
        control: The word in it for those who received nothing.
        outcome: The column with what came of it: yes or no, or an amount.
        value: A column with money, if decisions are to be made in money.
        drop: Columns to leave out; whatever was measured after the campaign belongs here.
    """

    treatment: str
    control: str
    outcome: str
    value: str | None = None
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Campaign:
    """A read campaign.

    Attributes:
        frame: The columns to learn from, of ``n`` people.
        arms: The names of the treatments, most people first.
        arm: 0 for control, 1 to K, shape ``[n]``.
        outcome: 0 or 1, or an amount, shape ``[n]``.
        money: The value column, shape ``[n]``, or None.
        notes: How it was read and what was left out, in sentences.
    """

    frame: pl.DataFrame
    arms: tuple[str, ...]
    arm: NDArray[np.int64]
    outcome: Floats
    money: Floats | None
    notes: tuple[str, ...]

    def take(self, rows: NDArray[Any], *, note: str) -> Campaign:
        """Some of the people, with the reason."""
        money = None if self.money is None else self.money[rows]
        return Campaign(
            self.frame.filter(pl.Series(rows)),
            self.arms,
            self.arm[rows],
            self.outcome[rows],
            money,
            (*self.notes, note),
        )


def read_campaign(rows: Rows | pl.DataFrame, *, columns: Columns) -> Campaign:
    """Read a table as a campaign.

    Args:
        rows: The table.
        columns: Which column is what.

    Raises:
        UnknownNameError: If a named column or the control's word does not exist.
        InsufficientDataError: If control or every arm has fewer than 100 people.
        SchemaError: If there are more than 20 arms, or the outcome is no yes or no and no number.

    Example:
        >>> frame = pl.DataFrame({"mail": ["none", "coupon"] * 120, "bought": [0, 1] * 120, "age": range(240)})
        >>> found = read_campaign(frame, columns=Columns("mail", "none", "bought"))
        >>> found.arms, found.frame.columns
        (('coupon',), ['age'])
    """
    frame = rows if isinstance(rows, pl.DataFrame) else rows.frame
    named = [columns.treatment, columns.outcome, *([columns.value] if columns.value else []), *columns.drop]
    for name in named:
        if name not in frame.columns:
            raise UnknownNameError.among("column", name, frame.columns)
    # "none" and "null" are good names for a control group, so no word counts as missing here; 0.0 is 0.
    told = text(frame[columns.treatment]).str.replace(r"^(-?\d+)\.0+$", "${1}")
    counts = dict(told.drop_nulls().value_counts(sort=True).rows())
    if columns.control not in counts:
        raise UnknownNameError.among(f"arm in {columns.treatment!r}", columns.control, list(counts)[:40])
    if len(counts) > _MOST_ARMS + 1:
        raise SchemaError(
            f"The column {columns.treatment!r} has too many values to be the arms of a campaign.",
            received=f"{len(counts):,} values",
            remedy=f"Name the column that says which of at most {_MOST_ARMS} treatments a person received.",
        )
    outcome, notes = _outcome(frame[columns.outcome])
    money = None if columns.value is None else numbers(frame[columns.value])
    arms = tuple(name for name, count in counts.items() if name != columns.control and count >= _FEWEST)
    small = [f"{name} ({count})" for name, count in counts.items() if name != columns.control and count < _FEWEST]
    if small:
        notes.append(f"Arms of fewer than {_FEWEST} people were left out: {', '.join(small)}.")
    if not arms or counts[columns.control] < _FEWEST:
        raise InsufficientDataError(
            "A campaign's effect needs people who were treated and people who were not.",
            received=", ".join(f"{name!r}: {count}" for name, count in counts.items()),
            remedy=f"Give a table with at least {_FEWEST} people in control and in one arm.",
        )
    place = {columns.control: 0} | {name: number for number, name in enumerate(arms, start=1)}
    arm = np.array([-1 if cell is None else place.get(cell, -1) for cell in told.to_list()], dtype=np.int64)
    known = (arm >= 0) & np.isfinite(outcome)
    if money is not None:
        money = np.where(np.isfinite(money), money, 0.0)[known]
    if not known.all():
        notes.append(f"{int((~known).sum()):,} rows without a known arm or outcome were left out.")
    left = frame.drop(list(dict.fromkeys(named))).filter(pl.Series(known))
    return Campaign(left, arms, arm[known], outcome[known], money, tuple(notes))


def _outcome(series: pl.Series) -> tuple[Floats, list[str]]:
    """Yes and no where there are two words for it, else numbers."""
    if words(series).drop_nulls().n_unique() <= 2:
        read = read_target(series)
        return read.values, [read.note]
    values = numbers(series)
    if np.isfinite(values).sum() < words(series).count():
        raise SchemaError(
            f"The outcome {series.name!r} is neither yes or no nor a number.",
            received=f"{words(series).drop_nulls().n_unique()} words",
            remedy="Name a column with two answers, or with an amount.",
        )
    return values, [f"{series.name!r} is read as an amount."]
