"""What of foreign content may stand in a message: short, and nothing a terminal would act upon.

This module owns the shortening and escaping. It refuses to decide what is shown.
"""

from __future__ import annotations

from typing import Final

__all__ = ["first_line", "printable"]

_MOST_SHOWN: Final = 200


def printable(content: bytes | str, *, limit: int = _MOST_SHOWN) -> str:
    r"""``content`` for a message: control characters escaped, and cut after ``limit`` characters.

    Example:
        >>> print(printable(b"a\x00\x1b[31mb", limit=40))
        a\x00\x1b[31mb
        >>> printable("x" * 500, limit=5)
        'xxxxx... (500 characters)'
    """
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text[:limit]
    )
    return escaped if len(text) <= limit else f"{escaped}... ({len(text):,} characters)"


def first_line(error: BaseException) -> str:
    """The first line of what another library says, fit for a message."""
    return printable((str(error).strip().splitlines() or ["no message"])[0])
