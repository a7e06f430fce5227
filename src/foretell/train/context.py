"""What fitting a task needs in one hand: dataset, view and reader.

This module owns the shared reading of points, done once for all tasks. It refuses to fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.task import Task
from foretell.dataset.dataset import Dataset
from foretell.dataset.windows import SplitName
from foretell.features import FeatureConfig
from foretell.model.inputs import HeadInputs
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.remembering import RememberingReader
from foretell.predictor.view import ShopView

__all__ = ["Examples", "FitContext"]


@dataclass(frozen=True)
class Examples:
    """Labelled examples of a task in one split with their inputs.

    Attributes:
        frame: The labelled rows.
        inputs: What the head sees of them.
        label: 0 or 1 ``[n]``.
        weight: How many real examples each row stands for, or None.
    """

    frame: pl.DataFrame
    inputs: HeadInputs
    label: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None

    def triple(self) -> tuple[HeadInputs, NDArray[np.float64], NDArray[np.float64] | None]:
        """Inputs, label and weight, as the heads take them."""
        return self.inputs, self.label, self.weight


@dataclass
class FitContext:
    """Dataset, view and reader; as ``of`` makes it, the reader keeps the points that were read already.

    Attributes:
        dataset: Tasks and windows.
        view: The whole log.
        reader: Features and sequence model.
        seed: Decides every random choice.
        features: How each head's features are selected and scaled.
    """

    dataset: Dataset
    view: ShopView
    reader: Reader
    seed: int
    features: FeatureConfig = field(default_factory=FeatureConfig)
    _examples: dict[tuple[str, SplitName], pl.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, dataset: Dataset, reader: Reader, *, seed: int, features: FeatureConfig | None = None) -> FitContext:
        """The context of a dataset, about everything in its log."""
        view = ShopView.of(dataset.log, histories=dataset.histories)
        remembering = RememberingReader.of(reader, view=view)
        return cls(dataset, view, remembering, seed, features or FeatureConfig())

    def examples(self, task: Task, split: SplitName) -> pl.DataFrame:
        """The labelled examples of a task in a split, made once."""
        key = (task.name, split)
        if key not in self._examples:
            self._examples[key] = self.dataset.examples(task.name, split)
        return self._examples[key]

    def points_of(self, examples: pl.DataFrame) -> tuple[PointInputs, NDArray[np.int64]]:
        """The distinct points of the examples, and each example's row among them."""
        keys = examples.select(columns.USER_ID, columns.CUTOFF)
        read = self.reader.read(self.view, points=keys.unique(maintain_order=True))
        return read, read.rows_of(keys)

    def read_ahead(self, frames: Iterable[pl.DataFrame]) -> None:
        """Read the points of several tasks' examples in one pass."""
        keys = [frame.select(columns.USER_ID, columns.CUTOFF) for frame in frames if frame.height]
        if keys:
            points = pl.concat(keys).unique().sort(columns.CUTOFF, columns.USER_ID)
            self.reader.read(self.view, points=points)
