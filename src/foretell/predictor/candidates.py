"""Which items are worth ranking for a user: bought before, popular now, pointed at by the sequence or the graph.

This module owns the candidate set. It refuses to rank: that is the head's work.
"""

from __future__ import annotations

import math
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
from foretell.predictor.pair_scores import recent_of
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.view import ShopView

__all__ = ["candidates", "popular_items"]

N_KNOWN: Final = 120
N_POPULAR: Final = 60
N_POINTED_AT: Final = 60
N_LINKED: Final = 60
_STATES_AT_ONCE: Final = 1024


def popular_items(view: ShopView, *, cutoff: int, n: int) -> list[str]:
    """The items bought most often in the 28 days before a cutoff, best first."""

    def rank() -> list[str]:
        known = view.statistics.at(cutoff, windows_days=(7, 28, 91))
        ranked = known.sort(["shop_purchase_count_28_days", columns.ITEM_ID], descending=[True, False])
        return ranked.head(n)[columns.ITEM_ID].to_list()

    # The statistics count complete days only, so every cutoff within a day has the same answer.
    return view.recall(("day", (cutoff + 1) // DAY - 1, "popular", n), rank)


def candidates(
    reader: Reader, *, view: ShopView, read: PointInputs, action: str = columns.PURCHASE, new_only: bool = False
) -> pl.DataFrame:
    """Candidate items of each point.

    Args:
        reader: The reader the points were read with.
        view: What is known.
        read: The points, already read.
        action: What makes an item no longer new to a user: having done this to it by the cutoff.
        new_only: Leave the items that are not new out before the best of each kind are taken, so that somebody who
            bought much gets as many candidates as others.

    Returns:
        ``point`` (row number in ``read.points``), ``item_id`` and ``is_new_to_user``, without repeats.
    """
    known = user_item_features(view.histories, points=read.points)
    done = _done(view.histories, points=read.points, action=action)
    left_out = done if new_only else done.clear()
    # Frequent and recent first: the long tail of a large history adds cost and almost no hits.
    strength = pl.col("item_action_count_91_days") + 0.2 * pl.col("item_action_count_all_time")
    kept = (
        known.join(left_out, on=[POINT, columns.ITEM_ID], how="anti", maintain_order="left")
        .with_columns(strength.alias("strength"))
        .sort([POINT, "strength", columns.ITEM_ID], descending=[False, True, False])
        .group_by(POINT, maintain_order=True)
        .head(N_KNOWN)
        .select(POINT, columns.ITEM_ID)
    )
    parts = [
        kept,
        _popular(view, read, left_out),
        _pointed_at(reader.encoder, read, left_out),
        _linked(reader, view, read, left_out),
    ]
    found = pl.concat(parts).unique(maintain_order=True)
    seen = done.with_columns(pl.lit(False).alias("is_new_to_user"))
    return found.join(seen, on=[POINT, columns.ITEM_ID], how="left", maintain_order="left").with_columns(
        pl.col("is_new_to_user").fill_null(True)
    )


def _done(histories: pl.DataFrame, *, points: pl.DataFrame, action: str) -> pl.DataFrame:
    """Every (``point``, ``item_id``) to which the point's user had done ``action`` by the cutoff."""
    first = (
        histories.filter((pl.col(columns.ACTION) == action) & pl.col(columns.ITEM_ID).is_not_null())
        .join(points.select(columns.USER_ID).unique(), on=columns.USER_ID, how="semi")
        .group_by(columns.USER_ID, columns.ITEM_ID)
        .agg(pl.col(columns.TIME).min())
    )
    return (
        points.with_row_index(POINT)
        .join(first, on=columns.USER_ID, how="inner")
        .filter(pl.col(columns.TIME) <= pl.col(columns.CUTOFF))
        .select(POINT, columns.ITEM_ID)
    )


def _popular(view: ShopView, read: PointInputs, left_out: pl.DataFrame) -> pl.DataFrame:
    """The popular items of each point's moment, the first that are not left out."""
    n_left_out = left_out.group_by(POINT).agg(pl.len().alias("n_left_out"))
    points = (
        read.points.with_row_index(POINT)
        .join(n_left_out, on=POINT, how="left", maintain_order="left")
        .with_columns((pl.col("n_left_out").fill_null(0) + N_POPULAR).alias("n"))
    )
    # Doubling, so that what is remembered for one customer serves others.
    longest = int(str(points["n"].max() or 0))
    n = N_POPULAR * 2 ** max(0, math.ceil(math.log2(max(longest, 1) / N_POPULAR)))
    lists = pl.DataFrame(
        [
            {columns.CUTOFF: cutoff, columns.ITEM_ID: popular_items(view, cutoff=cutoff, n=n)}
            for cutoff in points[columns.CUTOFF].unique().sort().to_list()
        ],
        schema={columns.CUTOFF: pl.Int64, columns.ITEM_ID: pl.List(pl.String)},
    )
    return (
        points.join(lists, on=columns.CUTOFF, how="inner", maintain_order="left")
        .with_columns(pl.col(columns.ITEM_ID).list.head(pl.col("n")))
        .explode(columns.ITEM_ID)
        .select(POINT, columns.ITEM_ID)
        .drop_nulls()
        .join(left_out, on=[POINT, columns.ITEM_ID], how="anti", maintain_order="left")
        .group_by(POINT, maintain_order=True)
        .head(N_POPULAR)
    )


def _pointed_at(encoder: Encoder, read: PointInputs, left_out: pl.DataFrame) -> pl.DataFrame:
    """The items the sequence state scores highest, among those the vocabulary knows and that are not left out."""
    names = encoder.item_names
    n = min(N_POINTED_AT, len(names))
    if n == 0:
        return pl.DataFrame(schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String})
    point = left_out[POINT].cast(pl.Int64).to_numpy()
    code = encoder.vocabulary.item_codes(left_out[columns.ITEM_ID])
    point, code = point[code > 0], code[code > 0]
    top: list[NDArray[np.int64]] = []
    kept: list[NDArray[np.bool_]] = []
    with torch.no_grad():
        vectors = encoder.item_vectors
        for first in range(0, len(read.encoded.states), _STATES_AT_ONCE):
            states = torch.tensor(read.encoded.states[first : first + _STATES_AT_ONCE])
            scores = encoder.model.item_queries(states) @ vectors.T
            here = (point >= first) & (point < first + _STATES_AT_ONCE)
            scores[torch.from_numpy(point[here] - first), torch.from_numpy(code[here] - 1)] = -torch.inf
            best = scores.topk(n, dim=1)
            top.append(best.indices.numpy())
            kept.append(best.values.isfinite().numpy())
    chosen = np.concatenate(top) if top else np.empty((0, n), dtype=np.int64)
    points = np.repeat(np.arange(len(chosen), dtype=np.uint32), n)
    found = pl.DataFrame(
        {POINT: points, columns.ITEM_ID: names[chosen.ravel()]}, schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String}
    )
    return found.filter(pl.Series(np.concatenate(kept).ravel() if kept else [], dtype=pl.Boolean))


def _linked(reader: Reader, view: ShopView, read: PointInputs, left_out: pl.DataFrame) -> pl.DataFrame:
    """The items the transition graph scores highest, among those that are not left out."""
    point = left_out[POINT].cast(pl.Int64).to_numpy()
    code = reader.encoder.vocabulary.item_codes(left_out[columns.ITEM_ID])
    names = np.append("", reader.encoder.item_names)
    n = min(N_LINKED, len(names))
    parts = []
    for rows, scores in reader.graph.dense_scores(recent_of(reader, view, read)):
        here = (point >= rows[0]) & (point <= rows[-1])
        scores[point[here] - rows[0], code[here]] = 0.0
        # The n-th best score lets those through that tie with it: the item id decides among them.
        least = torch.from_numpy(scores).topk(n, dim=1).values[:, -1:].numpy()
        row, item = np.nonzero((scores >= least) & (scores > 0))
        parts.append(
            pl.DataFrame(
                {POINT: rows[row].astype(np.uint32), columns.ITEM_ID: names[item], "score": scores[row, item]},
                schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String, "score": pl.Float32},
            )
        )
    if not parts:
        return pl.DataFrame(schema={POINT: pl.UInt32, columns.ITEM_ID: pl.String})
    return (
        pl.concat(parts)
        .sort([POINT, "score", columns.ITEM_ID], descending=[False, True, False])
        .group_by(POINT, maintain_order=True)
        .head(N_LINKED)
        .select(POINT, columns.ITEM_ID)
    )
