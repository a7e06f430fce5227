"""Two finished runs held against each other, task by task, on the test rows both have answered.

This module owns which rows of two runs are the same question, and the table of the outcome. It refuses to compare
answers to different questions: other horizons, other outcomes for the same row, no row in common.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.errors import InputError, RunError, UnknownNameError
from foretell.core.prediction import quantile_column
from foretell.core.task import Task
from foretell.evaluate.comparison import compare_forecasts, compare_lists, compare_probabilities
from foretell.evaluate.definitions import definition
from foretell.evaluate.relevance import RANKING_METRICS, per_list
from foretell.run.folder import RunFolder

__all__ = ["compare_runs", "comparison_text"]

_K: Final = 10
_OF_AMOUNTS: Final = ("demand", "amount")
_OF_LISTS: Final = ("ndcg", "hit_rate", "recall")
_KEYS: Final = {
    "purchase": (columns.USER_ID, columns.CUTOFF),
    "churn": (columns.USER_ID, columns.CUTOFF),
    "promotion": (columns.USER_ID, columns.CUTOFF, columns.CAMPAIGN_ID),
    "recommend": (columns.USER_ID, columns.CUTOFF),
    "demand": (columns.ITEM_ID, columns.CUTOFF, "week"),
    "amount": (columns.USER_ID, columns.CUTOFF),
}
"""What tells the rows of a kind apart; exposures are told apart by everything said of them."""

_WORDS: Final = {"first": "first is better", "second": "second is better", "neither": "no certain difference"}


def compare_runs(
    first: Path, *, second: Path, task: str | None = None, replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Compare the answers of two runs on their common test rows.

    Args:
        first: A finished run.
        second: Another; it need not have been trained on the same log, but must have answered some of the same rows.
        task: Only this task; by default every task that both have.
        replicates: Resamples and permutations.
        seed: Decides both.

    Returns:
        ``first``, ``second`` (paths), ``tasks`` by name: ``metrics`` (``first``, ``second``, ``difference`` with its
        95 % interval, ``better``), ``permutation``, ``rows`` (common), ``only_first``, ``only_second``; and
        ``left_out``: why other tasks were not compared.

    Raises:
        RunError: If a run is not finished.
        UnknownNameError: If a run lacks the task asked for.
        InputError: If no task can be compared.
    """
    asked = {place: _tasks(place) for place in (first, second)}
    if task is not None:
        for tasks in asked.values():
            if task not in tasks:
                raise UnknownNameError.among("task", task, tasks)
    names = list(dict.fromkeys([*asked[first], *asked[second]])) if task is None else [task]
    found: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name in names:
        pair = (asked[first].get(name), asked[second].get(name))
        reason = _differing(*pair)
        if reason is None and pair[0] is not None:
            outcome = _compare(pair[0], (first, second), replicates=replicates, seed=seed)
            if isinstance(outcome, str):
                reason = outcome
            else:
                found[name] = outcome
        if reason is not None:
            left_out[name] = reason
    if not found:
        raise InputError(
            "The two runs have no task in common that could be compared.",
            received="; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "no tasks",
            remedy="Compare runs that answered the same questions about the same time.",
        )
    return {"first": str(first), "second": str(second), "tasks": found, "left_out": left_out}


def comparison_text(comparison: dict[str, Any]) -> str:
    """The comparison as a table."""
    lines = [f"first:  {comparison['first']}", f"second: {comparison['second']}", ""]
    lines.append(f"{'task':<18} {'metric':<18} {'first':>9} {'second':>9}  {'first minus second':<34} verdict")
    for name, task in comparison["tasks"].items():
        for metric, row in task["metrics"].items():
            gap = row["difference"]
            shown = f"{gap['value']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]"
            label = definition(metric).label
            figures = f"{row['first']:>9.4f} {row['second']:>9.4f}"
            lines.append(f"{name:<18} {label:<18} {figures}  {shown:<34} {_WORDS[row['better']]}")
        tested = task["permutation"]
        alone = " and ".join(
            f"{task[key]:,} only in the {key.removeprefix('only_')} run"
            for key in ("only_first", "only_second")
            if task[key]
        )
        lines.append(
            f"{'':<18} {task['rows']:,} common rows of {task['clusters']:,}"
            + (f", {alone}" if alone else "")
            + f"; {definition(tested['metric']).label} swapped at random: p = {tested['p_value']:.3g}"
        )
    lines += [f"{name:<18} not compared: {reason}" for name, reason in comparison["left_out"].items()]
    return "\n".join(lines)


def _tasks(run: Path) -> dict[str, Task]:
    folder = RunFolder.existing(run)
    if not folder.is_done("evaluate"):
        raise RunError(
            "This run has not been evaluated.", received=run, remedy="Run the training command again to finish it."
        )
    return {name: Task.model_validate(body) for name, body in folder.facts["tasks"].items()}


def _differing(first: Task | None, second: Task | None) -> str | None:
    """Why two tasks of one name are not the same question."""
    if first is None or second is None:
        return f"only the {'second' if first is None else 'first'} run has it"
    if first.predict != second.predict:
        return f"the questions differ: {first.predict!r} and {second.predict!r}"
    if first.kind in _OF_AMOUNTS and first.quantiles != second.quantiles:
        return f"the quantiles differ: {first.quantiles} and {second.quantiles}"
    return None


def _compare(task: Task, runs: tuple[Path, Path], *, replicates: int, seed: int) -> dict[str, Any] | str:
    frames = []
    for run in runs:
        file = run / "predictions" / f"{task.name}.test.parquet"
        if not file.is_file():
            return f"{run} left it out"
        frames.append(pl.read_parquet(file))
    keys = [name for name in _keys(task, frames[0]) if name in frames[1].columns]
    if frames[0].select(keys).schema != frames[1].select(keys).schema:
        return "ids are of different types in the two runs"
    if task.kind == "recommend":
        if any("n_relevant" not in frame.columns for frame in frames):
            return "a run was evaluated by an earlier version: run `foretell evaluate` on it"
        frames = [_worth(frame, keys) for frame in frames]
    elif task.kind == "ad":  # the same thing may be shown twice at one moment
        frames = [frame.with_columns(pl.int_range(pl.len()).over(keys).alias("_again")) for frame in frames]
        keys = [*keys, "_again"]
    truth = _truth(task)
    both = frames[0].join(frames[1], on=keys, how="inner", suffix="_second", nulls_equal=True, maintain_order="left")
    if not both.height:
        return "no test row is common to both"
    if task.kind != "recommend" and not both[truth].equals(both[f"{truth}_second"].alias(truth)):
        n_other = int((both[truth] != both[f"{truth}_second"]).sum())
        return f"{n_other:,} of {both.height:,} common rows have another outcome: the logs differ"
    outcome = _BY_KIND[task.kind](both, task, {"replicates": replicates, "seed": seed})
    return outcome | {
        "only_first": frames[0].height - both.height,
        "only_second": frames[1].height - both.height,
    }


def _keys(task: Task, frame: pl.DataFrame) -> tuple[str, ...]:
    if task.kind in _KEYS:
        return _KEYS[task.kind]
    answers = (columns.PROBABILITY, columns.LABEL, columns.WEIGHT, columns.MODEL_VERSION)
    return tuple(name for name in frame.columns if name not in answers)


def _truth(task: Task) -> str:
    """The column that says what happened."""
    return "units" if task.kind == "demand" else columns.LABEL


def _worth(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """What each list is worth: one row a customer and moment, the ranking metrics beside it."""
    lists = frame.select(*keys, "n_relevant").unique(keys, keep="first", maintain_order=True)
    row = frame.join(lists.with_row_index("row"), on=keys, how="left", maintain_order="left", nulls_equal=True)
    within = row.filter(pl.col("rank") <= _K)
    hit = np.zeros((lists.height, _K), dtype=np.bool_)
    hit[within["row"].to_numpy(), within["rank"].to_numpy() - 1] = within[columns.LABEL].to_numpy() > 0
    worth = per_list(hit, counts=lists["n_relevant"].to_numpy().astype(np.int64), k=_K)
    return lists.with_columns(pl.Series(f"{name}@{_K}", worth[:, RANKING_METRICS.index(name)]) for name in _OF_LISTS)


def _probabilities(both: pl.DataFrame, _: Task, draws: dict[str, int]) -> dict[str, Any]:
    return compare_probabilities(
        both[columns.LABEL].to_numpy(),
        first=both[columns.PROBABILITY].to_numpy(),
        second=both[f"{columns.PROBABILITY}_second"].to_numpy(),
        weight=both[columns.WEIGHT].to_numpy() if columns.WEIGHT in both.columns else None,
        cluster=both[columns.USER_ID].to_numpy(),
        **draws,
    )


def _lists(both: pl.DataFrame, _: Task, draws: dict[str, int]) -> dict[str, Any]:
    names = [f"{name}@{_K}" for name in _OF_LISTS]
    return compare_lists(
        {name: both[name].to_numpy() for name in names},
        second={name: both[f"{name}_second"].to_numpy() for name in names},
        cluster=both[columns.USER_ID].to_numpy(),
        **draws,
    )


def _forecasts(both: pl.DataFrame, task: Task, draws: dict[str, int]) -> dict[str, Any]:
    def forecast(suffix: str) -> tuple[Any, Any]:
        quantiles = both.select(f"{quantile_column(level)}{suffix}" for level in task.quantiles).to_numpy()
        return quantiles, both[f"mean{suffix}"].to_numpy()

    return compare_forecasts(
        both[_truth(task)].to_numpy(),
        first=forecast(""),
        second=forecast("_second"),
        levels=np.asarray(task.quantiles),
        cluster=both[columns.ITEM_ID if task.kind == "demand" else columns.USER_ID].to_numpy(),
        **draws,
    )


_BY_KIND: Final[dict[str, Callable[[pl.DataFrame, Task, dict[str, int]], dict[str, Any]]]] = {
    "purchase": _probabilities,
    "churn": _probabilities,
    "promotion": _probabilities,
    "ad": _probabilities,
    "recommend": _lists,
    "demand": _forecasts,
    "amount": _forecasts,
}
