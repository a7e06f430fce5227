"""The answers: from a task and users at a moment to the rows a shop acts on.

This module owns one function per kind of task and their register. It refuses to look past the moment asked about
(promotions and campaigns announced ahead are the exception: they are known).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.task import Kind
from foretell.core.time import DAY
from foretell.predictor.candidates import candidates
from foretell.predictor.demand_inputs import demand_inputs
from foretell.predictor.fitted import FittedTask
from foretell.predictor.offers import campaign_at, placements_at
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.predictor.reader import Reader
from foretell.predictor.user_tasks import campaign_inputs
from foretell.predictor.view import ShopView

__all__ = ["ANSWERS", "quantile_column"]

_AD_PLACEMENTS: Final = 20
_POINTS_AT_ONCE: Final = 4000


def quantile_column(level: float) -> str:
    """The column name of a quantile.

    Example:
        >>> quantile_column(0.9)
        'q90'
    """
    return f"q{round(level * 100):02d}"


def _purchase(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    read = reader.read(view, points=points)
    return points.with_columns(pl.Series("probability", fitted.head().probability(read.head_inputs())))


def _churn(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    read = reader.read(view, points=points)
    inputs = read.head_inputs()
    probability = fitted.head().probability(inputs)
    days = read.encoded.days_to_next_order_given(probability, horizon_days=fitted.task.horizon_days)
    next_order = points[columns.CUTOFF].to_numpy() + (days * DAY).astype(np.int64)
    answers = {
        "probability": probability,
        "expected_next_order_date": next_order,
    }
    if fitted.amount is not None:
        answers["expected_spend"] = fitted.amount.predict(inputs.with_states())
    return points.with_columns(pl.Series(name, values) for name, values in answers.items()).with_columns(
        pl.from_epoch("expected_next_order_date", time_unit="us").dt.date()
    )


def _promotion(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    cutoff = int(points[columns.CUTOFF][0])
    campaign = campaign_at(view, cutoff=cutoff, horizon_days=fitted.task.horizon_days)
    asked = points.with_columns(
        pl.lit(campaign.campaign_id).alias(columns.CAMPAIGN_ID),
        pl.lit(campaign.kind).alias(columns.KIND),
        pl.lit(campaign.duration_days).alias("duration_days"),
    )
    inputs = campaign_inputs(
        reader.read(view, points=points).head_inputs(), campaigns=asked, kinds=fitted.levels["kind"]
    )
    return asked.drop("duration_days").with_columns(pl.Series("probability", fitted.head().probability(inputs)))


def _ad(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    offers = placements_at(view, cutoff=int(points[columns.CUTOFF][0]), n=_AD_PLACEMENTS)
    parts = []
    for part in points.iter_slices(_POINTS_AT_ONCE):
        read = reader.read(view, points=part)
        pairs = part.with_row_index(POINT).join(offers, how="cross")
        inputs = pair_inputs(reader, view=view, read=read, pairs=pairs, placements=dict(fitted.levels))
        probability = pl.Series("probability", fitted.head().probability(inputs))
        parts.append(pairs.drop(POINT).with_columns(probability))
    answers = pl.concat(parts)
    order = [columns.USER_ID, "probability", columns.ITEM_ID, columns.POSITION, columns.CHANNEL]
    return answers.sort(order, descending=[False, True, False, False, False])


def _recommend(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    parts = []
    for part in points.iter_slices(_POINTS_AT_ONCE):
        read = reader.read(view, points=part)
        pairs = candidates(reader.encoder, view=view, read=read)
        if not pairs.height:
            continue
        inputs = pair_inputs(reader, view=view, read=read, pairs=pairs, placements={})
        scored = pairs.with_columns(pl.Series("score", fitted.head().probability(inputs)))
        best = scored.sort([POINT, "score", columns.ITEM_ID], descending=[False, True, False]).group_by(
            POINT, maintain_order=True
        )
        top = best.head(fitted.task.top_k).with_columns((pl.int_range(pl.len()).over(POINT) + 1).alias("rank"))
        keyed = part.with_row_index(POINT).join(top, on=POINT, how="inner", maintain_order="left").drop(POINT)
        parts.append(keyed)
    if not parts:
        raise InsufficientDataError(
            "There is nothing to recommend.", received="no item was bought before this moment", remedy="Ask later."
        )
    return pl.concat(parts).select(columns.USER_ID, columns.CUTOFF, "rank", columns.ITEM_ID, "score", "is_new_to_user")


def _demand(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    cutoff = int(points[columns.CUTOFF][0])
    task, head = fitted.task, fitted.quantiles
    assert head is not None, task.name
    inputs = demand_inputs(
        reader,
        view=view,
        cutoffs=[cutoff],
        item_ids=fitted.levels["items"],
        weeks=-(-task.horizon_days // 7),
        log_end=cutoff,
    ).aligned(head.with_signal.names)
    quantiles = head.quantiles(inputs.features, inputs.scale)
    order = np.array([np.interp(task.service_level, head.levels, row) for row in quantiles])
    answers = {quantile_column(level): quantiles[:, column] for column, level in enumerate(head.levels)}
    answers |= {"mean": mean_of_quantiles(quantiles, head.levels), "order_quantity": np.ceil(order)}
    return inputs.keys.with_columns(pl.Series(name, values) for name, values in answers.items()).with_columns(
        pl.from_epoch(name, time_unit="us").dt.replace_time_zone("UTC") for name in (columns.START, columns.END)
    )


def mean_of_quantiles(quantiles: NDArray[np.float64], levels: tuple[float, ...]) -> NDArray[np.float64]:
    """The mean implied by quantiles ``[n, Q]``: the trapezoid rule with flat tails, shape ``[n]``."""
    edges = np.concatenate([[0.0], (np.asarray(levels[1:]) + np.asarray(levels[:-1])) / 2, [1.0]])
    mean: NDArray[np.float64] = quantiles @ np.diff(edges)
    return mean


ANSWERS: Final[dict[Kind, Callable[[Reader, FittedTask, ShopView, pl.DataFrame], pl.DataFrame]]] = {
    "purchase": _purchase,
    "recommend": _recommend,
    "ad": _ad,
    "promotion": _promotion,
    "churn": _churn,
    "demand": _demand,
}
