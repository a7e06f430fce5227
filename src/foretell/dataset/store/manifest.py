"""What lies where in a store, and what it holds in all.

This module owns the names of the files and ``store.json``, which is written last. It refuses rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from foretell.core.errors import RunError

__all__ = ["MANIFEST", "Manifest", "PartFiles"]

MANIFEST: Final = "store.json"
_VERSION: Final = 1


@dataclass(frozen=True)
class PartFiles:
    """The files of one part; each is written once and never changed.

    Attributes:
        beginning: The user id from which on users belong to this part; None for the first part.
        events: The kept rows, an uncompressed Arrow file, sorted by user.
        users: Whose rows begin and end where.
        aside: The rows that rules claimed, Parquet.
        before: The rows that netting refunds changed, as they were, Parquet; None where there are none.
        n_rows: How many rows are kept.
    """

    beginning: str | None
    events: str
    users: str
    aside: str
    before: str | None
    n_rows: int

    @classmethod
    def named(cls, part: int, *, generation: int, beginning: str | None, nets: bool, n_rows: int) -> PartFiles:
        """The names that a part's files have in a generation of the store."""
        stem = f"part-{part:04d}.{generation}"
        before = f"{stem}.before.parquet" if nets else None
        return cls(beginning, f"{stem}.events.arrow", f"{stem}.users.arrow", f"{stem}.aside.parquet", before, n_rows)

    def names(self) -> list[str]:
        """All file names."""
        return [name for name in (self.events, self.users, self.aside, self.before) if name]


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Attributes:
        generation: How often it has been written; 1 as built.
        parts: The parts, by ranges of user ids.
        loose: The other files: side tables by name, rows that name no user, lines that could not be read.
        rows_in: Rows read, in all.
        rows_out: Rows kept; ``rows_in == rows_out + kept_apart + sum(removed.values())``.
        kept_apart: Sales that name no user.
        removed: How many rows each rule took; zeros are left out.
        next_row: The number of the next row that arrives.
        rules: The thresholds of cleaning.
        id_types: The types the shop's identifiers have.
        dialect: The dialect the rows were read in.
        has_sessions: Whether the shop gave session ids of its own.
    """

    generation: int
    parts: tuple[PartFiles, ...]
    loose: dict[str, str]
    rows_in: int
    rows_out: int
    kept_apart: int
    removed: dict[str, int]
    next_row: int
    rules: dict[str, Any]
    id_types: dict[str, str] = field(default_factory=dict)
    dialect: str = "canonical"
    has_sessions: bool = False
    version: int = _VERSION

    def save(self, folder: Path) -> None:
        """Write the manifest in one step; a store is what its manifest names."""
        partial = folder / f"{MANIFEST}.partial"
        partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        partial.replace(folder / MANIFEST)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read a store's manifest.

        Raises:
            RunError: If there is no finished store in the folder, or one of another version.
        """
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            found = cls(**{**values, "parts": tuple(PartFiles(**part) for part in values["parts"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                "There is no finished store here.",
                received=f"{folder}: {error}",
                remedy="Make one with: foretell prepare LOG --out STORE",
            ) from error
        if found.version != _VERSION:
            raise RunError(
                "The store was made by another version of foretell.",
                received=f"format {found.version}; this version reads {_VERSION}",
                remedy="Prepare the log again.",
            )
        return found

    def names(self) -> set[str]:
        """Every file that belongs to the store."""
        return {MANIFEST, *self.loose.values(), *(name for part in self.parts for name in part.names())}

    def sweep(self, folder: Path, *, keep: Iterable[str] = ()) -> None:
        """Take away files of earlier generations, and of writing that was interrupted."""
        spared = self.names() | set(keep)
        for path in folder.iterdir():
            if path.is_file() and path.name not in spared:
                path.unlink()
