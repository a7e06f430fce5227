"""What lies where in a store, and what it holds in all.

This module owns the names of the files and ``store.json``, which is written last. It refuses rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from foretell.core.errors import RunError
from foretell.core.files import write_json
from foretell.prepare.rules import CleaningRules

__all__ = ["MANIFEST", "ROWS_PER_PART", "Manifest", "PartFiles", "building_place"]

MANIFEST: Final = "store.json"
_VERSION: Final = 1

ROWS_PER_PART: Final = 3_000_000
"""About how many rows are worked on at a time; sorting so many takes a GiB or two."""


@dataclass(frozen=True)
class PartFiles:
    """The files of one part; each is written once and never changed.

    Attributes:
        beginning: The user id from which on users belong to this part; None for the first part.
        events: The kept rows, an uncompressed Arrow file, sorted by user.
        users: Whose rows begin and end where.
        aside: The rows that rules claimed, Parquet.
        n_rows: How many rows are kept.
        before: The rows that netting refunds changed, as they were, Parquet; None where there are none.
        histories: The kept rows as histories, an uncompressed Arrow file; None where the events are just that.
    """

    beginning: str | None
    events: str
    users: str
    aside: str
    n_rows: int
    before: str | None = None
    histories: str | None = None

    @classmethod
    def named(
        cls, part: int, *, generation: int, beginning: str | None, n_rows: int, nets: bool, passive: bool
    ) -> PartFiles:
        """The names that a part's files have in a generation of the store.

        Args:
            part: Its place among the parts.
            generation: The generation.
            beginning: The user id from which on users belong to it.
            n_rows: How many rows are kept.
            nets: Whether netting changed rows.
            passive: Whether there are rows that no history holds.
        """
        stem = f"part-{part:04d}.{generation}"
        return cls(
            beginning,
            f"{stem}.events.arrow",
            f"{stem}.users.arrow",
            f"{stem}.aside.parquet",
            n_rows,
            before=f"{stem}.before.parquet" if nets else None,
            histories=f"{stem}.histories.arrow" if passive else None,
        )

    def names(self) -> list[str]:
        """All file names."""
        return [name for name in (self.events, self.users, self.aside, self.before, self.histories) if name]


class Manifest(BaseModel):
    """What a store holds; written as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generation: int
    """How often it has been written; 1 as built."""

    parts: tuple[PartFiles, ...]
    """The parts, by ranges of user ids."""

    loose: dict[str, str]
    """The other files: side tables by name, rows that name no user, lines that could not be read."""

    rows_in: int
    """Rows read, in all."""

    rows_out: int
    """Rows kept; ``rows_in == rows_out + kept_apart + sum(removed.values())``."""

    kept_apart: int
    """Sales that name no user."""

    removed: dict[str, int]
    """How many rows each rule took; zeros are left out."""

    next_row: int
    """The number of the next row that arrives."""

    rules: dict[str, Any]
    """The thresholds of cleaning."""

    id_types: dict[str, str] = Field(default_factory=dict)
    """The types the shop's identifiers have."""

    dialect: str = "canonical"
    """The dialect the rows were read in."""

    has_sessions: bool = False
    """Whether the shop gave session ids of its own."""

    mapping: dict[str, str] = Field(default_factory=dict)
    """From canonical column to the shop's, as the rows were read."""

    rows_per_part: int = ROWS_PER_PART
    """About how many rows a part holds; one that has grown to twice as many is divided."""

    version: int = _VERSION
    """The format of the store."""

    def save(self, folder: Path) -> None:
        """Write the manifest in one step; a store is what its manifest names."""
        write_json(folder / MANIFEST, self.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read a store's manifest.

        Raises:
            RunError: If there is no finished store in the folder, or one of another version.
        """
        if not (folder / MANIFEST).is_file():
            raise _none_here(folder)
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            version = values["version"]
            if version != _VERSION:
                raise _of_version(version)
            found = cls.model_validate(values)
            CleaningRules.model_validate(found.rules)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                "The store's manifest cannot be read.",
                received=f"{folder / MANIFEST}: {error}",
                remedy="Prepare the log again into another folder.",
            ) from error
        lost = sorted(name for name in found.names() if not (folder / name).is_file())
        if lost:
            raise RunError(
                "Files of the store are missing.",
                received=f"{folder}: no {lost[0]}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else ""),
                remedy="Bring them back, or prepare the log again.",
            )
        return found

    def names(self) -> set[str]:
        """Every file that belongs to the store."""
        return {MANIFEST, *self.loose.values(), *(name for part in self.parts for name in part.names())}

    def sweep(self, folder: Path) -> None:
        """Take away files of earlier generations, and of writing that was interrupted."""
        spared = self.names()
        for path in folder.iterdir():
            if path.is_file() and path.name not in spared:
                path.unlink()


def building_place(folder: Path) -> Path:
    """Where a store is built before it is moved to its folder in one step."""
    return folder.with_name(f".{folder.name}.building")


def _of_version(version: object) -> RunError:
    return RunError(
        "The store was made by another version of foretell.",
        received=f"format {version}; this version reads {_VERSION}",
        remedy="Prepare the log again.",
    )


def _none_here(folder: Path) -> RunError:
    if building_place(folder).is_dir():
        return RunError(
            "The store here was not finished.",
            received=str(folder),
            remedy="Run the command that makes it again: foretell prepare LOG --out STORE",
        )
    return RunError(
        "There is no store here.", received=str(folder), remedy="Make one with: foretell prepare LOG --out STORE"
    )
