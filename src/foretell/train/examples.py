"""From a task and a split to labelled examples with inputs, one function per family of tasks.

This module owns how each family's rows are found, sampled and read. It refuses to fit heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.dataset.dataset import Dataset
from foretell.dataset.windows import SplitName
from foretell.predictor.candidates import candidates
from foretell.predictor.demand_inputs import demand_points
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.predictor.user_tasks import campaign_inputs
from foretell.train.context import Examples, FitContext

__all__ = [
    "campaign_examples",
    "candidate_examples",
    "exposure_examples",
    "points_to_read",
    "ranking_examples",
    "ranking_points",
    "rates_by_level",
    "user_examples",
]

_POINTS_TO_LEARN_RANKING: Final = (3000, 1500)


def points_to_read(context: FitContext, split: SplitName) -> Iterator[pl.DataFrame]:
    """The points that the examples of every task in a split ask about, to be read in one pass."""
    for task in context.dataset.tasks.values():
        if task.kind == "demand":
            yield demand_points(context.view, cutoffs=context.dataset.cutoffs(task, split))
        elif task.kind == "recommend":
            if split == "validation":
                yield from ranking_points(context, task)
        else:
            yield context.examples(task, split)


def user_examples(context: FitContext, task: Task, split: SplitName) -> Examples:
    """Examples of a task asked of users on the grid of cutoffs."""
    frame = context.examples(task, split)
    read, rows = context.points_of(frame)
    return Examples(frame, read.take(rows), frame[columns.LABEL].to_numpy())


def campaign_examples(
    context: FitContext, task: Task, split: SplitName, *, kinds: tuple[str, ...], treated_only: bool = True
) -> Examples:
    """Examples of campaign take-up; only whom the campaign reached, unless asked otherwise."""
    frame = context.examples(task, split)
    if treated_only:
        frame = frame.filter(pl.col(columns.TREATED))
    read, rows = context.points_of(frame)
    inputs = campaign_inputs(read.take(rows), campaigns=frame, kinds=kinds)
    return Examples(frame, inputs, frame[columns.LABEL].to_numpy())


def exposure_examples(
    context: FitContext, task: Task, split: SplitName, *, placements: dict[str, tuple[str, ...]]
) -> Examples:
    """Examples of exposures, with the weight of each."""
    frame = context.examples(task, split)
    read, rows = context.points_of(frame)
    pairs = frame.with_columns(pl.Series(POINT, rows.astype(np.uint32)))
    inputs = pair_inputs(context.reader, view=context.view, read=read, pairs=pairs, placements=placements)
    return Examples(frame, inputs, frame[columns.LABEL].to_numpy(), frame[columns.WEIGHT].to_numpy())


def ranking_examples(dataset: Dataset, task: Task, split: SplitName) -> pl.DataFrame:
    """The examples of a ranking task: at every other cutoff of the grid, for each has many candidates."""
    return dataset.examples(task.name, split, stride_days=2 * dataset.windows.stride_days)


def ranking_points(context: FitContext, task: Task) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Samples of a ranking task's examples: those its candidates are learned from, and later ones to choose on.

    Both lie in the validation window. The sequence model and the transition graph have seen the training window
    whole: there, the graph points at what a customer bought after the cutoff because the customer bought it. Whoever
    learns from that how far such evidence can be trusted trusts it far too much.
    """
    frame = ranking_examples(context.dataset, task, "validation")
    cutoffs = frame[columns.CUTOFF].unique().sort().to_list()
    middle = cutoffs[len(cutoffs) // 2] if cutoffs else 0
    is_early = frame[columns.CUTOFF] <= middle - task.horizon_days * DAY
    if not is_early.any():  # a window too short to be cut in time is cut by customers
        is_early = frame[columns.USER_ID].rank("dense") % 2 == 0
    parts = (frame.filter(is_early), frame.filter((frame[columns.CUTOFF] >= middle) & ~is_early))
    random = np.random.default_rng((context.seed, frame.height))
    learn, choose = (
        part[np.sort(random.permutation(part.height)[:n])]
        for part, n in zip(parts, _POINTS_TO_LEARN_RANKING, strict=True)
    )
    return learn, choose


def candidate_examples(context: FitContext, task: Task, frame: pl.DataFrame) -> Examples:
    """Candidates of examples of a ranking task, labelled by whether the user acted on them within the horizon."""
    read = context.reader.read(context.view, points=frame)
    pairs = candidates(context.reader, view=context.view, read=read, action=task.action)
    inputs = pair_inputs(context.reader, view=context.view, read=read, pairs=pairs, placements={})
    wanted = (
        frame.with_row_index(POINT).select(POINT, pl.col("relevant").alias(columns.ITEM_ID)).explode(columns.ITEM_ID)
    )
    labelled = pairs.join(
        wanted.with_columns(pl.lit(1.0).alias(columns.LABEL)),
        on=[POINT, columns.ITEM_ID],
        how="left",
        maintain_order="left",
    )
    return Examples(pairs, inputs, labelled[columns.LABEL].fill_null(0.0).to_numpy())


def rates_by_level(frame: pl.DataFrame, column: str) -> tuple[str, ...]:
    """The values of a column, ordered by their rate of positives: codes then mean "more responsive".

    Rates are pulled towards the overall rate by 20 examples, so that a rare value is not first by luck.
    """
    if columns.WEIGHT not in frame.columns:
        frame = frame.with_columns(pl.lit(1.0).alias(columns.WEIGHT))
    hits, shown = (pl.col(columns.WEIGHT) * pl.col(columns.LABEL)).sum(), pl.col(columns.WEIGHT).sum()
    overall = float(frame.select(hits / pl.max_horizontal(shown, pl.lit(1e-9))).item())
    rates = (
        frame.drop_nulls(column)
        .group_by(column)
        .agg(((hits + 20 * overall) / (shown + 20)).alias("rate"))
        .sort(["rate", column])
    )
    return tuple(rates[column].to_list())
