"""What each column of a table is: a number, yes or no, a category, text, a date, or nothing to learn from.

This module owns recognition from training rows, and the reason for every column left out. It refuses to turn
columns into features (``encode``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, SchemaError, UnknownNameError
from foretell.core.time import DAY
from foretell.sources.times import parse_times
from foretell.sources.words import text

__all__ = ["Column", "Recognition", "dates", "numbers", "recognise_columns", "words", "yes_no"]

Kind = Literal["number", "boolean", "category", "text", "date"]
Floats = NDArray[np.float64]

_TRUE: Final = ("true", "yes", "y", "t")
_FALSE: Final = ("false", "no", "n", "f")
_EMPTY: Final = ("", "null", "none", "nan", "nat", "n/a", "na", "?", "undefined", "<na>")
_DATE: Final = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?$"
_READABLE_SHARE: Final = 0.98
_MOST_LEVELS: Final = 60
_ID_SHARE: Final = 0.9
_FEWEST_ROWS_FOR_ID: Final = 30


@dataclass(frozen=True)
class Column:
    """One column to learn from.

    Attributes:
        name: Its name in the table.
        kind: What it holds.
        note: What was seen, in words.
    """

    name: str
    kind: Kind
    note: str = ""


@dataclass(frozen=True)
class Recognition:
    """What a table's columns are.

    Attributes:
        columns: Those to learn from, in the table's order.
        dropped: Those left out, with the reason.
    """

    columns: tuple[Column, ...]
    dropped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The recognition as JSON types."""
        return {"columns": [asdict(column) for column in self.columns], "dropped": dict(self.dropped)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(tuple(Column(**column) for column in saved["columns"]), dict(saved["dropped"]))


def recognise_columns(frame: pl.DataFrame, *, drop: Sequence[str] = (), categories: Sequence[str] = ()) -> Recognition:
    """Recognise the columns of training rows.

    Args:
        frame: The rows, without target and time.
        drop: Columns to leave out because the user says so.
        categories: Columns whose numbers are codes, not amounts.

    Raises:
        UnknownNameError: If a named column does not exist.
        InsufficientDataError: If nothing is left to learn from.

    Example:
        >>> frame = pl.DataFrame({"views": ["1", "2", "4"], "device": ["a", "b", "a"], "shop": ["x", "x", "x"]})
        >>> found = recognise_columns(frame)
        >>> [(column.name, column.kind) for column in found.columns], found.dropped
        ([('views', 'number'), ('device', 'category')], {'shop': 'the same in every row'})
    """
    for name in (*drop, *categories):
        if name not in frame.columns:
            raise UnknownNameError.among("column", name, frame.columns)
    columns: list[Column] = []
    dropped: dict[str, str] = {}
    for name in frame.columns:
        if name in drop:
            dropped[name] = "left out as asked"
            continue
        found = _recognise(frame[name], is_category=name in categories)
        if isinstance(found, str):
            dropped[name] = found
        else:
            columns.append(found)
    if not columns:
        raise InsufficientDataError(
            "No column is left to learn from.",
            received="; ".join(f"{name}: {reason}" for name, reason in dropped.items()) or "no columns",
            remedy="Add columns that differ between users.",
        )
    return Recognition(tuple(columns), dropped)


def _recognise(series: pl.Series, *, is_category: bool) -> Column | str:
    """The column, or why it is left out."""
    name = series.name
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        return f"its cells are of type {series.dtype}, not plain values"
    cells = words(series)
    n, n_distinct = cells.count(), cells.drop_nulls().n_unique()
    if n == 0:
        return "empty in every row"
    if n_distinct + (n < len(cells)) < 2:
        return "the same in every row"
    if is_category:
        return Column(name, "category", f"{n_distinct} codes, as told")
    if series.dtype.is_temporal():
        return Column(name, "date", "dates")
    if series.dtype == pl.Boolean or _share(cells, cells.str.to_lowercase().is_in(_TRUE + _FALSE)) == 1.0:
        return Column(name, "boolean", "yes or no")
    values = numbers(series)
    readable = float(np.isfinite(values).sum()) / n
    if readable >= _READABLE_SHARE:
        whole = values[np.isfinite(values)]
        is_whole = bool((whole == np.round(whole)).all())
        if is_whole and n_distinct == n >= _FEWEST_ROWS_FOR_ID and _is_dense_or_large(whole):
            return "another whole number in every row: it names rows, it does not describe them"
        unread = f"; {n - int(np.isfinite(values).sum())} cells are no numbers and count as missing"
        return Column(name, "number", ("whole numbers" if is_whole else "numbers") + (unread if readable < 1 else ""))
    if _share(cells, cells.str.contains(_DATE)) >= _READABLE_SHARE and np.isfinite(dates(series)).sum() >= 0.9 * n:
        return Column(name, "date", "dates")
    has_blanks = float(cells.drop_nulls().str.contains(r"\s|[,;|]").mean() or 0.0)  # type: ignore[arg-type]
    if n_distinct <= min(_MOST_LEVELS, max(2, n // 5)):
        return Column(name, "category", f"{n_distinct} values")
    if n_distinct > _ID_SHARE * n and n >= _FEWEST_ROWS_FOR_ID and has_blanks < 0.2:
        return "another word in nearly every row: it names rows, it does not describe them"
    if has_blanks >= 0.2:
        return Column(name, "text", "words, hashed")
    return Column(name, "category", f"{n_distinct} values, the rare ones together")


def _share(cells: pl.Series, hits: pl.Series) -> float:
    return float(hits.sum()) / max(cells.count(), 1)


def _is_dense_or_large(values: Floats) -> bool:
    """Whether whole numbers look like running or random identifiers rather than amounts."""
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all() or np.ptp(values) < 2 * len(values) or values.min() > 1e5)


def words(series: pl.Series) -> pl.Series:
    """Cells as trimmed text; words for nothing are null."""
    if series.dtype.is_float():
        series = series.fill_nan(None)
    cells = text(series)
    return cells.set(cells.str.to_lowercase().is_in(_EMPTY), None)


def numbers(series: pl.Series) -> Floats:
    """Cells as numbers; NaN where a cell is empty or no finite number. Decimal commas and currency signs are read."""
    if series.dtype == pl.Boolean or series.dtype.is_numeric():
        values = series.cast(pl.Float64, strict=False)
    else:
        cells = words(series).str.replace_all(r"[\s$€£¥₹%]", "")
        if not cells.str.contains(".", literal=True).any():
            cells = cells.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}")
        else:
            cells = cells.str.replace_all(r"(\d),(\d{3})", "${1}${2}")
        values = cells.cast(pl.Float64, strict=False)
    found = values.fill_null(np.nan).to_numpy().astype(np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def yes_no(series: pl.Series) -> Floats:
    """1 for yes, 0 for no, NaN for anything else."""
    cells = words(series).str.to_lowercase()
    found = np.full(len(cells), np.nan)
    found[cells.is_in((*_TRUE, "1")).fill_null(False).to_numpy()] = 1.0
    found[cells.is_in((*_FALSE, "0")).fill_null(False).to_numpy()] = 0.0
    return found


def dates(series: pl.Series) -> Floats:
    """Days since 1970, NaN where a cell is no date."""
    try:
        values = parse_times(series).values
    except SchemaError:
        return np.full(len(series), np.nan)
    found = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.asarray(found / DAY, dtype=np.float64)
