"""Preparing a log of any size: read, cleaned and laid on disk, and grown day by day.

This module owns that verb: which rules and which reading a store is given, and the account of what was done. It
refuses to know how a store is made (``dataset.store``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from foretell.config import load_config
from foretell.core.errors import ConfigError
from foretell.dataset.store import HistoryStore, append_to_store, build_store, refuse_full
from foretell.prepare.rules import CleaningRules
from foretell.run.arriving import Arrived, arrived, late_rows
from foretell.run.narrator import Narrator

__all__ = ["Prepared", "prepare", "prepared_text", "refuse_other_rules"]

_USUAL_STEPS: Final = 16


@dataclass(frozen=True)
class Prepared:
    """A store and what was done to it.

    Attributes:
        store: The store as it is now.
        read: Rows that this call read, the unreadable ones included.
        kept: By how many rows the store has grown.
        removed: How many more rows each rule has claimed; fewer where a rule now spares what it had claimed.
        late: Of the rows read those older than the last event of the store before.
        in_pieces: Whether the rows were never in memory all at once.
        notes: What was assumed in reading, in plain sentences.
    """

    store: HistoryStore
    read: int
    kept: int
    removed: Mapping[str, int]
    late: int
    in_pieces: bool
    notes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """All of it as plain JSON values, with the account of the whole store."""
        made = self.store.manifest
        return {
            "store": str(self.store.folder),
            "read": self.read,
            "kept": self.kept,
            "removed": dict(self.removed),
            "late": self.late,
            "in_all": {
                "rows_in": made.rows_in,
                "rows_out": made.rows_out,
                "kept_apart": made.kept_apart,
                "removed": made.removed,
                "parts": len(made.parts),
            },
            "dialect": made.dialect,
            "mapping": made.mapping,
            "in_pieces": self.in_pieces,
            "notes": list(self.notes),
        }


def prepare(
    log: object,
    *,
    out: str | Path,
    append: bool = False,
    rules: CleaningRules | None = None,
    narrator: Narrator | None = None,
    **choices: Any,  # noqa: ANN401 - passed to read_events, checked there
) -> Prepared:
    """Clean a log of any size into a store on disk, or add rows to one.

    Parquet and Arrow logs whose columns have only to be renamed are read a piece at a time; of the store a part of the
    users is worked on at a time. Adding a day gives the same store as preparing all days at once.

    Args:
        log: What ``read_events`` takes, or the path of a TOML config that names it; what is given here wins over it.
        out: The folder of the store.
        append: Whether to add to the store that is there; otherwise one is made.
        rules: The thresholds of cleaning; None takes the config's, those of the store, or the defaults.
        narrator: Who talks; silent by default.
        **choices: Further arguments of ``read_events``, such as ``dialect``, ``mapping`` and ``zone``.

    Raises:
        InputError: If the log is at fault, or was read or is to be cleaned otherwise than the store; the store stays as
            it was then.
        RunError: If the folder holds something, or with ``append`` no store.

    Example:
        >>> import polars as pl
        >>> from tempfile import mkdtemp
        >>> monday = pl.DataFrame({"user_id": ["b", "a"], "time": [10**15, 10**15], "action": ["view", "cart"]})
        >>> made = prepare(monday, out=Path(mkdtemp()) / "store")
        >>> tuesday = monday.with_columns(pl.col("time") + 10**11)
        >>> prepare(pl.concat([monday, tuesday]), out=made.store.folder, append=True).removed
        {'exact_duplicate': 2}
        >>> prepare(tuesday, out=made.store.folder, append=True).store.log().events["user_id"].to_list()
        ['a', 'a', 'b', 'b']
    """
    place = Path(out)
    log, rules, choices = _of_config(log, rules, choices)
    if not append:
        refuse_full(place)  # before hours are spent on reading
    before = HistoryStore.open(place) if append else None
    if before is not None and rules is not None:
        refuse_other_rules(before, rules)
    last = before.last_time() if before is not None else None
    waiting = place.with_name(f".{place.name}.arriving")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    try:
        with narrator or Narrator(quiet=True) as talk:
            with talk.stage("Reading the log") as step:
                found = arrived(log, choices=choices, folder=waiting, progress=step)
            late = 0 if last is None else late_rows(found.rows, last=last)
            with talk.stage("Cleaning into the store" if before is None else "Adding to the store") as step:
                said = _moving(step)
                if before is None:
                    made = build_store(found.rows, place, rules=rules, progress=said, **found.given)
                else:
                    made = append_to_store(found.rows, place, progress=said, **found.given)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return _account(HistoryStore(place, made), before, found, late=late)


def refuse_other_rules(store: HistoryStore, rules: CleaningRules) -> None:
    """Go on if a store was cleaned by these rules.

    Raises:
        ConfigError: If not; it names what differs.
    """
    mine, known = rules.model_dump(mode="json"), store.rules.model_dump(mode="json")
    other = [name for name in mine if mine[name] != known[name]]
    if other:
        name = other[0]
        raise ConfigError(
            "The store was cleaned by other rules.",
            received=f"clean.{name} = {mine[name]!r}; in the store {known[name]!r}",
            remedy="Leave the rules out, or prepare the whole log again into another folder.",
        )


def prepared_text(made: Prepared) -> str:
    """What was done, for people."""
    store = made.store.manifest
    removed = ", ".join(f"{rule} {count:+,}" for rule, count in made.removed.items()) or "nothing"
    lines = [
        f"{made.read:,} rows read, {made.kept:+,} kept; removed: {removed}.",
        f"{made.store.folder} holds {store.rows_out:,} events of {store.rows_in:,} rows in {len(store.parts)} parts.",
    ]
    if made.late:
        lines.insert(1, f"{made.late:,} rows are older than the last event there was; they are in their places.")
    return "\n".join([*lines, *(f"Note: {note}" for note in made.notes)])


def _of_config(
    log: object, rules: CleaningRules | None, choices: Mapping[str, Any]
) -> tuple[object, CleaningRules | None, dict[str, Any]]:
    """The log, the rules and the choices, those of a config included."""
    given = {name: value for name, value in choices.items() if value is not None}
    if not (isinstance(log, (str, Path)) and str(log).endswith(".toml")):
        return log, rules, given
    config = load_config(Path(log))
    if config.data.log is None:
        raise ConfigError("No log is named.", received=str(log), remedy="Set data.log in the config.")
    chosen = config.clean if rules is None and "clean" in config.model_fields_set else rules
    return config.data.log, chosen, config.data.choices() | given


def _account(store: HistoryStore, before: HistoryStore | None, found: Arrived, *, late: int) -> Prepared:
    made = store.manifest
    old = None if before is None else before.manifest
    claimed = {} if old is None else old.removed
    rules = dict.fromkeys([*claimed, *made.removed])
    grown = {rule: made.removed.get(rule, 0) - claimed.get(rule, 0) for rule in rules}
    return Prepared(
        store,
        read=made.rows_in - (old.rows_in if old else 0),
        kept=made.rows_out - (old.rows_out if old else 0),
        removed={rule: count for rule, count in grown.items() if count},
        late=late,
        in_pieces=found.in_pieces,
        notes=found.notes,
    )


def _moving(step: Callable[[int, int], None]) -> Callable[[str], None]:
    """Moves a bar by one for each thing said; how many there will be shows on the way."""
    numbers = count(1)

    def said(_: str) -> None:
        done = next(numbers)
        step(done, max(done + 1, _USUAL_STEPS))

    return said
