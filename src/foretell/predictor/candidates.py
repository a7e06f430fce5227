"""Which items are worth ranking for a user: bought before, popular now, or pointed at by the sequence.

This module owns the candidate set. It refuses to rank: that is the head's work.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.user_item import user_item_features
from foretell.predictor.encoder import Encoder
from foretell.predictor.pair_inputs import POINT
from foretell.predictor.reader import PointInputs
from foretell.predictor.view import ShopView

__all__ = ["candidates", "popular_items"]

N_KNOWN: Final = 120
N_POPULAR: Final = 60
N_POINTED_AT: Final = 60


def popular_items(view: ShopView, *, cutoff: int, n: int) -> list[str]:
    """The items bought most often in the 28 days before a cutoff, best first."""

    def rank() -> list[str]:
        known = view.statistics.at(cutoff, windows_days=(7, 28, 91))
        ranked = known.sort(["shop_purchase_count_28_days", columns.ITEM_ID], descending=[True, False])
        return ranked.head(n)[columns.ITEM_ID].to_list()

    # The statistics count complete days only, so every cutoff within a day has the same answer.
    return view.recall(("day", (cutoff + 1) // DAY - 1, "popular", n), rank)


def candidates(encoder: Encoder, *, view: ShopView, read: PointInputs) -> pl.DataFrame:
    """Candidate items of each point.

    Returns:
        ``point`` (row number in ``read.points``), ``item_id`` and ``is_new_to_user``, without repeats.
    """
    known = user_item_features(view.histories, points=read.points)
    # Frequent and recent first: the long tail of a large history adds cost and almost no hits.
    strength = pl.col("item_action_count_91_days") + 0.2 * pl.col("item_action_count_all_time")
    seen = known.select(POINT, columns.ITEM_ID).with_columns(pl.lit(False).alias("is_new_to_user"))
    kept = (
        known.with_columns(strength.alias("strength"))
        .sort([POINT, "strength", columns.ITEM_ID], descending=[False, True, False])
        .group_by(POINT, maintain_order=True)
        .head(N_KNOWN)
        .select(POINT, columns.ITEM_ID)
    )
    found = pl.concat([kept, _popular(view, read), _pointed_at(encoder, read)]).unique(maintain_order=True)
    return found.join(seen, on=[POINT, columns.ITEM_ID], how="left", maintain_order="left").with_columns(
        pl.col("is_new_to_user").fill_null(True)
    )


def _popular(view: ShopView, read: PointInputs) -> pl.DataFrame:
    points = read.points.with_row_index(POINT)
    lists = pl.DataFrame(
        [
            {columns.CUTOFF: cutoff, columns.ITEM_ID: popular_items(view, cutoff=cutoff, n=N_POPULAR)}
            for cutoff in points[columns.CUTOFF].unique().sort().to_list()
        ],
        schema={columns.CUTOFF: pl.Int64, columns.ITEM_ID: pl.List(pl.String)},
    )
    return (
        points.join(lists, on=columns.CUTOFF, how="inner", maintain_order="left")
        .explode(columns.ITEM_ID)
        .select(POINT, columns.ITEM_ID)
        .drop_nulls()
    )


def _pointed_at(encoder: Encoder, read: PointInputs) -> pl.DataFrame:
    """The items the sequence state scores highest, among those the vocabulary knows."""
    names = encoder.item_names
    n = min(N_POINTED_AT, len(names))
    if n == 0:
        return pl.DataFrame(schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String})
    top: list[NDArray[np.int64]] = []
    with torch.no_grad():
        vectors = encoder.item_vectors
        for states in torch.split(torch.tensor(read.encoded.states), 1024):
            scores = encoder.model.item_query(states) @ vectors.T
            top.append(scores.topk(n, dim=1).indices.numpy())
    chosen = np.concatenate(top) if top else np.empty((0, n), dtype=np.int64)
    points = np.repeat(np.arange(len(chosen), dtype=np.uint32), n)
    return pl.DataFrame(
        {POINT: points, columns.ITEM_ID: names[chosen.ravel()]}, schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String}
    )
