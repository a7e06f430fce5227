"""RecTools' SASRec on a file of the S3-Rec format: seconds of a training step and of ranking, scaled to the whole.

Run by ``benchmarks/next_item_speed.py`` in an environment of its own:

    python -m venv ENV && ENV/bin/pip install "rectools[torch]==0.19.0" "numpy<2" "pyarrow<24" pandas
    ENV/bin/python benchmarks/peers/rectools_sasrec.py --data sequences.txt --loss softmax --steps 20 --json out.json

The steps are those of its own trainer (``fit`` with a bound on the steps), at width 64, 2 layers, 2 heads, length 50;
everything else as it comes.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from pathlib import Path

import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools_trainer import silent_trainer


class _Clock(Callback):
    def __init__(self) -> None:
        self.at: list[float] = []
        self.used: list[float] = []
        self.n_batches = 0

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        self.n_batches = int(trainer.num_training_batches)
        self.at.append(time.perf_counter())
        self.used.append(time.process_time())


def main() -> None:
    """Time some steps of training and the ranking for some users."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--loss", choices=("softmax", "sampled_softmax"), default="softmax")
    parser.add_argument("--negatives", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--users", type=int, default=4096, help="users to rank for")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    lines = [line.split() for line in arguments.data.read_text(encoding="utf-8").splitlines()]
    rows = [(user, item, place) for user, *items in lines for place, item in enumerate(items[:-2])]
    frame = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, "place"])
    frame[Columns.Datetime] = pd.Timestamp("2020-01-01") + pd.to_timedelta(frame.pop("place"), unit="D")
    frame[Columns.Weight] = 1
    dataset = Dataset.construct(frame)
    clock = _Clock()

    def trainer() -> Trainer:
        return silent_trainer(max_steps=arguments.steps + 1, callbacks=[clock])

    model = SASRecModel(
        n_blocks=2,
        n_heads=2,
        n_factors=64,
        session_max_len=50,
        loss=arguments.loss,
        n_negatives=arguments.negatives,
        get_trainer_func=trainer,
        recommend_torch_device="cpu",
    )
    model.fit(dataset)
    steps = [later - earlier for earlier, later in zip(clock.at[:-1], clock.at[1:], strict=True)]
    users = frame[Columns.User].unique()
    processor = (clock.used[-1] - clock.used[0]) / len(steps)
    asked, began, used = users[: arguments.users], time.perf_counter(), time.process_time()
    model.recommend(asked, dataset, k=10, filter_viewed=True)
    ranking, of_ranking = time.perf_counter() - began, time.process_time() - used
    result = {
        "loss": arguments.loss,
        "negatives": arguments.negatives if arguments.loss == "sampled_softmax" else None,
        "steps_measured": len(steps),
        "steps_an_epoch": clock.n_batches,
        "share_measured": len(steps) / clock.n_batches,
        "epoch_seconds": sum(steps) / len(steps) * clock.n_batches,
        "epoch_processor_seconds": processor * clock.n_batches,
        "top10_users_measured": len(asked),
        "top10_users": len(users),
        "top10_all_users_seconds": ranking / len(asked) * len(users),
        "top10_all_users_processor_seconds": of_ranking / len(asked) * len(users),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"rectools": __import__("rectools").__version__, "torch": torch.__version__},
        "threads": torch.get_num_threads(),
    }
    arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
