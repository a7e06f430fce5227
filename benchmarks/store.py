"""A store of histories: seconds to build it, add a day and build it anew; the memory of each step up to training.

    python -m benchmarks.store --events 10000000 --out benchmarks/results/store.json

Every job is a process of its own. ``cpu_seconds`` count all threads, whoever else uses the machine. Memory is told
twice: ``own_mib`` is the largest anonymous memory (what no file backs, which the system cannot drop), ``resident_mib``
the largest resident set, pages of mapped files included. ``stages`` are those of ``foretell train`` that read the whole
log, in one process, each with its own peaks; the network is not trained. For comparison ``in_memory`` reads and cleans
the same files as ``foretell train LOG`` does.

This script refuses to judge the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).resolve()
DAY = 86_400_000_000


class Meter:
    """Watches this process's memory, ten times a second."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self._stage: str | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Seconds and peaks of what is done inside."""
        self.stages[name] = {"seconds": 0.0, "cpu_seconds": 0.0, "own_mib": 0.0, "resident_mib": 0.0}
        self._stage, started, used = name, time.perf_counter(), time.process_time()
        yield
        self._look()
        self._stage = None
        self.stages[name]["seconds"] = round(time.perf_counter() - started, 1)
        self.stages[name]["cpu_seconds"] = round(time.process_time() - used, 1)

    def _watch(self) -> None:
        while True:
            self._look()
            time.sleep(0.1)

    def _look(self) -> None:
        stage = self._stage
        if stage is None:
            return
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        kib = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "VmRSS"))}
        for name, field in (("own_mib", "RssAnon"), ("resident_mib", "VmRSS")):
            self.stages[stage][name] = max(self.stages[stage][name], round(kib[field] / 1024))


def build(meter: Meter, log: Path, store: Path) -> None:
    """The whole log into a store."""
    from foretell import prepare

    with meter.stage("build"):
        prepare(log, out=store)


def append(meter: Meter, log: Path, store: Path) -> None:
    """A day more."""
    from foretell import prepare

    with meter.stage("append"):
        prepare(log, out=store, append=True)


def in_memory(meter: Meter, log: Path, _: Path) -> None:
    """The log read and cleaned as a frame."""
    from foretell import clean, read_events

    with meter.stage("read"):
        read = read_events(log)
    with meter.stage("clean"):
        cleaned = clean(read)
    del read
    with meter.stage("histories"):
        from foretell.predictor.view import ShopView

        ShopView.of(cleaned.log)


def stages(meter: Meter, _: Path, store: Path) -> None:
    """What training reads, from the store."""
    import torch

    from foretell.config import RunConfig
    from foretell.dataset.dataset import Dataset
    from foretell.dataset.store import HistoryStore
    from foretell.dataset.windows import Windows
    from foretell.model.behaviour import BehaviourModel
    from foretell.model.graph.transitions import TransitionGraph
    from foretell.model.next_item import NextItemMixture
    from foretell.model.vocabulary import Vocabulary
    from foretell.predictor.encoder import Encoder
    from foretell.predictor.next_item import NextItemRanker
    from foretell.predictor.view import ShopView
    from foretell.prepare.gates import gates
    from foretell.run.pipeline import make_reader
    from foretell.tasks import default_tasks, response_action
    from foretell.train.packing import packed_on_disk
    from foretell.train.pretraining_data import PretrainingData

    with meter.stage("open"):
        log = HistoryStore.open(store).log()
    with meter.stage("gates and windows"):
        tasks = default_tasks(response=response_action(log))
        gates(log, list(tasks.values()))
        windows = Windows.plan(log, longest_horizon_days=28, config=RunConfig().split)
    dataset = Dataset(log, tasks, windows)
    with meter.stage("vocabulary"):
        known = dataset.histories.lazy().filter(pl.col("time") <= windows.validation)
        vocabulary = Vocabulary.build(known, items=None)
    with tempfile.TemporaryDirectory(dir=store.parent) as place:
        with meter.stage("packed histories"):
            batch = packed_on_disk(
                dataset.histories, vocabulary=vocabulary, observed_until=windows.validation, folder=Path(place)
            )
        with meter.stage("steps of one epoch"):
            data = PretrainingData.cut(batch, events_per_step=4096, seed=0)
            for which in data.steps(0):
                data.take(which)
        with meter.stage("graph of items"):
            graph = TransitionGraph.build(batch, n_items=vocabulary.n_items)
    torch.manual_seed(0)
    encoder = Encoder(vocabulary, BehaviourModel(vocabulary, size="nano", dropout=0.0))
    with meter.stage("choice of features"):
        reader = make_reader(dataset, NextItemRanker(encoder, graph, NextItemMixture()))
    with meter.stage("examples of purchase"):
        points = dataset.examples("purchase", "validation")
    with meter.stage("counters of items"):
        view = ShopView.of(log, histories=dataset.histories)
    with meter.stage("features and states of one cutoff"):
        last = points.filter(pl.col("cutoff") == points["cutoff"].max())
        reader.read(view, points=last.select("user_id", "cutoff"))


JOBS: dict[str, Callable[[Meter, Path, Path], None]] = {job.__name__: job for job in (build, append, in_memory, stages)}


def _run(job: str, log: Path, store: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.store", "--job", job, "--log", str(log), "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr else f"ended with {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout)
    print(job, found, file=sys.stderr)
    return found


def _divided(log: Path, place: Path) -> tuple[Path, Path]:
    """The log in two: everything before its last day, and that day."""
    rows = pl.scan_parquet(log)
    last = rows.select(pl.col("time").max()).collect().item() - DAY
    past, day = place / "past", place / "day"
    for folder, which in ((past, pl.col("time") <= last), (day, pl.col("time") > last)):
        folder.mkdir()
        rows.filter(which).sink_parquet(folder / "part-0.parquet")
    return past, day


def _times(log: Path, place: Path) -> dict[str, Any]:
    """Building, adding a day, and building anew."""
    past, day = _divided(log, place)
    n = {name: pl.scan_parquet(part).select(pl.len()).collect().item() for name, part in (("past", past), ("day", day))}
    found: dict[str, Any] = {"events": n["past"] + n["day"], "events_of_the_day": n["day"]}
    found |= _run("build", past, place / "grown")
    found |= _run("append", day, place / "grown")
    found["rebuild"] = _run("build", log, place / "whole").get("build")
    found["times_less_cpu"] = round(found["rebuild"]["cpu_seconds"] / found["append"]["cpu_seconds"], 1)
    found["same_store"] = _same(place / "grown", place / "whole")
    files = [path.stat().st_size for path in (place / "whole").iterdir()]
    return found | {"store_mib": round(sum(files) / 2**20)}


def _memory(log: Path, place: Path) -> dict[str, Any]:
    """The stages of training from the store, and the way without one."""
    return {"stages": _run("stages", log, place / "whole"), "in_memory": _run("in_memory", log, place / "whole")}


def _same(grown: Path, whole: Path) -> bool:
    from foretell.dataset.store import HistoryStore

    one, other = (HistoryStore.open(folder) for folder in (grown, whole))
    names = sorted(other.events().columns)
    return bool(
        one.events().select(names).equals(other.events().select(names))
        and one.manifest.removed == other.manifest.removed
    )


def main() -> None:
    """Measure from the command line, or run one job of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--log", type=Path, help="Parquet files of scale_log; made anew where none are given.")
    parser.add_argument("--out", type=Path, help="Figures that are there already and not measured now stay.")
    parser.add_argument("--only", choices=["times", "memory"], help="The second needs the --place of the first.")
    parser.add_argument("--place", type=Path, help="Where the stores are made, and stay.")
    parser.add_argument("--job", choices=sorted(JOBS))
    parser.add_argument("--store", type=Path)
    chosen = parser.parse_args()
    if chosen.job:
        meter = Meter()
        JOBS[chosen.job](meter, chosen.log, chosen.store)
        print(json.dumps(meter.stages))
        return
    place = chosen.place or Path(tempfile.mkdtemp(prefix="store-"))
    place.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    if chosen.out and chosen.out.is_file():
        found = json.loads(chosen.out.read_text(encoding="utf-8"))
    try:
        if chosen.log is None:
            from benchmarks.scale_log import write_log

            chosen.log = write_log(place / "log", n_events=chosen.events)
        for part, measure in (("times", _times), ("memory", _memory)):
            if chosen.only in (None, part):
                found |= measure(chosen.log, place)
    finally:
        if not chosen.place:
            shutil.rmtree(place, ignore_errors=True)
    found["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "polars": pl.__version__}
    text = json.dumps(found, indent=1)
    if chosen.out:
        chosen.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
