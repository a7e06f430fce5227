"""Files that appear whole or not at all, whenever the process dies.

This module owns the way a file comes to be where its being there means that it is finished. It refuses formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["PARTIAL", "appearing_whole", "write_json"]

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


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write plain values as JSON, whole or not at all; numbers that are not finite are refused.

    Raises:
        ValueError: If a number is not finite.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "manifest.json"
        >>> write_json(path, {"format": 2})
        >>> json.loads(path.read_text())
        {'format': 2}
    """
    with appearing_whole(path) as place:
        place.write_text(json.dumps(value, indent=1, allow_nan=False), encoding="utf-8")
