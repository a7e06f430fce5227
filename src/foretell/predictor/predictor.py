"""The predictor: one object, loaded from a folder, that answers every task for any user at any moment.

This module owns asking. It refuses to train and to score; a log to ask about is given, or is the run's own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import InputError, InsufficientDataError, RunError, UnknownNameError
from foretell.core.events import EventLog, restore_ids
from foretell.core.prediction import answer_columns
from foretell.core.task import Task
from foretell.core.time import DAY, from_microseconds, to_microseconds
from foretell.dataset.log_folder import load_log
from foretell.model.hazard import LONGEST_WAIT_DAYS
from foretell.predictor.answers import ANSWERS, ANY_HORIZON_ANSWERS, NEW_ONLY_ANSWERS
from foretell.predictor.fitted import FittedTask
from foretell.predictor.moment import Span, check_moment, notes_on
from foretell.predictor.reader import Reader
from foretell.predictor.view import ShopView

__all__ = ["Predictor", "check_horizon"]

_ABOUT_ITEMS: Final = ("demand",)
_GIVES_LISTS: Final = ("recommend", "ad")
_LONGEST_DAYS: Final = int(LONGEST_WAIT_DAYS)

_talk = logging.getLogger("foretell.predictor")


@dataclass(frozen=True)
class Predictor:
    """Answers the tasks it was trained for.

    Attributes:
        reader: Features and sequence model.
        tasks: The fitted tasks by name.
        windows: The windows it was trained, validated and tested on, as ISO times.
        version: Fingerprint of everything learned; it goes out with every answer.
        id_types: The shop's own id types, restored on the way out.
        folder: The run it was loaded from, whose log is the default to ask about.

    Example:
        >>> predictor = Predictor.load("runs/demo")  # doctest: +SKIP
        >>> predictor.predict("purchase").head()  # doctest: +SKIP
    """

    reader: Reader
    tasks: Mapping[str, FittedTask]
    windows: Mapping[str, list[str]]
    version: str = "unsaved"
    id_types: Mapping[str, pl.DataType] = field(default_factory=dict)
    folder: Path | None = None

    def __repr__(self) -> str:
        """What it is, in one line: all that was learned would fill a book."""
        n_items = self.reader.encoder.vocabulary.n_items
        tasks = ", ".join(self.tasks)
        return f"Predictor(version={self.version!r}, tasks=[{tasks}], items={n_items}, folder={str(self.folder)!r})"

    @classmethod
    def load(cls, folder: str | Path) -> Predictor:
        """Load the predictor of a run.

        Raises:
            InputError: If it is no path at all.
            RunError: If the folder holds no finished predictor, or one of another format.
        """
        from foretell.predictor.storage import load_predictor

        if not isinstance(folder, (str, Path)):  # a caller's mistake that types do not stop in a notebook
            raise InputError(
                "This is no folder a predictor could be in.",
                received=f"a {type(folder).__name__}",
                remedy="Give the path of a finished run, as Predictor.load('runs/shop').",
            )
        return load_predictor(Path(folder))

    def save(self, folder: str | Path) -> Predictor:
        """Save under ``folder`` (safetensors, text and JSON; never pickle); returns the predictor as saved."""
        from foretell.predictor.storage import save_predictor

        return save_predictor(self, Path(folder))

    def task(self, name: str) -> FittedTask:
        """The fitted task of that name.

        Raises:
            UnknownNameError: If it was not trained.
        """
        if name not in self.tasks:
            raise UnknownNameError.among("trained task", name, self.tasks)
        return self.tasks[name]

    def predict(
        self,
        task: str,
        *,
        log: EventLog | None = None,
        users: Iterable[object] | None = None,
        at: datetime | None = None,
        new_only: bool = False,
        horizon_days: int | None = None,
    ) -> pl.DataFrame:
        """Answer a task.

        What a reader of the answers should know of them (a moment far after the log, or one the model has seen; users
        named twice, or never seen) is said as warnings of the logger ``foretell``.

        Args:
            task: Its name.
            log: A clean log to ask about; by default the run's own.
            users: Whom to ask about, in the shop's own ids, seen or never seen; by default everyone known (for
                churn: everyone active). Who is named again gets the same row again, but lists (``recommend`` and
                ``ad``) only once. Demand asks about items and takes no users.
            at: The cutoff, aware; nothing later is looked at. By default the end of the log.
            new_only: Only items the user has not bought (or not done the task's action to) by the cutoff; for
                ``recommend`` alone. They are left out before the best are chosen, so lists are as long as without.
            horizon_days: Another horizon than the one the task was trained for, 1 to 366 days; for ``purchase`` and
                ``churn``. The answer to the trained horizon is carried there along the customer's own hazard.

        Returns:
            The columns of ``core.prediction.answer_columns``, with the shop's own ids.

        Raises:
            UnknownNameError: If the task was not trained.
            InputError: If the task takes no users, knows no new items, or has one horizon alone.
            InsufficientDataError: If there is nobody, or nothing, to ask about, or the log begins later.
        """
        fitted = self.task(task)
        log = self.own_log() if log is None else log
        if at is not None and not isinstance(at, datetime):
            raise InputError("The cutoff is not a time.", received=repr(at), remedy="Give an aware datetime as at=.")
        span = Span.of(log)
        cutoff = span.last if at is None else to_microseconds(at)
        check_moment(cutoff, span=span)
        names = None if users is None else _names(users)
        if names is not None and fitted.task.kind in _GIVES_LISTS:
            names = _distinct(names)
        if names is not None and fitted.task.kind not in _ABOUT_ITEMS:
            _say_unknown(names, log)
        answers = self.answer(
            fitted, ShopView.of(log), cutoff=cutoff, users=names, new_only=new_only, horizon_days=horizon_days
        )
        for note in notes_on(cutoff, span=span, task=fitted.task, windows=self.windows):
            _talk.warning(note)
        return answers

    def answer(
        self,
        fitted: FittedTask,
        view: ShopView,
        *,
        cutoff: int,
        users: list[str] | None = None,
        new_only: bool = False,
        horizon_days: int | None = None,
    ) -> pl.DataFrame:
        """Answer a fitted task from a view already made (batch and live share this)."""
        task = fitted.task
        if horizon_days is not None:
            check_horizon(horizon_days, task=task)
        if new_only and task.kind not in NEW_ONLY_ANSWERS:
            raise InputError(
                "Only recommendations can be asked for new items alone.",
                received=f"new_only for task {task.name!r} of kind {task.kind!r}",
                remedy="Leave the filter out, or ask a task of kind 'recommend'.",
            )
        if task.kind in _ABOUT_ITEMS:
            if users is not None:
                raise InputError(
                    f"Task {task.name!r} asks about items, not users.",
                    received=f"{len(users)} users",
                    remedy="Leave the users out.",
                )
            points = pl.DataFrame({columns.CUTOFF: [cutoff]}, schema={columns.CUTOFF: pl.Int64})
        else:
            points = _points(fitted, view, cutoff=cutoff, users=users)
        if horizon_days is not None:
            answers = ANY_HORIZON_ANSWERS[task.kind](self.reader, fitted, view, points, horizon_days=horizon_days)
        else:
            answers = (NEW_ONLY_ANSWERS if new_only else ANSWERS)[task.kind](self.reader, fitted, view, points)
        return self.finish(fitted, answers, horizon_days=horizon_days)

    def finish(self, fitted: FittedTask, answers: pl.DataFrame, *, horizon_days: int | None = None) -> pl.DataFrame:
        """Give a task's rows the form they leave in: aware times, horizon, model version, the shop's own ids."""
        task = fitted.task
        answers = answers.with_columns(
            pl.from_epoch(columns.CUTOFF, time_unit="us").dt.replace_time_zone("UTC"),
            pl.lit(horizon_days or task.horizon_days, dtype=pl.Int32).alias(columns.HORIZON_DAYS),
            pl.lit(self.version).alias(columns.MODEL_VERSION),
        )
        return restore_ids(answers.select(answer_columns(task)), dict(self.id_types))

    def own_log(self) -> EventLog:
        """The clean log of the run this predictor was loaded from.

        Raises:
            RunError: If it was not loaded from a run.
        """
        if self.folder is None:
            raise RunError("This predictor has no log of its own.", remedy="Pass log=..., or load it from a run.")
        return load_log(self.folder / "data")

    def with_tasks(self, tasks: Mapping[str, FittedTask]) -> Predictor:
        """The same predictor with other tasks."""
        return replace(self, tasks=tasks)


def check_horizon(horizon_days: int, *, task: Task) -> None:
    """Go on if a task can be asked about a horizon other than its own.

    Raises:
        InputError: If it has one horizon alone, or the horizon is no number of days that anything is known of.

    Example:
        >>> check_horizon(7, task=Task(name="soon", kind="purchase", horizon_days=28))
    """
    if task.kind not in ANY_HORIZON_ANSWERS:
        raise InputError(
            f"Task {task.name!r} answers its own horizon alone.",
            received=f"a horizon of {horizon_days} days for a task of kind {task.kind!r}",
            remedy=f"Leave the horizon out, or ask a task of kind {' or '.join(ANY_HORIZON_ANSWERS)}.",
        )
    given: object = horizon_days  # a caller's mistake that types do not stop in a notebook
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= _LONGEST_DAYS:
        raise InputError(
            "The horizon is no number of days to ask about.",
            received=repr(horizon_days),
            remedy=f"Give a whole number from 1 to {_LONGEST_DAYS}.",
        )


def _names(users: Iterable[object]) -> list[str]:
    """User ids as text, in the order given."""
    if isinstance(users, (str, bytes)):
        raise InputError("Users are given as a list of ids.", received=repr(users), remedy="Write users=[...].")
    names = list(users)
    if any(name is None for name in names):
        raise InputError("A user id is missing.", received="None among the users", remedy="Leave it out.")
    return [str(name) for name in names]


def _distinct(names: list[str]) -> list[str]:
    """Each user once: two lists of one user could not be told apart."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) < len(names):
        repeats = f"{len(names) - len(distinct):,} of {len(names):,}"
        _talk.warning("Users named again: %s; each user gets one list.", repeats)
    return distinct


def _say_unknown(names: list[str], log: EventLog) -> None:
    """New customers are answered like any others; a list of somebody else's ids would be, too."""
    unknown = set(names).difference(log.events[columns.USER_ID].unique())
    if unknown:
        counts = f"{len(unknown):,} of {len(set(names)):,}"
        _talk.warning("Users the log has no event of: %s, such as %s; they are answered as new.", counts, min(unknown))


def _points(fitted: FittedTask, view: ShopView, *, cutoff: int, users: list[str] | None) -> pl.DataFrame:
    """Whom to ask about: the users given, else everyone known (and active, where the task says so)."""
    if users is None:
        known = view.histories.filter(
            (pl.col(columns.TIME) <= cutoff) & ~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS)
        )
        if fitted.task.active_days is not None:
            recent = pl.col(columns.TIME) > cutoff - fitted.task.active_days * DAY
            known = known.filter(recent & (pl.col(columns.ACTION) == fitted.task.action))
        users = known[columns.USER_ID].unique().sort().to_list()
    if not users:
        raise InsufficientDataError(
            f"There is nobody to ask task {fitted.task.name!r} about.",
            received=f"no user with the needed events up to {from_microseconds(cutoff).isoformat()}",
            remedy="Ask at a later time, or name users.",
        )
    return pl.DataFrame({columns.USER_ID: users}, schema={columns.USER_ID: pl.String}).with_columns(
        pl.lit(cutoff, dtype=pl.Int64).alias(columns.CUTOFF)
    )
