"""What exactly is explained: the answer a shop would get, and the question that gives the same answer again.

This module owns the choice of campaign, placement or item where none is named, and the register by kind of
task. It refuses to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.events import restore_ids
from foretell.core.task import Kind
from foretell.explain.questions import CampaignQuestion, PairQuestion, Question, UserQuestion
from foretell.predictor.candidates import candidates
from foretell.predictor.fitted import FittedTask
from foretell.predictor.offers import campaign_at
from foretell.predictor.placements import placements_at
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView

__all__ = ["Asked", "Request", "ask"]

_NO_PLACE: Final = {columns.POSITION: pl.String, columns.CHANNEL: pl.String}


@dataclass(frozen=True)
class Request:
    """Who is asked about, when, and which item if one was named.

    Attributes:
        user: The user's id, as text.
        cutoff: int64 microseconds.
        item: The item's id, as text, or None.
        view: What is known; ``histories`` holds this user's events up to the cutoff and no others.
    """

    user: str
    cutoff: int
    item: str | None
    view: ShopView

    def points(self) -> pl.DataFrame:
        """The one point asked about."""
        return pl.DataFrame(
            {columns.USER_ID: [self.user], columns.CUTOFF: [self.cutoff]},
            schema={columns.USER_ID: pl.String, columns.CUTOFF: pl.Int64},
        )


@dataclass(frozen=True)
class Asked:
    """A question and its answer.

    Attributes:
        question: Gives the head's inputs for any version of the history.
        answer: The row of the prediction table, with the shop's own ids; the value asked about may be absent
            where the table does not list it.
        item: The item asked about, as text, or None.
    """

    question: Question
    answer: Mapping[str, Any]
    item: str | None = None


def ask(predictor: Predictor, fitted: FittedTask, request: Request) -> Asked:
    """The question a task asks about a user, and the answer the predictor gives."""
    return _ASK[fitted.task.kind](predictor, fitted, request)


def _user(predictor: Predictor, fitted: FittedTask, request: Request) -> Asked:
    answers = predictor.answer(fitted, request.view, cutoff=request.cutoff, users=[request.user])
    return Asked(UserQuestion(predictor.reader, request.view), answers.row(0, named=True))


def _campaign(predictor: Predictor, fitted: FittedTask, request: Request) -> Asked:
    answers = predictor.answer(fitted, request.view, cutoff=request.cutoff, users=[request.user])
    campaign = campaign_at(request.view, cutoff=request.cutoff, horizon_days=fitted.task.horizon_days)
    question = CampaignQuestion(predictor.reader, request.view, campaign, tuple(fitted.levels["kind"]))
    return Asked(question, answers.row(0, named=True))


def _placement(predictor: Predictor, fitted: FittedTask, request: Request) -> Asked:
    answers = predictor.answer(fitted, request.view, cutoff=request.cutoff, users=[request.user])
    listed = answers.with_columns(pl.col(columns.ITEM_ID).cast(pl.String))
    place = [columns.ITEM_ID, *_NO_PLACE]
    chosen = 0 if request.item is None else _row_of(request.item, listed[columns.ITEM_ID])
    if chosen is not None:
        pair, answer = listed.select(place)[chosen], answers.row(chosen, named=True)
    else:
        pair = _pair(str(request.item)).with_columns(pl.lit(None, dtype=t).alias(n) for n, t in _NO_PLACE.items())
        answer = _unlisted(predictor, answers, pair)
    # Held against all placements the customer may meet, as in the answer, which lists the best of them.
    met = placements_at(request.view, points=request.points())
    companions = _with(met[columns.ITEM_ID], pair[columns.ITEM_ID][0])
    question = PairQuestion(predictor.reader, request.view, pair, companions, fitted.levels)
    return Asked(question, answer, str(pair[columns.ITEM_ID][0]))


def _candidate(predictor: Predictor, fitted: FittedTask, request: Request) -> Asked:
    answers = predictor.answer(fitted, request.view, cutoff=request.cutoff, users=[request.user])
    listed = answers[columns.ITEM_ID].cast(pl.String)
    item = request.item if request.item is not None else str(listed[0])
    chosen = _row_of(item, listed)
    pair = _pair(item)
    answer = answers.row(chosen, named=True) if chosen is not None else _unlisted(predictor, answers, pair)
    read = predictor.reader.read(request.view, points=request.points())
    companions = candidates(predictor.reader, view=request.view, read=read)[columns.ITEM_ID]
    question = PairQuestion(predictor.reader, request.view, pair, _with(companions, item), {})
    return Asked(question, answer, item)


def _pair(item: str) -> pl.DataFrame:
    return pl.DataFrame({columns.ITEM_ID: [item]}, schema={columns.ITEM_ID: pl.String})


def _row_of(item: str, listed: pl.Series) -> int | None:
    """The first (best) row of an item, or None where it is not listed."""
    rows = (listed == item).arg_true()
    return int(rows[0]) if len(rows) else None


def _with(companions: pl.Series, item: str) -> pl.Series:
    """The companions, the item among them."""
    return companions if (companions == item).any() else companions.extend(pl.Series([item], dtype=pl.String))


def _unlisted(predictor: Predictor, answers: pl.DataFrame, pair: pl.DataFrame) -> dict[str, Any]:
    """The row an item would have if the table listed it; what is not known of it is None."""
    shared = (columns.USER_ID, columns.CUTOFF, columns.HORIZON_DAYS, columns.MODEL_VERSION)
    row = {name: (answers[name][0] if name in shared else None) for name in answers.columns}
    # An id that is not of the shop's type is shown as it was given.
    return {**row, columns.ITEM_ID: restore_ids(pair, predictor.id_types)[columns.ITEM_ID][0]}


_ASK: Final[Mapping[Kind, Callable[[Predictor, FittedTask, Request], Asked]]] = {
    "purchase": _user,
    "churn": _user,
    "amount": _user,
    "promotion": _campaign,
    "ad": _placement,
    "recommend": _candidate,
}
