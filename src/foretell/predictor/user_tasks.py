"""Inputs of the tasks that ask about users: who buys, who leaves, who takes a campaign up.

This module owns the columns such tasks add to the user's own. It refuses labels.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.model.inputs import HeadInputs

__all__ = ["campaign_inputs"]


def campaign_inputs(inputs: HeadInputs, *, campaigns: pl.DataFrame, kinds: tuple[str, ...]) -> HeadInputs:
    """User inputs with the campaign's kind and length beside them.

    Args:
        inputs: The users' inputs, one row per row of ``campaigns``.
        campaigns: ``kind`` and ``duration_days`` of the campaign each row asks about.
        kinds: Known kinds, ordered by their take-up in training; another kind is missing.
    """
    position = {kind: float(code) for code, kind in enumerate(kinds)}
    code = np.array([position.get(kind, np.nan) for kind in campaigns[columns.KIND].to_list()], dtype=np.float32)
    days: NDArray[np.float32] = campaigns["duration_days"].to_numpy().astype(np.float32)
    added = np.stack([code, days], axis=1)
    names = (*inputs.names, "campaign_kind_code", "campaign_duration_days")
    return HeadInputs(np.concatenate([inputs.features, added], axis=1), names, inputs.states)
