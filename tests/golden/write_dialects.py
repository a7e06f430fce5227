"""Write the golden samples anew: ``python tests/golden/write_dialects.py``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent


def write_all(folder: Path) -> None:
    """Every sample into ``folder``."""
    from dialect_writers import WRITTEN, sayable
    from small_shop import small_shop

    events, items = small_shop()
    for written in WRITTEN:
        written.write(sayable(written, events), items, folder / written.file)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    write_all(HERE / "dialects")
