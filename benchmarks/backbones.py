"""Trains every backbone on one simulated shop and measures what each foresees and costs.

    python benchmarks/backbones.py --users 150 --epochs 6 --out benchmarks/results/backbones.json

The last four weeks are held out; at 4,000 of their events each model is asked for the next item, the next action and
the time to the next order. Seconds are the process's own on one thread, so that a busy machine does not count. This
script refuses to name a winner: one small shop with planted causes is no other shop.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from foretell.config import ModelConfig
from foretell.core.batch import Batch
from foretell.core.history import history_frame
from foretell.core.time import DAY
from foretell.model.backbones import BACKBONES, BackboneName, Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.hazard import hazard_loss
from foretell.model.size import SIZES, SizeName
from foretell.model.vocabulary import Vocabulary
from foretell.predictor.encoder import fields_of
from foretell.prepare import clean
from foretell.simulate import ShopConfig, simulate
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData, with_targets

HELD_OUT_DAYS = 28
MOST_ASKED = 4_000


@dataclass(frozen=True)
class Shop:
    """What is learned from, and the rows of the whole log that are asked about."""

    vocabulary: Vocabulary
    training: Batch
    whole: Batch
    asked: torch.Tensor


def shop(*, n_users: int) -> Shop:
    """A simulated shop of half a year, encoded with its targets."""
    log = clean(simulate(ShopConfig(n_users=n_users, n_items=400, days=180, seed=1)).log()).log
    histories = history_frame(log)
    end = int(str(histories["time"].max()))
    cutoff = end - HELD_OUT_DAYS * DAY
    known = histories.filter(pl.col("time") <= cutoff)
    vocabulary = Vocabulary.build(known, items=log.table("items"), min_count=5)
    training, whole = (
        with_targets(encode_histories(part, vocabulary=vocabulary)[1], actions=part["action"], observed_until=until)
        for part, until in ((known, cutoff), (histories, end))
    )
    later = np.flatnonzero((whole.values["time"] > cutoff) & (whole.values["next_item"] > 0))
    asked = np.sort(np.random.default_rng(0).permutation(later)[:MOST_ASKED])
    return Shop(vocabulary, training, whole, torch.from_numpy(asked))


def measured(backbone: BackboneName, data: Shop, *, size: SizeName, epochs: int, seed: int) -> dict[str, Any]:
    """Train one backbone and ask it."""
    torch.manual_seed(seed)
    started = time.process_time()
    model = BehaviourModel(data.vocabulary, size=size, backbone=backbone)
    with tempfile.TemporaryDirectory() as folder:
        pretrain(
            model,
            data=PretrainingData.cut(data.training, events_per_step=model.size.batch_events, seed=seed),
            config=ModelConfig(size=size, backbone=backbone, epochs=epochs, checkpoint_seconds=1e9),
            seed=seed,
            folder=Path(folder),
            progress=lambda *_: None,
        )
    trained = time.process_time()
    fields, asked = fields_of(data.whole), data.asked
    states = model.states_at(fields, Packing.of(data.whole), asked)
    read = time.process_time()
    with torch.no_grad():
        scores = model.item_scores(states, torch.arange(1, data.vocabulary.n_items))
        target = fields["next_item"][asked] - 1
        rank = (scores > scores.gather(1, target[:, None])).sum(1)
        waiting = fields["wait_days"][asked] >= 0
        wait, seen = (fields[name][asked][waiting] for name in ("wait_days", "wait_observed"))
        found = {
            "ndcg@10": ((rank < 10) / torch.log2(rank + 2.0)).mean(),
            "action_cross_entropy": torch.nn.functional.cross_entropy(
                model.next_action(states), fields["next_action"][asked]
            ),
            "order_time_loss": hazard_loss(model.hazard(states[waiting]), wait, seen),
        }
    return {
        "parameters": sum(value.numel() for value in model.backbone.parameters()),
        "train_seconds": round(trained - started, 1),
        "read_seconds": round(read - trained, 1),
        **{name: round(float(value), 4) for name, value in found.items()},
    }


def main() -> None:
    """Measure all backbones and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=150)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    data = shop(n_users=chosen.users)
    result: dict[str, Any] = {
        "events": len(data.training.values["item"]),
        "users": len(data.training),
        "asked": len(data.asked),
        "size": chosen.size,
        "epochs": chosen.epochs,
        "seed": chosen.seed,
        "backbones": {},
    }
    for backbone in BACKBONES:
        found = measured(backbone, data, size=chosen.size, epochs=chosen.epochs, seed=chosen.seed)
        result["backbones"][backbone] = found
        print(backbone, json.dumps(found), flush=True)
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
