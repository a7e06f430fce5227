"""Why a prediction is what it is: the events and features that moved it.

This module owns the public functions and the order of the work: ask the question, take events away and ask
again, take the logit apart, tell the strongest in words. It refuses causal claims.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Final, get_args

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError, InputError
from foretell.core.events import EventLog
from foretell.core.history import History, history_frame
from foretell.core.task import Kind
from foretell.core.time import to_microseconds
from foretell.explain.alternatives import alternatives
from foretell.explain.asking import Request, ask
from foretell.explain.attribution import METHODS, Method
from foretell.explain.contributions import feature_contributions
from foretell.explain.demand import explain_demand
from foretell.explain.event_effects import event_effects
from foretell.explain.explanation import Explanation, value_column
from foretell.explain.telling import Telling
from foretell.features import ItemStatistics
from foretell.features.definition import Language
from foretell.predictor.fitted import FittedTask
from foretell.predictor.moment import Span, check_moment, notes_on
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView

__all__ = ["explain", "explain_in_view"]

_TAKES_ITEM: Final[tuple[Kind, ...]] = ("ad", "recommend", "demand")

_talk = logging.getLogger("foretell.explain")


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

    Of customers who buy, leave or spend it also says what the answer would be on later days (``alternatives``).
    What a reader should know of the moment asked about (far after the log, or one the model has seen) is said as
    warnings of the logger ``foretell``.

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
        InsufficientDataError: If the log begins later than ``at``, or there is nothing to ask about.
        ConfigError: If the language, method or number of reasons is not valid.

    Example:
        >>> predictor = Predictor.load("runs/demo")  # doctest: +SKIP
        >>> print(explain(predictor, task="churn", user=1023).text())  # doctest: +SKIP
    """
    fitted = predictor.task(task)
    log = predictor.own_log() if log is None else log
    span = Span.of(log)
    cutoff = span.last if at is None else to_microseconds(at)
    check_moment(cutoff, span=span)
    found = explain_in_view(
        predictor,
        view=_view(log, fitted, user=user),
        task=task,
        user=user,
        cutoff=cutoff,
        item=item,
        language=language,
        n_reasons=n_reasons,
        seed=seed,
        method=method,
    )
    for note in notes_on(cutoff, span=span, task=fitted.task, windows=predictor.windows):
        _talk.warning(note)
    return found


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
    _check_settings(language=language, method=method, n_reasons=n_reasons)
    _check_entities(fitted, user=user, item=item)
    if fitted.task.kind == "demand":
        return explain_demand(
            predictor, fitted, view, cutoff=cutoff, item=str(item), language=language, n_reasons=n_reasons
        )
    history = History.of(view.histories, user_id=str(user)).until(cutoff)
    own_view = replace(view, histories=history.events)
    request = Request(str(user), cutoff, None if item is None else str(item), own_view)
    asked = ask(predictor, fitted, request)
    units, attribution = event_effects(fitted, asked, history, cutoff=cutoff, method=method, seed=seed)
    inputs = asked.question.inputs(history.events, points=request.points())
    contributions = feature_contributions(fitted, inputs)
    column = value_column(fitted.task)
    if asked.answer[column] is None:
        asked = replace(asked, answer={**asked.answer, column: attribution.full})
    telling = Telling(predictor, fitted, request, asked, language)
    reasons = telling.reasons(units, attribution, contributions, inputs=inputs, n=n_reasons)
    references = {"event": attribution.empty, "feature": contributions.average}
    later = alternatives(fitted, asked, history, cutoff=cutoff)
    story = telling.story(reasons, references=references, later=later, is_known=bool(units))
    return Explanation(fitted.task, asked.answer, reasons, references, language, story, later)


def _view(log: EventLog, fitted: FittedTask, *, user: object) -> ShopView:
    """What the task reads, and no more: the whole shop where items are weighed, else this user's events.

    Only pairs of a user and an item read the shop's counters; demand reads the events alone.
    """
    if fitted.task.kind == "demand":
        histories = history_frame(log)
        return ShopView(histories, ItemStatistics.of(histories.clear()), log.tables)
    if fitted.task.kind in _TAKES_ITEM:
        return ShopView.of(log)
    own = log.with_events(log.events.filter(pl.col(columns.USER_ID) == str(user)))
    histories = history_frame(own)
    return ShopView(histories, ItemStatistics.of(histories), log.tables)


def _check_settings(*, language: str, method: str, n_reasons: int) -> None:
    for noun, given, known in (
        ("language", language, get_args(Language)),
        ("method", method, METHODS),
    ):
        if given not in known:
            raise ConfigError(
                f"There is no such {noun}.", received=repr(given), remedy=f"Use one of {', '.join(known)}."
            )
    if n_reasons < 1:
        raise ConfigError("At least one reason is needed.", received=n_reasons, remedy="Give n_reasons=1 or more.")


def _check_entities(fitted: FittedTask, *, user: object, item: object) -> None:
    """Say what is missing, or named in vain."""
    name, kind = fitted.task.name, fitted.task.kind
    if kind == "demand" and item is None:
        raise InputError(
            f"Task {name!r} is asked about items, not customers.",
            received="no item" if user is None else f"user {user!r}, no item",
            remedy="Name an item (item=..., on the command line --item).",
        )
    if kind != "demand" and user is None:
        raise InputError(
            f"Task {name!r} is asked about a customer.",
            received="no user",
            remedy="Name one (user=..., on the command line --user).",
        )
    if kind not in _TAKES_ITEM and item is not None:
        raise InputError(
            f"Task {name!r} is asked about a customer, not about an item.",
            received=f"item {item!r}",
            remedy="Leave the item out, or ask the tasks ad, recommend or demand about it.",
        )
