"""Inputs of the demand task: an item's past weeks and known promotions, and what customers are about to want.

This module owns the table the demand head reads, the scale it thinks in and the intent signal: the purchases the
sequence model expects of every customer, summed by item. It refuses to forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features.demand import IN_UNITS, KEYS, LABEL_UNITS, demand_features
from foretell.predictor.reader import Reader
from foretell.predictor.view import ShopView

__all__ = ["INTENT", "DemandInputs", "demand_inputs", "demand_points"]

INTENT: Final = "sequence_intent"
_LEVEL: Final = "units_level"
_SMALLEST_SCALE: Final = 0.25
_USERS_AT_ONCE: Final = 512


@dataclass(frozen=True)
class DemandInputs:
    """One row per item, cutoff and coming week.

    Attributes:
        keys: ``item_id, cutoff, week, start, end``.
        features: float32 ``[n, F]``, the intent signal last. Those that count units are relative to the scale, so that
            what is learned of a large item holds for a small one.
        names: The F feature names.
        scale: Mean weekly units lately ``[n]``, never below a quarter: what "much" means for this item.
        units: What was sold in the week ``[n]``, NaN where the week is not over.
        recent: Units of the last four weeks ``[n, 4]``, latest first, for the plain baselines.
    """

    keys: pl.DataFrame
    features: NDArray[np.float32]
    names: tuple[str, ...]
    scale: NDArray[np.float64]
    units: NDArray[np.float64]
    recent: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> DemandInputs:
        """What the head reads of a table of ``demand_features``, with the intent signal or without (then it is NaN)."""
        if INTENT not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=pl.Float32).alias(INTENT))
        recent = frame.select(f"units_week_{week}" for week in range(1, 5)).fill_null(0.0).to_numpy().astype(np.float64)
        # Where refunds count against sales, more may come back in a week than goes out: nothing was wanted then.
        recent = np.maximum(recent, 0.0)
        longer = frame["units_mean_13_weeks"].fill_null(0.0).to_numpy().astype(np.float64)
        scale = np.maximum((recent.mean(axis=1) + longer) / 2, _SMALLEST_SCALE)
        frame = frame.with_columns(pl.Series(_LEVEL, scale))
        names = [name for name in frame.columns if name not in (*KEYS, LABEL_UNITS, INTENT)] + [INTENT]
        relative = (pl.col(name) / pl.col(_LEVEL) if IN_UNITS.fullmatch(name) else pl.col(name) for name in names)
        features = frame.select(relative).cast(pl.Float32).fill_null(float("nan")).to_numpy(order="c")
        units = np.maximum(frame[LABEL_UNITS].fill_null(float("nan")).to_numpy().astype(np.float64), 0.0)
        return cls(frame.select(KEYS), features, tuple(names), scale, units, recent)

    def observed(self) -> DemandInputs:
        """Only the rows whose week is over."""
        rows = np.flatnonzero(~np.isnan(self.units))
        return DemandInputs(
            self.keys[rows], self.features[rows], self.names, self.scale[rows], self.units[rows], self.recent[rows]
        )

    def aligned(self, names: tuple[str, ...]) -> DemandInputs:
        """The same rows with the features a head was trained on, in its order; NaN where they are not known here.

        A log asked about may lack the promotions the training log had, or list them in another order.
        """
        if names == self.names:
            return self
        features = np.full((len(self.features), len(names)), np.nan, dtype=np.float32)
        for column, name in enumerate(names):
            if name in self.names:
                features[:, column] = self.features[:, self.names.index(name)]
        return replace(self, features=features, names=names)

    def as_read(self) -> NDArray[np.float32]:
        """The features ``[n, F]`` as people read them: what counts units in units, not relative to the scale."""
        counted = np.array([IN_UNITS.fullmatch(name) is not None for name in self.names])
        return np.where(counted[None], self.features * self.scale[:, None], self.features).astype(np.float32)

    def without_intent(self) -> NDArray[np.float32]:
        """The features without the sequence model's signal."""
        return self.features[:, :-1]


def demand_inputs(
    reader: Reader,
    *,
    view: ShopView,
    cutoffs: Sequence[int],
    item_ids: Sequence[str],
    weeks: int,
    log_end: int,
    with_intent: bool = True,
) -> DemandInputs:
    """Read items at cutoffs.

    Args:
        reader: Gives the item categories and the sequence model.
        view: What is known; promotions may reach past a cutoff, they are known ahead.
        cutoffs: int64 microseconds.
        item_ids: The items asked about.
        weeks: How many weeks ahead.
        log_end: Until when the log is complete.
        with_intent: Whether to read every customer for the intent signal; without, the signal is missing (NaN).
    """
    frame = demand_features(
        view.sales(),
        cutoffs=list(cutoffs),
        item_ids=list(item_ids),
        categories=reader.user_features.categories,
        promotions=view.tables.get("promotions"),
        weeks=weeks,
        log_end=log_end,
    )
    if with_intent:
        intents = _intents(reader, view=view, cutoffs=cutoffs, item_ids=item_ids)
        frame = frame.join(intents, on=[columns.ITEM_ID, columns.CUTOFF], how="left", maintain_order="left")
    return DemandInputs.of(frame)


def demand_points(view: ShopView, *, cutoffs: Sequence[int]) -> pl.DataFrame:
    """The customers whose coming purchases are summed up at each cutoff: everyone known by then."""
    first = view.histories.group_by(columns.USER_ID, maintain_order=True).agg(pl.col(columns.TIME).min())
    grid = pl.DataFrame({columns.CUTOFF: list(cutoffs)}, schema={columns.CUTOFF: pl.Int64})
    points = grid.join(first, how="cross").filter(pl.col(columns.TIME) <= pl.col(columns.CUTOFF))
    return points.select(columns.USER_ID, columns.CUTOFF)


@torch.no_grad()
def _intents(reader: Reader, *, view: ShopView, cutoffs: Sequence[int], item_ids: Sequence[str]) -> pl.DataFrame:
    """Log of the share of the coming purchases expected for each item at each cutoff.

    Every customer's next-item chances, weighted by how likely the customer is to order within a week.
    """
    encoder = reader.encoder
    asked = pl.Series(columns.ITEM_ID, list(item_ids), dtype=pl.String)
    codes = encoder.vocabulary.item_codes(asked)
    points = demand_points(view, cutoffs=cutoffs)
    read = reader.encode(view, points=points)
    weight, states = torch.from_numpy(read.order_within(7.0)).float(), torch.tensor(read.states)
    every = encoder.model.embedding.items(torch.arange(encoder.vocabulary.n_items)).T.contiguous()
    at = points[columns.CUTOFF].to_numpy()
    parts = []
    for cutoff in cutoffs:
        total = torch.zeros(encoder.vocabulary.n_items)
        for rows in torch.split(torch.from_numpy(np.flatnonzero(at == cutoff)), _USERS_AT_ONCE):
            total += weight[rows] @ torch.softmax(encoder.model.item_queries(states[rows]) @ every, dim=1)
        share = (total / total.sum().clamp_min(1e-12)).numpy()[codes]
        intent = np.where(codes > 0, np.log(np.maximum(share, 1e-9)), np.nan).astype(np.float32)
        parts.append(
            pl.DataFrame({columns.ITEM_ID: asked, INTENT: intent}).with_columns(
                pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF), pl.col(INTENT).fill_nan(None)
            )
        )
    return pl.concat(parts)
