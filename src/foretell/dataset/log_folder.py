"""The clean log of a run on disk: one Parquet file for the events, one for each side table; or a store.

This module owns that folder. It refuses raw logs (``sources`` reads those).
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from foretell.core.errors import RunError
from foretell.core.events import CLEANED_TABLES, SIDE_TABLES, EventLog
from foretell.dataset.id_types import type_names, types_of
from foretell.dataset.store import HistoryStore

__all__ = ["load_log", "save_log"]


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
    """Read a log that ``save_log`` wrote; of a store (``HistoryStore.snapshot``) the events stay on disk.

    Raises:
        RunError: If the folder is missing, unfinished or damaged.
    """
    if HistoryStore.is_one(folder):
        return HistoryStore.open(folder).log()
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
