"""Scoring of ranked lists on the test window: everything, and only items new to the customer.

This module owns the lists compared (model, buy again, last bought, popular, trees without the sequence) and what
counts as wanted. It refuses sampled candidates in the metrics: every item of the catalogue can be right.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.evaluate import Evidence, evaluate_ranking
from foretell.predictor.candidates import candidates
from foretell.predictor.fitted import FittedTask
from foretell.predictor.pair_inputs import POINT, pair_inputs
from foretell.run.questions import facts_for
from foretell.run.scoring_evidence import selection, strengths
from foretell.train.context import FitContext
from foretell.train.examples import ranking_examples

__all__ = ["score_lists"]

_K: Final = 10
_POINTS_AT_ONCE: Final = 4000
_RANKERS: Final = {
    "buy_again": ("item_action_count_91_days", "item_action_count_all_time"),
    "last_bought": ("minus_recency", "item_action_count_91_days"),
    "transition_graph": ("graph_share",),
    "popularity": ("shop_purchase_count_28_days", "shop_purchase_count_all_time"),
}


def score_lists(context: FitContext, fitted: FittedTask, *, replicates: int) -> tuple[dict[str, Any], pl.DataFrame]:
    """Judge a ranking task on its test window.

    Returns:
        The task's part of the report (with the variant ``new_items_only``), and the model's scored lists.
    """
    task, dataset = fitted.task, context.dataset
    frame = ranking_examples(dataset, task, "test")
    pairs = _scored_candidates(context, fitted, frame)
    catalogue, popularity = _catalogue(context)
    known = _had_before(context, frame, action=task.action)
    wanted = (
        frame.with_row_index(POINT).select(POINT, pl.col("relevant").alias(columns.ITEM_ID)).explode(columns.ITEM_ID)
    )
    common: dict[str, Any] = {
        "popularity": popularity,
        "cluster": frame[columns.USER_ID].to_numpy(),
        "seed": context.seed,
        "replicates": replicates,
        "k": _K,
    }
    new_wanted = wanted.join(known, on=[POINT, columns.ITEM_ID], how="anti", maintain_order="left")
    new_lists = _lists(
        pairs.filter(pl.col("is_new_to_user")), catalogue, n=frame.height, skip=("buy_again", "last_bought")
    )
    new_only = evaluate_ranking(
        new_lists.pop("model"),
        **_relevant(new_wanted, catalogue, n=frame.height),
        **common,
        baselines=new_lists,
        facts=facts_for(task, dataset.log, notes=("Items the customer bought before are left out of every list.",)),
    )
    lists = _lists(pairs, catalogue, n=frame.height)
    mine = lists.pop("model")
    result = evaluate_ranking(
        mine,
        **_relevant(wanted, catalogue, n=frame.height),
        **common,
        baselines=lists,
        facts=facts_for(task, dataset.log, variants={"new_items_only": new_only}),
        slices=_slices(known, frame),
        evidence=Evidence(
            features=strengths(context, fitted),
            **selection(context, fitted),
            blend=fitted.head().weights,
            unknown_share={"items": _unknown_share(wanted, catalogue, popularity)},
        ),
    )
    return result, _top(pairs, frame, wanted)


def _scored_candidates(context: FitContext, fitted: FittedTask, frame: pl.DataFrame) -> pl.DataFrame:
    """Candidates of every point with the model's score and those of the rankers."""
    parts = []
    for start in range(0, frame.height, _POINTS_AT_ONCE):
        read = context.reader.read(context.view, points=frame[start : start + _POINTS_AT_ONCE])
        pairs = candidates(context.reader, view=context.view, read=read, action=fitted.task.action)
        inputs = pair_inputs(context.reader, view=context.view, read=read, pairs=pairs, placements={})

        def feature(name: str) -> NDArray[np.float32]:
            return inputs.features[:, inputs.names.index(name)]  # noqa: B023 (called in this turn of the loop)

        columns_needed = {name for keys in _RANKERS.values() for name in keys} - {"minus_recency", "graph_share"}
        added: dict[str, NDArray[Any]] = {name: np.nan_to_num(feature(name)) for name in sorted(columns_needed)}
        recency = feature("item_action_recency_days")
        added["graph_share"] = inputs.states[:, 2]
        added["minus_recency"] = np.where(np.isnan(recency), -1e6, -recency)
        answers = fitted.head().answers(inputs, alone=("lightgbm",))
        added |= {"model": answers.probability, "lightgbm_features": answers.alone["lightgbm"]}
        parts.append(
            pairs.with_columns(
                (pl.col(POINT) + start).cast(pl.UInt32), *(pl.Series(name, values) for name, values in added.items())
            )
        )
    return pl.concat(parts)


def _lists(
    pairs: pl.DataFrame, catalogue: pl.DataFrame, *, n: int, skip: tuple[str, ...] = ()
) -> dict[str, NDArray[np.int64]]:
    """The first items of each ranker as codes ``[n, K]``, -1 where a list is short."""
    coded = pairs.join(catalogue, on=columns.ITEM_ID, how="left", maintain_order="left")
    rankers = {"model": ("model",), "lightgbm_features": ("lightgbm_features",), **_RANKERS}
    found: dict[str, NDArray[np.int64]] = {}
    for name, keys in rankers.items():
        if name in skip:
            continue
        top = (
            coded.sort([POINT, *keys, "code"], descending=[False, *(True for _ in keys), False])
            .group_by(POINT, maintain_order=True)
            .head(_K)
            .with_columns(pl.int_range(pl.len()).over(POINT).alias("rank"))
        )
        table = np.full((n, _K), -1, dtype=np.int64)
        table[top[POINT].to_numpy(), top["rank"].to_numpy()] = top["code"].to_numpy()
        found[name] = table
    return found


def _catalogue(context: FitContext) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """Every item that can be listed with a code, and how often each was acted on in the training window."""
    events = context.dataset.histories.filter(pl.col(columns.ITEM_ID).is_not_null())
    # Newcomers have a place in lists before anything has happened to them.
    listed = pl.DataFrame(
        {columns.ITEM_ID: context.reader.encoder.vocabulary.items}, schema={columns.ITEM_ID: pl.String}
    )
    items = pl.concat([events.select(columns.ITEM_ID), listed]).unique().sort(columns.ITEM_ID).with_row_index("code")
    items = items.with_columns(pl.col("code").cast(pl.Int64))
    counts = events.filter(pl.col(columns.TIME) <= context.dataset.windows.train_end).group_by(columns.ITEM_ID).len()
    joined = items.join(counts, on=columns.ITEM_ID, how="left", maintain_order="left")
    return items, joined["len"].fill_null(0).to_numpy().astype(np.float64)


def _had_before(context: FitContext, frame: pl.DataFrame, *, action: str) -> pl.DataFrame:
    """Every (point, item) with which the customer did the task's action (bought it, say) by the cutoff."""
    points = frame.select(columns.USER_ID, columns.CUTOFF).with_row_index(POINT)
    histories = context.dataset.histories.filter(pl.col(columns.ACTION) == action)
    events = histories.select(columns.USER_ID, columns.ITEM_ID, columns.TIME).drop_nulls()
    first = events.group_by(columns.USER_ID, columns.ITEM_ID).agg(pl.col(columns.TIME).min())
    joined = points.join(first, on=columns.USER_ID, how="inner")
    return joined.filter(pl.col(columns.TIME) <= pl.col(columns.CUTOFF)).select(POINT, columns.ITEM_ID)


def _relevant(wanted: pl.DataFrame, catalogue: pl.DataFrame, *, n: int) -> dict[str, Any]:
    coded = wanted.join(catalogue, on=columns.ITEM_ID, how="inner", maintain_order="left").sort(POINT, "code")
    counts = np.bincount(coded[POINT].to_numpy(), minlength=n)
    return {
        "relevant_values": coded["code"].to_numpy(),
        "relevant_offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }


def _unknown_share(wanted: pl.DataFrame, catalogue: pl.DataFrame, popularity: NDArray[np.float64]) -> float:
    coded = wanted.join(catalogue, on=columns.ITEM_ID, how="inner")
    return float((popularity[coded["code"].to_numpy()] == 0).mean()) if coded.height else 0.0


def _slices(known: pl.DataFrame, frame: pl.DataFrame) -> dict[str, NDArray[Any]]:
    n_known = np.bincount(known[POINT].to_numpy(), minlength=frame.height)
    names = np.array(["under 50 known items", "50 to 200 known items", "over 200 known items"])
    return {"customer": names[np.digitize(n_known, [50, 201])]}


def _top(pairs: pl.DataFrame, frame: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The model's lists with what happened, for the record."""
    top = (
        pairs.sort([POINT, "model", columns.ITEM_ID], descending=[False, True, False])
        .group_by(POINT, maintain_order=True)
        .head(_K)
        .with_columns((pl.int_range(pl.len()).over(POINT) + 1).alias("rank"))
        .join(wanted.with_columns(pl.lit(1.0).alias(columns.LABEL)), on=[POINT, columns.ITEM_ID], how="left")
        .with_columns(pl.col(columns.LABEL).fill_null(0.0))
    )
    points = frame.select(columns.USER_ID, columns.CUTOFF, pl.col("relevant").list.len().alias("n_relevant"))
    keyed = points.with_row_index(POINT).join(top, on=POINT, how="inner")
    return keyed.sort(POINT, "rank").select(
        columns.USER_ID,
        pl.from_epoch(columns.CUTOFF, time_unit="us").dt.replace_time_zone("UTC"),
        "rank",
        columns.ITEM_ID,
        pl.col("model").alias("score"),
        "is_new_to_user",
        columns.LABEL,
        "n_relevant",
    )
