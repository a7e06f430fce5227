"""How strongly each feature goes with a target, measured on the rows given (give training rows only).

This module owns the measures: distance of the univariate AUC from one half, Spearman correlation, mutual
information, chi-squared and analysis of variance with false discoveries controlled. It refuses to choose
(``selection``) and to say "cause": an association is not one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.features.measures import anova, chi_squared, mutual_information_bits, pearson

__all__ = ["MEASURES", "Kind", "adjust_p_values", "average_ranks", "measure_association"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Kind = Literal["binary", "classes", "numeric"]

_MOST_CLASSES: Final = 20
_N_TARGET_BINS: Final = 8
MEASURES: Final = {
    "association": "association",
    "mutual_information": "mutual_information_bits",
    "chi_squared": "chi_squared",
    "anova": "anova_f",
    "correlation": "correlation",
}
"""The ways of ranking features by name, and the column of ``measure_association`` that each reads."""

_MEASURE: Final = {"binary": "auc_distance", "classes": "mutual_information_bits", "numeric": "spearman"}


def measure_association(
    frame: pl.DataFrame,
    *,
    label: str | pl.Series,
    names: Sequence[str] | None = None,
    kind: Kind | None = None,
    n_bins: int = 16,
) -> pl.DataFrame:
    """One row a feature: how strongly it goes with the label, and whether that could be chance.

    Each feature is measured in every classical way: by ranks (``association``), by mutual information, by the
    chi-squared statistic, by the analysis of variance and by correlation. The p-value is of the chi-squared test
    between the binned feature and the label (classes), or of the analysis of variance of the label over the bins
    (numeric); a missing value is a bin of its own. The mutual information is corrected for the number of bins, so
    that a feature of pure noise reads about 0.

    Args:
        frame: The features, one row an example.
        label: The label's column in ``frame``, or the label itself; rows without one are left out.
        names: The features to measure; by default every numeric column other than the label.
        kind: What the label is; by default read off its values.
        n_bins: Into how many bins of equal count a feature is cut.

    Returns:
        ``name``, ``association`` (0 is none), ``measure``, ``direction`` (-1 or 1: the label falls or rises
        with the feature), ``mutual_information_bits``, ``chi_squared`` (statistic of binned feature and label),
        ``anova_f`` (of the label over the bins for a numeric label, else of the feature over the classes),
        ``correlation`` (Pearson's; of two classes it is point-biserial), ``p_value``, ``p_adjusted``,
        ``null_share``, ``n_distinct``; in the order of ``names``.

    Raises:
        InsufficientDataError: If the label has a single value.
        SchemaError: If a named feature does not exist.

    Example:
        >>> frame = pl.DataFrame({"visits": list(range(40)), "bought": [0] * 20 + [1] * 20})
        >>> table = measure_association(frame, label="bought")
        >>> table.select("name", "association", "measure", "direction").row(0)
        ('visits', 0.5, 'auc_distance', 1.0)

    References:
        Mann and Whitney (1947) for AUC; Pearson (1900) for chi-squared; Fisher (1925) for analysis of
        variance; Miller (1955) for the correction of mutual information; Benjamini and Hochberg (1995) for
        ``p_adjusted``.
    """
    values = frame[label] if isinstance(label, str) else label
    chosen = _feature_names(frame, names, label if isinstance(label, str) else None)
    known = values.is_not_null() & (~values.is_nan() if values.dtype.is_float() else True)
    target = _Target.of(values.filter(known), kind=kind)
    columns = frame.select(chosen).filter(known)
    rows = [_measure(name, columns[name], target=target, n_bins=n_bins) for name in chosen]
    table = pl.DataFrame(rows, schema=_ROW, orient="row")
    return table.with_columns(pl.Series("p_adjusted", adjust_p_values(table["p_value"].to_numpy()))).select(_COLUMNS)


_ROW: Final = {
    "name": pl.String(),
    "association": pl.Float64(),
    "measure": pl.String(),
    "direction": pl.Float64(),
    "mutual_information_bits": pl.Float64(),
    "chi_squared": pl.Float64(),
    "anova_f": pl.Float64(),
    "correlation": pl.Float64(),
    "p_value": pl.Float64(),
    "null_share": pl.Float64(),
    "n_distinct": pl.Int64(),
}
_COLUMNS: Final = (*list(_ROW)[:9], "p_adjusted", *list(_ROW)[9:])


def adjust_p_values(p_values: Floats) -> Floats:
    """P-values adjusted so that rejecting those below q gives at most a share q of false discoveries.

    Example:
        >>> adjust_p_values(np.array([0.01, 0.02, 0.9])).round(3).tolist()
        [0.03, 0.03, 0.9]

    References:
        Benjamini and Hochberg (1995), J. R. Statist. Soc. B 57, the step-up procedure.
    """
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def average_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank; NaN stays NaN.

    Example:
        >>> average_ranks(np.array([3.0, 1.0, np.nan, 3.0])).tolist()
        [2.5, 1.0, nan, 2.5]
    """
    ranks = np.full(len(values), np.nan)
    present = np.flatnonzero(~np.isnan(values))
    order = present[np.argsort(values[present], kind="stable")]
    ordered = values[order]
    new = np.flatnonzero(np.append(np.ones(min(len(order), 1), dtype=np.bool_), ordered[1:] != ordered[:-1]))
    ends = np.append(new[1:], len(order))
    ranks[order] = np.repeat((new + ends + 1) / 2.0, ends - new)
    return ranks


@dataclass(frozen=True)
class _Target:
    """The label as numbers, as ranks and as classes (numeric labels in bins)."""

    kind: Kind
    numbers: Floats
    ranks: Floats
    classes: Integers
    n_classes: int

    @classmethod
    def of(cls, label: pl.Series, *, kind: Kind | None) -> _Target:
        distinct = label.unique().sort()
        if len(distinct) < 2:
            raise InsufficientDataError(
                "An association cannot be measured with a label that has a single value.",
                received=f"{len(label)} rows, all {distinct.to_list()}",
                remedy="Use a longer training window, or check the task's definition.",
            )
        if kind is None:
            few = len(distinct) <= _MOST_CLASSES and not label.dtype.is_float()
            kind = "binary" if len(distinct) == 2 else "classes" if few or not label.dtype.is_numeric() else "numeric"
        if kind == "numeric":
            numbers = label.cast(pl.Float64).to_numpy()
            ranks = average_ranks(numbers)
            classes = _bins(ranks, _N_TARGET_BINS)
            return cls(kind, numbers, ranks, classes, _N_TARGET_BINS + 1)
        classes = label.rank("dense").cast(pl.Int64).to_numpy() - 1
        numbers = classes.astype(np.float64)
        return cls(kind, numbers, average_ranks(numbers), classes, len(distinct))


def _measure(name: str, values: pl.Series, *, target: _Target, n_bins: int) -> tuple[object, ...]:
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    ranks = average_ranks(numbers)
    present, finite = ~np.isnan(ranks), np.isfinite(numbers)
    n_distinct = len(np.unique(ranks[present]))
    null_share = 1.0 - float(present.mean())
    if n_distinct + (null_share > 0) < 2:
        return name, 0.0, _MEASURE[target.kind], 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, null_share, n_distinct
    bins = _bins(ranks, n_bins)
    table = np.bincount(bins * target.n_classes + target.classes, minlength=(n_bins + 1) * target.n_classes)
    table = table.reshape(n_bins + 1, target.n_classes).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    bits = mutual_information_bits(table)
    signed = _signed_association(ranks, present, target)
    statistic = chi_squared(table)
    if target.kind == "numeric":
        f_ratio, *freedom = anova(bins, target.numbers)
        p_value = float(fdtrc(*freedom, f_ratio)) if f_ratio else 1.0
    else:
        f_ratio, *_ = anova(target.classes[finite], numbers[finite])
        p_value = float(chdtrc((table.shape[0] - 1) * (table.shape[1] - 1), statistic)) if statistic else 1.0
    association = bits if target.kind == "classes" else abs(signed)
    return (
        name,
        association,
        _MEASURE[target.kind],
        float(np.sign(signed)),
        bits,
        statistic,
        f_ratio,
        pearson(numbers[finite], target.numbers[finite]),
        p_value,
        null_share,
        n_distinct,
    )


def _signed_association(ranks: Floats, present: NDArray[np.bool_], target: _Target) -> float:
    """AUC less one half for a binary target, else Spearman correlation; over the rows with a value."""
    if target.kind == "binary":
        positive = target.classes[present] == 1
        n_positive, n_negative = int(positive.sum()), int((~positive).sum())
        if not n_positive or not n_negative:
            return 0.0
        # Present values keep their ranks among themselves, because missing ones have none.
        wins = float(ranks[present][positive].sum()) - n_positive * (n_positive + 1) / 2.0
        return wins / (n_positive * n_negative) - 0.5
    x = ranks[present] - ranks[present].mean()
    y = average_ranks(target.numbers[present])
    y = y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0


def _bins(ranks: Floats, n_bins: int) -> Integers:
    """Bins of about equal count, equal values together; missing values get the bin after the last."""
    present = ~np.isnan(ranks)
    share = np.where(present, ranks - 0.5, 0.0) / max(int(present.sum()), 1)
    return np.where(present, np.minimum((share * n_bins).astype(np.int64), n_bins - 1), n_bins)


def _feature_names(frame: pl.DataFrame, names: Sequence[str] | None, label: str | None) -> list[str]:
    if names is None:
        return [
            name for name, kind in frame.schema.items() if name != label and (kind.is_numeric() or kind == pl.Boolean)
        ]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SchemaError("These features are not in the frame.", received=", ".join(missing))
    return list(names)
