"""Another horizon than the trained one: are the probabilities still right?

Usage: python -m benchmarks.any_horizon runs/demo --days 7,14,28,42 --out benchmarks/results/any_horizon.json

Every cutoff of the run's test window whose answer window is over is asked about each horizon, for everyone known then.
Beside foretell's answer (the calibrated probability of the task's own horizon, carried along each customer's hazard)
stand the bare hazard of the sequence model and the own horizon's probability as it is. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.machine import machine, write_result

from foretell.core import columns
from foretell.dataset.dataset import Dataset
from foretell.evaluate import probability as metrics
from foretell.predictor.predictor import Predictor
from foretell.predictor.view import ShopView
from foretell.run.again import load_dataset
from foretell.run.folder import RunFolder
from foretell.tasks.windows import counted_events, outcomes_after, users_known_at


def figures(label: np.ndarray[Any, Any], chance: np.ndarray[Any, Any]) -> dict[str, float]:
    """Order, calibration and loss of one set of probabilities."""
    found = {name: float(getattr(metrics, name)(label, probability=chance)) for name in ("auc", "logloss", "ece")}
    return {name: round(value, 5) for name, value in {**found, "mean": float(chance.mean())}.items()}


def judged(predictor: Predictor, dataset: Dataset, view: ShopView, *, task: str, days: int) -> dict[str, Any]:
    """One horizon of one task on the test window."""
    fitted = predictor.task(task)
    cutoffs = dataset.windows.cutoffs("test", horizon_days=days)
    points = users_known_at(dataset.log, fitted.task, cutoffs)
    outcome = outcomes_after(points, counted_events(dataset.log, fitted.task), horizon_days=days)
    happened = (outcome["n_events"] > 0).to_numpy().astype(np.float64)
    label = 1 - happened if fitted.task.kind == "churn" else happened
    answers: dict[str, list[np.ndarray[Any, Any]]] = {"foretell": [], "bare_hazard": [], "own_horizon": []}
    for cutoff in cutoffs:
        users = points.filter(points[columns.CUTOFF] == cutoff)[columns.USER_ID].to_list()
        for name, horizon in (("foretell", days), ("own_horizon", None)):
            found = predictor.answer(fitted, view, cutoff=cutoff, users=users, horizon_days=horizon)
            answers[name].append(found[columns.PROBABILITY].to_numpy())
        read = predictor.reader.read(view, points=points.filter(points[columns.CUTOFF] == cutoff))
        within = read.encoded.order_within(days)
        answers["bare_hazard"].append(1 - within if fitted.task.kind == "churn" else within)
    return {
        "days": days,
        "cutoffs": len(cutoffs),
        "rows": len(label),
        "base_rate": round(float(label.mean()), 5),
        "models": {name: figures(label, np.concatenate(parts)) for name, parts in answers.items()},
    }


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--task", default="purchase,churn")
    parser.add_argument("--days", default="7,14,28,42")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    predictor, dataset = Predictor.load(arguments.run), load_dataset(RunFolder.existing(arguments.run))
    view = ShopView.of(dataset.log, histories=dataset.histories)
    result = {
        "data": "the test window of the run, which see",
        "protocol": "see benchmarks/any_horizon.py; ECE over 15 bins of equal mass",
        "machine": machine(),
        "tasks": {
            task: [judged(predictor, dataset, view, task=task, days=int(days)) for days in arguments.days.split(",")]
            for task in arguments.task.split(",")
        },
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
