"""The next item, from a raw file to figures: foretell's default recipe, its parts, and the mean over seeds.

Usage: python -m benchmarks.next_item --data sequences.txt --format s3rec --protocol A,B --seeds 3 --json out.json
           [--items items.parquet --set content.text=tfidf]

``benchmarks/next_item_protocols.py`` says what each format is learned from. Every item seen in training is ranked;
a target it has not seen is a miss. Protocol A takes the items a history holds out of the ranking; protocol B takes
nothing out. A target's rank counts every item with the same or a higher score before it. Nothing is chosen on the test
part: it is scored once for each seed, with what training and validation left. ``--items`` is a table of the items as
foretell reads it; ``benchmarks/s3rec_items.py`` makes one of the attributes that go with S3-Rec's files.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from benchmarks.machine import machine
from benchmarks.next_item_protocols import FORMATS, Protocol

import foretell
from foretell.model.next_item import NextItemMixture
from foretell.predictor.next_item import NextItemRanker
from foretell.train.next_item import Continued, fit_next_item
from foretell.train.settings import ModelConfig

CUTS = (5, 10, 20)
PARTS: dict[str, NextItemMixture] = {
    "sequence_alone": NextItemMixture(sequence=1.0),
    "graph_alone": NextItemMixture(sequence=0.0, graph=1.0, popularity=1e-6),
}

Ranks = np.ndarray[Any, np.dtype[np.int64]]


def target_ranks(ranker: NextItemRanker, asked: Continued, *, new_only: bool) -> Ranks:
    """How many items stand before the target (or level with it), for each question; V where it cannot be ranked."""
    vocabulary = ranker.encoder.vocabulary
    histories, targets = asked.encoded(vocabulary), vocabulary.item_codes(asked.targets)
    ranks = np.full(len(targets), vocabulary.n_items, dtype=np.int64)
    for rows, scores in ranker.scored(histories):
        right = torch.from_numpy(targets[rows])
        at = torch.arange(len(right))
        of_target = scores[at, right].clone()
        if new_only:
            held = histories.select(np.arange(rows.start, rows.stop))
            scores[held.sequence_of_position(), held.values["item"].astype(np.int64)] = float("-inf")
            of_target = torch.where(torch.isinf(scores[at, right]), float("-inf"), of_target)
        before = (scores >= of_target[:, None]).sum(dim=1) - 1
        ranks[rows] = torch.where((right > 0) & ~torch.isinf(of_target), before, vocabulary.n_items).numpy()
    return ranks


def figures(ranks: Ranks) -> dict[str, float]:
    """Hit rate, NDCG and reciprocal rank at each cut."""
    found: dict[str, float] = {}
    for cut in CUTS:
        hit = ranks < cut
        found[f"hr@{cut}"] = float(hit.mean())
        found[f"ndcg@{cut}"] = float((hit / np.log2(ranks + 2.0)).mean())
        found[f"mrr@{cut}"] = float((hit / (ranks + 1.0)).mean())
    return found


def judged(ranker: NextItemRanker, asked: Continued, protocols: list[str]) -> dict[str, dict[str, float]]:
    """The figures of one ranker by protocol."""
    return {name: figures(target_ranks(ranker, asked, new_only=name == "A")) for name in protocols}


def fitted(
    protocol: Protocol, config: ModelConfig, *, seed: int, items: pl.DataFrame | None = None
) -> tuple[NextItemRanker, NextItemRanker]:
    """The ranker whose choices the validation made, and the one the test is asked of."""
    chosen = _fit(protocol.known, config, seed=seed, later=protocol.validation, items=items)
    if protocol.again is None:
        return chosen, chosen
    return chosen, _fit(protocol.again, config, seed=seed, like=chosen, items=items)


def _fit(
    histories: pl.DataFrame,
    config: ModelConfig,
    *,
    seed: int,
    later: Continued | None = None,
    like: NextItemRanker | None = None,
    items: pl.DataFrame | None = None,
) -> NextItemRanker:
    with tempfile.TemporaryDirectory() as folder:
        ranker, _ = fit_next_item(
            histories,
            later=later,
            mixture=like.mixture if like else None,
            items=items,
            graph=like.graph.config if like else None,
            config=config,
            seed=seed,
            folder=Path(folder),
            progress=_progress(seed),
        )
    return ranker


def one_seed(
    protocol: Protocol, config: ModelConfig, *, seed: int, protocols: list[str], items: pl.DataFrame | None = None
) -> tuple[dict[str, Any], tuple[NextItemRanker, NextItemRanker]]:
    """Fit and judge once."""
    began = time.perf_counter()
    chosen, ranker = fitted(protocol, config, seed=seed, items=items)
    trained = time.perf_counter()
    parts = {
        name: judged(NextItemRanker(ranker.encoder, ranker.graph, mixture), protocol.test, protocols)
        for name, mixture in PARTS.items()
    }
    judging = time.perf_counter()
    test = judged(ranker, protocol.test, protocols)
    evaluated = time.perf_counter()
    found = {
        "seed": seed,
        "validation": judged(chosen, protocol.validation, protocols),
        "test": test,
        "parts": parts,
        "mixture": ranker.mixture.to_dict(),
        "graph_half_life_days": ranker.graph.config.half_life_days,
        "graph_content_share": ranker.graph.config.content_share,
        "seconds": {"train": trained - began, "evaluate": evaluated - judging},
        "parameters": ranker.encoder.model.n_parameters(),
    }
    return found, (chosen, ranker)


def ensemble(
    protocol: Protocol, rankers: list[tuple[NextItemRanker, NextItemRanker]], *, protocols: list[str]
) -> dict[str, Any]:
    """The sequence models of all seeds in one ranker, their mixture with the graph learned anew."""
    first, *others = (chosen for chosen, _ in rankers)
    vocabulary, asked = first.encoder.vocabulary, protocol.validation
    mixture = NextItemRanker.fit(
        first.encoder,
        first.graph,
        companions=tuple(other.encoder for other in others),
        histories=asked.encoded(vocabulary),
        targets=vocabulary.item_codes(asked.targets),
        seed=0,
    ).mixture
    first, *others = (ranker for _, ranker in rankers)
    joined = NextItemRanker(first.encoder, first.graph, mixture, tuple(other.encoder for other in others))
    return {"seeds": len(rankers), "test": judged(joined, protocol.test, protocols), "mixture": mixture.to_dict()}


def _progress(seed: int) -> Callable[[int, int], None]:
    said = [time.monotonic()]

    def say(done: int, of: int) -> None:
        if time.monotonic() - said[0] > 10 or done == of:
            said[0] = time.monotonic()
            print(f"seed {seed}: step {done} of {of}", file=sys.stderr)

    return say


def items_table(path: Path) -> pl.DataFrame | None:
    """A table of items, read as foretell reads one beside a log."""
    nothing = pl.DataFrame({"user_id": ["nobody"], "time": [1_500_000_000], "action": ["view"]})
    return foretell.read_events(nothing, side_tables={"items": path}).table("items")


def settings_of(given: list[str]) -> dict[str, Any]:
    """``name=value`` and ``part.name=value`` as the nested settings they stand for."""
    found: dict[str, Any] = {}
    for one in given:
        name, value = one.split("=", 1)
        *parts, last = name.split(".")
        place = found
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def mean_of(runs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The mean over seeds of every figure."""
    return {
        name: {metric: float(np.mean([run[name][metric] for run in runs])) for metric in runs[0][name]}
        for name in runs[0]
    }


def main() -> None:
    """Read, fit for each seed, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--format", choices=tuple(FORMATS), required=True)
    parser.add_argument("--protocol", default="A,B")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--items", type=Path, help="a table of the items, read for categories, brands and titles")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of ModelConfig")
    arguments = parser.parse_args()
    protocols = arguments.protocol.split(",")
    config = ModelConfig.model_validate(RECIPE | settings_of(arguments.set))
    items = None if arguments.items is None else items_table(arguments.items)
    began = time.perf_counter()
    protocol = FORMATS[arguments.format](arguments.data)
    prepared = time.perf_counter() - began
    runs = [one_seed(protocol, config, seed=seed, protocols=protocols, items=items) for seed in range(arguments.seeds)]
    seeds = [found for found, _ in runs]
    epochs = config.chosen_epochs(protocol.known.height)
    trained = float(np.mean([run["seconds"]["train"] for run in seeds]))
    result = {
        "data": {
            "file": arguments.data.name,
            "format": arguments.format,
            "items_read": None if items is None else items.columns,
            "training_events": protocol.known.height,
            "items": runs[0][1][1].encoder.vocabulary.n_items - 1,
            "questions": len(protocol.test.targets),
        },
        "protocol": mean_of([run["test"] for run in seeds]),
        "validation": mean_of([run["validation"] for run in seeds]),
        "parts": {name: mean_of([run["parts"][name] for run in seeds]) for name in PARTS},
        "ensemble": ensemble(protocol, [rankers for _, rankers in runs], protocols=protocols)
        if len(runs) > 1
        else None,
        "per_seed": seeds,
        "seconds": {
            "prepare": prepared,
            "train": trained,
            "per_epoch": trained / epochs,
            "evaluate": float(np.mean([run["seconds"]["evaluate"] for run in seeds])),
        },
        "epochs": epochs,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "model": config.model_dump(mode="json"),
        "machine": machine(),
        "versions": {"foretell": foretell.__version__, "torch": torch.__version__},
    }
    arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"test": result["protocol"], "seconds": result["seconds"]}, indent=1))


RECIPE: dict[str, Any] = {"min_item_count": 1}
"""foretell's defaults, except that every item is ranked by a vector of its own: no setting is made for one file."""


if __name__ == "__main__":
    main()
