"""This process's memory: the most it has held, and what the C library does with what is freed during long work.

This module owns both. It refuses to be needed: where the C library is not glibc, nothing is set.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["freed_memory_kept", "peak_memory_mib"]

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_MIB: Final = 2**20
_MOST: Final = (2**31 - 1, 32 * _MIB)
"""Older versions of glibc refuse a threshold above 32 MiB."""

_within: list[None] = []


def peak_memory_mib() -> int:
    """The most memory this process has held so far, in MiB; the system counts in KiB, on macOS in bytes.

    Example:
        >>> peak_memory_mib() > 1
        True
    """
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_MIB if sys.platform == "darwin" else 1024))


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Within this context freed blocks of any size are used again instead of being given back to the system.

    By default glibc gives each freed block of 32 MiB or more back at once, and the system hands out the next one page
    by page, each page zeroed anew. Work that makes and drops large arrays all the time spends much of its time so.
    After the outermost one the free memory is given back, and the thresholds are where glibc's own would have risen to.

    Example:
        >>> with freed_memory_kept():
        ...     total = sum(len(bytearray(40_000_000)) for _ in range(3))

    References:
        The mallopt(3) manual page: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
    """
    library = _glibc()
    if library is None:
        yield
        return
    if not _within:
        any(_set(library, mmap=most, trim=most) for most in _MOST)
    _within.append(None)
    try:
        yield
    finally:
        _within.pop()
        if not _within:
            _set(library, mmap=32 * _MIB, trim=64 * _MIB)
            library.malloc_trim(ctypes.c_size_t(0))


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def _set(library: ctypes.CDLL, *, mmap: int, trim: int) -> bool:
    """Whether it was taken: a glibc that refuses a value goes on as before, which is right, only slower."""
    return bool(library.mallopt(_MMAP_THRESHOLD, mmap)) and bool(library.mallopt(_TRIM_THRESHOLD, trim))
