"""Events as they arrive: from JSON to clean canonical rows, each refused one with its reason.

This module owns the schema of one live event. It refuses fields it does not know (a misspelt one would be lost
in silence) and repairs nothing; words are read and rows are judged by the rules that batch uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from foretell.core import columns
from foretell.core.errors import ForetellError, SchemaError, UnknownNameError
from foretell.core.time import parse_time
from foretell.prepare.rules import CleaningRules
from foretell.serve.cleaning import clean_rows

__all__ = ["LiveEvent", "Parsed", "parse_events"]

_LONGEST_ID: Final = 512
_LONGEST_WORDS: Final = 10_000
_SHOWN: Final = 200
_REMEDIES: Final = {
    **dict.fromkeys(
        (columns.TIME, columns.RECEIVED_TIME),
        "Send ISO 8601 text (2017-12-04T05:00:00Z) or microseconds since 1970 UTC as a whole number.",
    ),
    **dict.fromkeys(columns.IDENTIFIERS, "Send an id as text or as a whole number."),
    **dict.fromkeys(columns.NUMBERS, "Send an amount as a number, not as text."),
    **dict.fromkeys((*columns.WORDS, columns.CURRENCY), "Send text."),
}


def _moment(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ForetellError as error:
            raise ValueError(error.problem) from None
    return value


def _text(value: object) -> object:
    """Whole numbers are ids like any other; a boolean is not one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_text), Field(max_length=_LONGEST_ID)]
Words = Annotated[str, Field(max_length=_LONGEST_WORDS)]
Currency = Annotated[str, Field(max_length=_LONGEST_ID)]
Moment = Annotated[int, BeforeValidator(_moment), Field(ge=-(2**62), le=2**62)]


class LiveEvent(BaseModel):
    """One event as a shop sends it: the canonical columns, ``user_id``, ``time`` and ``action`` required.

    Example:
        >>> LiveEvent.model_validate({"user_id": 7, "time": "1970-01-02", "action": "view"}).user_id
        '7'
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    user_id: Id
    """Whose event this is."""
    time: Moment
    """When it happened: ISO 8601 text, or microseconds since 1970 UTC."""
    action: Words
    """What was done, in foretell's word or a shop's common one (``add_to_cart``)."""
    item_id: Id | None = None
    """With which item."""
    session_id: Id | None = None
    """In which session."""
    query: Words | None = None
    """What was searched for."""
    price: float | None = None
    """Shelf price of one unit, above zero."""
    quantity: float | None = None
    """Units, above zero."""
    value: float | None = None
    """Money actually paid for the row."""
    discount: float | None = None
    """Money taken off the row."""
    order_id: Id | None = None
    """Of which order it is a line."""
    event_id: Id | None = None
    """The sender's own id of the event; a repeated one changes nothing."""
    campaign_id: Id | None = None
    """To which campaign it belongs."""
    position: Words | None = None
    """Where the item was shown."""
    list_id: Id | None = None
    """In which list it was shown."""
    rating: float | None = None
    """The rating given."""
    text: Words | None = None
    """Free text, for example of a review."""
    channel: Words | None = None
    """Through which channel."""
    store_id: Id | None = None
    """In which store."""
    received_time: Moment | None = None
    """When the shop received it, written like ``time``; the clock rules read it and nothing else."""
    currency: Currency | None = None
    """Of the amounts; they are converted as in batch, and refused where there is no rate."""


@dataclass(frozen=True)
class Parsed:
    """What became of the events of one request.

    Attributes:
        rows: Clean canonical rows, absent values left out, in the order sent.
        rejected: The refused ones: ``index`` in the request, ``problem``, ``received``, ``remedy``.
    """

    rows: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


def parse_events(events: Sequence[object], *, rules: CleaningRules) -> Parsed:
    """Check events one by one; each is either a clean row or refused with its reason.

    Args:
        events: What was sent, as JSON values.
        rules: The cleaning rules; times after ``rules.latest()`` lie in the future.

    Example:
        >>> sent = [{"user_id": "a", "time": "2020-01-01", "action": "view"}, {"user_id": "a"}]
        >>> parsed = parse_events(sent, rules=CleaningRules())
        >>> parsed.rows, parsed.rejected[0]["problem"]
        ([{'user_id': 'a', 'time': 1577836800000000, 'action': 'view'}], "The event lacks 'time'.")
    """
    valid: dict[int, dict[str, Any]] = {}
    refused: dict[int, ForetellError] = {}
    for index, event in enumerate(events):
        try:
            valid[index] = LiveEvent.model_validate(event).model_dump(exclude_none=True)
        except ValidationError as error:
            refused[index] = _explain(error, event)
    rows, broken = clean_rows(list(valid.values()), rules=rules)
    kept: list[dict[str, Any]] = []
    for index, row, breach in zip(valid, rows, broken, strict=True):
        if breach is None:
            kept.append(row)
        else:
            refused[index] = breach
    rejected = [{"index": index, **explain(refused[index])} for index in sorted(refused)]
    return Parsed(kept, rejected)


def explain(error: ForetellError) -> dict[str, Any]:
    """An error as JSON values: problem, received, remedy.

    Example:
        >>> explain(SchemaError("No.", received=[1], remedy="Try again."))
        {'problem': 'No.', 'received': '[1]', 'remedy': 'Try again.'}
    """
    received = None if error.received is None else _shown(error.received)
    return {"problem": error.problem, "received": received, "remedy": error.remedy}


def _explain(error: ValidationError, event: object) -> ForetellError:
    """The first thing pydantic found wrong, in three parts."""
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    if not isinstance(event, dict):
        return SchemaError(
            "An event is not a JSON object.",
            received=_shown(event),
            remedy='Send {"user_id": ..., "time": ..., "action": ...}, or a list of such objects.',
        )
    if first["type"] == "extra_forbidden":
        return UnknownNameError.among("event field", field[:_SHOWN], LiveEvent.model_fields)
    if first["type"] == "missing":
        return SchemaError(
            f"The event lacks {field!r}.", received=_shown(event), remedy="Send at least user_id, time and action."
        )
    said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return SchemaError(
        f"The field {field!r} cannot be used: {said[:1].lower()}{said[1:]}.",
        received=_shown(first["input"]),
        remedy=_REMEDIES.get(field),
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
