"""One writer at a time: two that add rows to one store would write the same files.

This module owns that lock, which ends with its process however that ends. It refuses to wait.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretell.core.errors import RunError

__all__ = ["locked"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a store for writing.

    Raises:
        RunError: If somebody else does.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise RunError(
            "Rows are being added to this store already.",
            received=str(folder),
            remedy="Wait until that is done, then run the command again.",
        ) from error
    try:
        yield
    finally:
        os.close(held)
