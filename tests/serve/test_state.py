import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from foretell.core.errors import RunError
from foretell.serve.state import EventStore, content_id

EVENT = {"user_id": "ann", "time": 5, "action": "view", "event_id": "e1"}
PLAIN = {"user_id": "ann", "time": 5, "action": "view", "price": 0.1}


def test_an_id_is_stored_once(tmp_path):
    store = EventStore(tmp_path / "state.sqlite")
    assert store.append([EVENT, {**EVENT, "time": 6}, {**EVENT, "event_id": "e2"}]) == [True, False, True]
    assert store.append([EVENT]) == [False]
    assert list(store.rows()) == [EVENT, {**EVENT, "event_id": "e2"}]
    assert len(store) == 2
    store.close()


def test_without_an_id_the_content_decides(tmp_path):
    store = EventStore(tmp_path / "state.sqlite")
    reordered = dict(reversed(PLAIN.items()))
    assert store.append([PLAIN, reordered, {**PLAIN, "price": 0.2}]) == [True, False, True]
    store.close()
    assert content_id(PLAIN) != content_id({**PLAIN, "item_id": "tea"})


def test_rows_come_back_as_they_were(tmp_path):
    rows = [{**PLAIN, "user_id": text, "price": 1 / 3} for text in ("ä\u2028\x00", "'; DROP TABLE events; --", "")]
    store = EventStore(tmp_path / "deep" / "er" / "state.sqlite")
    store.append(rows)
    store.close()
    again = EventStore(tmp_path / "deep" / "er" / "state.sqlite")
    assert list(again.rows()) == rows
    again.close()


def test_what_was_stored_survives_a_kill(tmp_path):
    """The process is killed right after ``append`` returned, without any chance to tidy up."""
    path = tmp_path / "state.sqlite"
    code = f"""
import sys, time
from pathlib import Path
from foretell.serve.state import EventStore
store = EventStore(Path({str(path)!r}))
store.append([{EVENT!r}])
print("stored", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        with pytest.raises(RunError, match="Another process uses the state file"):
            EventStore(path)
        os.kill(process.pid, signal.SIGKILL)
    store = EventStore(path)
    assert list(store.rows()) == [EVENT]
    assert store.append([EVENT]) == [False]
    store.close()


def test_half_a_request_is_not_stored(tmp_path):
    store = EventStore(tmp_path / "state.sqlite")
    with pytest.raises(TypeError):
        store.append([EVENT, {**EVENT, "event_id": "e2", "price": object()}])
    assert store.append([]) == []
    assert list(store.rows()) == []
    assert store.append([EVENT]) == [True]
    store.close()


@pytest.mark.parametrize("what", ["text", "database", "folder"])
def test_other_files_are_refused(tmp_path, what):
    path = tmp_path / "state.sqlite"
    if what == "text":
        path.write_text("not a database, but long enough to look like one " * 50)
    elif what == "database":
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE customers (name TEXT)")
        other.close()
    else:
        path.mkdir()
    with pytest.raises(RunError, match="state file"):
        EventStore(path)
    if what == "database":
        other = sqlite3.connect(path)
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("customers",)]
        other.close()
