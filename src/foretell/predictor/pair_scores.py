"""How well the sequence model and the transition graph point at given items, for users at cutoffs.

This module owns those scores. It refuses engineered features (``pair_inputs``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.batch import Batch
from foretell.model.encoding import last_event_before, recent_items
from foretell.model.graph.transitions import REMEMBERED
from foretell.predictor.encoder import Encoder
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.view import ShopView

__all__ = ["pair_scores", "recent_of"]

_PAIRS_AT_ONCE: Final = 200_000
_SMALLEST_SHARE: Final = 1e-6


def pair_scores(
    reader: Reader, *, view: ShopView, read: PointInputs, point: NDArray[np.int64], items: pl.Series
) -> NDArray[np.float32]:
    """What the models say of each pair.

    Args:
        reader: The reader the points were read with.
        view: What is known.
        read: The points, already read.
        point: The row of each pair's point ``[n]``.
        items: The item of each pair.

    Returns:
        float32 ``[n, 3]``: the sequence model's logit of the item, its z-score among the point's pairs, and the log of
        the item's share of the transition graph's score.
    """
    distinct = items.unique().sort()
    place = items.replace_strict(distinct, np.arange(len(distinct)), return_dtype=pl.Int64).to_numpy()
    score = _sequence(reader.encoder, read.encoded.states, point=point, items=distinct, place=place)
    codes = reader.encoder.vocabulary.item_codes(distinct)[place]
    linked = reader.graph.pair_shares(recent_of(reader, view, read), rows=point, items=codes)
    share = np.log(linked + np.float32(_SMALLEST_SHARE))
    return np.stack([score, _within_point(score, point=point, n=len(read.points)), share], axis=1).astype(np.float32)


def recent_of(reader: Reader, view: ShopView, read: PointInputs) -> Batch:
    """The last items of each point, as the transition graph reads them."""
    needed = view.histories.select(columns.USER_ID, columns.TIME, columns.ITEM_ID)
    mine = needed.join(read.points, on=columns.USER_ID, how="semi", maintain_order="left")
    rows = last_event_before(read.points, histories=mine)
    return recent_items(mine, rows, vocabulary=reader.encoder.vocabulary, most=REMEMBERED)


def _sequence(
    encoder: Encoder,
    states: NDArray[np.float32],
    *,
    point: NDArray[np.int64],
    items: pl.Series,
    place: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The logit of each pair: the product of its state's query and its item's vector."""
    vocabulary = encoder.vocabulary
    with torch.no_grad():
        codes, content = vocabulary.item_codes(items), vocabulary.content_codes(items)
        vectors = encoder.model.embedding.items(torch.from_numpy(codes), torch.from_numpy(content)).numpy()
        queries = encoder.model.item_queries(torch.tensor(states)).numpy()
    score = np.empty(len(point), dtype=np.float32)
    for first in range(0, len(point), _PAIRS_AT_ONCE):  # bounds memory
        part = slice(first, first + _PAIRS_AT_ONCE)
        score[part] = (queries[point[part]].astype(np.float64) * vectors[place[part]]).sum(axis=1)
    return score


def _within_point(score: NDArray[np.float32], *, point: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """The z-score of each score among its point's."""
    count = np.maximum(np.bincount(point, minlength=n), 1)
    mean = np.bincount(point, weights=score, minlength=n) / count
    square = np.bincount(point, weights=score.astype(np.float64) ** 2, minlength=n) / count
    deviation = np.sqrt(np.maximum(square - mean**2, 1e-6))
    scaled: NDArray[np.float64] = (score - mean[point]) / deviation[point]
    return scaled
