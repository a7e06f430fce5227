"""Files that appear whole or not at all, whenever the process dies.

This module owns the way a file comes to be where its being there means that it is finished. It refuses formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PARTIAL", "appearing_whole"]

PARTIAL = ".partial"
"""How the name of a file ends that is being written; it begins with a dot."""


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to; it becomes ``path`` once all is written, and vanishes if anything fails.

    What a killed process leaves is a hidden file that the next try writes over.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "answers.csv"
        >>> with appearing_whole(path) as place:
        ...     _ = place.write_text("user_id")
        ...     path.exists()
        False
        >>> path.read_text(), [file.name for file in path.parent.iterdir()]
        ('user_id', ['answers.csv'])
    """
    place = path.with_name(f".{path.name}{PARTIAL}")
    try:
        yield place
        place.replace(path)
    finally:
        place.unlink(missing_ok=True)  # left only where writing failed
