"""New items, ranked from what is said of them: a share of the items is kept out of training altogether.

Usage: python -m benchmarks.new_items --data sequences.txt --format s3rec --items items.parquet --json out.json
           [--set content.text=tfidf] [--set epochs=5]

Every event on one item in twenty is taken out of the training histories, so nothing is known of these items but what
the items table says. They then join the ranking (``with_newcomers``), and the test asks for them. Figures are over the
test questions whose answer is a new item, among all items and among the new ones alone, where chance is known; beside
them stands likeness by content to the last item (no model), and what the newcomers cost the questions for known items.
Protocol B: nothing is taken out of a ranking. ``benchmarks/s3rec_items.py`` makes the items table for S3-Rec's files.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from benchmarks.machine import machine, write_result
from benchmarks.next_item import RECIPE, figures, items_table, settings_of
from benchmarks.next_item_protocols import FORMATS

import foretell
from foretell.core.batch import Batch
from foretell.model.graph.likeness import alike_by_content
from foretell.predictor.newcomers import undiscovered, with_newcomers
from foretell.predictor.next_item import NextItemRanker
from foretell.train.next_item import Continued, fit_next_item
from foretell.train.settings import ModelConfig

SHARE = 0.05


def without(asked: Continued, held: set[str]) -> Continued:
    """The questions whose answer is no held item, with histories without held items."""
    users = asked.histories["user_id"].unique(maintain_order=True)
    kept = ~asked.targets.is_in(list(held))
    right = users.filter(kept)
    histories = asked.histories.filter(pl.col("user_id").is_in(right.implode()))
    return Continued(histories, asked.targets.filter(kept))


def ranks_of(ranker: NextItemRanker, histories: Batch, targets: np.ndarray, *, among: np.ndarray) -> np.ndarray:
    """How many of some items stand before the target, or level with it."""
    found = np.empty(len(targets), dtype=np.int64)
    for rows, scores in ranker.scored(histories):
        own = scores[torch.arange(len(scores)), torch.from_numpy(targets[rows])]
        found[rows] = (scores[:, torch.from_numpy(among)] >= own[:, None]).sum(dim=1).numpy() - 1
    return found


def likeness_ranks(ranker: NextItemRanker, histories: Batch, targets: np.ndarray, *, among: np.ndarray) -> np.ndarray:
    """The same by likeness of content to the last item alone; what is level with the target stands before it."""
    alike = alike_by_content(*ranker.encoder.vocabulary.content_of_items)
    assert alike is not None, "no content"
    last = histories.values["item"][histories.offsets[1:] - 1].astype(np.int64)
    scores = alike[last].toarray()
    own = scores[np.arange(len(last)), targets]
    return (scores[:, among] >= own[:, None]).sum(axis=1) - 1


def main() -> None:
    """Hold out, fit, join, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--format", choices=tuple(FORMATS), required=True)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of ModelConfig")
    arguments = parser.parse_args()
    config = ModelConfig.model_validate(RECIPE | settings_of(arguments.set))
    protocol, items = FORMATS[arguments.format](arguments.data), items_table(arguments.items)
    names = protocol.known["item_id"].drop_nulls().unique().sort()
    random = np.random.default_rng(arguments.seed)
    held = set(names.gather(random.choice(len(names), round(SHARE * len(names)), replace=False)).to_list())
    known = protocol.known.filter(~pl.col("item_id").is_in(list(held)))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ranker, _ = fit_next_item(
            known,
            later=without(protocol.validation, held),
            items=items,
            config=config,
            seed=arguments.seed,
            folder=Path(folder),
            progress=lambda *_: None,
        )
    trained = time.perf_counter() - began
    n_known = ranker.graph.n_items
    wider = with_newcomers(ranker, [name for name in undiscovered(ranker.encoder.vocabulary) if name in held])
    n_items = wider.graph.n_items
    vocabulary = wider.encoder.vocabulary
    histories, targets = protocol.test.encoded(vocabulary), vocabulary.item_codes(protocol.test.targets)
    everything, new = np.arange(1, n_items), np.arange(n_known, n_items)

    def judged(one: NextItemRanker, rows: np.ndarray, among: np.ndarray) -> dict[str, float]:
        return figures(ranks_of(one, histories.select(rows), targets[rows], among=among))

    for_new, for_known = np.flatnonzero(targets >= n_known), np.flatnonzero((targets > 0) & (targets < n_known))
    old = Continued(protocol.test.histories, protocol.test.targets).encoded(ranker.encoder.vocabulary).select(for_known)
    asked = histories.select(for_new)
    result: dict[str, Any] = {
        "data": {
            "file": arguments.data.name,
            "items": n_known - 1,
            "new_items": len(new),
            "questions_for_new": len(for_new),
            "questions_for_known": len(for_known),
        },
        "new_among_all": judged(wider, for_new, everything),
        "new_among_new": judged(wider, for_new, new),
        "by_likeness_to_the_last_item": {
            "among_all": figures(likeness_ranks(wider, asked, targets[for_new], among=everything)),
            "among_new": figures(likeness_ranks(wider, asked, targets[for_new], among=new)),
        },
        "chance_among_new_hr@10": 10 / max(len(new), 1),
        "known_beside_new": judged(wider, for_known, everything),
        "known_alone": figures(ranks_of(ranker, old, targets[for_known], among=np.arange(1, n_known))),
        "graph_content_share": ranker.graph.config.content_share,
        "seconds": {"train": trained},
        "seed": arguments.seed,
        "model": config.model_dump(mode="json"),
        "machine": machine(),
        "versions": {"foretell": foretell.__version__, "torch": torch.__version__},
    }
    write_result(result, out=arguments.json)
    print(json.dumps({name: result[name] for name in ("data", "new_among_all", "new_among_new")}, indent=1))


if __name__ == "__main__":
    main()
