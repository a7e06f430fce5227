"""RecBole's SASRec on a file of the S3-Rec format: seconds of a training step and of ranking, scaled to the whole.

Run by ``benchmarks/next_item_speed.py`` in an environment of its own:

    python -m venv ENV && ENV/bin/pip install recbole==1.2.1 "numpy<2" torch ray scipy "pandas<3" kmeans-pytorch
    ENV/bin/python benchmarks/peers/recbole_sasrec.py --data sequences.txt --loss CE --steps 12 --json out.json

The steps are those of ``recbole.trainer.Trainer._train_epoch`` (zero_grad, calculate_loss, backward, step) with
RecBole's own loader and its default settings of SASRec, at width 64, 2 layers, length 50.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import tempfile
import time
from pathlib import Path

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.utils import init_seed


def main() -> None:
    """Time some steps of training and some batches of ranking."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--loss", choices=("CE", "BPR"), default="CE")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batches", type=int, default=4, help="batches of ranking")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _atomic_file(arguments.data, Path(folder) / "data")
        result = _measured(folder, arguments.loss, arguments.steps, arguments.batches)
    arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _atomic_file(data: Path, folder: Path) -> None:
    folder.mkdir()
    with (folder / "data.inter").open("w", encoding="utf-8") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for line in data.read_text(encoding="utf-8").splitlines():
            user, *items = line.split()
            file.writelines(f"{user}\t{item}\t{place}\n" for place, item in enumerate(items))


def _measured(folder: str, loss_type: str, n_steps: int, n_batches: int) -> dict[str, object]:
    settings = {
        "data_path": folder,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "MAX_ITEM_LIST_LENGTH": 50,
        "hidden_size": 64,
        "inner_size": 256,
        "n_layers": 2,
        "n_heads": 2,
        "loss_type": loss_type,
        "train_neg_sample_args": None if loss_type == "CE" else {"distribution": "uniform", "sample_num": 1},
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"},
        "train_batch_size": 2048,
        "eval_batch_size": 4096,
        "use_gpu": False,
        "show_progress": False,
        "state": "ERROR",
        "checkpoint_dir": folder,
    }
    config = Config(model="SASRec", dataset="data", config_dict=settings)
    init_seed(0, reproducibility=True)
    train, _, test = data_preparation(config, create_dataset(config))
    model = SASRec(config, train.dataset)
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    model.train()
    seconds, began = [], time.perf_counter()
    processor, used = [], time.process_time()
    for interaction in itertools.islice(train, n_steps + 1):
        optimiser.zero_grad()
        loss = model.calculate_loss(interaction)
        loss.item()
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
        began, used = time.perf_counter(), time.process_time()
    steps = seconds[1:]  # the first warms up
    model.eval()
    n_users, began, used = 0, time.perf_counter(), time.process_time()
    with torch.no_grad():
        for interaction, history, *_ in itertools.islice(test, n_batches):
            scores = model.full_sort_predict(interaction).view(len(interaction), -1)
            scores[:, 0] = float("-inf")
            if history is not None:
                scores[history] = float("-inf")
            torch.topk(scores, 10, dim=1)
            n_users += len(interaction)
    ranking, of_ranking = time.perf_counter() - began, time.process_time() - used
    users = len(test.dataset)
    return {
        "loss": loss_type,
        "steps_measured": len(steps),
        "steps_an_epoch": len(train),
        "share_measured": len(steps) / len(train),
        "epoch_seconds": sum(steps) / len(steps) * len(train),
        "epoch_processor_seconds": sum(processor[1:]) / len(steps) * len(train),
        "top10_users_measured": n_users,
        "top10_users": users,
        "top10_all_users_seconds": ranking / n_users * users,
        "top10_all_users_processor_seconds": of_ranking / n_users * users,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"recbole": __import__("recbole").__version__, "torch": torch.__version__},
        "threads": torch.get_num_threads(),
    }


if __name__ == "__main__":
    main()
