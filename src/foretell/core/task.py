"""The question: what is to be predicted, for whom, over which horizon.

This module owns the declaration of a task. It refuses to build labels (``tasks``) or answers (``predictor``).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from foretell.core import columns
from foretell.core.question import QuestionError, read_question, write_question

__all__ = ["Kind", "Measure", "Task"]

Kind = Literal["purchase", "recommend", "ad", "promotion", "churn", "demand", "amount"]
Measure = Literal["value", "quantity", "count"]

_SAME_LEVEL: Final = 1e-9


def _rising_levels(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse levels that are none, out of range or out of order: answers are sorted, so would be mislabelled."""
    rising = all(low < high for low, high in pairwise((0.0, *levels, 1.0)))
    if not levels or not rising:
        raise ValueError("quantile levels must rise and lie strictly between 0 and 1")
    return levels


def _with_service_level(given: dict[str, Any]) -> dict[str, Any]:
    """The settings with the service level that costs stand for; a level that contradicts them is refused.

    References:
        Arrow, Harris and Marschak, Optimal Inventory Policy, 1951 (the critical ratio).
    """
    costs = [given.get(name) for name in ("shortage_cost", "leftover_cost")]
    if costs == [None, None]:
        return given
    if None in costs:
        raise ValueError("shortage_cost and leftover_cost say the service level together: give both, or neither")
    shortage, leftover = (cost if isinstance(cost, int | float) and cost > 0 else None for cost in costs)
    if shortage is None or leftover is None:
        return given  # refused where the fields are read
    level = shortage / (shortage + leftover)
    said = given.get("service_level", level)
    if not isinstance(said, int | float) or abs(said - level) > _SAME_LEVEL:
        raise ValueError(f"the costs ask for a service level of {level:.4g}, service_level says {said}: leave one out")
    return {**given, "service_level": level}


class Task(BaseModel):
    """A declared question about the future, answerable at any cutoff.

    The window of every answer is ``(cutoff, cutoff + horizon]``. Six lines of TOML declare another one::

        [task.buys_produce]
        kind = "purchase"
        horizon_days = 28
        where = { category = "PRODUCE" }

    or one, in the language of ``core.question``::

        [task.buys_produce]
        predict = "any purchase where category = 'PRODUCE' within 28 days for users"

    Example:
        >>> Task(name="purchase", kind="purchase", horizon_days=28).horizon_days
        28
        >>> Task.asking("any purchase within 28 days for users", name="purchase").kind
        'purchase'
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

    where: dict[str, str | Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Only events on items with these attributes count, for example ``{"category": "PRODUCE"}``; of several values
    any will do."""

    measure: Measure | None = None
    """What an amount task adds up: the events' ``value`` (the default) or ``quantity``, or the ``count`` of them, where
    rows of one order are one; no other kind takes it."""

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
    """The quantile levels a demand or amount answer gives, rising, each between 0 and 1."""

    service_level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """The probability of not running out that a demand answer's order quantity is made for."""

    shortage_cost: Annotated[float, Field(gt=0)] | None = None
    """What a piece that is asked for and not there costs, in the log's money. With ``leftover_cost`` it stands for the
    service level shortage / (shortage + leftover), where one piece more costs as much as it saves."""

    leftover_cost: Annotated[float, Field(gt=0)] | None = None
    """What a piece that is left over costs, in the log's money."""

    max_items: Annotated[int, Field(ge=1)] = 2000
    """How many of the best-selling items a demand answer covers."""

    @model_validator(mode="before")
    @classmethod
    def _said_in_one_sentence(cls, given: object) -> object:
        """``predict`` is read into the settings it stands for; saying the same thing twice is refused."""
        if not isinstance(given, dict):
            return given
        given = _with_service_level(given)
        if "predict" not in given:
            is_open = given.get("kind") == "amount" and given.get("measure") is None
            return {**given, "measure": "value"} if is_open else given
        sentence = given["predict"]
        if not isinstance(sentence, str):
            raise QuestionError(f"predict is a sentence in quotes, not {sentence!r}")
        said = read_question(sentence)
        twice = [name for name in said if name in given]
        if twice:
            raise QuestionError(f"predict says {', '.join(twice)} already: leave it out, or leave predict out")
        return {**{name: value for name, value in given.items() if name != "predict"}, **said}

    @model_validator(mode="after")
    def _measures_amounts(self) -> Task:
        """Only an amount adds something up."""
        if self.measure is not None and self.kind != "amount":
            raise ValueError(f"measure belongs to tasks of kind 'amount', not {self.kind!r}: leave it out")
        return self

    @classmethod
    def asking(cls, sentence: str, *, name: str, **settings: Any) -> Task:  # noqa: ANN401
        """The task that a sentence asks for.

        Args:
            sentence: The question, in the language of ``core.question``.
            name: How the task is called.
            settings: What the language does not say: ``top_k``, ``quantiles``, ``service_level``, ``max_items``.

        Raises:
            pydantic.ValidationError: If the sentence is no question, or a setting is out of range.
        """
        return cls.model_validate({"name": name, "predict": sentence, **settings})

    @property
    def predict(self) -> str:
        """The question as one sentence.

        Example:
            >>> Task(name="leaving", kind="churn", horizon_days=28, active_days=56).predict
            'no purchase within 28 days for users active in 56 days'
        """
        return write_question(
            kind=self.kind,
            action=self.action,
            horizon_days=self.horizon_days,
            where=self.where,
            active_days=self.active_days,
            measure=self.measure,
        )
