"""What an event costs when the catalogue grows: 10 thousand, 100 thousand and 1 million items.

    python -m benchmarks.large_catalogue --items 1000000 --events 20000000 --steps 30 --json out.json

A synthetic log (popularity by a power law, what follows depends on what came) is packed on disk as ``foretell train``
packs it, in the same types, and pre-training runs on it through ``pretrain``: a stated number of steps is timed and
scaled to the epoch. One catalogue a process, so that the peak of the memory is its own; each call adds to the file.
Item vectors start at random here, and the transition graph and the mixture are not part of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from benchmarks.machine import machine

from foretell.core.batch import Batch
from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import HOUR
from foretell.model.behaviour import BehaviourModel
from foretell.model.size import SIZES
from foretell.model.vocabulary import Vocabulary
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

EVENTS_A_USER = 20
BLOCK = 2_000_000


class EnoughError(Exception):
    """The steps that are measured have been taken."""


def vocabulary_of(n_items: int) -> Vocabulary:
    """A vocabulary that knows so many items, from one event of each."""
    table = pl.DataFrame(
        {
            "user_id": pl.int_range(n_items, eager=True).cast(pl.String),
            "time": pl.int_range(n_items, eager=True) % 1000 * HOUR + 10**15,
            "action": ["view", "purchase"] * (n_items // 2) + ["view"] * (n_items % 2),
            "item_id": pl.int_range(n_items, eager=True).cast(pl.String),
        }
    )
    return Vocabulary.build(history_frame(EventLog(table)).lazy(), items=None, min_count=1, max_items=n_items)


def packed(folder: Path, *, n_items: int, n_events: int) -> Batch:
    """Histories of twenty events each, mapped from files."""
    random = np.random.default_rng(0)
    kinds = {"item": np.int32, "action": np.int32, "price": np.int16, "gap": np.int16, "calendar": np.int16}
    kinds |= {"order_start": np.int16, "next_item": np.int32, "next_action": np.int32}
    kinds |= {"wait_days": np.float32, "wait_observed": np.float32}
    files = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=(n_events,))
        for name, kind in kinds.items()
    }
    for first in range(0, n_events, BLOCK):
        n = min(BLOCK, n_events - first)
        popular = np.minimum((n_items ** random.random(n)).astype(np.int64), n_items)
        near = (np.roll(popular, 1) * 7 + 13) % n_items + 1
        item = np.where(random.random(n) < 0.5, near, popular)
        last = np.arange(n) % EVENTS_A_USER == EVENTS_A_USER - 1
        part = slice(first, first + n)
        files["item"][part] = item
        files["next_item"][part] = np.where(last, 0, np.roll(item, -1))
        files["action"][part] = random.integers(1, 3, n)
        files["next_action"][part] = np.where(last, 0, 1)
        files["gap"][part] = random.integers(0, 8, n)
        files["calendar"][part] = random.integers(0, 56, n)
        files["order_start"][part] = random.integers(0, 2, n)
        files["wait_days"][part] = random.random(n) * 30
        files["wait_observed"][part] = random.integers(0, 2, n)
    return Batch(files, np.append(np.arange(0, n_events, EVENTS_A_USER), n_events).astype(np.int64))


def measured(*, n_items: int, n_events: int, steps: int, size: str) -> dict[str, Any]:
    """Seconds per event, on the clock and of the processor, and the peak of the memory."""
    config = ModelConfig.model_validate({"size": size, "epochs": 1, "item_start": "random", "checkpoint_seconds": 1e9})
    clock: list[tuple[float, float]] = []

    def progress(done: int, _: int) -> None:
        clock.append((time.perf_counter(), time.process_time()))
        if done > steps:
            raise EnoughError

    with tempfile.TemporaryDirectory() as folder:
        vocabulary = vocabulary_of(n_items)
        batch = packed(Path(folder), n_items=n_items, n_events=n_events)
        torch.manual_seed(0)
        model = BehaviourModel(vocabulary, size=config.size)
        per_step = SIZES[config.size].batch_events
        data = PretrainingData.cut(batch, events_per_step=per_step, seed=0)
        with contextlib.suppress(EnoughError):
            pretrain(model, data=data, config=config, seed=0, folder=Path(folder), progress=progress)
    seconds, processor = (np.array(clock[-1]) - np.array(clock[0])) / ((len(clock) - 1) * per_step)
    return {
        "items": n_items,
        "events": n_events,
        "size": size,
        "steps_measured": len(clock) - 1,
        "events_a_step": per_step,
        "microseconds_an_event": seconds * 1e6,
        "processor_microseconds_an_event": processor * 1e6,
        "epoch_processor_minutes": processor * n_events / 60,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "parameters": model.n_parameters(),
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Measure one catalogue and add it to the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--size", choices=SIZES, default="nano")
    parser.add_argument("--json", type=Path, required=True)
    chosen = parser.parse_args()
    found = measured(n_items=chosen.items, n_events=chosen.events, steps=chosen.steps, size=chosen.size)
    result: dict[str, Any] = {"catalogues": {}}
    if chosen.json.exists():
        result = json.loads(chosen.json.read_text(encoding="utf-8"))
    result["catalogues"][str(chosen.items)] = found
    result["machine"] = machine()
    chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
