"""The clean log of a run on disk: one Parquet file for the events, one for each side table.

This module owns that folder. It refuses raw logs (``sources`` reads those).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import RunError
from foretell.core.events import CLEANED_TABLES, SIDE_TABLES, EventLog

__all__ = ["load_log", "save_log"]

_TYPES: Final[dict[str, pl.DataType]] = {
    str(kind): kind
    for kind in (
        pl.Int8(),
        pl.Int16(),
        pl.Int32(),
        pl.Int64(),
        pl.UInt8(),
        pl.UInt16(),
        pl.UInt32(),
        pl.UInt64(),
        pl.Float32(),
        pl.Float64(),
        pl.String(),
        pl.Boolean(),
    )
}


def save_log(log: EventLog, folder: Path) -> None:
    """Write a clean log; the manifest comes last, so a folder without one is unfinished."""
    folder.mkdir(parents=True, exist_ok=True)
    log.events.write_parquet(folder / "events.parquet")
    for name, table in log.tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    manifest = {
        "dialect": log.dialect,
        "id_types": type_names(log.id_types),
        "tables": sorted(log.tables),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def load_log(folder: Path) -> EventLog:
    """Read a log that ``save_log`` wrote.

    Raises:
        RunError: If the folder is missing, unfinished or damaged.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        events = pl.read_parquet(folder / "events.parquet")
        tables = {
            name: pl.read_parquet(folder / f"{name}.parquet")
            for name in manifest["tables"]
            if name in (*SIDE_TABLES, *CLEANED_TABLES)
        }
        return EventLog(events, tables, types_of(manifest["id_types"]), manifest["dialect"])
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise RunError(
            "The run's log cannot be read.", received=f"{folder}: {error}", remedy="Train the run again."
        ) from error


def type_names(types: object) -> dict[str, str]:
    """Column types as text."""
    return {name: str(kind) for name, kind in dict(types).items()}  # type: ignore[call-overload]


def types_of(names: dict[str, str]) -> dict[str, pl.DataType]:
    """Column types from their text; unknown ones are left as text ids."""
    return {name: _TYPES.get(kind, pl.String()) for name, kind in names.items()}
