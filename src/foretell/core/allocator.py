"""The C library's allocator, told to keep what is freed.

This module owns that one setting. It refuses to allocate.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Final

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = (1 << 30, 1 << 25)
"""Older versions of glibc refuse a threshold above 32 MiB."""


@cache
def keep_freed_memory() -> bool:
    """Let large blocks be used again instead of being given back to the system.

    glibc maps every large block anew and unmaps it when it is freed; the system then clears each page at its first
    touch. A training step that allocates the same large temporaries again and again pays for that two to three times
    over. Call it as often as you like; only the first call does anything, and none does where the C library is another.

    Returns:
        Whether the allocator took the setting.

    References:
        mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return any(mallopt(_MMAP_THRESHOLD, kept) and mallopt(_TRIM_THRESHOLD, kept) for kept in _KEPT_BYTES)
