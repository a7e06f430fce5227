"""The real process: it is started, killed without warning and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from foretell.core.errors import InputError
from foretell.serve import serve

EVENT = {"user_id": "u1", "time": "2024-02-19T10:00:00Z", "action": "view", "item_id": "i100003"}


@contextmanager
def server(run: Path, state: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "foretell.cli", "serve", str(run), "--port", "0", "--state", str(state), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            assert said["run"] == str(run)
            assert said["url"].startswith("http://127.0.0.1:")
            yield said["url"], process
        finally:
            process.kill()


def ask(url: str, body: object = None) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data=data), timeout=60) as reply:
            return reply.status, json.load(reply)
    except HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(run, tmp_path):
    state = tmp_path / "state.sqlite"
    events = [{**EVENT, "event_id": f"e{number}"} for number in range(40)]
    with server(run, state) as (url, process):
        with ThreadPoolExecutor(8) as threads:
            replies = list(threads.map(lambda event: ask(f"{url}/v1/events", event), events))
        assert all(reply == (200, {"accepted": 1, "duplicates": 0, "rejected": []}) for reply in replies)
        answers = ask(f"{url}/v1/users/u1/predictions")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with server(run, state) as (url, process):
        assert ask(f"{url}/health")[1]["events_stored"] == 40
        assert ask(f"{url}/v1/users/u1/predictions") == answers
        assert ask(f"{url}/v1/events", events)[1] == {"accepted": 0, "duplicates": 40, "rejected": []}
        assert ask(f"{url}/v1/users/u1/predictions?task=nothing")[0] == 404
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_an_impossible_address_is_refused_before_anything_is_loaded(tmp_path, port):
    with pytest.raises(InputError, match="cannot listen"):
        serve(tmp_path, port=port)


def test_an_address_in_use_is_refused(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="in use"):
        serve(tmp_path, port=taken.getsockname()[1])
