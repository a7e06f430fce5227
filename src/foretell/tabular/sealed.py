"""Folders of a predictor that are sealed by their manifest: written last, with the fingerprint of each file of weights.

This module owns what is checked before a predictor is rebuilt. It refuses folders without a manifest, other formats,
and files that changed since; what a manifest says beside is the caller's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from foretell.core.errors import RunError

__all__ = ["MANIFEST", "Sealed"]

MANIFEST: Final = "manifest.json"
Found = TypeVar("Found")


@dataclass(frozen=True)
class Sealed:
    """One kind of sealed folder.

    Attributes:
        folder: What it is called within the folder that a command wrote.
        what: The kind of predictor in it, in words.
        command: The command that writes it, as typed.
        format: The number of the format.
        files: The files of weights that may be in it.
    """

    folder: str
    what: str
    command: str
    format: int
    files: tuple[str, ...]

    def broken(self, place: Path) -> Path:
        """The folder within ``place``, made where there is none and without a manifest: nothing in it counts yet."""
        home = place / self.folder
        home.mkdir(parents=True, exist_ok=True)
        (home / MANIFEST).unlink(missing_ok=True)
        return home

    def seal(self, home: Path) -> dict[str, Any]:
        """What the manifest says of format and files, once those are written."""
        return {"format": self.format, "files": self._fingerprints(home)}

    def open(self, place: Path, *, rebuild: Callable[[dict[str, Any], Path], Found]) -> Found:
        """What ``rebuild`` makes of the manifest and the folder, once both are found whole.

        Args:
            place: The folder that the command wrote, or the sealed one in it.
            rebuild: Called with the manifest and the sealed folder.

        Raises:
            RunError: If there is none, or it is unfinished, damaged or of another format.
        """
        home = place if (place / MANIFEST).exists() and place.name == self.folder else place / self.folder
        if not (home / MANIFEST).exists():
            raise RunError(
                f"There is no finished {self.what} here.",
                received=place,
                remedy=f"Give the folder that `{self.command}` wrote.",
            )
        try:
            saved = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
            if saved["format"] != self.format:
                raise RunError(
                    "The predictor was saved in another format.",
                    received=f"format {saved['format']}, this foretell reads {self.format}",
                    remedy="Train again, or install the foretell that saved it.",
                )
            # Checked before anything is parsed: a damaged booster would end the whole process.
            if self._fingerprints(home) != saved["files"]:
                raise RunError(
                    "The predictor is damaged.",
                    received=f"{home}: a file is missing, cut short or changed since it was saved",
                    remedy="Train again, or copy the whole folder anew.",
                )
            return rebuild(saved, home)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError("The predictor is damaged.", received=f"{home}: {error!r}", remedy="Train again.") from error

    def _fingerprints(self, home: Path) -> dict[str, str]:
        """SHA-256 of each file of weights that is there."""
        found = (home / name for name in sorted(self.files))
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found if path.exists()}
