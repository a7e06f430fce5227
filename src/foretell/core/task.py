"""The question: what is to be predicted, for whom, over which horizon.

This module owns the declaration of a task. It refuses to build labels (``tasks``) or answers (``predictor``).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from foretell.core import columns

__all__ = ["Kind", "Task"]

Kind = Literal["purchase", "recommend", "ad", "promotion", "churn", "demand"]


def _rising_levels(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse levels that are none, out of range or out of order: answers are sorted, so would be mislabelled."""
    rising = all(low < high for low, high in pairwise((0.0, *levels, 1.0)))
    if not levels or not rising:
        raise ValueError("quantile levels must rise and lie strictly between 0 and 1")
    return levels


class Task(BaseModel):
    """A declared question about the future, answerable at any cutoff.

    The window of every answer is ``(cutoff, cutoff + horizon]``. Six lines of TOML declare another one::

        [task.buys_produce]
        kind = "purchase"
        horizon_days = 28
        where = { category = "PRODUCE" }

    Example:
        >>> Task(name="purchase", kind="purchase", horizon_days=28).horizon_days
        28
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """How the task is called in files, reports and URLs."""

    kind: Kind
    """Which of the built-in questions it is: the label rule, the answer kind and the metrics follow."""

    horizon_days: Annotated[int, Field(ge=1, le=366)]
    """Length of the window after the cutoff that the answer speaks of, in days."""

    action: str = columns.PURCHASE
    """The action that counts as a positive."""

    active_days: Annotated[int, Field(ge=1)] | None = None
    """Only users who did ``action`` within so many days before the cutoff are asked about; None asks about all."""

    where: dict[str, str] = Field(default_factory=dict)
    """Only events on items with these attributes count, for example ``{"category": "PRODUCE"}``."""

    contact_effect: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The share of customers about to stay away whom a contact keeps for an order: an assumption until a campaign has
    measured it. A churn answer's suggested action and its value rest on it."""

    contact_cost: Annotated[float, Field(ge=0)] = 0.0
    """What one contact costs, in the log's money."""

    margin: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of an order's value that the shop earns."""

    top_k: Annotated[int, Field(ge=1, le=1000)] = 20
    """How many items a ranking answer lists."""

    quantiles: Annotated[tuple[float, ...], AfterValidator(_rising_levels)] = (0.1, 0.25, 0.5, 0.75, 0.9)
    """The quantile levels a demand answer gives, rising, each between 0 and 1."""

    service_level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """The probability of not running out that a demand answer's order quantity is made for."""

    max_items: Annotated[int, Field(ge=1)] = 2000
    """How many of the best-selling items a demand answer covers."""
