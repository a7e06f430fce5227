"""From a table's columns to numeric features: one definition, fitted on training rows, repeated on any others.

This module owns the levels of categories, the hashing of text and the parts of dates, and refuses to look at the
label. Missing stays missing (NaN).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import SchemaError
from foretell.tabular.recognise import Recognition, dates, numbers, words, yes_no

__all__ = ["TableEncoder"]

Floats = NDArray[np.float64]

_MOST_LEVELS: Final = 30
_N_BUCKETS: Final = 64


@dataclass(frozen=True)
class TableEncoder:
    """Features of a table.

    Attributes:
        recognition: What the columns are.
        levels: The frequent values of each category.
        shares: How frequent each value of a category was in training, for categories with many.
        last_day: The latest training date of each date column, days since 1970.

    Example:
        >>> from foretell.tabular.recognise import recognise_columns
        >>> frame = pl.DataFrame({"views": [1, 2, 2] * 20, "device": ["phone", "web", "web"] * 20})
        >>> encoder = TableEncoder.fit(frame, recognition=recognise_columns(frame))
        >>> encoder.transform(frame.head(1)).row(0, named=True)
        {'views': 1.0, 'device=web': 0.0, 'device=phone': 1.0}
    """

    recognition: Recognition
    levels: dict[str, tuple[str, ...]]
    shares: dict[str, dict[str, float]]
    last_day: dict[str, float]

    @classmethod
    def fit(cls, frame: pl.DataFrame, *, recognition: Recognition) -> Self:
        """Learn levels and latest dates from training rows."""
        levels: dict[str, tuple[str, ...]] = {}
        shares: dict[str, dict[str, float]] = {}
        last_day: dict[str, float] = {}
        fewest = max(3, min(frame.height // 200, 50))
        for column in recognition.columns:
            if column.kind == "category":
                counts = words(frame[column.name]).drop_nulls().value_counts().rows()
                ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
                levels[column.name] = tuple(name for name, count in ordered[:_MOST_LEVELS] if count >= fewest)
                if len(ordered) > len(levels[column.name]) + 1:
                    shares[column.name] = {name: float(np.log(count / frame.height)) for name, count in ordered}
            elif column.kind == "date":
                found = dates(frame[column.name])
                last_day[column.name] = float(np.nanmax(found)) if np.isfinite(found).any() else 0.0
        return cls(recognition, levels, shares, last_day)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The features as float64 columns, NaN where a value is missing.

        Raises:
            SchemaError: If a column that training had is missing.
        """
        absent = [column.name for column in self.recognition.columns if column.name not in frame.columns]
        if absent:
            raise SchemaError(
                "Columns that the model was trained on are missing.",
                received=f"no {', '.join(absent)}",
                remedy="Give a table with the training table's columns (the target may be absent).",
            )
        parts: dict[str, Floats] = {}
        for column in self.recognition.columns:
            series = frame[column.name]
            if column.kind == "number":
                parts[column.name] = numbers(series)
            elif column.kind == "boolean":
                parts[column.name] = yes_no(series)
            elif column.kind == "category":
                parts |= self._category(column.name, series)
            elif column.kind == "text":
                parts |= _text(column.name, series)
            else:
                parts |= self._date(column.name, series)
        return pl.DataFrame(parts)

    def source_of(self, feature: str) -> str:
        """The column that a feature of ``transform`` comes from."""
        for column in self.recognition.columns:
            if feature == column.name or feature.startswith((f"{column.name}=", f"{column.name}:")):
                return column.name
        return feature

    def _category(self, name: str, series: pl.Series) -> dict[str, Floats]:
        cells = words(series)
        present = cells.is_not_null().to_numpy()
        found = {
            f"{name}={level}": np.where(present, cells.eq(level).fill_null(False).to_numpy(), np.nan)
            for level in self.levels[name]
        }
        if name in self.shares:
            known = self.shares[name]
            rarest = min(known.values()) - 1.0
            share = [np.nan if cell is None else known.get(cell, rarest) for cell in cells.to_list()]
            found[f"{name}:frequency"] = np.asarray(share, dtype=np.float64)
        return found

    def _date(self, name: str, series: pl.Series) -> dict[str, Floats]:
        days = dates(series)
        found = {
            f"{name}:days_before_latest": self.last_day[name] - days,
            f"{name}:weekday": np.mod(np.floor(days) + 3, 7),
        }
        found[f"{name}:hour"] = np.floor(np.mod(days, 1.0) * 24)
        return found

    def to_json(self) -> dict[str, Any]:
        """The encoder as JSON types."""
        return {
            "recognition": self.recognition.to_json(),
            "levels": {name: list(values) for name, values in self.levels.items()},
            "shares": self.shares,
            "last_day": self.last_day,
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(
            Recognition.from_json(saved["recognition"]),
            {name: tuple(values) for name, values in saved["levels"].items()},
            saved["shares"],
            saved["last_day"],
        )


def _text(name: str, series: pl.Series) -> dict[str, Floats]:
    """Words hashed into a fixed number of buckets (1 where a word of it occurs), and how many words there are.

    References:
        Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009.
    """
    cells = words(series).to_list()
    table = np.zeros((len(cells), _N_BUCKETS))
    n_words = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        found = [word for word in _split(cell) if word]
        n_words[row] = len(found)
        for word in found:
            table[row, zlib.crc32(word.encode()) % _N_BUCKETS] = 1.0
    parts = {f"{name}:words_{bucket:02d}": table[:, bucket] for bucket in range(_N_BUCKETS)}
    return {f"{name}:word_count": n_words, **parts}


def _split(cell: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in cell.lower()).split()
