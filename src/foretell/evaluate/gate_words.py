"""The data gates in plain words: what was counted, how much of it there is, and how much makes a firm answer.

This module owns those words. It refuses to judge: the statuses come with the gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from foretell.evaluate.words import MISSING, count, joined, label

__all__ = ["STATUSES", "gate_lines", "worst"]

Gate = Mapping[str, Any]

STATUSES: Final = ("pass", "warn", "fail")
"""The answers of checks and gates, the best first."""

_COUNTED: Final = {
    "users": "customers",
    "actions": "events of the kind asked about",
    "days": "days of data",
    "history": "days of data",
    "positives": "examples of yes",
    "negatives": "examples of no",
    "buyers": "customers who did it at least once",
    "regulars": "customers who did it three times or more",
    "interactions": "events of that kind that name an item",
    "repeaters": "customers with at least two of them",
    "exposures": "times an item was shown to a customer",
    "responses": "of these answered",
    "campaigns": "campaigns",
    "treated": "customers reached, counted for each campaign",
    "controls": "customers not reached, counted for each campaign",
    "takers": "customers who took part, counted for each campaign",
    "weeks": "weeks of sales",
    "items_asked_about": "items that fit the condition",
}
_POSITIVES: Final = {"amount": "customers and periods with some of it"}
_ITEMS: Final = {"demand": "items sold in at least 8 different weeks"}
_RECENT: Final = "recent"
_LATELY_DAYS: Final = 30


def worst(statuses: Iterable[str]) -> str:
    """The worst of some statuses; one that is not known counts as a warning.

    Example:
        >>> worst(["pass", "fail", "warn"])
        'fail'
    """
    return max(statuses, key=lambda status: STATUSES.index(status) if status in STATUSES else 1)


def gate_lines(gates: Iterable[Gate], *, kind: str) -> list[tuple[str, str]]:
    """The gates of a task as lines of status and words: what lacks first, then in one line what suffices.

    Args:
        gates: Rows of ``name``, ``needed``, ``found``, ``status``, ``message``.
        kind: The kind of the task.

    Returns:
        A line for each different message of the gates that did not pass, and one for all that did.

    Example:
        >>> gate_lines([{"name": "users", "needed": 100, "found": 2469, "status": "pass"}], kind="churn")
        [('pass', 'Enough data: 2,469 customers (100 needed).')]
    """
    rows = list(gates)
    lines: dict[str, str] = {}
    for gate in rows:
        if gate.get("status") != "pass":
            # The gates of one task share a message that names whatever lacks: it is said once.
            words = gate.get("message") or f"{_words(gate, kind)}."
            lines[words] = worst([lines.get(words, "pass"), gate.get("status", "warn")])
    enough = _largest_needs([gate for gate in rows if gate.get("status") == "pass"], kind)
    found = [(status, words) for words, status in lines.items()]
    return [*found, ("pass", f"Enough data: {joined(enough)}.")] if enough else found


def _largest_needs(gates: list[Gate], kind: str) -> list[str]:
    """What suffices, each thing once: where two gates count the same thing, the larger need stands for both."""
    by_thing: dict[str, Gate] = {}
    for gate in gates:
        thing = _COUNTED.get(str(gate.get("name")), str(gate.get("name")))
        known = by_thing.get(thing)
        if known is None or (gate.get("needed") or 0) > (known.get("needed") or 0):
            by_thing[thing] = gate
    return [_words(gate, kind) for gate in by_thing.values()]


def _words(gate: Gate, kind: str) -> str:
    name, found, needed = str(gate.get("name", "rule")), gate.get("found"), gate.get("needed")
    if name == _RECENT and found is not None:
        quiet_days = max(_LATELY_DAYS - found, 0.0)
        last = "on the last day" if quiet_days < 1 else f"{quiet_days:.0f} days before the end"
        return f"the latest such event {last} of the log (within {_LATELY_DAYS} days needed)"
    thing = (
        (_POSITIVES.get(kind) if name == "positives" else None)
        or _COUNTED.get(name)
        or (_ITEMS.get(kind, "different items") if name == "items" else label(name).lower())
    )
    return f"{_amount(found)} {thing} ({_amount(needed)} needed)"


def _amount(value: float | None) -> str:
    if value is None:
        return MISSING
    return count(value) if value >= 100 or float(value).is_integer() else f"{value:.1f}"
