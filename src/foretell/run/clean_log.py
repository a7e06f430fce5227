"""The clean log that a run is made on: a raw log read and cleaned now, or a store that was prepared before.

This module owns that choice and what the run keeps of the log. It refuses to judge whether it is enough (``pipeline``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.config import RunConfig
from foretell.core.errors import ConfigError
from foretell.core.events import EventLog
from foretell.dataset.log_folder import load_log, save_log
from foretell.dataset.store import HistoryStore
from foretell.prepare import Cleaned, clean
from foretell.run.preparation import refuse_other_rules
from foretell.sources import read_events

__all__ = ["CleanLog", "clean_log", "with_rules_of_store"]


@dataclass(frozen=True)
class CleanLog:
    """A clean log and its account.

    Attributes:
        log: The rows that stay.
        account: ``rows_in``, ``rows_out``, ``removed``, ``kept_apart``, ``noted`` and ``dialect``.
        keep: Puts the log into the folder ``data`` of a run and the rows set aside beside it.
    """

    log: EventLog
    account: Mapping[str, Any]
    keep: Callable[[Path], EventLog]


def clean_log(log: EventLog | str | Path | None, *, config: RunConfig) -> CleanLog:
    """The clean log of a run.

    Args:
        log: A log, or where one or a store lies; None takes the config's.
        config: How it is read and cleaned.

    Raises:
        ConfigError: If no log is named.
    """
    if isinstance(log, EventLog):
        return _of_cleaned(clean(log, rules=config.clean))
    place = log or config.data.log
    if place is None:
        raise ConfigError("No log is named.", remedy="Give a path, or set data.log in the config.")
    if HistoryStore.is_one(place):
        return _of_store(HistoryStore.open(place))
    return _of_cleaned(clean(read_events(place, **config.data.choices()), rules=config.clean))


def with_rules_of_store(config: RunConfig, log: EventLog | str | Path | None) -> RunConfig:
    """The config of a run; of one that is made on a store with the rules that the store was cleaned by.

    Raises:
        ConfigError: If the config says otherwise how the store is to be read or cleaned.
    """
    place = log or config.data.log if not isinstance(log, EventLog) else None
    if place is None or not HistoryStore.is_one(place):
        return config
    store, choices = HistoryStore.open(place), config.data.choices()
    if choices:
        raise ConfigError(
            "A store was read when it was made.",
            received=f"data.{next(iter(choices))} for the store {place}",
            remedy="Leave the setting out, or give it to: foretell prepare",
        )
    if "clean" in config.model_fields_set:
        refuse_other_rules(store, config.clean)
    return config.model_copy(update={"clean": store.rules})


def _of_cleaned(cleaned: Cleaned) -> CleanLog:
    def keep(folder: Path) -> EventLog:
        save_log(cleaned.log, folder / "data")
        cleaned.save_quarantine(folder / "quarantine.parquet")
        # As a resumed run will read it: sums over the same rows in other pieces can differ in their last bits.
        return load_log(folder / "data")

    account = {
        "rows_in": cleaned.rows_in,
        "rows_out": cleaned.rows_out,
        "removed": dict(cleaned.removed),
        "kept_apart": cleaned.kept_apart,
        "noted": dict(cleaned.noted),
        "dialect": cleaned.log.dialect,
    }
    return CleanLog(cleaned.log, account, keep)


def _of_store(store: HistoryStore) -> CleanLog:
    def keep(folder: Path) -> EventLog:
        store.snapshot(folder / "data")
        store.quarantine().write_parquet(folder / "quarantine.parquet")
        return load_log(folder / "data")

    made = store.manifest
    account = {
        "rows_in": made.rows_in,
        "rows_out": made.rows_out,
        "removed": dict(made.removed),
        "kept_apart": made.kept_apart,
        "noted": {},
        "dialect": made.dialect,
    }
    return CleanLog(store.log(), account, keep)
