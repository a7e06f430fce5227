"""The reader: from users at cutoffs to what every head sees, the same in training and in answering.

This module owns user-level inputs: engineered features beside the sequence state. It refuses labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features import UserFeatures
from foretell.model.graph.transitions import TransitionGraph
from foretell.model.inputs import HeadInputs
from foretell.predictor.encoder import EncodedPoints, Encoder
from foretell.predictor.next_item import NextItemRanker
from foretell.predictor.view import ShopView

__all__ = ["PointInputs", "Reader"]


@dataclass(frozen=True)
class PointInputs:
    """Users at cutoffs, read: ``n`` points.

    Attributes:
        points: ``user_id``, ``cutoff``.
        features: float32 ``[n, F]``, NaN where undefined.
        names: The F feature names.
        encoded: The sequence model's view of the same points.
        summary: float32 ``[n, S]``: ``encoded.summary()``, kept because several heads read it.
    """

    points: pl.DataFrame
    features: NDArray[np.float32]
    names: tuple[str, ...]
    encoded: EncodedPoints
    summary: NDArray[np.float32]

    def find(self, wanted: pl.DataFrame) -> NDArray[np.int64] | None:
        """Where each (``user_id``, ``cutoff``) of ``wanted`` is among the points; None if one is not there."""
        keys = [columns.USER_ID, columns.CUTOFF]
        index = self.points.select(keys).with_row_index("row")
        found = wanted.select(keys).join(index, on=keys, how="left", maintain_order="left")["row"]
        return None if found.has_nulls() else found.cast(pl.Int64).to_numpy()

    def rows_of(self, wanted: pl.DataFrame) -> NDArray[np.int64]:
        """Where each (``user_id``, ``cutoff``) of ``wanted`` is among the points, all of which were read."""
        rows = self.find(wanted)
        assert rows is not None, "points that were not read"
        return rows

    def select(self, rows: NDArray[np.int64]) -> PointInputs:
        """Some of the points, in the order of ``rows``."""
        return PointInputs(
            self.points[rows], self.features[rows], self.names, self.encoded.select(rows), self.summary[rows]
        )

    def take(self, rows: NDArray[np.int64]) -> HeadInputs:
        """The inputs of a head that asks about users."""
        return HeadInputs(self.features[rows], self.names, self.summary[rows])

    def head_inputs(self) -> HeadInputs:
        """The inputs of all points, in order."""
        return HeadInputs(self.features, self.names, self.summary)


@dataclass(frozen=True)
class Reader:
    """Reads a shop's view at given points.

    Attributes:
        ranker: What is known of items: the sequence model, the transition graph of the training window over the same
            item codes, and how they are joined.
        user_features: The engineered features.
        dropped: Features that are computed but not read (calendar of a log shorter than a year, say).
    """

    ranker: NextItemRanker
    user_features: UserFeatures
    dropped: tuple[str, ...] = ()

    @property
    def encoder(self) -> Encoder:
        """The sequence model."""
        return self.ranker.encoder

    @property
    def graph(self) -> TransitionGraph:
        """The transition graph."""
        return self.ranker.graph

    @property
    def names(self) -> tuple[str, ...]:
        """The features that are read, in order."""
        return tuple(name for name in self.user_features.names if name not in self.dropped)

    def read(self, view: ShopView, *, points: pl.DataFrame) -> PointInputs:
        """Features and states of each (``user_id``, ``cutoff``), in the order given."""
        keys = points.select(columns.USER_ID, columns.CUTOFF)
        frame = self.user_features.compute(view.histories, points=keys)
        features = frame.select(self.names).cast(pl.Float32).fill_null(float("nan")).to_numpy(order="c")
        encoded = self.encode(view, points=keys)
        return PointInputs(keys, features, self.names, encoded, encoded.summary())

    def encode(self, view: ShopView, *, points: pl.DataFrame) -> EncodedPoints:
        """The sequence model's view of each (``user_id``, ``cutoff``), in the order given."""
        return self.encoder.encode(view.histories, points=points)
