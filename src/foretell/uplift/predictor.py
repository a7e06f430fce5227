"""The saved answer about a campaign: give it people, get each arm's expected effect and whom to treat with what.

This module owns prediction and targeting. It refuses to train (``run``) and to know the files it is kept in
(``storage``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from foretell.evaluate.policy import best_within_budget
from foretell.sources.frames import FrameTable, is_frame
from foretell.tabular.encode import TableEncoder
from foretell.tabular.reading import read_table
from foretell.uplift.choose import FittedUplift

__all__ = ["UpliftPredictor"]


@dataclass(frozen=True)
class UpliftPredictor:
    """What is known about a campaign's effects.

    Attributes:
        encoder: From a table's columns to features.
        fitted: The chosen learners.
        arms: The names of the treatments.
        worth: What one unit of the outcome is worth.
        cost: What treating one person costs.
        facts: How it was made: names of the columns, seed, whether chance decided, the tested gain.
    """

    encoder: TableEncoder = field(repr=False)
    fitted: FittedUplift = field(repr=False)
    arms: tuple[str, ...]
    worth: float = 1.0
    cost: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict, repr=False)

    def effects(self, frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Expected effect of each arm over control, in units of the outcome, ``[n, K]``.

        Raises:
            SchemaError: If a column of the training table is missing.
        """
        return self.fitted.effects(self.encoder.transform(frame).to_numpy().astype(np.float32))

    def predict(self, source: object, *, budget: float = 1.0, cost: float | None = None) -> pl.DataFrame:
        """Whom to treat, with which arm.

        Args:
            source: A frame, or whatever ``read_table`` reads.
            budget: The largest share of these people that may be treated.
            cost: What treating one person costs; that of training if None.

        Returns:
            ``effect_ARM`` for each arm, ``best_arm``, ``expected_net_gain`` of it, ``treat`` (the probability that
            this person is treated: 1, 0, or between for people tied at the budget's edge), a row per person.

        Raises:
            SchemaError: If a column of the training table is missing.
            EvaluationError: If the budget is not between 0 and 1.
        """
        frame = FrameTable.open(source).frame if is_frame(source) else read_table(source).frame
        effects = self.effects(frame)
        net = self.worth * effects - (self.cost if cost is None else cost)
        policy = best_within_budget(net, share=budget)
        best = np.argmax(net, axis=1)
        columns: dict[str, Any] = {f"effect_{name}": effects[:, place] for place, name in enumerate(self.arms)}
        columns["best_arm"] = [self.arms[place] for place in best]
        columns["expected_net_gain"] = net[np.arange(len(net)), best]
        columns["treat"] = 1.0 - policy[:, 0]
        return pl.DataFrame(columns)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write it: LightGBM's text and JSON; never pickle."""
        from foretell.uplift.storage import save_predictor

        return save_predictor(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> UpliftPredictor:
        """Read what ``save`` wrote.

        Raises:
            RunError: If there is none, it is damaged, or of another format.
        """
        from foretell.uplift.storage import load_predictor

        return load_predictor(Path(folder))
