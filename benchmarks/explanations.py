"""How long an explanation takes, and how much of it asking again on later days adds.

Usage: python -m benchmarks.explanations runs/demo --customers 100 --out benchmarks/results/explanations.json

Customers of the run's log are drawn by chance and explained at its end, one after another, from a view already made (as
a service does); each is also asked only for the answers on later days. Reading the log is not counted.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.machine import machine, write_result
from numpy.typing import NDArray

from foretell.core.history import History
from foretell.explain import explain_in_view
from foretell.explain.alternatives import alternatives
from foretell.explain.asking import Request, ask
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView


def spread(seconds: NDArray[np.float64]) -> dict[str, float]:
    """Median and tail, in seconds."""
    return {name: round(float(np.quantile(seconds, at)), 4) for name, at in (("median", 0.5), ("p95", 0.95))}


def timed(predictor: Predictor, view: ShopView, *, task: str, users: list[str], cutoff: int) -> dict[str, Any]:
    """The seconds of whole explanations, and of the answers on later days alone."""
    whole, later = [], []
    for user in users:
        began = time.perf_counter()
        explain_in_view(predictor, view=view, task=task, cutoff=cutoff, user=user)
        whole.append(time.perf_counter() - began)
        history = History.of(view.histories, user_id=user).until(cutoff)
        fitted = predictor.task(task)
        asked = ask(predictor, fitted, Request(user, cutoff, None, replace(view, histories=history.events)))
        began = time.perf_counter()
        alternatives(fitted, asked, history, cutoff=cutoff)
        later.append(time.perf_counter() - began)
    return {"explanation": spread(np.array(whole)), "later_answers": spread(np.array(later))}


def main() -> None:
    """Read, explain, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    predictor = Predictor.load(arguments.run)
    log = predictor.own_log()
    view, cutoff = ShopView.of(log), int(log.events["time"].max())
    drawn = view.histories["user_id"].unique().sort().sample(arguments.customers, seed=arguments.seed).to_list()
    tasks = [name for name, fitted in predictor.tasks.items() if fitted.task.kind in ("purchase", "churn", "amount")]
    for task in tasks:  # the first question of a process pays for the caches
        explain_in_view(predictor, view=view, task=task, cutoff=cutoff, user=drawn[0])
    result = {
        "version": 1,
        "protocol": "see benchmarks/explanations.py",
        "customers": arguments.customers,
        "seed": arguments.seed,
        "seconds": {task: timed(predictor, view, task=task, users=drawn, cutoff=cutoff) for task in tasks},
        "machine": machine(),
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
