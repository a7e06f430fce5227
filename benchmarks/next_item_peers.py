"""The next item on a log cut by time, beside simple rules and another library's SASRec, by a paired bootstrap.

Usage: python -m benchmarks.next_item_peers --data events.parquet --python ENV/bin/python --json out.json

The protocol is ``events`` of ``benchmarks/next_item_protocols.py``: the last tenth of time is the test, and each of
its events with an item is asked for given everything before it; nothing is taken out of the ranking. Every contestant
learns from everything before the test, after what there is to choose was chosen on the tenth before. Beside foretell
stand popularity, the last items again, item-kNN (cosine of the customers that two items share, the last items counting
more) and SASRec of RecTools in an environment of its own (``benchmarks/peers/rectools_next_item.py`` says what to
install), its epochs chosen on the validation. The bootstrap draws customers, not events: a customer's events are not
independent.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from benchmarks.machine import machine
from benchmarks.next_item import RECIPE, fitted, target_ranks
from benchmarks.next_item_protocols import Protocol, events
from numpy.typing import NDArray
from scipy import sparse

from foretell.core.batch import Batch
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train.next_item import Continued
from foretell.train.settings import ModelConfig

CUT = 10
REPLICATES = 2_000
AGE_DECAY = 0.8
AT_ONCE = 500

Floats = NDArray[np.float64]


def gains(ranks: NDArray[np.int64]) -> Floats:
    """NDCG@10 of each question: one over the log of the target's rank, 0 below the tenth."""
    return np.where(ranks < CUT, 1.0 / np.log2(ranks + 2.0), 0.0)


def rule_ranks(protocol: Protocol, asked: Continued) -> dict[str, NDArray[np.int64]]:
    """The ranks of the targets under each simple rule; ties count against it."""
    known = protocol.again if protocol.again is not None else protocol.known
    vocabulary = Vocabulary.build(known.lazy(), items=None, min_count=1)
    _, learned = encode_histories(known, vocabulary=vocabulary)
    n_items = vocabulary.n_items
    customers = _incidence(learned, n_items=n_items, decay=1.0)
    customers.data[:] = 1.0
    counts = np.bincount(learned.values["item"].astype(np.int64), minlength=n_items).astype(np.float64)
    counts[0] = 0.0
    popularity = counts / counts.max() * 1e-6
    norms = np.maximum(np.sqrt(np.asarray(customers.sum(axis=0)).ravel()), 1.0)
    cosine = sparse.csr_array(sparse.diags_array(1 / norms) @ (customers.T @ customers) @ sparse.diags_array(1 / norms))
    cosine.setdiag(0.0)
    histories, targets = asked.encoded(vocabulary), vocabulary.item_codes(asked.targets)
    found: dict[str, list[NDArray[np.int64]]] = {"popularity": [], "buy_again": [], "item_knn": []}
    for first in range(0, len(targets), AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, len(targets)))
        some, right = histories.select(rows), targets[rows]
        # Each step back counts less than all later ones together, so that the last item is first.
        again = _incidence(some, n_items=n_items, decay=0.5).toarray()
        near = (_incidence(some, n_items=n_items, decay=AGE_DECAY) @ cosine).toarray()
        found["popularity"].append(_ranks(np.broadcast_to(popularity, near.shape), right))
        found["buy_again"].append(_ranks(again + popularity * 1e-9, right))
        found["item_knn"].append(_ranks(near + popularity, right))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _incidence(histories: Batch, *, n_items: int, decay: float) -> sparse.csr_array:
    """What each item counts in each history ``[B, V]``: the sum of ``decay ** age`` of its places."""
    lengths = histories.lengths
    age = np.repeat(histories.offsets[1:], lengths) - np.arange(int(histories.offsets[-1])) - 1
    parts = (
        decay ** age.astype(np.float64),
        (histories.sequence_of_position(), histories.values["item"].astype(np.int64)),
    )
    return sparse.csr_array(sparse.coo_array(parts, shape=(len(histories), n_items)))


def _ranks(scores: Floats, right: NDArray[np.int64]) -> NDArray[np.int64]:
    of_right = scores[np.arange(len(right)), right]
    before = (scores[:, 1:] >= of_right[:, None]).sum(axis=1) - 1
    return np.where(right > 0, before, scores.shape[1])


def peer_ranks(python: str, protocol: Protocol, *, epochs: list[int]) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """The ranks under RecTools' SASRec, its epochs chosen on the validation, and what there is to say of them."""
    began = time.perf_counter()
    chosen = {n: _peer(python, protocol.known, protocol.validation, epochs=n) for n in epochs}
    best = max(epochs, key=lambda n: gains(chosen[n]).mean())
    assert protocol.again is not None
    ranks = _peer(python, protocol.again, protocol.test, epochs=best)
    told = {
        "validation_ndcg@10": {str(n): float(gains(found).mean()) for n, found in chosen.items()},
        "epochs": best,
        "seconds": time.perf_counter() - began,
    }
    return ranks, told


def _peer(python: str, known: pl.DataFrame, asked: Continued, *, epochs: int) -> NDArray[np.int64]:
    script = Path(__file__).with_name("peers") / "rectools_next_item.py"
    columns = ["user_id", "item_id", "time"]
    with tempfile.TemporaryDirectory() as folder:
        known.select(columns).write_parquet(f"{folder}/known.parquet")
        asked.histories.select(columns).write_parquet(f"{folder}/asked.parquet")
        subprocess.run([python, str(script), folder, "--epochs", str(epochs)], check=True, stdout=sys.stderr)
        best = pl.read_parquet(f"{folder}/best.parquet")
    order = asked.histories["user_id"].unique(maintain_order=True)
    right = pl.DataFrame({"user_id": order, "target": asked.targets})
    hits = best.join(right, left_on=["user_id", "item_id"], right_on=["user_id", "target"], how="inner")
    ranks = np.full(len(order), 10**9, dtype=np.int64)
    place = dict(zip(order.to_list(), range(len(order)), strict=True))
    for user, rank in hits.select("user_id", "rank").iter_rows():
        ranks[place[user]] = rank
    return ranks


def compared(ours: Floats, theirs: Floats, groups: NDArray[np.int64]) -> dict[str, float]:
    """Our gain less theirs with a 95 % interval, customers drawn with replacement.

    References:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
    """
    n = int(groups.max()) + 1
    difference = np.bincount(groups, weights=ours - theirs, minlength=n)
    sizes = np.bincount(groups, minlength=n).astype(np.float64)
    random = np.random.default_rng(0)
    drawn = random.multinomial(n, np.full(n, 1 / n), size=REPLICATES)
    means = (drawn @ difference) / (drawn @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"difference": float((ours - theirs).mean()), "low": float(low), "high": float(high)}


def main() -> None:
    """Read, fit, judge, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--python", help="an environment with RecTools; without it only the rules stand beside")
    parser.add_argument("--epochs", type=lambda text: [int(one) for one in text.split(",")], default=[5, 15])
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    protocol = events(arguments.data)
    began = time.perf_counter()
    _, ranker = fitted(protocol, ModelConfig.model_validate(RECIPE), seed=0)
    seconds = time.perf_counter() - began
    ranks = {"foretell": target_ranks(ranker, protocol.test, new_only=False)} | rule_ranks(protocol, protocol.test)
    told: dict[str, Any] = {}
    if arguments.python:
        ranks["rectools_sasrec"], told = peer_ranks(arguments.python, protocol, epochs=arguments.epochs)
    groups = protocol.customers
    assert groups is not None
    ours = gains(ranks["foretell"])
    result = {
        "data": {"file": arguments.data.name, "questions": len(ours), "customers": int(groups.max()) + 1},
        "seconds": {"foretell": seconds},
        "rectools": told,
        "ndcg@10": {name: float(gains(found).mean()) for name, found in ranks.items()},
        "hr@10": {name: float((found < CUT).mean()) for name, found in ranks.items()},
        "foretell_less": {
            name: compared(ours, gains(found), groups) for name, found in ranks.items() if name != "foretell"
        },
        "mixture": ranker.mixture.to_dict(),
        "machine": machine(),
        "torch": torch.__version__,
    }
    arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result["ndcg@10"], indent=1))


if __name__ == "__main__":
    main()
