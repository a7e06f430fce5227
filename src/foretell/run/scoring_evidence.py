"""What goes with the figures of a test window: its rows as they are kept and shown, its slices, its features.

This module owns those for every task that asks about customers, and the features' words for all. It refuses metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.task import Task
from foretell.evaluate import FeatureStrength
from foretell.features import phrase
from foretell.predictor.fitted import FittedTask
from foretell.train.context import Examples, FitContext
from foretell.train.strengths import measured_demand_strengths

__all__ = ["rows_to_show", "scored_rows", "selection", "slices_of", "strengths", "unknown_share", "with_times"]

_STRONGEST: Final = 15
_ABOUT_CUSTOMERS: Final = ("purchase", "churn", "amount")
_NOT_SHOWN: Final = ("amount", "n_orders", "first_time", "duration_days", "treated")


def strengths(context: FitContext, fitted: FittedTask) -> list[FeatureStrength]:
    """The strongest features of a task in plain words, as measured on training data.

    Of a yes-or-no task it is the AUC of the feature alone, of amounts the rank correlation with its sign.
    """
    of_amounts = fitted.probability is None
    words = {feature.name: feature.words() for feature in context.reader.user_features.definitions}
    rows = measured_demand_strengths(context, fitted) if fitted.quantiles else fitted.record.strengths
    return [
        FeatureStrength(
            name=words.get(str(row["name"])) or phrase(str(row["name"])),
            association=(0.0 if of_amounts else 0.5) + float(str(row["direction"])) * float(str(row["association"])),
            measure="spearman" if of_amounts else "auc",
            importance=float(str(row["importance"])),
        )
        for row in rows[:_STRONGEST]
    ]


def selection(context: FitContext, fitted: FittedTask) -> dict[str, Any]:
    """Which features the head does not read and why, as evidence; demand reads all of its own."""
    if fitted.quantiles:
        return {}
    words = {feature.name: feature.words() for feature in context.reader.user_features.definitions}
    named = {
        str(row["name"]): words.get(str(row["name"])) or phrase(str(row["name"])) for row in fitted.record.strengths
    }
    left_out = {
        named[str(row["name"])]: _in_words(str(row["reason"]), named)
        for row in fitted.record.strengths
        if not row.get("kept", True)
    }
    return {"left_out": left_out, "n_read": len(named) - len(left_out)}


def _in_words(reason: str, named: Mapping[str, str]) -> str:
    """A reason that names another feature, in that feature's plain words."""
    start, _, name = reason.partition("duplicates ")
    return f"says the same as {named[name]}" if not start and name in named else reason


def scored_rows(frame: pl.DataFrame, answers: Mapping[str, NDArray[np.float64]]) -> pl.DataFrame:
    """The examples with what happened and what was answered, as they are kept beside the report."""
    kept = [name for name in frame.columns if name not in _NOT_SHOWN]
    said = [pl.Series(name, values) for name, values in answers.items()]
    return frame.select(kept).with_columns(said).pipe(with_times)


def with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Cutoffs and week bounds as aware times."""
    names = [name for name in (columns.CUTOFF, columns.START, columns.END) if name in frame.columns]
    return frame.with_columns(
        pl.from_epoch(name, time_unit="us").dt.replace_time_zone("UTC").alias(name) for name in names
    )


def rows_to_show(context: FitContext, scored: pl.DataFrame, n: int = 6) -> list[dict[str, Any]]:
    """A few answers spread over the range, with the shop's own ids."""
    by = "probability" if "probability" in scored.columns else "mean"
    ordered = scored.sort(by, descending=True)
    rows = np.unique(np.linspace(0, ordered.height - 1, n).astype(int))
    shown = context.dataset.log.restore_ids(ordered[rows])
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in shown.iter_rows(named=True)
    ]


def unknown_share(context: FitContext, frame: pl.DataFrame) -> dict[str, float]:
    """Share of the test rows whose user or item was never seen in the training window."""
    known = context.dataset.histories.filter(pl.col(columns.TIME) <= context.dataset.windows.train_end)
    return {
        f"{noun}s": float((~frame[column].is_in(known[column].unique().implode())).mean() or 0.0)  # type: ignore[arg-type]
        for noun, column in (("user", columns.USER_ID), ("item", columns.ITEM_ID))
        if column in frame.columns
    }


def slices_of(task: Task, examples: Examples, context: FitContext) -> dict[str, NDArray[Any]]:
    """Labels ``[n]`` of each slicing: tenure, orders, popularity, campaign and channel, segments of the users table."""
    found: dict[str, NDArray[Any]] = {}
    inputs, frame = examples.inputs, examples.frame

    def feature(name: str) -> NDArray[np.float32] | None:
        return np.nan_to_num(inputs.features[:, inputs.names.index(name)]) if name in inputs.names else None

    tenure = feature("tenure_days")
    if tenure is not None:
        found["customer"] = np.where(tenure < 91, "new (under 91 days)", "returning")
    orders = feature("order_count_91_days")
    if orders is not None:
        edges = np.unique(np.quantile(orders, [1 / 3, 2 / 3]))
        names = ["few orders", "some orders", "many orders"]
        found["orders in 91 days"] = np.array(names)[np.searchsorted(edges, orders, side="right")]
    popular = feature("shop_buyer_count_28_days")
    if popular is not None:
        found["item"] = np.where(popular >= np.median(popular), "head item", "tail item")
    for column in (columns.KIND, columns.CHANNEL):
        if column in frame.columns and frame[column].n_unique() > 1:
            found[column] = frame[column].fill_null("none").to_numpy()
    users = context.dataset.log.table("users")
    if users is not None and task.kind in _ABOUT_CUSTOMERS:
        found |= _segments(users, frame)
    return found


def _segments(users: pl.DataFrame, frame: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """The first two descriptive columns of the users table as slices."""
    names = [
        name
        for name, kind in users.schema.items()
        if kind == pl.String and name != columns.USER_ID and 2 <= users[name].n_unique() <= 12
    ][:2]
    table = users.unique(columns.USER_ID, keep="first")
    joined = frame.select(columns.USER_ID).join(table, on=columns.USER_ID, how="left", maintain_order="left")
    return {name: joined[name].fill_null("unknown").to_numpy() for name in names}
