"""The run folder: what was asked, which stages are done, how long they took.

This module owns ``run.json``. It refuses to continue a run that was started with another config or another log.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foretell.core.errors import RunError
from foretell.core.files import PARTIAL, appearing_whole
from foretell.core.memory import peak_memory_mib

__all__ = ["RunFolder", "fingerprint_of"]


def fingerprint_of(*parts: str) -> str:
    """A short fingerprint of what decides a run."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:16]


class RunFolder:
    """A folder in which a run grows, stage by stage; a finished stage is never done twice.

    Args:
        path: The folder.

    Raises:
        RunError: If the folder holds something that is no run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path / "run.json"
        self.state: dict[str, Any] = {"fingerprint": "", "command": "", "stages": {}, "facts": {}}
        if self._file.exists():
            try:
                self.state |= dict(json.loads(self._file.read_text(encoding="utf-8")))
                if not all(isinstance(self.state[name], dict) for name in ("stages", "facts")):
                    raise ValueError("no stages and facts")
            except (OSError, TypeError, ValueError) as error:
                raise RunError(
                    "The run's state is damaged.",
                    received=f"{self._file}: {error}",
                    remedy="Delete the folder and train again, or copy the whole folder anew.",
                ) from error
        elif path.is_dir() and any(file.name != f".{self._file.name}{PARTIAL}" for file in path.iterdir()):
            raise RunError(
                "The output folder is not empty and holds no run.",
                received=path,
                remedy="Give another --out, or empty the folder.",
            )
        elif path.exists() and not path.is_dir():
            raise RunError("The output path is a file.", received=path, remedy="Give a folder as --out.")

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """An existing run.

        Raises:
            RunError: If there is none.
        """
        if not (path / "run.json").exists():
            raise RunError("There is no run here.", received=path, remedy="Train one: foretell train LOG --out DIR.")
        return cls(path)

    def begin(self, *, fingerprint: str, command: str) -> bool:
        """Start, or continue what the same command started; True if it continues.

        Raises:
            RunError: If the folder holds another run.
        """
        known = self.state["fingerprint"]
        if known and known != fingerprint:
            raise RunError(
                "This folder holds a run with another log or config.",
                received=f"{self.path}: {known} is not {fingerprint}",
                remedy="Give another --out, or delete the folder to start over.",
            )
        self.state |= {"fingerprint": fingerprint, "command": command}
        self._save()
        return bool(known)

    def is_done(self, stage: str) -> bool:
        """True if the stage finished before."""
        return stage in self.state["stages"]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and mark it done when it ends well; seconds of interrupted tries are not counted."""
        started = time.perf_counter()
        yield
        self.state["stages"][name] = {
            "seconds": round(time.perf_counter() - started, 2),
            "peak_memory_mib": peak_memory_mib(),
        }
        self._save()

    def remember(self, **facts: Any) -> None:  # noqa: ANN401 (any JSON value)
        """Keep facts (counts, gates, versions) for the report."""
        self.state["facts"] |= facts
        self._save()

    @property
    def facts(self) -> dict[str, Any]:
        """What was remembered."""
        facts: dict[str, Any] = self.state["facts"]
        return facts

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each finished stage."""
        return {name: stage["seconds"] for name, stage in self.state["stages"].items()}

    @property
    def peak_memory_mib(self) -> int:
        """The largest memory any stage saw, in MiB."""
        peaks = [stage["peak_memory_mib"] for stage in self.state["stages"].values()]
        return int(max(peaks, default=0))

    def _save(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        with appearing_whole(self._file) as place:
            place.write_text(json.dumps(self.state, indent=1), encoding="utf-8")
