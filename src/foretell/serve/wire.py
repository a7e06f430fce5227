"""The wire: bodies within a size, JSON in and out, every error in three parts.

This module owns reading and writing of HTTP messages. It refuses bodies that are too large or no JSON.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from foretell.core.errors import ForetellError, InputError, SchemaError, UnknownNameError
from foretell.serve.events import explain

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["MOST_BYTES", "MOST_EVENTS", "BodyTooLargeError", "events_in", "failure", "reply"]

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_EVENTS: Final = 10_000

_talk = logging.getLogger("foretell.serve")


class BodyTooLargeError(InputError):
    """A request's body is larger than the service reads."""


def reply(body: object, *, status: int = HTTPStatus.OK) -> Response:
    """A JSON response."""
    from starlette.responses import Response

    text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    return Response(text.encode("utf-8", errors="replace"), status_code=status, media_type="application/json")


async def events_in(request: Request) -> list[Any]:
    """The events in a request's body: one JSON object, or a list of them.

    Raises:
        BodyTooLargeError: If the body or the list is too long.
        SchemaError: If the body is no JSON.
    """
    events = _json(await _body(request))
    if not isinstance(events, list):
        return [events]
    if len(events) > MOST_EVENTS:
        raise BodyTooLargeError(
            "The list of events is too long.",
            received=f"{len(events):,} events",
            remedy=f"Send at most {MOST_EVENTS:,} events in a request.",
        )
    return events


async def _body(request: Request) -> bytes:
    """The body, read only as far as it is allowed to go."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise BodyTooLargeError(
                "The body is too large.",
                received=f"more than {MOST_BYTES:,} bytes",
                remedy="Send fewer events in a request.",
            )
        parts.append(part)
    return b"".join(parts)


def _json(body: bytes) -> Any:  # noqa: ANN401 (any JSON value)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        start = body[:80].decode("utf-8", errors="replace")
        raise SchemaError(
            f"The body is not valid JSON: {error}.",
            received=start if start else "an empty body",
            remedy='Send {"user_id": ..., "time": ..., "action": ...}, or a list of such objects, as UTF-8.',
        ) from None


async def failure(_: Request, error: Exception) -> Response:
    """Any error as JSON: what the caller got wrong with 4xx, what went wrong here with 5xx."""
    if isinstance(error, ForetellError):
        return reply(explain(error), status=_status(error))
    # The routes themselves refuse unknown paths and methods.
    if hasattr(error, "status_code"):
        return _refused(error)  # type: ignore[arg-type]
    _talk.error("A request failed.", exc_info=error)
    said = {"problem": "The service failed.", "received": None, "remedy": "See the log of the service, and report it."}
    return reply(said, status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _status(error: ForetellError) -> int:
    if isinstance(error, UnknownNameError):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, BodyTooLargeError):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.BAD_REQUEST if isinstance(error, InputError) else HTTPStatus.SERVICE_UNAVAILABLE


def _refused(error: HTTPException) -> Response:
    said = {"problem": f"{error.detail}.", "received": None, "remedy": "The routes are listed at /."}
    response = reply(said, status=error.status_code)
    response.headers.update(error.headers or {})
    return response
