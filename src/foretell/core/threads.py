"""How the threads of numeric libraries wait for one another: they spin for a moment, then sleep.

This module owns that setting. It refuses to overrule what the user has set.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["waiting_threads_sleep"]

_TURNS: Final = "10000"
"""A fraction of a millisecond: next to nothing is lost on an idle machine, and little on a busy one."""


def waiting_threads_sleep() -> None:
    """Let threads of GNU OpenMP sleep when they have waited a moment, in libraries that are loaded from here on.

    By default they spin for milliseconds, which is a little faster on an idle machine. On a shared one, spinning
    threads take the processor from the very thread they wait for, and work takes many times as long.

    Example:
        >>> waiting_threads_sleep()
        >>> "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ
        True

    References:
        The GNU libgomp manual, GOMP_SPINCOUNT; OpenMP API specification 5.2, OMP_WAIT_POLICY.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _TURNS)
