"""Measures how long a served run takes to answer, request by request, over HTTP on one machine.

    python -m benchmarks.live_latency runs/demo --out benchmarks/results/live_latency.json

A real server process is started. The run is only read; events go to a state in a temporary folder. Requests are
sent one after another over one kept connection, so a figure is what one caller waits; the last part sends them
from several callers at once. This script refuses to judge the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl
from benchmarks.machine import write_result

CODE = """
import sys
from foretell.serve import serve
serve(sys.argv[1], port=0, state=sys.argv[2], announce=lambda url: print(url, flush=True))
"""
CALLERS = 4


@contextmanager
def server(run: Path) -> Iterator[str]:
    """The address of a server process with an empty state, ended afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", CODE, str(run), str(Path(folder) / "state.sqlite")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().strip()
                if not url:
                    raise SystemExit("The server did not start; its message is above.")
                yield url.removeprefix("http://")
            finally:
                process.terminate()


class Caller:
    """One caller with one kept connection to ``address``."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address, timeout=120)

    def ask(self, path: str, body: object = None) -> dict[str, Any]:
        """The JSON answer of a GET, or of a POST where there is a body."""
        data = None if body is None else json.dumps(body)
        self._connection.request("GET" if body is None else "POST", path, body=data)
        reply = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(reply.read())
        if reply.status != 200:
            raise SystemExit(f"{path}: {reply.status} {answer}")
        return answer


class Stream:
    """New events after the end of the log, one second apart."""

    def __init__(self, *, after: datetime, items: list[str], users: list[str]) -> None:
        self._moment, self._items, self._users = after, items, users
        self._n = 0
        self._lock = threading.Lock()

    def event(self) -> dict[str, object]:
        """The next event: every tenth is a purchase."""
        with self._lock:
            self._n += 1
            self._moment += timedelta(seconds=1)
            number, moment = self._n, self._moment
        return {
            "event_id": f"benchmark-{number}",
            "user_id": self._users[number % len(self._users)],
            "time": moment.isoformat(),
            "action": "purchase" if number % 10 == 0 else "view",
            "item_id": self._items[number % len(self._items)],
            **({"quantity": 1, "price": 2.5, "value": 2.5} if number % 10 == 0 else {}),
        }


def timed(ask: Callable[[int], object], *, n: int) -> dict[str, float | int]:
    """Milliseconds of ``n`` calls, one after another."""
    seconds = []
    for number in range(n):
        started = time.perf_counter()
        ask(number)
        seconds.append(time.perf_counter() - started)
    return summary(seconds)


def summary(seconds: list[float]) -> dict[str, float | int]:
    """Count, mean and percentiles in milliseconds."""
    milliseconds = np.array(seconds) * 1000
    percentiles = {f"p{level}_ms": round(float(np.percentile(milliseconds, level)), 2) for level in (50, 95, 99)}
    return {"n": len(seconds), "mean_ms": round(float(milliseconds.mean()), 2), **percentiles}


def measure(address: str, run: Path, *, n: int, seed: int) -> dict[str, Any]:
    """Every endpoint's figures."""
    caller = Caller(address)
    health = caller.ask("/health")
    events = pl.scan_parquet(run / "data" / "events.parquet")
    known = events.select("user_id").unique().sort("user_id").collect()["user_id"].cast(pl.String).to_list()
    items = events.select("item_id").drop_nulls().unique().sort("item_id").collect()["item_id"].cast(pl.String)
    users = [str(user) for user in np.random.default_rng(seed).permutation(known)[:n]]
    stream = Stream(after=datetime.fromisoformat(health["last_event"]), items=items.to_list(), users=users)
    tasks = caller.ask("/v1/model")["tasks"]
    about_users = [name for name, task in tasks.items() if task["about"] == "users"]

    def path(number: int, query: str = "") -> str:
        return f"/v1/users/{quote(users[number % len(users)], safe='')}/predictions{query}"

    for number in range(20):  # the first requests pay for caches that fill once
        caller.ask(path(number))
    found = {"GET /health": timed(lambda _: caller.ask("/health"), n=n)}
    found["GET predictions (all tasks)"] = timed(lambda number: caller.ask(path(number)), n=n)
    for task in about_users:
        query = f"?task={task}"
        found[f"GET predictions (task={task})"] = timed(lambda number: caller.ask(path(number, query)), n=n)  # noqa: B023
    found["GET predictions (unseen user)"] = timed(lambda i: caller.ask(f"/v1/users/new-{i}/predictions"), n=n)
    found["POST one event"] = timed(lambda _: caller.ask("/v1/events", stream.event()), n=n)
    hundred = max(n // 10, 10)
    found["POST 100 events"] = timed(
        lambda _: caller.ask("/v1/events", [stream.event() for _ in range(100)]), n=hundred
    )

    def event_then_answer(number: int) -> None:
        caller.ask("/v1/events", stream.event())
        caller.ask(path(number))

    found["POST one event, then GET predictions (all tasks)"] = timed(event_then_answer, n=n)
    return {"endpoints": found, "at_once": at_once(address, path, stream, n=n)}


def at_once(address: str, path: Callable[[int], str], stream: Stream, *, n: int) -> dict[str, Any]:
    """Several callers at once, three answers to one event."""
    callers = [Caller(address) for _ in range(CALLERS)]
    seconds: dict[str, list[float]] = {"GET predictions (all tasks)": [], "POST one event": []}

    def work(caller: Caller) -> None:
        for number in range(n // CALLERS):
            kind = "POST one event" if number % 4 == 0 else "GET predictions (all tasks)"
            started = time.perf_counter()
            if kind == "POST one event":
                caller.ask("/v1/events", stream.event())
            else:
                caller.ask(path(number))
            seconds[kind].append(time.perf_counter() - started)

    started = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(work, callers))
    took = time.perf_counter() - started
    n_requests = sum(len(part) for part in seconds.values())
    return {
        "callers": CALLERS,
        "requests_per_second": round(n_requests / took, 1),
        "endpoints": {name: summary(part) for name, part in seconds.items()},
    }


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    names = (
        [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        if Path("/proc/cpuinfo").exists()
        else []
    )
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": platform.system(),
        "python": platform.python_version(),
    }


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    parser.add_argument("--requests", type=int, default=300, help="requests per endpoint")
    parser.add_argument("--seed", type=int, default=0, help="decides which customers are asked about")
    arguments = parser.parse_args()
    on = machine()
    started = time.perf_counter()
    with server(arguments.run) as address:
        seconds_to_start = time.perf_counter() - started
        model = Caller(address).ask("/v1/model")
        found = measure(address, arguments.run, n=arguments.requests, seed=arguments.seed)
    log = pl.scan_parquet(arguments.run / "data" / "events.parquet").select(pl.len(), pl.col("user_id").n_unique())
    n_events, n_users = log.collect().row(0)
    result = {
        "version": 1,
        "protocol": "one server process; one caller on a kept connection, requests one after another after 20 to warm "
        f"up, customers drawn at random; then {CALLERS} callers at once, three answers to one event",
        "machine": on,
        "run": {"events": n_events, "users": n_users, "items": model["items"], "size": model["size"],
                "features": model["features"], "model_version": model["model_version"]},
        "seconds_to_start": round(seconds_to_start, 2),
        **found,
        "load_after": [round(value, 2) for value in os.getloadavg()],
    }  # fmt: skip
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
