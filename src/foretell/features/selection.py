"""Which features to keep: those that vary, are no copies, and go with the target.

This module owns the choice and its written reasons. It refuses to measure (``association``) and must be given
training rows only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import ConfigError
from foretell.features.association import MEASURES, Kind, average_ranks, measure_association

__all__ = ["select_features"]


def select_features(
    frame: pl.DataFrame,
    *,
    label: str | pl.Series,
    names: Sequence[str] | None = None,
    kind: Kind | None = None,
    false_discovery_rate: float = 0.05,
    duplicate_correlation: float = 0.999,
    measure: str = "association",
    keep: int | None = None,
) -> pl.DataFrame:
    """The measured features, strongest first, each kept or dropped for a stated reason.

    Args:
        frame: The features of training rows.
        label: The label's column in ``frame``, or the label itself.
        names: The features to consider; by default every numeric column.
        kind: What the label is; by default read off its values.
        false_discovery_rate: At most this share of the kept features may be expected to be chance.
        duplicate_correlation: Of two features whose ranks correlate more than this (either way), the weaker
            goes.
        measure: What strength is: ``association`` (ranks), ``mutual_information``, ``chi_squared``, ``anova`` or
            ``correlation``.
        keep: At most so many are kept, the strongest; None keeps all that qualify.

    Returns:
        The table of ``measure_association`` with ``kept`` and ``reason``, by falling strength.

    Raises:
        ConfigError: If there is no such measure.

    Example:
        >>> frame = pl.DataFrame({"a": range(60), "b": range(60), "c": 1, "bought": [0] * 30 + [1] * 30})
        >>> select_features(frame, label="bought").select("name", "kept", "reason").rows()
        [('a', True, ''), ('b', False, 'duplicates a'), ('c', False, 'constant')]

    References:
        Filter selection by one measure with redundancy removed: Guyon and Elisseeff (2003), An Introduction to
        Variable and Feature Selection, JMLR 3; Yu and Liu (2004), Efficient Feature Selection via Analysis of
        Relevance and Redundancy, JMLR 5.
    """
    if measure not in MEASURES:
        raise ConfigError("There is no such measure.", received=measure, remedy=f"Use one of {', '.join(MEASURES)}.")
    table = measure_association(frame, label=label, names=names, kind=kind)
    strength = pl.col(MEASURES[measure]).abs()
    table = table.with_row_index("row").sort(strength, "row", descending=[True, False]).drop("row")
    ranks = _standard_ranks(frame, table["name"].to_list())
    correlation = np.abs(ranks.T @ ranks)
    kept: list[int] = []
    reasons: list[str] = []
    for number, row in enumerate(table.iter_rows(named=True)):
        copies = [other for other in kept if correlation[number, other] > duplicate_correlation]
        if row["n_distinct"] + (row["null_share"] > 0) < 2:
            reasons.append("constant")
        elif row["p_adjusted"] > false_discovery_rate:
            reasons.append("no association")
        elif copies:
            reasons.append(f"duplicates {table['name'][copies[0]]}")
        elif keep is not None and len(kept) >= keep:
            reasons.append(f"weaker than the {keep} kept")
        else:
            reasons.append("")
            kept.append(number)
    return table.with_columns(
        pl.Series("kept", [not reason for reason in reasons], dtype=pl.Boolean),
        pl.Series("reason", reasons, dtype=pl.String),
    )


def _standard_ranks(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.float32]:
    """Ranks with mean 0 and length 1, shape ``[N, F]``; missing values are 0."""
    ranks = np.zeros((frame.height, len(names)), dtype=np.float32)
    for number, name in enumerate(names):
        column = average_ranks(frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy())
        present = ~np.isnan(column)
        if present.any():
            centred = np.where(present, column - column[present].mean(), 0.0)
            ranks[:, number] = centred / max(float(np.sqrt(centred @ centred)), 1e-12)
    return ranks
