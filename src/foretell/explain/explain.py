"""Why a prediction is what it is: the events and features that moved it.

This module owns the public functions and the order of the work: ask the question, take events away and ask
again, take the logit apart, tell the strongest in words. It refuses causal claims.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.core.events import EventLog
from foretell.core.history import HISTORY_SCHEMA, History, history_frame
from foretell.core.prediction import Reason
from foretell.core.task import Kind
from foretell.core.time import to_microseconds
from foretell.explain.asking import Asked, Request, ask
from foretell.explain.attribution import METHODS, Attribution, Method, occlusion, shapley
from foretell.explain.demand import explain_demand
from foretell.explain.explanation import Explanation, value_column
from foretell.explain.telling import Telling
from foretell.explain.units import Unit, masked_histories, split_units
from foretell.features import ItemStatistics
from foretell.features.definition import Language
from foretell.predictor.fitted import FittedTask
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView

__all__ = ["explain", "explain_in_view"]

_EVENTS_TO_READ = 60_000
_MOST_PERMUTATIONS = 8
_NEEDS_SHOP: tuple[Kind, ...] = ("ad", "recommend", "demand")


def explain(
    predictor: Predictor,
    *,
    task: str,
    user: object = None,
    at: datetime | None = None,
    log: EventLog | None = None,
    item: object = None,
    language: Language = "en",
    n_reasons: int = 5,
    seed: int = 0,
    method: Method = "shapley",
) -> Explanation:
    """Explain one answer.

    Args:
        predictor: Whose answer.
        task: The task's name.
        user: The user, in the shop's own ids, seen or never seen. Demand asks about items and takes none.
        at: The cutoff, aware; nothing later is looked at. By default the end of the log.
        log: A clean log; by default the run's own.
        item: Which item the question is about: for ``ad`` and ``recommend`` by default the best-scored one; for
            ``demand`` it must be named; other tasks take none.
        language: ``en`` or ``zh``.
        n_reasons: How many reasons at most.
        seed: Decides the orders that Shapley sampling draws.
        method: ``shapley`` shares what several events say together among them; ``occlusion`` asks what is lost
            without each.

    Raises:
        UnknownNameError: If the task was not trained, or demand was not trained for the item.
        InputError: If the user or the item is missing, or named where the task takes none.
        ConfigError: If the language, method or number of reasons is not valid.

    Example:
        >>> predictor = Predictor.load("runs/demo")  # doctest: +SKIP
        >>> print(explain(predictor, task="churn", user=1023).text())  # doctest: +SKIP
    """
    fitted = predictor.task(task)
    log = predictor.own_log() if log is None else log
    cutoff = int(str(log.events[columns.TIME].max())) if at is None else to_microseconds(at)
    return explain_in_view(
        predictor,
        view=_view(log, fitted, user=None if user is None else str(user)),
        task=task,
        user=user,
        cutoff=cutoff,
        item=item,
        language=language,
        n_reasons=n_reasons,
        seed=seed,
        method=method,
    )


def explain_in_view(
    predictor: Predictor,
    *,
    view: ShopView,
    task: str,
    cutoff: int,
    user: object = None,
    item: object = None,
    language: Language = "en",
    n_reasons: int = 5,
    seed: int = 0,
    method: Method = "shapley",
) -> Explanation:
    """The same from a view already made (batch and live share this); ``cutoff`` is int64 microseconds.

    What other customers did stays as it is while this customer's events are left out: the counters of the
    whole shop, the campaign, the placement and the competing items are those of the real answer.
    """
    fitted = predictor.task(task)
    _check(language=language, method=method, n_reasons=n_reasons)
    _check_entities(fitted, user=user, item=item)
    if fitted.task.kind == "demand":
        return explain_demand(
            predictor, fitted, view, cutoff=cutoff, item=str(item), language=language, n_reasons=n_reasons
        )
    history = History.of(view.histories, user_id=str(user)).until(cutoff)
    own_view = replace(view, histories=history.events)
    request = Request(str(user), cutoff, None if item is None else str(item), own_view)
    asked = ask(predictor, fitted, request)
    units, of_event = split_units(history)
    attribution = _attribute(fitted, asked, history, of_event, cutoff=cutoff, seed=seed, method=method)
    inputs = asked.question.inputs(history.events, points=request.points())
    column = value_column(fitted.task)
    if asked.answer[column] is None:
        asked = replace(asked, answer={**asked.answer, column: attribution.full})
    telling = Telling(predictor, fitted, request, asked, language)
    reasons = telling.reasons(units, attribution, inputs, n=n_reasons)
    return Explanation(
        task=fitted.task,
        answer=asked.answer,
        reasons=reasons,
        reference=attribution.empty,
        language=language,
        story=telling.story(reasons, units=units, reference=attribution.empty),
    )
