"""Inspecting a log: what was recognised, how good it is, and which tasks it suffices for.

This module owns that overview. It refuses to train.
"""

from __future__ import annotations

from typing import Any

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.prepare import clean
from foretell.prepare.gates import gates
from foretell.prepare.quality import quality
from foretell.sources import read_events, recognise
from foretell.tasks import default_tasks

__all__ = ["inspect_log", "inspection_text", "require_use"]

_MARKS = {"ok": "yes", "warn": "thin", "refused": "no"}


def inspect_log(log: str, *, dialect: str | None = None) -> dict[str, Any]:
    """Read and clean a log and say what was found, as plain JSON values."""
    found = recognise(log, dialect=dialect)
    cleaned = clean(read_events(log, dialect=dialect))
    has_clicks = bool((cleaned.log.events[columns.ACTION] == columns.CLICK).any())
    tasks = default_tasks(response=columns.CLICK if has_clicks else columns.PURCHASE)
    return {
        "recognised": {**vars(found), "mapping": dict(found.mapping), "side_tables": dict(found.side_tables)},
        "quality": quality(cleaned.log),
        "cleaning": {"rows_in": cleaned.rows_in, "rows_out": cleaned.rows_out, "removed": dict(cleaned.removed)},
        "gates": [
            {**vars(gate), "needs": dict(gate.needs), "has": dict(gate.has)}
            for gate in gates(cleaned.log, list(tasks.values()))
        ],
    }


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
    mapping = ", ".join(f"{name} = {theirs}" for name, theirs in seen["mapping"].items())
    lines = [
        f"Recognised as {seen['dialect']} (confidence {seen['confidence']:.0%}); times in {seen['time_unit']}.",
        f"  columns: {mapping}" if mapping else "  columns: canonical",
        *(f"  note: {note}" for note in seen["notes"]),
        "",
        f"{quality_of['events']:,} events, {quality_of['users']:,} users, {quality_of['items']:,} items, "
        f"{quality_of['time']['days']:.0f} days ({quality_of['time']['from']} to {quality_of['time']['to']})",
        "  actions: " + ", ".join(f"{name} {count:,}" for name, count in quality_of["actions"].items()),
        "  tables:  " + (", ".join(f"{name} {rows:,}" for name, rows in quality_of["tables"].items()) or "none"),
        "",
        f"Cleaning: {cleaning['rows_in']:,} rows in, {cleaning['rows_out']:,} kept",
        *(f"  {rule}: {count:,} set aside" for rule, count in cleaning["removed"].items() if count),
        "",
        "Enough data for:",
        *(f"  {gate['task']:<10} {_MARKS[gate['status']]:<5} {gate['message']}" for gate in found["gates"]),
    ]
    return "\n".join(lines)
