"""An access log as a table of events.

This module owns reading such a file. It refuses to lose a line: what cannot be taken apart is set aside with its
reason, and what is no event (images, errors, robots, other pages) is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SourceError
from foretell.sources.access_logs.config import DEFAULT_USER, AccessLogConfig
from foretell.sources.access_logs.lines import TARGET, WHEN, take_apart
from foretell.sources.access_logs.pages import ASIDE, Tally, events_of
from foretell.sources.formats.compression import guarded_read, opened
from foretell.sources.formats.raw_bytes import head_of, readable
from foretell.sources.table import RAW, REASON, SAMPLE_ROWS, Rows, no_rejects

__all__ = ["AccessLogFile"]

_PIECE_BYTES: Final = 1 << 25
_NO_FORMAT: Final = "The line is in neither the common nor the combined log format."
_DEFAULT_PAGES: Final = (
    "No pages are declared, so the addresses of common shop software are taken: /product/ID, /search?q=, /cart/add/ID, "
    "/checkout/success. Declare yours under [data.access_log.pages]."
)
_DEFAULT_USER: Final = "Visitors without a login are told apart by address and browser together."


class AccessLogFile:
    """One file of requests, plain or compressed; read piece by piece, only the events are kept.

    Args:
        path: The file.
        config: What the pages mean.
    """

    def __init__(self, path: Path, *, config: AccessLogConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def open(cls, path: Path, *, config: AccessLogConfig | None = None) -> AccessLogFile:
        """Check that the file is there and text.

        Raises:
            SourceError: If the file is missing, empty or no text.
        """
        head_of(readable(path))
        return cls(path, config=config or AccessLogConfig())

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def columns(self) -> list[str]:
        """What the requests of the log tell, by canonical names."""
        return self._rows.frame.columns

    def sample(self) -> pl.DataFrame:
        """The first events."""
        return self._rows.frame.head(SAMPLE_ROWS)

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns of every event; lines in another format are set aside."""
        return replace(self._rows, frame=self._rows.frame.select(columns))

    def notes(self) -> tuple[str, ...]:
        """Which pages and visitors were assumed, and what was left aside."""
        return self._rows.notes

    @cached_property
    def _rows(self) -> Rows:
        tally, frames, bad, n_foreign = Tally(), [], [no_rejects()], 0
        for lines, foreign in _pieces(self.path):
            n_foreign += foreign
            fields = take_apart(lines)
            is_bad = fields[WHEN].is_null()
            bad.append(
                pl.DataFrame(
                    [
                        pl.repeat(_NO_FORMAT, int(is_bad.sum()), eager=True).alias(REASON),
                        lines.filter(is_bad).alias(RAW),
                    ]
                )
            )
            events = events_of(fields.filter(~is_bad), self.config)
            tally.add(events)
            frames.append(events.filter(pl.col(ASIDE).is_null()).drop(ASIDE, TARGET))
        notes = [] if self.config.pages else [_DEFAULT_PAGES]
        notes += [_DEFAULT_USER] if self.config.user == DEFAULT_USER else []
        frame, rejected = _joined(frames), pl.concat(bad)
        if frame.is_empty() and rejected.is_empty():
            raise _no_events(self.path, tally, self.config)
        notes += [f"{n_foreign:,} lines are not UTF-8 and were read as Windows-1252."] if n_foreign else []
        return Rows(frame, rejected, (*notes, *tally.notes()))


def is_access_log(table: object) -> bool:
    """True if the rows of a table are requests: those of one file, or of several.

    Example:
        >>> is_access_log("a table of another kind")
        False
    """
    parts = getattr(table, "tables", ())
    return isinstance(table, AccessLogFile) or (
        len(parts) > 0 and all(isinstance(part, AccessLogFile) for part in parts)
    )


def _no_events(path: Path, tally: Tally, config: AccessLogConfig) -> SourceError:
    """Why a log full of requests holds no event."""
    declared = "The patterns declared" if config.pages else "The usual patterns"
    return SourceError(
        "No request of the access log is an event.",
        received=f"{path}: {' '.join(tally.notes())}",
        remedy=f"{declared} fit none of its pages: declare a pattern for each action under [data.access_log.pages].",
    )


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All pieces, each column that any has; of the required ones all."""
    frame = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
    missing = [name for name in columns.REQUIRED if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in missing)
    return frame.select(name for name in columns.READABLE if name in frame.columns)


def _pieces(path: Path) -> Iterator[tuple[pl.Series, int]]:
    """The lines of the file, many at a time, and how many of them were not UTF-8."""
    rest = b""
    with opened(path) as stream:
        while True:
            chunk = guarded_read(path, stream, _PIECE_BYTES)
            content, rest = _whole_lines(rest + chunk) if chunk else (rest, b"")
            if content.strip():
                yield _lines(content)
            if not chunk:
                return


def _whole_lines(content: bytes) -> tuple[bytes, bytes]:
    cut = content.rfind(b"\n") + 1
    return content[:cut], content[cut:]


def _lines(content: bytes) -> tuple[pl.Series, int]:
    n_foreign = 0
    try:
        text = content.decode()
    except UnicodeDecodeError:
        parts = []
        for line in content.split(b"\n"):
            try:
                parts.append(line.decode())
            except UnicodeDecodeError:
                parts.append(line.decode("cp1252", errors="replace"))
                n_foreign += 1
        text = "\n".join(parts)
    lines = pl.Series([text.removeprefix("\ufeff")]).str.split("\n").explode().str.strip_suffix("\r")
    return lines.filter(lines.str.strip_chars() != ""), n_foreign
