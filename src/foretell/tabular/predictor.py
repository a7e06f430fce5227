"""The saved answer to the plain case: give it a table, get a probability per row.

This module owns prediction and the order in which the chosen models are asked. It refuses to train (``run``) and to
know the files it is kept in (``storage``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core.errors import UnknownNameError
from foretell.model.blend import blend_logits
from foretell.sources.frames import FrameTable, is_frame
from foretell.tabular.choose import BLEND, Choice
from foretell.tabular.models import FittedModels
from foretell.tabular.reading import read_table
from foretell.tabular.target import Target

__all__ = ["TabularPredictor"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TabularPredictor:
    """A trained yes-or-no answer about the rows of a table.

    Attributes:
        fitted: The models and what they read.
        choice: Which of them answers, and how chances are calibrated.
        target: Name of the target column, and the words for yes and no.
        facts: How it was made: split, seed, notes.

    Example:
        >>> from foretell.tabular.run import fit_predictor
        >>> frame = pl.DataFrame({"views": [1, 9] * 100, "bought": ["no", "yes"] * 100})
        >>> predictor = fit_predictor(frame, target="bought", models=("logistic",))
        >>> predictor.predict(pl.DataFrame({"views": [9]}))["answer"].to_list()
        ['yes']
    """

    fitted: FittedModels = field(repr=False)
    choice: Choice
    target: dict[str, str]
    facts: dict[str, Any] = field(default_factory=dict, repr=False)

    def probabilities(self, frame: pl.DataFrame, *, model: str | None = None) -> Floats:
        """Calibrated probability of yes ``[n]``, by the chosen model or a named one.

        Raises:
            UnknownNameError: If there is no such model.
            SchemaError: If a column of the training table is missing.
        """
        name = model or self.choice.chosen
        if name not in self.choice.calibrations:
            raise UnknownNameError.among("model", name, self.choice.calibrations)
        return self.choice.calibrations[name].probability(self._logits(frame, name))

    def uncalibrated(self, frame: pl.DataFrame) -> Floats:
        """What the chosen model says before calibration ``[n]``."""
        return np.asarray(1.0 / (1.0 + np.exp(-self._logits(frame, self.choice.chosen))))

    def predict(self, source: object) -> pl.DataFrame:
        """Answer for every row of a table.

        Args:
            source: A pandas, Polars or Arrow frame, or whatever ``read_table`` reads.

        Returns:
            ``probability`` of yes, and ``answer``: the target's own word for yes where that is at least one half.

        Raises:
            SchemaError: If a column of the training table is missing.
        """
        frame = FrameTable.open(source).frame if is_frame(source) else read_table(source).frame
        chance = self.probabilities(frame)
        yes = pl.Series("answer", chance >= 0.5)
        return pl.DataFrame({"probability": chance, "answer": yes}).with_columns(
            pl.when("answer").then(pl.lit(self.target["yes"])).otherwise(pl.lit(self.target["no"])).alias("answer")
        )

    def _logits(self, frame: pl.DataFrame, name: str) -> Floats:
        if name != BLEND:
            return self.fitted.logits(frame, names=(name,))[name]
        used = tuple(one for one, weight in self.choice.weights.items() if weight > 0)
        return blend_logits(self.fitted.logits(frame, names=used), self.choice.weights)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write it: safetensors, LightGBM's text and JSON; never pickle."""
        from foretell.tabular.storage import save_predictor

        return save_predictor(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> TabularPredictor:
        """Read what ``save`` wrote.

        Raises:
            RunError: If there is none, it is damaged, or of another format.
        """
        from foretell.tabular.storage import load_predictor

        return load_predictor(Path(folder))


def target_words(name: str, target: Target) -> dict[str, str]:
    """The target as a predictor keeps it."""
    return {"name": name, "yes": target.yes, "no": target.no}
