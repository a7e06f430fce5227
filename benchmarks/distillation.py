"""What one model that was taught by three is worth, beside one that was not and the three together: validation figures.

    python -m benchmarks.distillation --data sequences.txt --size nano --epochs 5 --seeds 1 --json out.json

The sequence models alone are fitted on a file of the S3-Rec format and asked for the validation items (items of the
history left out); the test part is not read. ``one`` is the first of the three, ``three`` the mean of their log
probabilities, ``distilled`` a fourth that answers alone. The file is written after each seed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.augmentation import NEVER
from benchmarks.machine import machine, write_result
from benchmarks.next_item import figures, target_ranks
from benchmarks.next_item_protocols import Protocol, leave_one_out

from foretell.model.graph.transitions import GraphConfig
from foretell.model.next_item import NextItemMixture
from foretell.predictor.next_item import NextItemRanker
from foretell.train.next_item import fit_next_item
from foretell.train.settings import ModelConfig

ALONE = NextItemMixture(sequence=1.0)


def fitted(protocol: Protocol, *, settings: dict[str, Any], seed: int) -> tuple[NextItemRanker, float]:
    """The ranker and the processor's seconds it took."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        ranker, _ = fit_next_item(
            protocol.known,
            mixture=ALONE,
            graph=GraphConfig(),
            config=ModelConfig.model_validate(settings | NEVER),
            seed=seed,
            folder=Path(folder),
            progress=lambda *_: None,
        )
    return ranker, time.process_time() - began


def measured(protocol: Protocol, *, settings: dict[str, Any], seed: int) -> dict[str, dict[str, float]]:
    """HR@10 and NDCG@10 on validation of each way to answer."""
    three, seconds = fitted(protocol, settings=settings | {"distil": 0.0}, seed=seed)
    student, more = fitted(protocol, settings=settings, seed=seed)
    one = NextItemRanker(three.encoder, three.graph, ALONE)
    found = {}
    for name, ranker, spent in (("one", one, seconds / 3), ("three", three, seconds), ("distilled", student, more)):
        began = time.process_time()
        ranks = figures(target_ranks(ranker, protocol.validation, new_only=True))
        found[name] = {
            "hr@10": ranks["hr@10"],
            "ndcg@10": ranks["ndcg@10"],
            "processor_seconds_to_train": spent,
            "processor_seconds_to_rank": time.process_time() - began,
        }
    return found


def main() -> None:
    """Measure seed after seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--share", type=float, default=0.5, help="of the label that is the teachers'")
    parser.add_argument("--companions", nargs="*", default=["transformer", "transformer"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, required=True)
    chosen = parser.parse_args()
    settings = {"size": chosen.size, "epochs": chosen.epochs, "dropout": chosen.dropout}
    settings |= {"distil": chosen.share, "companions": chosen.companions}
    protocol, runs = leave_one_out(chosen.data), []
    for seed in range(chosen.seeds):
        runs.append(measured(protocol, settings=settings, seed=seed))
        ways = {
            name: {what: float(np.mean([run[name][what] for run in runs])) for what in runs[0][name]}
            for name in runs[0]
        }
        result = {"setting": {"data": chosen.data.name, **settings}, "ways": ways, "per_seed": runs}
        write_result(result | {"machine": machine()}, out=chosen.json)
        print(json.dumps(ways), flush=True)


if __name__ == "__main__":
    main()
