"""The plain case on UCI Online Shoppers: foretell beside LightGBM, scikit-learn's logistic regression and the majority.

Usage: python -m benchmarks.tabular online_shoppers_intention.csv --out benchmarks/results/tabular.json

Two protocols. ``random_10_fold``: stratified folds over all rows, all columns; AUC and the rest are means over folds.
``time_split``: train on February to October, test on November and December, Month dropped. Everything foretell chooses,
it chooses inside the training rows; every seed is reported. The other models are fitted once per seed with their own
defaults on the same rows and are not calibrated, as people use them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import sklearn
from benchmarks.machine import write_result
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from foretell.evaluate import probability as metrics
from foretell.tabular.choose import choose_and_fit
from foretell.tabular.models import MODELS
from foretell.tabular.predictor import TabularPredictor
from foretell.tabular.reading import read_table
from foretell.tabular.recognise import numbers, recognise_columns, words
from foretell.tabular.split import order_in_time, split_rows
from foretell.tabular.target import read_target

COLUMNS = (
    *("Administrative", "Administrative_Duration", "Informational", "Informational_Duration", "ProductRelated"),
    *("ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay", "Month", "OperatingSystems"),
    *("Browser", "Region", "TrafficType", "VisitorType", "Weekend", "Revenue"),
)
WORDS = ("Month", "VisitorType", "Weekend")
METRICS = ("auc", "average_precision", "logloss", "brier", "ece")

Chances = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def figures(label: np.ndarray[Any, Any], chance: np.ndarray[Any, Any]) -> dict[str, float]:
    """Every metric of one model on one test part."""
    found = {name: float(getattr(metrics, name)(label, probability=chance)) for name in METRICS}
    return {**found, "mean_chance": float(chance.mean()), "base_rate": float(label.mean())}


def foretell_chances(
    frame: pl.DataFrame,
    label: np.ndarray[Any, Any],
    test: pl.DataFrame,
    *,
    times: np.ndarray[Any, Any] | None,
    seed: int,
) -> tuple[Chances, str]:
    """Calibrated chances of each of foretell's models and of the one it chose."""
    fitted, choice = choose_and_fit(
        frame, label, recognition=recognise_columns(frame), names=tuple(MODELS), times=times, seed=seed
    )
    predictor = TabularPredictor(fitted, choice, {"name": "Revenue", "no": "FALSE", "yes": "TRUE"}, {})
    found = {f"foretell {name}": predictor.probabilities(test, model=name) for name in choice.calibrations}
    return {"foretell": predictor.probabilities(test), **found}, choice.chosen


def other_chances(frame: pl.DataFrame, label: np.ndarray[Any, Any], test: pl.DataFrame, *, seed: int) -> Chances:
    """What people reach for first, with its own defaults."""
    plain, plain_test = plain_table(frame), plain_table(test)
    named = [name for name in frame.columns if name in WORDS]
    levels = {name: plain[name].drop_nulls().unique().sort().to_list() for name in named}

    def coded(table: pl.DataFrame) -> np.ndarray[Any, Any]:
        places = {name: {level: place for place, level in enumerate(levels[name])} for name in named}
        columns = [
            [places[name].get(cell, np.nan) for cell in table[name]] if name in named else table[name].to_list()
            for name in table.columns
        ]
        return np.array(columns, dtype=np.float64).T

    at = [frame.columns.index(name) for name in named]
    trees = lightgbm.LGBMClassifier(random_state=seed, verbosity=-1, n_jobs=2).fit(
        coded(plain), label, categorical_feature=at
    )
    numeric = [place for place in range(frame.width) if place not in at]
    scaled = ColumnTransformer(
        [("numbers", StandardScaler(), numeric), ("words", OneHotEncoder(handle_unknown="ignore"), at)]
    )
    linear = make_pipeline(scaled, LogisticRegression(max_iter=2000)).fit(coded(plain), label)
    return {
        "lightgbm defaults": trees.predict_proba(coded(plain_test))[:, 1],
        "sklearn logistic": linear.predict_proba(coded(plain_test))[:, 1],
        "majority": np.full(test.height, float(label.mean())),
    }


def plain_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers as numbers, words as words."""
    return pl.DataFrame({name: words(frame[name]) if name in WORDS else numbers(frame[name]) for name in frame.columns})


def folds(label: np.ndarray[Any, Any], n_folds: int) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Stratified folds, shuffled once."""
    yield from StratifiedKFold(n_folds, shuffle=True, random_state=0).split(np.zeros(len(label)), label)


def random_folds(frame: pl.DataFrame, label: np.ndarray[Any, Any], *, n_folds: int) -> dict[str, Any]:
    """Means over folds, and which model foretell chose in each."""
    rows: dict[str, list[dict[str, float]]] = {}
    chosen: list[str] = []
    for number, (train, test) in enumerate(folds(label, n_folds)):
        mine, name = foretell_chances(frame[train], label[train], frame[test], times=None, seed=number)
        chosen.append(name)
        for model, chance in {**mine, **other_chances(frame[train], label[train], frame[test], seed=number)}.items():
            rows.setdefault(model, []).append(figures(label[test], chance))
        sys.stderr.write(f"fold {number + 1} of {n_folds}: {name}, AUC {rows['foretell'][-1]['auc']:.4f}\n")
    return {"folds": n_folds, "chosen": chosen, "models": {model: summary(found) for model, found in rows.items()}}


def time_split(frame: pl.DataFrame, label: np.ndarray[Any, Any], *, seeds: range) -> dict[str, Any]:
    """February to October against November and December, Month dropped; means over seeds."""
    order = order_in_time(frame["Month"])
    split = split_rows(label, order=order, test_from=11.0)
    table = frame.drop("Month")
    train, test = table[split.train], table[split.test]
    rows: dict[str, list[dict[str, float]]] = {}
    chosen = []
    for seed in seeds:
        mine, name = foretell_chances(train, label[split.train], test, times=order.values[split.train], seed=seed)
        chosen.append(name)
        for model, chance in {**mine, **other_chances(train, label[split.train], test, seed=seed)}.items():
            rows.setdefault(model, []).append(figures(label[split.test], chance))
        sys.stderr.write(f"seed {seed}: {name}, AUC {rows['foretell'][-1]['auc']:.4f}\n")
    return {
        "train_rows": len(split.train),
        "test_rows": len(split.test),
        "seeds": list(seeds),
        "chosen": chosen,
        "models": {model: summary(found) for model, found in rows.items()},
    }


def summary(found: list[dict[str, float]]) -> dict[str, Any]:
    """Means, and every AUC and ECE."""
    means = {name: round(float(np.mean([one[name] for one in found])), 5) for name in found[0]}
    return {
        **means,
        "each_auc": [round(one["auc"], 5) for one in found],
        "each_ece": [round(one["ece"], 5) for one in found],
    }


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "lightgbm": lightgbm.__version__,
        "scikit_learn": sklearn.__version__,
    }


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="online_shoppers_intention.csv without its line of names")
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds of the time split")
    arguments = parser.parse_args()
    started = time.perf_counter()
    frame = read_table(arguments.file, columns=COLUMNS).frame
    label = read_target(frame["Revenue"]).values
    table = frame.drop("Revenue")
    result = {
        "version": 1,
        "data": "UCI Online Shoppers Purchasing Intention, 12,330 sessions, 15.5 % with revenue",
        "protocol": "see benchmarks/tabular.py; ECE over 15 bins of equal mass; no figure chooses anything",
        "must_hold": {"random_10_fold_auc": 0.935, "time_split_auc": 0.845, "time_split_ece": 0.03},
        "machine": machine(),
        "time_split": time_split(table, label, seeds=range(arguments.seeds)),
        "random_10_fold": random_folds(table, label, n_folds=arguments.folds),
        "seconds": round(time.perf_counter() - started, 1),
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
