"""The label: which words mean yes, and which rows have none.

This module owns that reading and states it. It refuses targets of more or fewer than two classes, naming them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.sources.words import text

__all__ = ["Target", "TargetError", "read_target"]

_YES: Final = ("1", "true", "yes", "y", "t", "purchased", "purchase", "buyer", "bought", "positive", "converted",
               "churned", "clicked", "responded", "是", "已购买", "购买")  # fmt: skip
_NO: Final = ("0", "-1", "2", "false", "no", "n", "f", "not purchased", "no purchase", "non-buyer", "not bought",
              "negative", "not converted", "retained", "not clicked", "not responded", "否", "未购买")  # fmt: skip
_EMPTY: Final = ("", "null", "none", "nan", "nat", "n/a", "na", "?", "unknown", "undefined", "<na>")
_MOST_SHOWN: Final = 8


class TargetError(SchemaError, ValueError):
    """The target is no question with two answers; a ``ValueError`` too, as scikit-learn expects."""


@dataclass(frozen=True)
class Target:
    """A read label.

    Attributes:
        values: 1 for yes, 0 for no, NaN where the row has no label, shape ``[N]``.
        yes: The word that means yes, as the table writes it.
        no: The word that means no.
        note: How the words were read, in a sentence.
    """

    values: NDArray[np.float64]
    yes: str
    no: str
    note: str

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have a label."""
        return ~np.isnan(self.values)


def read_target(series: pl.Series, *, yes: str | None = None) -> Target:
    """Read a column as yes and no.

    Args:
        series: The column.
        yes: The word that means yes, where it is none that foretell knows.

    Raises:
        TargetError: If there are more than two classes, or ``yes`` is none of them.
        InsufficientDataError: If there is only one class.

    Example:
        >>> read_target(pl.Series("made_purchase", ["Yes", "no", None])).values.tolist()
        [1.0, 0.0, nan]
    """
    words = _words(series)
    counts = words.drop_nulls().value_counts(sort=True)
    classes = sorted(counts[words.name].to_list())
    if len(classes) > 2:
        shown = [f"{name!r} ({count:,})" for name, count in counts.head(_MOST_SHOWN).rows()]
        more = f" and {len(classes) - _MOST_SHOWN:,} more" if len(classes) > _MOST_SHOWN else ""
        raise TargetError(
            f"The target {series.name!r} has {len(classes):,} classes; a yes-or-no question has two.",
            received=", ".join(shown) + more,
            remedy="Name a column with two answers, or make one (for example: was this class or not).",
        )
    if len(classes) < 2:
        raise InsufficientDataError(
            f"The target {series.name!r} says the same in every row, so there is nothing to learn.",
            received=f"{words.count():,} rows, all {classes[0]!r}" if classes else "no row with a label",
            remedy="Add rows with the other answer, or name another column.",
        )
    positive = _positive(classes, yes, str(series.name))
    negative = next(name for name in classes if name != positive)
    how = "as told" if yes is not None else "by its word" if _known(positive, negative) else "because it comes later"
    values = words.eq(positive).cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
    return Target(values, positive, negative, f"In {series.name!r}, {positive!r} is read as yes ({how}).")


def _words(series: pl.Series) -> pl.Series:
    if series.dtype.is_float():
        series = series.fill_nan(None)
    words = text(series).str.replace(r"^(-?\d+)\.0+$", "${1}")
    words = words.set(words.str.to_lowercase().is_in(_EMPTY), None)
    # TRUE, True and true are one answer; the spelling kept is the most frequent one.
    spelling: dict[str, str] = {}
    for name in words.drop_nulls().value_counts(sort=True)[words.name].to_list():
        spelling.setdefault(name.lower(), name)
    return words.str.to_lowercase().replace(spelling) if spelling else words


def _positive(classes: list[str], yes: str | None, name: str) -> str:
    if yes is not None:
        found = next((word for word in classes if word.lower() == yes.strip().lower()), None)
        if found is None:
            raise TargetError(
                f"No row of {name!r} says {yes!r}.", received=f"classes {classes}", remedy="Name one of them."
            )
        return found
    low, high = classes
    if low.lower() in _YES and high.lower() not in _YES:
        return low
    if high.lower() in _YES:
        return high
    return low if high.lower() in _NO else high


def _known(positive: str, negative: str) -> bool:
    return positive.lower() in _YES or negative.lower() in _NO
