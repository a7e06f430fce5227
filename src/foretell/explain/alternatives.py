"""What the answer would be on a later day: after one more order like the last, or after nothing at all.

This module owns these counterfactuals of a customer's future: histories that may still come to pass, asked through the
whole pipeline like the real one. It refuses what cannot happen any more (a past rewritten) and any promise: it is what
the model would say then, not what an order brings about.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

import polars as pl

from foretell.core import columns
from foretell.core.events import in_event_order
from foretell.core.history import History
from foretell.core.task import Kind, Task
from foretell.core.time import DAY
from foretell.explain.asking import Asked
from foretell.explain.paragraph import value_words
from foretell.explain.speech import Speech
from foretell.predictor.fitted import FittedTask

__all__ = ["Alternative", "alternative_words", "alternatives"]

What = Literal["order", "nothing"]

_ASKS_LATER: Final[tuple[Kind, ...]] = ("purchase", "churn", "amount")
_PARTS: Final = (4, 2, 1)
"""The days asked about: a quarter, a half and the whole of the horizon from the cutoff."""


@dataclass(frozen=True)
class Alternative:
    """The answer on a later day, if until then one thing had happened.

    Attributes:
        what: ``order``: one more like the last, on that day; ``nothing``: no event at all.
        day: The day it is asked again, int64 microseconds.
        days: How many days after the cutoff.
        value: The answer then, for the same horizon from that day on.
    """

    what: What
    day: int
    days: int
    value: float


def alternatives(fitted: FittedTask, asked: Asked, history: History, *, cutoff: int) -> tuple[Alternative, ...]:
    """The answers after an order and after silence, on up to three later days; the days rise.

    An order repeats what the customer last bought together, at the same prices. Who has bought nothing yet has no
    order to repeat: then only silence is asked about, and of a stranger nothing.

    Args:
        fitted: The task; of kinds that ask about a customer's offer or items nothing is said.
        asked: The question, with all that stays the same.
        history: The customer's events up to the cutoff.
        cutoff: int64 microseconds.

    References:
        Feasible changes only: Ustun, Spangher and Liu, Actionable Recourse in Linear Classification, 2019, section 2.
    """
    if fitted.task.kind not in _ASKS_LATER or not len(history):
        return ()
    last = _last_order(history.events)
    happen: tuple[What, ...] = ("order", "nothing") if last.height else ("nothing",)
    ahead = sorted({max(fitted.task.horizon_days // part, 1) for part in _PARTS})
    asks = [(what, cutoff + days * DAY, days) for days in ahead for what in happen]
    names = [f"alternative#{number}" for number in range(len(asks))]
    points = pl.DataFrame(
        {columns.USER_ID: names, columns.CUTOFF: [moment for _, moment, _ in asks]},
        schema={columns.USER_ID: pl.String, columns.CUTOFF: pl.Int64},
    )
    added = [_moved(last, to=moment) if what == "order" else last.clear() for what, moment, _ in asks]
    histories = pl.concat(
        pl.concat([history.events, rows]).with_columns(pl.lit(name).alias(columns.USER_ID))
        for name, rows in zip(names, added, strict=True)
    )
    values = fitted.estimate(asked.question.inputs(in_event_order(histories), points=points))
    return tuple(Alternative(*ask, float(value)) for ask, value in zip(asks, values, strict=True))


def _last_order(events: pl.DataFrame) -> pl.DataFrame:
    """The rows of the last order: those with its number, or, where orders have none, of its moment."""
    bought = events.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    if not bought.height:
        return bought
    order, time = bought[columns.ORDER_ID][-1], int(bought[columns.TIME][-1])
    if order is not None:
        return bought.filter(pl.col(columns.ORDER_ID) == order)
    return bought.filter(pl.col(columns.ORDER_ID).is_null() & (pl.col(columns.TIME) == time))


def _moved(order: pl.DataFrame, *, to: int) -> pl.DataFrame:
    """The same order once more, its last row at a moment; it is another order, and its rows other events."""
    later = to - int(order[columns.TIME][-1])
    return order.with_columns(
        pl.col(columns.TIME) + later,
        pl.col(columns.ORDER_ID) + " again",
        pl.col(columns.EVENT_ID) + " again",
    )


def alternative_words(found: Sequence[Alternative], *, task: Task, value: float, speech: Speech) -> str:
    """The nearest day's answers in one sentence, and by when an order at least halves or doubles the answer.

    Args:
        found: What ``alternatives`` gave.
        task: What was asked.
        value: The answer now.
        speech: The language.

    Example:
        >>> later = [Alternative("order", 7 * DAY, 7, 0.2), Alternative("nothing", 7 * DAY, 7, 0.55)]
        >>> leaving = Task(name="churn", kind="churn", horizon_days=28)
        >>> print(alternative_words(later, task=leaving, value=0.5, speech=Speech("en")))
        Asked again on 8 January 1970: 20 % after one more order like the last; 55 % if nothing happens until then. \
An order by then would at least halve it.
    """
    if not found:
        return ""
    first = [one for one in found if one.days == found[0].days]
    told = {one.what: value_words(task, one.value, speech=speech) for one in first}
    parts = []
    if "order" in told:
        parts.append(
            speech.either(
                f"{told['order']} after one more order like the last", f"若再下一单同样的订单为{told['order']}"
            )
        )
    if "nothing" in told:
        parts.append(
            speech.either(f"{told['nothing']} if nothing happens until then", f"若此前毫无动静为{told['nothing']}")
        )
    day = speech.date(first[0].day)
    sentence = speech.either(f"Asked again on {day}: {'; '.join(parts)}.", f"到{day}再问：{'；'.join(parts)}。")
    orders = [one for one in found if one.what == "order"]
    halved = list(takewhile(lambda one: one.value <= value / 2, orders))
    doubled = list(takewhile(lambda one: one.value >= value * 2, orders))
    if not halved and not doubled:
        return sentence
    latest = (halved or doubled)[-1]
    by = speech.either("then" if latest.days == first[0].days else speech.date(latest.day), speech.date(latest.day))
    turned, turned_chinese = ("halve", "减半") if halved else ("double", "翻倍")
    return sentence + speech.either(
        f" An order by {by} would at least {turned} it.", f"在{by}之前下单，至少会使其{turned_chinese}。"
    )
