"""The answers: from a task and users at a moment to the rows a shop acts on.

This module owns one function per kind of task and their register. It refuses to look past the moment asked about
(promotions and campaigns announced ahead are the exception: they are known).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.prediction import quantile_column
from foretell.core.task import Kind
from foretell.core.time import DAY
from foretell.model.hazard import LONGEST_WAIT_DAYS
from foretell.model.quantile_paths import RankPaths, quantile_at
from foretell.predictor.candidates import candidates
from foretell.predictor.customer_answers import customer_columns
from foretell.predictor.demand_inputs import INTENT, DemandInputs, demand_inputs
from foretell.predictor.fitted import FittedTask
from foretell.predictor.offers import campaign_at
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.predictor.placements import MOST_PLACEMENTS, placements_at
from foretell.predictor.reader import Reader
from foretell.predictor.user_tasks import campaign_inputs
from foretell.predictor.view import ShopView

__all__ = [
    "ANSWERS",
    "ANY_HORIZON_ANSWERS",
    "NEW_ONLY_ANSWERS",
    "demand_answers",
    "demand_at",
    "mean_of_quantiles",
    "quantile_column",
    "quantile_columns",
]

_PAIRS_AT_ONCE: Final = 200_000
_POINTS_AT_ONCE: Final = 4000

Answer = Callable[[Reader, FittedTask, ShopView, pl.DataFrame], pl.DataFrame]

_talk = logging.getLogger("foretell.predictor")


def _purchase(
    reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame, *, horizon_days: int | None = None
) -> pl.DataFrame:
    read = reader.read(view, points=points)
    probability = fitted.head().probability(read.head_inputs())
    if horizon_days is not None:
        share = read.encoded.share_of_hazard(horizon_days, horizon_days=fitted.task.horizon_days)
        probability = 1.0 - (1.0 - probability) ** share
    return points.with_columns(pl.Series("probability", probability))


def _churn(
    reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame, *, horizon_days: int | None = None
) -> pl.DataFrame:
    read = reader.read(view, points=points)
    inputs = read.head_inputs()
    probability = fitted.head().probability(inputs)
    days = read.encoded.days_to_next_order_given(probability, horizon_days=fitted.task.horizon_days)
    next_order = points[columns.CUTOFF].to_numpy() + (days * DAY).astype(np.int64)
    foreseen = days < LONGEST_WAIT_DAYS - 1  # the longest wait that is told is no estimate
    # A log that tells of no money leaves the spend empty.
    spend = None if fitted.value is None else fitted.value.spent_within(inputs)
    if horizon_days is not None:  # the date is the same, whatever horizon is asked about
        share = read.encoded.share_of_hazard(horizon_days, horizon_days=fitted.task.horizon_days)
        probability = probability**share
        spend = None if spend is None else spend * share  # orders to be expected go with the hazard
    return points.with_columns(
        pl.Series("probability", probability),
        pl.select(
            pl.when(pl.Series(foreseen))
            .then(pl.from_epoch(pl.Series(next_order), time_unit="us").dt.date())
            .alias("expected_date_of_next_order")
        ).to_series(),
        pl.lit(None, dtype=pl.Float64).alias("expected_spend") if spend is None else pl.Series("expected_spend", spend),
        *customer_columns(
            fitted, inputs=inputs, churn=probability, horizon_days=horizon_days or fitted.task.horizon_days
        ),
    )


def _amount(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    head = fitted.amount_head()
    mean, quantiles = head.answers(reader.read(view, points=points).head_inputs())
    answers = {"mean": mean, **quantile_columns(quantiles, head.levels)}
    return points.with_columns(pl.Series(name, values) for name, values in answers.items())


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
    """All placements a user may meet are weighed; the likeliest are listed, as many as the task lists."""
    parts = []
    order = [POINT, "probability", columns.ITEM_ID, columns.POSITION, columns.CHANNEL, columns.STORE_ID]
    for part in points.iter_slices(_PAIRS_AT_ONCE // MOST_PLACEMENTS):
        read = reader.read(view, points=part)
        pairs = placements_at(view, points=part)
        inputs = pair_inputs(reader, view=view, read=read, pairs=pairs, placements=dict(fitted.levels))
        scored = pairs.with_columns(pl.Series("probability", fitted.head().probability(inputs)))
        ranked = scored.sort(order, descending=[False, True, *(False for _ in order[2:])])
        best = ranked.group_by(POINT, maintain_order=True).head(fitted.task.top_k)
        parts.append(part.with_row_index(POINT).join(best, on=POINT, how="inner", maintain_order="left").drop(POINT))
    return pl.concat(parts)


def _recommend(
    reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame, *, new_only: bool = False
) -> pl.DataFrame:
    parts = []
    for part in points.iter_slices(_POINTS_AT_ONCE):
        read = reader.read(view, points=part)
        pairs = candidates(reader, view=view, read=read, action=fitted.task.action, new_only=new_only)
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
            "There is nothing to recommend.",
            received="no item is new to the customers" if new_only else "no item was bought before this moment",
            remedy="Ask without the filter on new items." if new_only else "Ask later.",
        )
    answers = pl.concat(parts)
    without = points.height - answers[columns.USER_ID].n_unique()
    if without:
        _talk.warning("Task %r gives no list where no item is left: %s of the customers.", fitted.task.name, without)
    return answers


def _demand(reader: Reader, fitted: FittedTask, view: ShopView, points: pl.DataFrame) -> pl.DataFrame:
    return demand_answers(
        fitted,
        demand_at(reader, fitted, view, cutoff=int(points[columns.CUTOFF][0]), item_ids=fitted.levels["items"]),
    )


def demand_at(
    reader: Reader, fitted: FittedTask, view: ShopView, *, cutoff: int, item_ids: Sequence[str]
) -> DemandInputs:
    """What a demand head reads of some items at a cutoff.

    The signal of what customers are about to want means reading every customer; a head that found no use for it on
    validation does without.
    """
    head = fitted.quantiles
    assert head is not None, fitted.task.name
    return demand_inputs(
        reader,
        view=view,
        cutoffs=[cutoff],
        item_ids=item_ids,
        weeks=-(-fitted.task.horizon_days // 7),
        log_end=cutoff,
        with_intent=head.share > 0,
    ).aligned((*head.plain.names, INTENT))


def demand_answers(fitted: FittedTask, inputs: DemandInputs) -> pl.DataFrame:
    """The rows of a demand table, one for each row of ``inputs``."""
    task, head = fitted.task, fitted.quantiles
    assert head is not None, task.name
    quantiles = head.quantiles(inputs.features, inputs.scale)
    rank = np.full((len(quantiles), 1), task.service_level)
    order = np.ceil(np.round(quantile_at(rank, quantiles, head.levels)[:, 0], 9))
    answers = quantile_columns(quantiles, head.levels) | {"mean": mean_of_quantiles(quantiles, head.levels)}
    answers |= {"order_quantity": order, "order_up_to": _order_up_to(fitted, inputs, quantiles, first=order)}
    return inputs.keys.with_columns(pl.Series(name, values) for name, values in answers.items()).with_columns(
        pl.from_epoch(name, time_unit="us").dt.replace_time_zone("UTC") for name in (columns.START, columns.END)
    )


def _order_up_to(
    fitted: FittedTask, inputs: DemandInputs, quantiles: NDArray[np.float64], *, first: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Units that last from the cutoff to the end of each week, with the probability of the service level, ``[n]``.

    Quantiles of single weeks do not add up: totals are taken along sample paths. In the first week it is the order of
    that week alone.
    """
    head = fitted.quantiles
    assert head is not None, fitted.task.name
    n_weeks = int(inputs.keys["week"].max())  # type: ignore[arg-type]
    together = head.together or RankPaths.alike(n_weeks)
    paths = together.paths(quantiles.reshape(-1, n_weeks, len(head.levels)), head.levels)
    totals = np.quantile(paths.cumsum(axis=2), fitted.task.service_level, axis=1)
    enough = np.ceil(np.round(totals, 9))
    enough[:, 0] = first.reshape(-1, n_weeks)[:, 0]
    lasting: NDArray[np.float64] = np.maximum.accumulate(enough, axis=1).ravel()
    return lasting


def quantile_columns(quantiles: NDArray[np.float64], levels: tuple[float, ...]) -> dict[str, NDArray[np.float64]]:
    """Quantiles ``[n, Q]`` under the names of their columns, each ``[n]``."""
    return {quantile_column(level): quantiles[:, place] for place, level in enumerate(levels)}


def mean_of_quantiles(quantiles: NDArray[np.float64], levels: tuple[float, ...]) -> NDArray[np.float64]:
    """The mean implied by quantiles ``[n, Q]``: the trapezoid rule with flat tails, shape ``[n]``."""
    edges = np.concatenate([[0.0], (np.asarray(levels[1:]) + np.asarray(levels[:-1])) / 2, [1.0]])
    mean: NDArray[np.float64] = quantiles @ np.diff(edges)
    return mean


ANSWERS: Final[dict[Kind, Answer]] = {
    "purchase": _purchase,
    "recommend": _recommend,
    "ad": _ad,
    "promotion": _promotion,
    "churn": _churn,
    "demand": _demand,
    "amount": _amount,
}
"""How each kind of task is answered."""

ANY_HORIZON_ANSWERS: Final[dict[Kind, Callable[..., pl.DataFrame]]] = {"purchase": _purchase, "churn": _churn}
"""How the kinds are answered that can be asked about another horizon than the one they were trained for."""

NEW_ONLY_ANSWERS: Final[dict[Kind, Answer]] = {"recommend": partial(_recommend, new_only=True)}
"""How the kinds are answered that can be asked for items new to the customer alone."""
