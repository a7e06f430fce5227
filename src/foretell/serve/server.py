"""Running the application in this process.

This module owns the server's settings. It refuses several worker processes: their memories would part ways.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from foretell.core.errors import InputError, MissingExtraError
from foretell.serve.app import create_app

__all__ = ["serve"]

_BACKLOG: Final = 2048
_DRAIN_SECONDS: Final = 10
_LAST_PORT: Final = 65_535


def serve(
    run: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    state: Path | str | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve a run over HTTP until interrupted.

    There is no authentication: listen on an address that only trusted programs reach.

    Args:
        run: The folder of a finished run.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one and says which.
        state: Where events are stored; by default ``RUN/live/state.sqlite``.
        announce: Called with the service's address once it takes requests; by default a line on stderr.

    Raises:
        MissingExtraError: If the extra ``live`` is not installed.
        InputError: If the address cannot be listened on.
        RunError: If there is no finished run, or another process holds the state.

    Example:
        >>> serve("runs/demo", port=8000)  # doctest: +SKIP
    """
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise MissingExtraError("uvicorn", extra="live") from error
    import torch

    # A single customer's history is too short to gain from more, and requests already run side by side.
    torch.set_num_threads(1)
    with _bound(host, port) as listener:
        app = create_app(run, state=state)
        settings = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=_DRAIN_SECONDS)
        listener.listen(_BACKLOG)  # from here on callers wait rather than being turned away
        (announce or _say)(_address(listener))
        uvicorn.Server(settings).run(sockets=[listener])


def _say(address: str) -> None:
    sys.stderr.write(f"Serving on {address} (Ctrl-C stops it).\n")


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    """A socket that holds the address: a port in use shows before the run is loaded."""
    if not 0 <= port <= _LAST_PORT:
        raise _cannot_listen(host, port, f"a port is a number from 0 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, why: object) -> InputError:
    return InputError(
        "The service cannot listen there.",
        received=f"{host}:{port}: {why}",
        remedy="Give another --host or --port; port 0 takes a free one.",
    )
