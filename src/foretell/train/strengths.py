"""How strongly each feature goes with the target, measured on training data, beside how much the trees use it.

This module owns that table. It refuses causal words: an association is not an effect.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from foretell.features.association import measure_association
from foretell.model.probability_head import ProbabilityHead
from foretell.train.context import Examples

__all__ = ["measured_strengths"]

_ROWS: Final = 60_000


def measured_strengths(train: Examples, head: ProbabilityHead) -> tuple[dict[str, object], ...]:
    """Each feature's association (distance of its AUC from one half), p-value and share of the trees' gain.

    The strongest association comes first.
    """
    step = max(1, len(train.label) // _ROWS)
    rows = slice(None, None, step)
    frame = pl.DataFrame(
        {name: train.inputs.features[rows, column] for column, name in enumerate(train.inputs.names)}, nan_to_null=True
    )
    table = measure_association(frame, label=pl.Series(train.label[rows]), kind="binary")
    gains = head.boosters["lightgbm"].gains()
    share = dict(zip(train.inputs.names, gains / max(gains.sum(), 1e-12), strict=True))
    table = table.sort(["association", "name"], descending=[True, False])
    found = [{**row, "importance": float(share.get(str(row["name"]), np.nan))} for row in table.iter_rows(named=True)]
    return tuple(found)
