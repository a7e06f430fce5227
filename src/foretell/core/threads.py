"""How the threads of numeric libraries wait for one another: asleep.

This module owns that setting. It refuses to overrule what the user has set.
"""

from __future__ import annotations

import os

__all__ = ["waiting_threads_sleep"]


def waiting_threads_sleep() -> None:
    """Let threads of OpenMP sleep while they wait, in libraries that are loaded from here on.

    By default they spin, which is a little faster on an idle machine. On a shared one, spinning threads take the
    processor from the very thread they wait for: two programs side by side then take many times as long as in turn.

    Example:
        >>> waiting_threads_sleep()
        >>> "OMP_WAIT_POLICY" in os.environ
        True

    References:
        OpenMP API specification 5.2, section 21.9, OMP_WAIT_POLICY.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
