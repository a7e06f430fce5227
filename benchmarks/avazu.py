"""Clicks on the head of Avazu: foretell on a table of impressions, beside LightGBM and logistic regression.

Usage: python -m benchmarks.avazu FOLDER --out benchmarks/results/avazu.json

``FOLDER`` holds ``avazu_train.csv`` (8,087 impressions of the first hour of Kaggle's click-through rate prediction,
with a line of names), ``avazu_dev.csv`` (479) and ``avazu_test.csv`` (431), both without. All columns are codes;
``id`` and ``hour`` (one hour) are left out. Everything is trained on the first file; foretell chooses, blends and
calibrates by folds inside it and never looks at the others. ``lightgbm`` treats the columns as categories, its number
of trees chosen by five folds; ``logistic`` is regularised one-hot regression, its strength chosen the same way.
Judged on the two later files together, once: normalised entropy is log loss over the entropy of the rows' own rate.
Intervals: 2,000 paired bootstrap resamples of rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np
import polars as pl
from benchmarks.machine import machine, write_result
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from foretell.evaluate import probability as metrics
from foretell.tabular.run import fit_predictor

LEFT_OUT: Final = ("id", "hour")
REPLICATES: Final = 2000
STRENGTHS: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)

Floats = np.ndarray[Any, np.dtype[np.float64]]


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Training rows and later rows, every cell text."""
    train = pl.read_csv(folder / "avazu_train.csv", infer_schema=False)
    later = [
        pl.read_csv(folder / f"avazu_{part}.csv", infer_schema=False, has_header=False, new_columns=train.columns)
        for part in ("dev", "test")
    ]
    return train.drop(LEFT_OUT), pl.concat(later).drop(LEFT_OUT)


def by_lightgbm(train: Floats, label: Floats, later: Floats) -> Floats:
    """Trees on categories, as many as five folds ask for."""
    settings = {"objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "verbosity": -1, "seed": 0}
    columns = list(range(train.shape[1]))
    rows = lightgbm.Dataset(train, label, categorical_feature=columns, free_raw_data=False)
    tried = lightgbm.cv(
        settings, rows, num_boost_round=600, nfold=5, seed=0, callbacks=[lightgbm.early_stopping(40, verbose=False)]
    )
    trees = lightgbm.train(settings, rows, num_boost_round=len(tried["valid binary_logloss-mean"]))
    return np.asarray(trees.predict(later), dtype=np.float64)


def by_logistic(train: list[list[str]], label: Floats, later: list[list[str]]) -> Floats:
    """Regularised regression on one-hot columns."""
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"),
        LogisticRegressionCV(Cs=list(STRENGTHS), cv=5, scoring="neg_log_loss", max_iter=3000, l1_ratios=(0.0,)),
    )
    return np.asarray(model.fit(train, label).predict_proba(later)[:, 1])


def losses(label: Floats, chance: Floats) -> Floats:
    """Log loss of each row."""
    safe = np.clip(chance, 1e-7, 1 - 1e-7)
    return np.asarray(-(label * np.log(safe) + (1 - label) * np.log(1 - safe)))


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    arguments = parser.parse_args()
    train, later = read(arguments.folder)
    label, truth = (frame["click"].cast(pl.Float64).to_numpy() for frame in (train, later))
    names = [name for name in train.columns if name != "click"]
    predictor = fit_predictor(train, target="click", categories=names)
    cells, later_cells = train.select(names).rows(), later.select(names).rows()
    coder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    coded = coder.fit_transform(cells)
    chances = {
        "foretell": predictor.probabilities(later.select(names)),
        **{f"foretell {name}": predictor.probabilities(later, model=name) for name in predictor.choice.calibrations},
        "lightgbm": by_lightgbm(coded, label, coder.transform(later_cells)),
        "logistic": by_logistic([list(row) for row in cells], label, [list(row) for row in later_cells]),
    }
    rate = float(truth.mean())
    entropy = float(losses(truth, np.full(len(truth), rate)).mean())
    drawn = np.random.default_rng(0).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=REPLICATES)
    paired = {}
    for name in ("lightgbm", "logistic"):
        gap = losses(truth, chances["foretell"]) - losses(truth, chances[name])
        means = drawn @ gap / len(truth) / entropy
        low, high = np.quantile(means, [0.025, 0.975])
        paired[f"foretell - {name}"] = [round(float(value), 5) for value in (gap.mean() / entropy, low, high)]
    result = {
        "data": "Avazu, first hour of the competition file",
        "protocol": "see benchmarks/avazu.py",
        "machine": machine(),
        "rows": {"train": train.height, "later": later.height, "clicks_later": int(truth.sum())},
        "chosen": predictor.choice.chosen,
        "models": {
            name: {
                "normalised_entropy": round(float(losses(truth, chance).mean()) / entropy, 5),
                "auc": round(metrics.auc(truth, probability=chance), 5),
                "ece": round(metrics.ece(truth, probability=chance), 5),
                "mean_chance": round(float(chance.mean()), 5),
            }
            for name, chance in chances.items()
        },
        "base_rate": round(rate, 5),
        "normalised_entropy_paired": paired,
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
