"""What each switch of augmentation, regularisation and optimisation brings: validation figures beside those without it.

    python -m benchmarks.augmentation --data sequences.txt --size tiny --epochs 6 --seeds 1 --json out.json

The sequence model alone is fitted on a file of the S3-Rec format and asked for the validation items (items of the
history left out). Nothing is chosen on the test part, which is not read. One switch at a time, everything else as it
comes; the file is written after each, and a second call continues it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.next_item import figures, target_ranks
from benchmarks.next_item_protocols import Protocol, leave_one_out

from foretell.model.behaviour import BehaviourModel
from foretell.model.graph.transitions import TransitionGraph
from foretell.model.next_item import NextItemMixture
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import Encoder
from foretell.predictor.next_item import NextItemRanker
from foretell.train.packing import packed_on_disk
from foretell.train.pretraining import pretrain, start_items
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig

SWITCHES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "float32": {"precision": "float32"},
    "event dropout .1": {"augmentation": {"event_dropout": 0.1}},
    "crop .3": {"augmentation": {"crop": 0.3}},
    "mask .1": {"augmentation": {"mask": 0.1}},
    "substitute .1": {"augmentation": {"substitute": 0.1}},
    "insert .1": {"augmentation": {"insert": 0.1}},
    "label smoothing .1": {"regularisation": {"label_smoothing": 0.1}},
    "contrastive .1": {"regularisation": {"contrastive": 0.1}},
    "R-drop .5": {"regularisation": {"r_drop": 0.5}},
    "average .98": {"average_decay": 0.98},
    "muon": {"optimisation": {"optimiser": "muon"}},
    "linear schedule": {"optimisation": {"schedule": "linear"}},
    "constant rate": {"optimisation": {"schedule": "constant"}},
    "L1 .01": {"optimisation": {"l1": 0.01}},
    "no decay": {"weight_decay": 0.0},
    "dropout 0": {"dropout": 0.0},
}
NEVER = {"checkpoint_seconds": 1e9, "min_item_count": 1}


def measured(protocol: Protocol, *, seeds: int, settings: dict[str, Any]) -> dict[str, float]:
    """Validation figures of the sequence model alone, the mean over seeds, and the processor's seconds of training."""
    config = ModelConfig.model_validate(settings | NEVER)
    vocabulary = Vocabulary.build(protocol.known.lazy(), items=None, min_count=1)
    found = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            until = int(str(protocol.known["time"].max()))
            batch = packed_on_disk(
                protocol.known, vocabulary=vocabulary, observed_until=until, folder=Path(folder) / "packed"
            )
            torch.manual_seed(seed)
            model = BehaviourModel(vocabulary, size=config.size, dropout=config.chosen_dropout(protocol.known.height))
            start_items(model, batch, config=config, seed=seed)
            data = PretrainingData.cut(batch, events_per_step=model.size.batch_events, seed=seed)
            began = time.process_time()
            pretrain(model, data=data, config=config, seed=seed, folder=Path(folder), progress=lambda *_: None)
            seconds = time.process_time() - began
            graph = TransitionGraph.build(batch, n_items=vocabulary.n_items)
        ranker = NextItemRanker(Encoder(vocabulary, model), graph, NextItemMixture(sequence=1.0))
        ranks = figures(target_ranks(ranker, protocol.validation, new_only=True))
        found.append({"processor_seconds": seconds, "hr@10": ranks["hr@10"], "ndcg@10": ranks["ndcg@10"]})
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def main() -> None:
    """Measure every switch and write the file anew after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", action="append", choices=SWITCHES, help="these switches; by default all")
    parser.add_argument("--json", type=Path, required=True)
    chosen = parser.parse_args()
    protocol = leave_one_out(chosen.data)
    common = {"size": chosen.size, "epochs": chosen.epochs, "dropout": chosen.dropout}
    setting = {"data": chosen.data.name, "seeds": chosen.seeds, **common}
    result: dict[str, Any] = {"setting": setting, "switches": {}}
    if chosen.json.exists():
        before = json.loads(chosen.json.read_text(encoding="utf-8"))
        result = before if before["setting"] == setting else result
    for name in chosen.only or SWITCHES:
        if name in result["switches"]:
            continue
        result["switches"][name] = measured(protocol, seeds=chosen.seeds, settings=common | SWITCHES[name])
        plain = result["switches"].get("as it comes")
        for one in result["switches"].values():
            if plain is not None:
                one["ndcg@10_gain"] = one["ndcg@10"] - plain["ndcg@10"]
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(name, json.dumps(result["switches"][name]), flush=True)


if __name__ == "__main__":
    main()
