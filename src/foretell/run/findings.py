"""What a finished run's answers come to: for each question a sentence that a shop can act on.

This module owns those sentences. It refuses to answer anew: it reads the files the run has written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.task import Kind

__all__ = ["findings"]

_TENTH: Final = 10


def findings(folder: Path, tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A sentence for each task that has one and whose answers lie in the run.

    Args:
        folder: The run.
        tasks: The tasks of its report.
    """
    found = {}
    for name, task in tasks.items():
        answers, say = folder / "predictions" / f"{name}.parquet", _SAY.get(task["kind"])
        if say and answers.exists():
            found[name] = say(pl.read_parquet(answers), task)
    return found


def _purchase(answers: pl.DataFrame, task: Mapping[str, Any]) -> str:
    expected = answers[columns.PROBABILITY].sum()
    return f"{task['question']} {expected:,.0f} of {answers.height:,} customers are expected to."


def _churn(answers: pl.DataFrame, task: Mapping[str, Any]) -> str:
    leaving = answers.filter(pl.col(columns.PROBABILITY) > 0.5).sort(columns.PROBABILITY, descending=True)
    text = (
        f"{leaving.height:,} of {answers.height:,} active customers are likelier to stay away than to buy within "
        f"{task['horizon_days']} days"
    )
    if leaving.is_empty():
        return f"{text}."
    first = leaving.row(0, named=True)
    return f"{text}, customer {first[columns.USER_ID]} first ({first[columns.PROBABILITY]:.0%})."


def _promotion(answers: pl.DataFrame, task: Mapping[str, Any]) -> str:
    chances = answers[columns.PROBABILITY].sort(descending=True)
    best = chances.head(max(len(chances) // _TENTH, 1))
    return (
        f"{chances.sum():,.0f} of {len(chances):,} customers are expected to take up a campaign within "
        f"{task['horizon_days']} days, {best.sum():,.0f} of them among the {len(best):,} likeliest."
    )


def _demand(answers: pl.DataFrame, _: Mapping[str, Any]) -> str:
    # One week: amounts for a service level do not add up over weeks.
    first = answers.filter(pl.col("week") == 1).sort("order_quantity", descending=True, maintain_order=True)
    most = first.row(0, named=True)
    units = first["order_quantity"].sum()
    return (
        f"To have enough in the first week, order {units:,.0f} units of {first.height:,} items, "
        f"most of item {most[columns.ITEM_ID]} ({most['order_quantity']:,.0f})."
    )


def _amount(answers: pl.DataFrame, task: Mapping[str, Any]) -> str:
    most = answers.sort("mean", descending=True, maintain_order=True).row(0, named=True)
    return (
        f"{task['question']} {answers['mean'].sum():,.0f} in all are expected of {answers.height:,} customers, "
        f"most of customer {most[columns.USER_ID]} ({most['mean']:,.2f})."
    )


_SAY: Final[dict[Kind, Callable[[pl.DataFrame, Mapping[str, Any]], str]]] = {
    "purchase": _purchase,
    "churn": _churn,
    "promotion": _promotion,
    "demand": _demand,
    "amount": _amount,
}
