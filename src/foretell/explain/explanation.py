"""One answer with its reasons, as an object, a table, JSON and a paragraph.

This module owns what an explanation holds and its forms. It refuses to compute any of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from foretell.core import columns
from foretell.core.prediction import Reason
from foretell.core.task import Task
from foretell.core.time import from_microseconds
from foretell.explain.alternatives import Alternative
from foretell.features.definition import Language

__all__ = ["Explanation"]


@dataclass(frozen=True)
class Explanation:
    """What was predicted and what moved it.

    Attributes:
        task: What was asked.
        answer: The row of the prediction table (``core.prediction.answer_columns``), with the shop's own ids.
        reasons: Strongest first. Effects are in probability points (0.07: seven percentage points), for demand
            in units, for amounts in what they add up (``unit_of``); event reasons and feature reasons are two accounts
            of the same prediction, not to be added.
        references: What the effects are weighed against. ``event``: the answer if none of this customer's events
            were known; ``feature``: the answer for an average example. All event effects (the untold ones too)
            add up to the answer less the first, all feature effects to the answer less the second.
        language: ``en`` or ``zh``.
        story: The whole as one paragraph.
        alternatives: The answers on later days, after one more order or after nothing.
    """

    task: Task
    answer: Mapping[str, Any]
    reasons: tuple[Reason, ...]
    references: Mapping[str, float]
    language: Language
    story: str
    alternatives: tuple[Alternative, ...] = ()

    @property
    def value(self) -> float:
        """The number that the effects moved: a probability, a score, or units."""
        return float(self.answer[value_column(self.task)])

    def text(self) -> str:
        """The answer and its reasons as a paragraph."""
        return self.story

    def frame(self) -> pl.DataFrame:
        """One row a reason: ``kind``, ``name``, ``effect``, ``words``."""
        schema = {"kind": pl.String, "name": pl.String, "effect": pl.Float64, "words": pl.String}
        return pl.DataFrame([asdict(reason) for reason in self.reasons], schema=schema)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; times as ISO 8601."""
        return {
            "task": self.task.name,
            "kind": self.task.kind,
            "language": self.language,
            "answer": {name: _plain(value) for name, value in self.answer.items()},
            "references": dict(self.references),
            "unit": unit_of(self.task),
            "reasons": [asdict(reason) for reason in self.reasons],
            "alternatives": [
                {**asdict(one), "day": from_microseconds(one.day).isoformat()} for one in self.alternatives
            ],
            "text": self.story,
        }

    def json(self) -> str:
        """The same as JSON text, without NaN or infinity."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def value_column(task: Task) -> str:
    """The column of the prediction table that holds the number being explained.

    Example:
        >>> value_column(Task(name="recommend", kind="recommend", horizon_days=14))
        'score'
    """
    return {"recommend": "score", "demand": "mean", "amount": "mean"}.get(task.kind, columns.PROBABILITY)


def unit_of(task: Task) -> str:
    """What effects are measured in.

    Example:
        >>> unit_of(Task(name="spend", kind="amount", horizon_days=28))
        'money'
    """
    if task.measure is not None:
        return {"value": "money", "quantity": "units", "count": "times"}[task.measure]
    return "units" if task.kind == "demand" else columns.PROBABILITY


def _plain(value: object) -> object:
    """A value as JSON knows it: times as text, what is not a number as null."""
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
