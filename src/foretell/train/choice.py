"""Which features a head is given: all of them, or those that go with its target in the training window.

This module owns that choice for one task. It refuses validation and test rows: whoever chooses on them has used them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from foretell.features import FeatureConfig, measure_association, select_features
from foretell.train.context import Examples

__all__ = ["FeatureChoice", "choose_features"]

_ROWS: Final = 60_000


@dataclass(frozen=True)
class FeatureChoice:
    """What was chosen, and why.

    Attributes:
        names: The features the head reads, in the order of its inputs.
        table: ``measure_association`` of every feature, with ``kept`` and ``reason`` (empty for those kept).
    """

    names: tuple[str, ...]
    table: pl.DataFrame


def choose_features(
    train: Examples, *, config: FeatureConfig, kind: Literal["binary", "numeric"] = "binary"
) -> FeatureChoice:
    """Measure every feature against the target on training rows, and keep those that the settings ask for.

    At most 60,000 rows, spread evenly, are measured. A head cannot be fitted on nothing: where no feature goes with
    the target, the strongest one is kept, and the reason says so.
    """
    step = max(1, len(train.label) // _ROWS)
    rows = slice(None, None, step)
    names = train.inputs.names
    frame = pl.DataFrame(
        {name: train.inputs.features[rows, column] for column, name in enumerate(names)}, nan_to_null=True
    )
    label = pl.Series(train.label[rows])
    if config.select == "none":
        table = measure_association(frame, label=label, kind=kind)
        return FeatureChoice(names, table.with_columns(pl.lit(True).alias("kept"), pl.lit("").alias("reason")))
    table = select_features(
        frame,
        label=label,
        kind=kind,
        measure=config.measure,
        keep=config.keep,
        duplicate_correlation=config.redundancy,
        false_discovery_rate=config.false_discovery_rate,
    )
    if not table["kept"].any():
        first = pl.int_range(pl.len()) == 0
        reason = pl.when(first).then(pl.lit("nothing goes with the target; the strongest is kept"))
        table = table.with_columns(first.alias("kept"), reason.otherwise("reason").alias("reason"))
    kept = set(table.filter("kept")["name"])
    return FeatureChoice(tuple(name for name in names if name in kept), table)
