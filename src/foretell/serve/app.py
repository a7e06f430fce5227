"""The HTTP application: which route calls what.

This module owns the routes and on which threads they run. It refuses logic of its own (``service``) and loads
starlette only when an application is made (extra ``live``).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from foretell.core.errors import ForetellError, InputError, MissingExtraError
from foretell.serve.wire import events_in, failure, reply

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from foretell.serve.service import LiveService

__all__ = ["create_app"]

_ROUTES: Final = (
    "POST /v1/events",
    "GET /v1/users/{id}/predictions?task=&at=&limit=&new_only=&horizon_days=",
    "GET /v1/model",
    "GET /health",
)
_ASKED: Final = ("task", "at", "limit", "new_only", "horizon_days")


def create_app(run: Path | str, *, state: Path | str | None = None) -> Starlette:
    """Make the application of a run; any ASGI server can run it, in one process.

    Args:
        run: The folder of a finished run.
        state: Where events are stored; by default ``RUN/live/state.sqlite``.

    Raises:
        MissingExtraError: If starlette is not installed.
        RunError: If there is no finished run, or another process holds the state.

    Example:
        >>> app = create_app("runs/demo")  # doctest: +SKIP
    """
    try:
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.routing import Route
    except ModuleNotFoundError as error:
        raise MissingExtraError("starlette", extra="live") from error
    from foretell.serve.service import LiveService

    service = LiveService(Path(run), state=None if state is None else Path(state))
    routes = _Routes(service)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            service.close()

    app = Starlette(
        routes=[
            Route("/", routes.index),
            Route("/health", routes.health),
            Route("/v1/model", routes.model),
            Route("/v1/events", routes.events, methods=["POST"]),
            # A path, because an id may hold an (escaped) slash.
            Route("/v1/users/{user_id:path}/predictions", routes.predictions),
        ],
        exception_handlers={ForetellError: failure, HTTPException: failure, Exception: failure},
        lifespan=lifespan,
    )
    app.state.service = service
    return app


class _Routes:
    """The endpoints of one service.

    Args:
        service: What they call, on worker threads: the event loop itself never waits for disk or model.
    """

    def __init__(self, service: LiveService) -> None:
        from anyio import CapacityLimiter

        self._service = service
        # Events wait for one disk, so more writers would only wait for each other; answers wait for processors.
        self._writer = CapacityLimiter(1)
        self._readers = CapacityLimiter(max(2, os.cpu_count() or 1))

    async def index(self, _: Request) -> Response:
        return reply({"routes": _ROUTES})

    async def health(self, _: Request) -> Response:
        return reply(self._service.health())

    async def model(self, _: Request) -> Response:
        return reply(self._service.model())

    async def events(self, request: Request) -> Response:
        from anyio import to_thread

        events = await events_in(request)
        taken = await to_thread.run_sync(self._service.take, events, limiter=self._writer)
        only_rejected = taken["rejected"] and not (taken["accepted"] or taken["duplicates"])
        return reply(taken, status=HTTPStatus.UNPROCESSABLE_ENTITY if only_rejected else HTTPStatus.OK)

    async def predictions(self, request: Request) -> Response:
        from anyio import to_thread

        asked = request.query_params
        for name in asked:
            if name not in _ASKED:  # a misspelt filter would be lost in silence
                raise InputError(
                    f"There is no parameter {name!r}.", received=name, remedy=f"Known: {', '.join(_ASKED)}."
                )
        tasks = [name for text in asked.getlist("task") for name in text.split(",") if name]

        def answer() -> dict[str, Any]:
            return self._service.predictions(
                request.path_params["user_id"],
                tasks=tasks,
                at=asked.get("at"),
                limit=asked.get("limit"),
                new_only=asked.get("new_only"),
                horizon_days=asked.get("horizon_days"),
            )

        answered = await to_thread.run_sync(answer, limiter=self._readers)
        unanswerable = answered["unanswered"] and not answered["predictions"]
        return reply(answered, status=HTTPStatus.UNPROCESSABLE_ENTITY if unanswerable else HTTPStatus.OK)
