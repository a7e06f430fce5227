"""One customer's answers to every task that asks about customers, as JSON values.

This module owns the asking and the shape of the answer. It refuses to compute: the predictor answers, with the
readers and heads of batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.task import Kind
from foretell.predictor.answers import ANY_HORIZON_ANSWERS, NEW_ONLY_ANSWERS
from foretell.predictor.predictor import Predictor
from foretell.predictor.reader import PointInputs, Reader
from foretell.predictor.view import ShopView
from foretell.serve.events import explain

__all__ = ["ABOUT_USERS", "answer_user", "own_id"]

ABOUT_USERS: Final[tuple[Kind, ...]] = ("purchase", "churn", "recommend", "promotion", "ad", "amount")
"""The kinds of task that ask about customers; demand asks about items."""

_LISTS: Final[dict[Kind, str]] = {"recommend": "items", "ad": "placements"}
_OTHER_NAMES: Final = {columns.KIND: "campaign_kind"}  # "kind" is that of the task
_ABOUT_ALL: Final = (columns.USER_ID, columns.CUTOFF, columns.HORIZON_DAYS, columns.MODEL_VERSION)


@dataclass(frozen=True)
class _ReadOnce(Reader):
    """A reader that reads the points of one request once, whichever task asks first."""

    _read: list[PointInputs] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, reader: Reader) -> _ReadOnce:
        return cls(reader.ranker, reader.user_features, reader.dropped)

    def read(self, view: ShopView, *, points: pl.DataFrame) -> PointInputs:
        """As ``Reader.read``; the points are those of the request each time."""
        if not self._read:
            self._read.append(super().read(view, points=points))
        return self._read[0]


def answer_user(
    predictor: Predictor,
    view: ShopView,
    *,
    user_id: str,
    cutoff: int,
    tasks: Sequence[str],
    limit: int | None = None,
    new_only: bool = False,
    horizon_days: int | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answer tasks about one customer at one moment.

    Args:
        predictor: The trained predictor.
        view: The customer's history with what the whole shop shares.
        user_id: Whom to ask about.
        cutoff: int64 microseconds; nothing later is looked at.
        tasks: Names of trained tasks whose kind is in ``ABOUT_USERS``.
        limit: At most so many entries of a list; None gives all.
        new_only: Only new items in the lists of tasks that can be asked so; the other tasks do not heed it.
        horizon_days: The horizon of tasks that can be asked about any; the others keep their own.

    Returns:
        The answers by task, and by task why there is none (a shop without campaigns, say).
    """
    # Ids stay text here: one that is not of the shop's type must not come out as nothing.
    asked = replace(predictor, reader=_ReadOnce.of(predictor.reader), id_types={})
    answers: dict[str, Any] = {}
    unanswered: dict[str, Any] = {}
    for name in tasks:
        fitted = predictor.task(name)
        kind = fitted.task.kind
        within = horizon_days if kind in ANY_HORIZON_ANSWERS else None
        only = new_only and kind in NEW_ONLY_ANSWERS
        try:
            frame = asked.answer(fitted, view, cutoff=cutoff, users=[user_id], new_only=only, horizon_days=within)
        except InsufficientDataError as error:
            unanswered[name] = explain(error)
            continue
        about = {
            "kind": kind,
            columns.HORIZON_DAYS: within or fitted.task.horizon_days,
            columns.MODEL_VERSION: predictor.version,
        }
        rows = [
            _plain(row, id_types=predictor.id_types)
            for row in frame.drop(_ABOUT_ALL, strict=False).iter_rows(named=True)
        ]
        answers[name] = about | ({_LISTS[kind]: rows[:limit]} if kind in _LISTS else rows[0])
    return answers, unanswered


def own_id(text: str, kind: pl.DataType | None) -> str | int:
    """An id as the shop writes it: a whole number where its ids are and this one is.

    Example:
        >>> own_id("7", pl.Int64()), own_id("seven", pl.Int64()), own_id("7", None)
        (7, 'seven', '7')
    """
    is_whole = kind is not None and kind.is_integer() and text.removeprefix("-").isdecimal() and text.isascii()
    return int(text) if is_whole and str(int(text)) == text else text


def _plain(row: Mapping[str, Any], *, id_types: Mapping[str, pl.DataType]) -> dict[str, Any]:
    """JSON values: the shop's own ids, dates as ISO 8601 text, what is not finite as null."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if name in columns.IDENTIFIERS and isinstance(value, str):
            plain[name] = own_id(value, id_types.get(name))
        else:
            plain[_OTHER_NAMES.get(name, name)] = _value(value)
    return plain


def _value(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
