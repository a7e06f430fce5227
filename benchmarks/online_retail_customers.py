"""Who buys and who stays away on Online Retail: foretell beside LightGBM alone and BG/NBD, at three rolling cutoffs.

Usage: python -m benchmarks.online_retail_customers online_retail.parquet --runs DIR --out FILE.json

The cutoffs lie 28, 56 and 84 days before the end of the log; of each, the answer is what happens in the 28 days after
it, so the three answers share no day. Each cutoff is a run of ``foretell train`` of its own with its defaults, asked
for purchase and churn (who bought in the last 56 days) alone, with 63 days of validation before the cutoff; nothing
after a cutoff is read before it is scored. Pre-training takes 4 passes where the default takes about 20, so that three
runs are a matter of minutes on two cores. ``lightgbm`` is the head's own booster on the features alone, stopped and
calibrated on the same validation window; ``bg_nbd`` is P(an order within 28 days) of BG/NBD on all buyers.

Pooled figures put the three answers in one; their intervals are 500 paired bootstrap resamples of customers, who come
and go with all their rows. A finished run under ``--runs`` is not trained again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from benchmarks.machine import machine, write_result

from foretell.config import RunConfig, parse_config
from foretell.core import columns
from foretell.core.time import DAY, from_microseconds, to_microseconds
from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Resamples, bootstrap, paired_difference
from foretell.evaluate.probability import ece
from foretell.evaluate.resampled_probability import RankStatistic
from foretell.predictor.predictor import Predictor
from foretell.run.again import load_dataset
from foretell.run.folder import RunFolder
from foretell.run.pipeline import train
from foretell.train.context import FitContext
from foretell.train.examples import user_examples

HORIZON_DAYS: Final = 28
TASKS: Final = ("purchase", "churn")
MODELS: Final = ("foretell", "lightgbm", "bg_nbd")
MUST_HOLD: Final = {"auc and average precision": "above lightgbm and bg_nbd, paired", "ece": 0.03}


def config_of(end: str, *, seed: int, epochs: int) -> RunConfig:
    """The defaults, for two tasks and a test window of one cutoff, with so many passes of pre-training."""
    return parse_config(
        {
            "seed": seed,
            "model": {"epochs": epochs},
            "split": {"end": end, "test_days": HORIZON_DAYS, "validation_days": 63},
            "task": {
                "purchase": {"kind": "purchase", "horizon_days": HORIZON_DAYS},
                "churn": {"kind": "churn", "horizon_days": HORIZON_DAYS, "active_days": 2 * HORIZON_DAYS},
            },
        }
    )


def answers(file: Path, *, end: str, run: Path, seed: int, epochs: int) -> dict[str, pl.DataFrame]:
    """Each task's test rows of one cutoff: user, label and every model's probability."""
    train(str(file), out=run, config=config_of(end, seed=seed, epochs=epochs))
    predictor, dataset = Predictor.load(run), load_dataset(RunFolder.existing(run))
    context = FitContext.of(dataset, predictor.reader, seed=seed)
    found = {}
    for name in TASKS:
        fitted = predictor.tasks[name]
        examples = user_examples(context, fitted.task, "test")
        said = fitted.head().answers(examples.inputs, alone=("lightgbm",))
        chances = {
            "foretell": said.probability,
            "lightgbm": said.alone["lightgbm"],
            "bg_nbd": fitted.record.baselines["bg_nbd"].probability(examples.inputs),
        }
        found[name] = examples.frame.select(columns.USER_ID, columns.CUTOFF, columns.LABEL).with_columns(
            pl.Series(model, chance) for model, chance in chances.items()
        )
    return found


def compared(table: pl.DataFrame, *, replicates: int) -> dict[str, Any]:
    """AUC, average precision and ECE of every model, and foretell's differences."""
    label = table[columns.LABEL].to_numpy()
    owners = clusters(table[columns.USER_ID].to_numpy(), n_rows=table.height)
    resamples = Resamples(owners.count, replicates=replicates, seed=0)
    ones = np.ones(len(label))
    estimates = {
        model: bootstrap(
            RankStatistic(label, score=table[model].to_numpy(), weight=ones, clusters=owners), resamples=resamples
        )
        for model in MODELS
    }
    found: dict[str, Any] = {"rows": table.height, "positives": int(label.sum()), "models": {}, "paired": {}}
    for model, estimate in estimates.items():
        chance = table[model].to_numpy()
        found["models"][model] = {
            **{name: round(float(value), 4) for name, value in zip(estimate.names, estimate.point, strict=True)},
            "ece": round(ece(label, probability=chance), 4),
            "mean_chance": round(float(chance.mean()), 4),
        }
        if model != "foretell":
            gaps = paired_difference(estimates["foretell"], baseline=estimate)
            found["paired"][f"foretell - {model}"] = {
                name: [round(float(value), 5) for value in (gap.value, gap.low, gap.high)] for name, gap in gaps.items()
            }
    return found


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="online_retail.parquet")
    parser.add_argument("--runs", type=Path, required=True, help="where the runs lie or will lie")
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4, help="passes of pre-training; see above")
    parser.add_argument("--cutoffs", type=int, default=3, help="how many cutoffs, the latest first")
    arguments = parser.parse_args()
    started = time.perf_counter()
    moments = pl.scan_parquet(arguments.file).select(pl.col("InvoiceDate").max()).collect().item()
    last = to_microseconds(moments.replace(tzinfo=UTC))
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in TASKS}
    each: dict[str, Any] = {}
    for back in range(arguments.cutoffs):
        end = from_microseconds(last - back * HORIZON_DAYS * DAY).isoformat()
        run = arguments.runs / f"cutoff_{back + 1}"
        tables = answers(arguments.file, end=end, run=run, seed=arguments.seed, epochs=arguments.epochs)
        each[end] = {name: compared(table, replicates=200) for name, table in tables.items()}
        sys.stderr.write(f"{end}: {json.dumps({name: of['models'] for name, of in each[end].items()})}\n")
        for name, table in tables.items():
            parts[name].append(table)
    result = {
        "version": 1,
        "data": "UCI Online Retail, 2010-12 to 2011-12",
        "protocol": "see benchmarks/online_retail_customers.py",
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "must_hold": MUST_HOLD,
        "machine": machine(),
        "pooled": {name: compared(pl.concat(tables), replicates=500) for name, tables in parts.items()},
        "window_ends": each,
        "seconds": round(time.perf_counter() - started, 1),
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
