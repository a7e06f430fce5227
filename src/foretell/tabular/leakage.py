"""Columns that may encode the answer: too good alone, and the models fall without them.

This module owns that suspicion and its words, measured on training rows only. It refuses to drop anything: whether a
column is known before the outcome is for the user to say.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.evaluate.probability import auc
from foretell.tabular.models import Preparation, fit_models
from foretell.tabular.recognise import Recognition

__all__ = ["Suspicion", "suspicions"]

Floats = NDArray[np.float64]

_STRONG_ALONE: Final = 0.75
_FALL: Final = 0.04
_MOST_ASKED: Final = 3
_HELD_OUT_SHARE: Final = 0.25


@dataclass(frozen=True)
class Suspicion:
    """A column that may encode the answer.

    Attributes:
        column: The column.
        alone: AUC of its strongest feature by itself.
        with_it: AUC of boosted trees on held-out training rows.
        without_it: The same without the column.
    """

    column: str
    alone: float
    with_it: float
    without_it: float

    @property
    def message(self) -> str:
        """What a reader should know."""
        return (
            f"{self.column} may encode the answer: alone it has AUC {self.alone:.2f}, and without it boosted trees "
            f"fall from AUC {self.with_it:.2f} to {self.without_it:.2f}. Is it known before the outcome, and computed "
            f"without it? If not, train again with --drop {self.column}."
        )

    def to_json(self) -> dict[str, Any]:
        """The suspicion as JSON types."""
        return {**asdict(self), "message": self.message}


def suspicions(
    frame: pl.DataFrame,
    label: Floats,
    *,
    recognition: Recognition,
    preparation: Preparation,
    rounds: int,
    seed: int = 0,
) -> list[Suspicion]:
    """Suspicious columns of training rows (in the order of time where there is one), the worst first.

    Args:
        frame: Training rows.
        label: 0 or 1 ``[n]``.
        recognition: What the columns are.
        preparation: What was measured on them.
        rounds: How many trees to grow.
        seed: Decides every random choice.
    """
    alone: dict[str, float] = {}
    for name, association in preparation.selection.select("name", "association").rows():
        column = preparation.encoder.source_of(name)
        if any(column == one.name for one in recognition.columns):
            alone[column] = max(alone.get(column, 0.0), 0.5 + association)
    strong = sorted((name for name in alone if alone[name] >= _STRONG_ALONE), key=lambda name: -alone[name])
    cut = int(len(label) * (1 - _HELD_OUT_SHARE))
    place = np.random.default_rng([seed, 7]).permutation(len(label))
    train, test = np.sort(place[:cut]), np.sort(place[cut:])
    if not strong or any(not 0 < label[rows].sum() < len(rows) for rows in (train, test)):
        return []

    def quality(columns: Recognition) -> float:
        if not columns.columns:
            return 0.5
        fitted = fit_models(
            frame[train],
            label[train],
            recognition=columns,
            names=("lightgbm",),
            rounds={"lightgbm": rounds},
            seed=seed,
        )
        return auc(label[test], probability=fitted.logits(frame[test])["lightgbm"])

    whole = quality(recognition)
    found = []
    for name in strong[:_MOST_ASKED]:
        rest = Recognition(tuple(one for one in recognition.columns if one.name != name), {})
        without = quality(rest)
        if whole - without >= _FALL:
            found.append(Suspicion(name, alone[name], whole, without))
    return sorted(found, key=lambda one: one.without_it - one.with_it)
