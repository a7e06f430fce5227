"""The files of a simulated shop.

This module owns the layout on disk and that nothing is left half-written. It refuses to simulate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import SourceError
from foretell.simulate.causes import causes_of
from foretell.simulate.config import ShopConfig

__all__ = ["TRUTH", "join_parts", "new_folder", "write_settings", "write_table"]

TRUTH: Final = "truth"
_ROW_GROUP: Final = 250_000


@contextmanager
def new_folder(folder: str | Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder to write into that becomes ``folder`` once all is written, and vanishes if anything fails.

    Raises:
        SourceError: If ``folder`` is a file, or is not empty and ``overwrite`` is False.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or (any(target.iterdir()) and not overwrite)):
        raise SourceError(
            "The place for the simulated shop is taken.",
            received=str(target),
            remedy="Name a folder that is new or empty, or ask to overwrite.",
        )
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / TRUTH).mkdir(parents=True)
    try:
        yield partial
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write one table as Parquet, with everything that could vary between runs pinned."""
    table.write_parquet(path, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)


def join_parts(parts: list[Path], path: Path) -> None:
    """Put Parquet parts behind one another into one file without holding them in memory, and remove them."""
    whole = pl.scan_parquet(parts, glob=False)
    whole.sink_parquet(path, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)
    for part in parts:
        part.unlink()


def write_settings(config: ShopConfig, folder: Path, *, order_value: float, dirt: Mapping[str, int]) -> None:
    """Write ``config.json`` and ``truth/causes.json``."""
    (folder / "config.json").write_text(config.model_dump_json(indent=2) + "\n")
    causes = {
        "causes": [asdict(cause) for cause in causes_of(config)],
        "economics": {**config.economics.model_dump(), "order_value": order_value},
        "dirt": dict(dirt),
    }
    (folder / TRUTH / "causes.json").write_text(json.dumps(causes, indent=2) + "\n")
