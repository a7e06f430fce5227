"""The stored events of a live service: one SQLite file, written before anything is acknowledged.

This module owns the table, its durability (write-ahead log, a flush to disk at every commit) and the rule that an
id is stored once. It refuses a second process on the same file, whose memory would go its own way.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from foretell.core import columns
from foretell.core.errors import RunError

__all__ = ["EventStore", "content_id"]

_FORMAT: Final = 1
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    received INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_user ON events (user_id);
"""


def content_id(row: Mapping[str, Any]) -> str:
    """The id of an event that came without one: a fingerprint of its content.

    A retry is then recognised, and two rows equal in every column count once, as in batch cleaning.

    Example:
        >>> one = {"user_id": "a", "time": 5, "action": "view"}
        >>> content_id(one) == content_id(dict(reversed(one.items())))
        True
    """
    body = _body(dict(sorted(row.items())))
    return f"content:{hashlib.sha256(body.encode()).hexdigest()[:40]}"


def _body(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


class EventStore:
    """Events on disk, each stored once.

    Args:
        path: The file; made, with its folder, if absent.

    Raises:
        RunError: If the file cannot be opened, is no state of foretell's, or another process holds it.

    Example:
        >>> import tempfile
        >>> store = EventStore(Path(tempfile.mkdtemp()) / "state.sqlite")
        >>> event = {"user_id": "a", "time": 5, "action": "view", "event_id": "e1"}
        >>> store.append([event]), store.append([event]), len(store)
        ([True], [False], 1)
        >>> store.close()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Callers serialise their writes; SQLite only has to allow them from any thread.
            self._connection = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._connection.close()
            raise self._unusable(error) from error
        except RunError:
            self._connection.close()
            raise

    def _open(self) -> None:
        run = self._connection.execute
        # Exclusive before the first access: the lock is then held for as long as the process lives.
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("BEGIN EXCLUSIVE")
        run("COMMIT")
        version = run("PRAGMA user_version").fetchone()[0]
        tables = run("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if version not in (0, _FORMAT) or (version == 0 and tables):
            raise RunError(
                "The state file was not written by this foretell.",
                received=f"{self.path}: format {version}",
                remedy="Give another --state, or move the file away.",
            )
        self._connection.executescript(_TABLE)
        run(f"PRAGMA user_version = {_FORMAT}")
        self._count = int(run("SELECT count(*) FROM events").fetchone()[0])

    def __len__(self) -> int:
        return self._count

    def append(self, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Store rows in one transaction; when this returns they survive a kill.

        Args:
            rows: Clean canonical rows, absent values left out.

        Returns:
            For each row whether it is new; False where its id is stored already.

        Raises:
            RunError: If the file cannot be written; then none of the rows is stored.
        """
        received = time.time_ns() // 1000
        records = [
            (row.get(columns.EVENT_ID) or content_id(row), row[columns.USER_ID], received, _body(row)) for row in rows
        ]
        insert = "INSERT OR IGNORE INTO events (event_id, user_id, received, body) VALUES (?, ?, ?, ?)"
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            fresh = [self._connection.execute(insert, record).rowcount == 1 for record in records]
            self._connection.execute("COMMIT")
        except Exception as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._unusable(error) from error
            raise
        self._count += sum(fresh)
        return fresh

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every stored row, in the order of arrival."""
        for (body,) in self._connection.execute("SELECT body FROM events ORDER BY sequence"):
            yield json.loads(body)

    def close(self) -> None:
        """Let the file go; another process may then open it."""
        self._connection.close()

    def _unusable(self, error: Exception) -> RunError:
        locked = "locked" in str(error)
        remedy = "Stop the other server, or give another --state." if locked else "Check path, rights and space."
        problem = "Another process uses the state file." if locked else "The state file cannot be used."
        return RunError(problem, received=f"{self.path}: {error}", remedy=remedy)
