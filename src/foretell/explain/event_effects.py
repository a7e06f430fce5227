"""What each unit of a customer's history was worth to an answer: the question asked again without it.

This module owns the game that attribution plays: histories with units left out go through the whole pipeline
(features, sequence state, heads), all in one batch. It refuses shortcuts that would explain another model.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.history import History
from foretell.explain.asking import Asked
from foretell.explain.attribution import Attribution, Method, occlusion, shapley
from foretell.explain.units import Unit, masked_histories, split_units
from foretell.predictor.fitted import FittedTask

__all__ = ["event_effects"]

_MOST_PERMUTATIONS: Final = 16
_EVENTS_TO_READ: Final = 120_000


def event_effects(
    fitted: FittedTask,
    asked: Asked,
    history: History,
    *,
    cutoff: int,
    method: Method = "shapley",
    seed: int = 0,
    n_permutations: int | None = None,
) -> tuple[tuple[Unit, ...], Attribution]:
    """The units of a history, oldest first, and what each was worth: probability points, or the unit of an amount.

    Args:
        fitted: The task.
        asked: The question, with all that stays the same while events are left out.
        history: The customer's events up to the cutoff.
        cutoff: int64 microseconds.
        method: ``shapley`` or ``occlusion``.
        seed: Decides the orders that Shapley sampling draws.
        n_permutations: How many orders; None draws 16, fewer (at least 4) where the history is so long that
            reading its versions would take more than a moment.

    References:
        Grouping what would be too much to take one by one: Bento, Saleiro, Cruz, Figueiredo and Bizarro,
        TimeSHAP: Explaining Recurrent Models through Sequence Perturbations, 2021, section 3.
    """
    units, of_event = split_units(history, item=asked.item)

    def game(kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        frame, names = masked_histories(history.events, of_event=of_event, kept=kept)
        points = pl.DataFrame({columns.USER_ID: names}, schema={columns.USER_ID: pl.String}).with_columns(
            pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF)
        )
        return fitted.estimate(asked.question.inputs(frame, points=points))

    if not units:
        known_nothing = float(game(np.zeros((1, 0), dtype=np.bool_))[0])
        return (), Attribution(np.empty(0), known_nothing, known_nothing)
    if method == "occlusion":
        return units, occlusion(game, n_parts=len(units))
    if n_permutations is None:
        # An order reads half of the history once per unit, on average.
        affordable = 2 * _EVENTS_TO_READ // (len(units) * len(history))
        n_permutations = int(np.clip(affordable, 4, _MOST_PERMUTATIONS))
    return units, shapley(game, n_parts=len(units), n_permutations=n_permutations, seed=seed)
