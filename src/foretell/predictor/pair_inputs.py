"""Inputs about a user and an item together: exposures to judge, candidates to rank.

This module owns the pair features: what this user did with this item and its category, how the item does in the
shop, where it was shown, and how well the sequence state points at it. It refuses to choose the pairs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.features.user_item import user_item_features
from foretell.model.inputs import HeadInputs
from foretell.predictor.pair_scores import pair_scores
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.view import ShopView

__all__ = ["POINT", "pair_inputs"]

POINT: Final = "point"
_FEW_PAIRS: Final = 5_000
_USER_FEATURES: Final = (
    "order_count_28_days",
    "order_count_91_days",
    "order_recency_days",
    "order_size_mean_91_days",
    "distinct_items_28_days",
    "discount_share_91_days",
    "purchase_value_91_days",
    "activity_count_28_days",
)


def pair_inputs(
    reader: Reader,
    *,
    view: ShopView,
    read: PointInputs,
    pairs: pl.DataFrame,
    placements: dict[str, tuple[str, ...]],
) -> HeadInputs:
    """Inputs of (point, item) pairs.

    Args:
        reader: The reader the points were read with.
        view: What is known.
        read: The points, already read.
        pairs: ``point`` (row number in ``read.points``), ``item_id`` and the columns named in ``placements``.
        placements: Column name -> known values: where the item was shown, as codes; empty for candidates.

    Returns:
        Inputs in the order of ``pairs``; the state block holds ``pair_scores``.
    """
    known = user_item_features(
        view.histories,
        points=read.points,
        pairs=pairs.select(POINT, columns.ITEM_ID),
        categories=reader.user_features.categories,
    )
    at = pairs[POINT].cast(pl.Int64).to_numpy()
    blocks = [_floats(known.drop(POINT, columns.ITEM_ID))]
    names = [name for name in known.columns if name not in (POINT, columns.ITEM_ID)]
    in_shop = _item_statistics(view, pairs=pairs, cutoffs=read.points[columns.CUTOFF].to_numpy()[at])
    blocks.append(_floats(in_shop))
    names += in_shop.columns
    chosen = [name for name in _USER_FEATURES if name in read.names]
    blocks.append(read.features[at][:, [read.names.index(name) for name in chosen]])
    names += chosen
    for column, values in placements.items():
        blocks.append(_codes(pairs[column], values)[:, None])
        names.append(f"{column}_code")
    score = pair_scores(reader, view=view, read=read, point=at, items=pairs[columns.ITEM_ID])
    return HeadInputs(np.concatenate(blocks, axis=1), tuple(names), score)


def _item_statistics(view: ShopView, *, pairs: pl.DataFrame, cutoffs: NDArray[np.int64]) -> pl.DataFrame:
    """The shop-wide statistics of each pair's item at the pair's cutoff."""
    if 0 < len(cutoffs) <= _FEW_PAIRS and (cutoffs == cutoffs[0]).all():
        return view.statistics.at(int(cutoffs[0]), items=pairs[columns.ITEM_ID]).drop(columns.ITEM_ID)
    keyed = pairs.select(columns.ITEM_ID).with_columns(pl.Series(columns.CUTOFF, cutoffs)).with_row_index("row")
    parts = []
    for (cutoff,), rows in keyed.group_by([columns.CUTOFF], maintain_order=True):
        items = rows[columns.ITEM_ID].unique().sort()
        known = view.statistics.at(int(str(cutoff)), items=items)
        parts.append(
            rows.select("row", columns.ITEM_ID).join(known, on=columns.ITEM_ID, how="left", maintain_order="left")
        )
    return pl.concat(parts).sort("row").drop("row", columns.ITEM_ID)


def _codes(values: pl.Series, known: tuple[str, ...]) -> NDArray[np.float32]:
    """Position of each value among the known ones, most responsive first; NaN where unknown."""
    codes = {value: float(code) for code, value in enumerate(known)}
    return np.array([codes.get(value, np.nan) for value in values.to_list()], dtype=np.float32)


def _floats(frame: pl.DataFrame) -> NDArray[np.float32]:
    return frame.cast(pl.Float32).fill_null(float("nan")).to_numpy(order="c")
