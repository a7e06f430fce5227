"""Inspecting a log: what was recognised, how good it is, and which tasks it suffices for.

This module owns that overview. It refuses to train.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from foretell.config import RunConfig, load_config
from foretell.core.errors import ConfigError, InsufficientDataError
from foretell.core.events import SIDE_TABLES, EventLog
from foretell.dataset.store import HistoryStore
from foretell.prepare import Cleaned, CleaningRules, clean
from foretell.prepare.quality import quality
from foretell.run.arriving import OF_READING_ONLY
from foretell.run.enough import judged
from foretell.sources import Recognition, read_events, recognise
from foretell.sources.recognition import RequestsRecognition, examples_of
from foretell.sources.table import SAMPLE_ROWS
from foretell.sources.translation import Column

__all__ = ["inspect_log", "inspection_text", "mapping_of", "require_use"]

_MARKS: Final = {"ok": "yes", "warn": "thin", "refused": "no"}


def inspect_log(
    log: object,
    *,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    rules: CleaningRules | None = None,
    **settings: Any,  # noqa: ANN401 - passed to read_events, checked there
) -> dict[str, Any]:
    """Read and clean a log and say what was found, as plain JSON values.

    Args:
        log: What ``read_events`` takes, a store, or a TOML config that names one of them; what is given here wins over
            the config.
        dialect: One of ``DIALECTS``; None recognises it.
        mapping: From canonical column to the shop's, where recognition needs help.
        rules: The thresholds of cleaning; None takes the config's, or the defaults.
        **settings: Further arguments of ``read_events``, such as ``zone``.
    """
    given = {"dialect": dialect, "mapping": mapping, **settings}
    given = {name: value for name, value in given.items() if value is not None}
    config = RunConfig()
    if isinstance(log, str) and log.endswith(".toml"):
        config = load_config(Path(log))
        data = config.data
        if data.log is None:
            raise ConfigError("No log is named.", received=log, remedy="Set data.log in the config.")
        log, given = data.log, data.choices() | given
    if isinstance(log, (str, Path)) and HistoryStore.is_one(log):
        if given or rules is not None:
            raise ConfigError("A store was read and cleaned when it was made.", remedy="Leave the settings out.")
        return _inspect_store(HistoryStore.open(log), config=config)
    of_sample = {name: value for name, value in given.items() if name not in OF_READING_ONLY}
    found = recognise(log, **of_sample)
    read = read_events(log, **given)
    cleaned = clean(read, rules=rules or config.clean)
    return {
        "recognised": _as_values(found, notes=_all_notes(found.notes, read.notes)),
        "quality": quality(cleaned.log),
        "cleaning": _cleaning(cleaned),
        "gates": _gates(cleaned.log, config=config),
    }


def _inspect_store(store: HistoryStore, *, config: RunConfig) -> dict[str, Any]:
    """The same overview of a store; nothing is read or cleaned again."""
    made, log = store.manifest, store.log()
    recognised = Recognition(
        dialect=made.dialect,
        confidence=1.0,
        columns={name: Column(own) for name, own in made.mapping.items()},
        time_unit="microseconds",
        examples=examples_of(log.events.head(SAMPLE_ROWS)),
        side_tables={name: file for name, file in made.loose.items() if name in SIDE_TABLES},
        notes=(f"A store of {len(made.parts)} parts, written {made.generation} times.",),
    )
    return {
        "recognised": _as_values(recognised, notes=recognised.notes),
        "quality": quality(log),
        "cleaning": {
            "rows_in": made.rows_in,
            "rows_out": made.rows_out,
            "removed": dict(made.removed),
            "kept_apart": made.kept_apart,
            "noted": {},
            "notes": [],
        },
        "gates": _gates(log, config=config),
    }


def _gates(log: EventLog, *, config: RunConfig) -> list[dict[str, Any]]:
    """For which of a config's questions a clean log is enough."""
    _, found = judged(log, tasks=config.task, split=config.split)
    return [{**vars(gate), "needs": dict(gate.needs), "has": dict(gate.has)} for gate in found]


def mapping_of(pairs: list[str] | None) -> dict[str, str] | None:
    """The mapping that ``--mapping canonical=own`` declares, given once for each column; None where it never was.

    Raises:
        ConfigError: If one is not of that form, or a column is mapped twice.

    Example:
        >>> mapping_of(["user_id=customer no", "time=bought=at"])
        {'user_id': 'customer no', 'time': 'bought=at'}
    """
    found: dict[str, str] = {}
    for pair in pairs or []:
        canonical, equals, own = pair.partition("=")
        if not equals or not canonical.strip() or not own or canonical.strip() in found:
            raise ConfigError(
                "A mapping is written canonical=own, once for each column.",
                received=repr(pair),
                remedy="For example --mapping user_id=customer_no --mapping time=bought_at.",
            )
        found[canonical.strip()] = own
    return found or None


def require_use(found: dict[str, Any]) -> None:
    """Go on if the inspected log suffices for at least one task.

    Raises:
        InsufficientDataError: If it suffices for none; the overview says what each one lacks.
    """
    if any(gate["status"] != "refused" for gate in found["gates"]):
        return
    seen = found["quality"]
    raise InsufficientDataError(
        "The log is not enough for any of the tasks.",
        received=f"{seen['events']:,} events, {seen['users']:,} users, {seen['time']['days']:.1f} days",
        remedy="Bring more data: the overview says what each task lacks.",
    )


def inspection_text(found: dict[str, Any]) -> str:
    """The overview for people."""
    seen, quality_of, cleaning = found["recognised"], found["quality"], found["cleaning"]
    kind = "an access log" if seen["is_access_log"] else seen["dialect"]
    kind = "an access log" if seen["is_access_log"] else seen["dialect"]
    lines = [
        f"Recognised as {kind} (confidence {seen['confidence']:.0%}); times in {seen['time_unit']}.",
        *_columns_text(seen),
        *(f"  note: {note}" for note in seen["notes"]),
        *_examples_text(seen["examples"]),
        "",
        f"{quality_of['events']:,} events, {quality_of['users']:,} users, {quality_of['items']:,} items, "
        f"{quality_of['time']['days']:.0f} days ({quality_of['time']['from']} to {quality_of['time']['to']})",
        "  actions: " + ", ".join(f"{name} {count:,}" for name, count in quality_of["actions"].items()),
        "  tables:  " + (", ".join(f"{name} {rows:,}" for name, rows in quality_of["tables"].items()) or "none"),
        "",
        f"Cleaning: {cleaning['rows_in']:,} rows in, {cleaning['rows_out']:,} kept",
        *(f"  {rule}: {count:,} set aside" for rule, count in cleaning["removed"].items() if count),
        *_apart_text(cleaning["kept_apart"]),
        *(f"  note: {note}" for note in cleaning["notes"]),
        "",
        "Enough data for:",
        *(f"  {gate['task']:<10} {_MARKS[gate['status']]:<5} {gate['message']}" for gate in found["gates"]),
    ]
    return "\n".join(lines)


def _as_values(found: Recognition, *, notes: tuple[str, ...]) -> dict[str, Any]:
    """A recognition as plain JSON values."""
    return {
        "dialect": found.dialect,
        "is_access_log": isinstance(found, RequestsRecognition),
        "confidence": found.confidence,
        "mapping": found.mapping,
        "confidences": {name: column.confidence for name, column in found.columns.items()},
        "time_unit": found.time_unit,
        "examples": [dict(row) for row in found.examples],
        "side_tables": dict(found.side_tables),
        "notes": list(notes),
    }


def _cleaning(cleaned: Cleaned) -> dict[str, Any]:
    """What cleaning did as plain JSON values."""
    return {
        "rows_in": cleaned.rows_in,
        "rows_out": cleaned.rows_out,
        "removed": dict(cleaned.removed),
        "kept_apart": cleaned.kept_apart,
        "noted": dict(cleaned.noted),
        "notes": cleaned.notes,
    }


def _apart_text(kept_apart: int) -> list[str]:
    """Said only where there is something to say."""
    return [f"  {kept_apart:,} sales that name no user are kept apart: demand alone counts them"] if kept_apart else []


def _all_notes(of_sample: tuple[str, ...], of_log: tuple[str, ...]) -> tuple[str, ...]:
    """What was said of the whole log, and what only recognition says; counts of a sample would mislead."""
    if not of_log:
        return of_sample
    return (*of_log, *(note for note in of_sample if note.startswith("No use was found")))


def _columns_text(seen: Mapping[str, Any]) -> list[str]:
    """One line a column: ours, the shop's, and how certain that is."""
    if not seen["mapping"]:
        return ["  columns: canonical"]
    width = max(len(name) for name in seen["mapping"])
    return [f"  {name:<{width}} = {own} ({seen['confidences'][name]:.0%})" for name, own in seen["mapping"].items()]


def _examples_text(examples: list[dict[str, Any]]) -> list[str]:
    return ["  for example:", *("    " + ", ".join(f"{name} {cell}" for name, cell in row.items()) for row in examples)]
