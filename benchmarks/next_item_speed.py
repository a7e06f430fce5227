"""How long an epoch and a ranking take, side by side with RecBole's and RecTools' SASRec on the same cores.

    python -m benchmarks.next_item_speed --data sequences.txt --part foretell-sampled --json out.json
    python -m benchmarks.next_item_speed --data sequences.txt --part recbole --python ENV/bin/python --json out.json

Each part is a process of its own and adds its figures to the JSON file; the ratios are reckoned anew every time. All
are at width 64, 2 layers, 2 heads and length 50 (foretell's window is 64; that width lies between two of its sizes and
stands in for ``nano`` here). The peers live in their own environments (``benchmarks/peers/`` says what to install) and
are measured on a stated share of their steps, scaled to the epoch: a whole one of theirs takes minutes. An epoch of
foretell is measured whole, through ``fit_next_item``, from the last step of the first epoch to the last of the last.
Beside the seconds on the clock stand those of the processor, which a busy machine lengthens far less.

``--target`` is a validation NDCG@10 (items of the history left out); the part ``foretell-target`` then fits recipes of
1, 2, 4, ... epochs until one reaches it, and reports the seconds of that fit, preparation included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.machine import machine
from benchmarks.next_item import figures, target_ranks
from benchmarks.next_item_protocols import Protocol, leave_one_out

import foretell
from foretell.core.memory import freed_memory_kept
from foretell.model.next_item import NextItemMixture
from foretell.model.size import SIZES, Size
from foretell.predictor.next_item import NextItemRanker
from foretell.train.next_item import fit_next_item
from foretell.train.settings import ModelConfig

PEERS = {
    "recbole": ("recbole_sasrec.py", ["--loss", "CE"]),
    "recbole-one-negative": ("recbole_sasrec.py", ["--loss", "BPR"]),
    "rectools": ("rectools_sasrec.py", ["--loss", "softmax"]),
    "rectools-sampled": ("rectools_sasrec.py", ["--loss", "sampled_softmax"]),
}
LOSSES = {"foretell-sampled": "sampled_softmax", "foretell-full": "full_softmax"}
PARTS = (*LOSSES, "foretell-target", *PEERS)
COMPARED = Size(width=64, n_layers=2, n_heads=2, window=64, learning_rate=3e-3, batch_events=4096)
SEQUENCE_ALONE = NextItemMixture(sequence=1.0)


Moment = tuple[float, float]
"""Seconds on the clock and of the processor."""


def now() -> Moment:
    """The present moment."""
    return time.perf_counter(), time.process_time()


def between(one: Moment, other: Moment) -> np.ndarray:
    """Seconds from one moment to another, on the clock and of the processor."""
    return np.array(other) - np.array(one)


def fitted(protocol: Protocol, config: ModelConfig) -> tuple[NextItemRanker, list[Moment], float]:
    """The ranking, the moment at the end of each step, and the seconds of the whole fit."""
    clock: list[Moment] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ranker, _ = fit_next_item(
            protocol.known,
            later=protocol.validation,
            config=config,
            seed=0,
            folder=Path(folder),
            progress=lambda *_: clock.append(now()),
        )
    return ranker, clock, time.perf_counter() - began


def foretell_part(protocol: Protocol, *, loss: str, epochs: int) -> dict[str, Any]:
    """Seconds of an epoch, of ranking for every user, and memory."""
    config = ModelConfig.model_validate({"size": "nano", "item_loss": loss, "epochs": epochs, "min_item_count": 1})
    ranker, clock, whole = fitted(protocol, config)
    an_epoch = len(clock) // epochs
    seconds, processor = between(clock[an_epoch - 1], clock[-1]) / (epochs - 1)
    asked = protocol.test.encoded(ranker.encoder.vocabulary)
    alone = NextItemRanker(ranker.encoder, ranker.graph, SEQUENCE_ALONE)
    ranking = {}
    for name, one in (("sequence_alone", alone), ("whole_recipe", ranker)):
        one.best(asked.select(np.arange(64)), k=10, new_only=True)
        began = now()
        one.best(asked, k=10, new_only=True)
        ranking[name] = between(began, now())
    model = ranker.encoder.model
    events = protocol.known.height
    layers = sum(one.numel() for one in model.backbone.parameters() if one.ndim > 1)
    candidates = config.n_negatives if loss == "sampled_softmax" else ranker.graph.n_items
    per_event = 6 * (layers + model.size.width * (candidates + model.size.width))
    speed = {name: products_per_second(kind) for name, kind in KINDS.items()}
    return {
        "loss": loss,
        "negatives": config.n_negatives if loss == "sampled_softmax" else None,
        "epochs_measured": epochs - 1,
        "steps_an_epoch": an_epoch,
        "events": events,
        "epoch_seconds": seconds,
        "epoch_processor_seconds": processor,
        "events_per_second": events / seconds,
        "fit_seconds": whole,
        "top10_all_users_seconds": ranking["sequence_alone"][0],
        "top10_all_users_processor_seconds": ranking["sequence_alone"][1],
        "top10_whole_recipe_seconds": ranking["whole_recipe"][0],
        "top10_whole_recipe_processor_seconds": ranking["whole_recipe"][1],
        "top10_users": len(asked),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "floor": {
            "operations_an_epoch": per_event * events,
            "operations_per_processor_second": speed,
            "processor_seconds": {name: per_event * events / rate for name, rate in speed.items()},
        },
        "versions": {"foretell": foretell.__version__, "torch": torch.__version__},
        "threads": torch.get_num_threads(),
    }


RATIOS = (
    "epoch_seconds",
    "epoch_processor_seconds",
    "top10_all_users_seconds",
    "top10_all_users_processor_seconds",
    "peak_memory_mib",
)
KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def products_per_second(kind: torch.dtype) -> float:
    """Operations of a large product that this machine does in a second of the processor's."""
    one = torch.randn(2048, 2048).to(kind)
    torch.mm(one, one)
    began, times = time.process_time(), 0
    while time.process_time() - began < 0.5:
        torch.mm(one, one)
        times += 1
    return times * 2 * 2048**3 / (time.process_time() - began)


def target_part(protocol: Protocol, *, target: float) -> dict[str, Any]:
    """The shortest recipe, of a doubling number of epochs, whose sequence model reaches the target."""
    tried = []
    for epochs in (1, 2, 4, 8, 16, 32):
        config = ModelConfig.model_validate({"size": "nano", "epochs": epochs, "min_item_count": 1, "dropout": 0.3})
        ranker, _, seconds = fitted(protocol, config)
        alone = NextItemRanker(ranker.encoder, ranker.graph, SEQUENCE_ALONE)
        found = figures(target_ranks(alone, protocol.validation, new_only=True))["ndcg@10"]
        tried.append({"epochs": epochs, "fit_seconds": seconds, "validation_ndcg@10": found})
        if found >= target:
            break
    reached = tried[-1] if tried[-1]["validation_ndcg@10"] >= target else None
    return {"target": target, "tried": tried, "reached": reached}


def peer_part(name: str, *, data: Path, python: Path, steps: int) -> dict[str, Any]:
    """Run a peer in its own environment, with as many threads as there are cores."""
    script, options = PEERS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        place = Path(__file__).parent / "peers" / script
        command = [str(python), str(place), "--data", str(data), "--steps", str(steps), "--json", str(out), *options]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run(command, check=True, env=environment, cwd=folder, stdout=sys.stderr)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def ratios(parts: dict[str, Any]) -> dict[str, Any]:
    """How many times each peer takes what foretell takes."""
    found: dict[str, Any] = {}
    for mine in LOSSES:
        for peer in PEERS:
            if mine in parts and peer in parts:
                found[f"{peer} / {mine}"] = {name: parts[peer][name] / parts[mine][name] for name in RATIOS}
    return found


def main() -> None:
    """Measure one part and add it to the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--add", type=Path, help="take over the parts of another file of this script instead")
    parser.add_argument("--python", type=Path, help="the interpreter of the peer's environment")
    parser.add_argument("--steps", type=int, default=12, help="steps of a peer that are measured")
    parser.add_argument("--epochs", type=int, default=4, help="epochs of foretell; the first warms up")
    parser.add_argument("--target", type=float, help="validation NDCG@10 to reach")
    parser.add_argument("--json", type=Path, required=True)
    chosen = parser.parse_args()
    SIZES["nano"] = COMPARED
    if chosen.part is None and chosen.add is None:
        parser.error("--part or --add says what to do")
    if chosen.add is not None:
        added = json.loads(chosen.add.read_text(encoding="utf-8"))["parts"]
    else:
        added = {chosen.part: measured(parser, chosen)}
    result = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.json.exists() else {"parts": {}}
    result["data"], result["machine"] = chosen.data.name, machine()
    result["parts"] |= added
    result["ratios"] = ratios(result["parts"])
    chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(added, indent=1))


def measured(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures of the part that was asked for."""
    if chosen.part in PEERS:
        if chosen.python is None:
            parser.error(f"--part {chosen.part} needs --python")
        return peer_part(chosen.part, data=chosen.data.resolve(), python=chosen.python, steps=chosen.steps)
    if chosen.part == "foretell-target":
        if chosen.target is None:
            parser.error("--part foretell-target needs --target")
        with freed_memory_kept():
            return target_part(leave_one_out(chosen.data), target=chosen.target)
    with freed_memory_kept():
        return foretell_part(leave_one_out(chosen.data), loss=LOSSES[chosen.part], epochs=chosen.epochs)


if __name__ == "__main__":
    main()
