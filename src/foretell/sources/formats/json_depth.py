"""How deep JSON is nested, told before it is parsed: the quick parser has no floor of its own.

This module owns that one guard. It refuses to parse.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

__all__ = ["MOST_LEVELS", "is_deep", "is_deep_line"]

MOST_LEVELS: Final = 64
"""Nobody's events are nested deeper. At a few hundred levels Polars 2.1 exhausts the stack or the memory."""
_CHUNK: Final = 1 << 24
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OPENS: Final = np.frombuffer(b"{[", dtype=np.uint8)
_CLOSES: Final = np.frombuffer(b"}]", dtype=np.uint8)


def is_deep(content: bytes) -> bool:
    r"""True if a line of ``content`` is nested deeper than ``MOST_LEVELS``.

    Example:
        >>> is_deep(b'{"a": [1]}\n'), is_deep(b'{"a":' * 100 + b"1" + b"}" * 100)
        (False, True)
    """
    start = 0
    while start < len(content):
        end = len(content) if start + _CHUNK >= len(content) else content.rfind(b"\n", start, start + _CHUNK) + 1
        if end <= start:  # one line longer than a chunk
            end = content.find(b"\n", start) + 1 or len(content)
        if _has_deep_line(content[start:end]):
            return True
        start = end
    return False


def _has_deep_line(chunk: bytes) -> bool:
    if chunk.count(b"{") + chunk.count(b"[") <= MOST_LEVELS:
        return False
    letters = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.append(np.flatnonzero(letters == ord("\n")), len(letters))
    opens = np.flatnonzero((letters == _OPENS[0]) | (letters == _OPENS[1]))
    starts = np.append(0, ends[:-1] + 1)
    n_opens = np.diff(np.searchsorted(opens, np.append(0, ends)))
    # A line of few opening brackets cannot be deep; only the others are looked at bracket by bracket.
    suspects = np.flatnonzero(n_opens > MOST_LEVELS)
    return any(is_deep_line(chunk[starts[line] : ends[line]]) for line in suspects)


def is_deep_line(line: bytes) -> bool:
    """True if one line is nested deeper than ``MOST_LEVELS``; brackets inside strings do not count."""
    if line.count(b"{") + line.count(b"[") <= MOST_LEVELS:
        return False
    letters = np.frombuffer(_STRING.sub(b"", line), dtype=np.uint8)
    steps = np.isin(letters, _OPENS).astype(np.int64) - np.isin(letters, _CLOSES).astype(np.int64)
    return bool(steps.cumsum().max(initial=0) > MOST_LEVELS)
