"""Two processes train as one does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foretell.train.parallel import Team

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
import polars as pl
import torch
from torch import distributed
from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import HOUR
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train import stepper
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData, with_targets
from foretell.train.settings import ModelConfig

folder, by_rows = Path(sys.argv[1]), sys.argv[2] == "rows"
if by_rows:
    stepper._DENSE_ROWS_A_TOUCHED_ONE = 0
if "RANK" in __import__("os").environ:
    distributed.init_process_group("gloo")
random = np.random.default_rng(8)
frames = [
    pl.DataFrame({
        "user_id": [f"u{user:02}"] * n,
        "time": np.cumsum(random.integers(HOUR, 60 * HOUR, size=n)) + 10**15,
        "action": random.choice(["view", "purchase"], size=n, p=[0.7, 0.3]),
        "item_id": [f"i{(user + step) % 6}" for step in range(n)],
    })
    for user, n in enumerate(random.integers(1, 40, size=24).tolist())
]
histories = history_frame(EventLog(pl.concat(frames)))
vocabulary = Vocabulary.build(histories, min_count=1)
_, batch = encode_histories(histories, vocabulary=vocabulary)
batch = with_targets(batch, actions=histories["action"], observed_until=int(histories["time"].max()))
torch.manual_seed(0)
model = BehaviourModel(vocabulary, size="nano", dropout=0.0)
config = ModelConfig(size="nano", epochs=3, n_negatives=8, precision="float32", item_loss="sampled_softmax")
data = PretrainingData.cut(batch, events_per_step=90, seed=0)
pretrain(model, data=data, config=config, seed=0, folder=folder, progress=lambda *_: None)
rank = distributed.get_rank() if distributed.is_initialized() else 0
torch.save(model.state_dict(), folder / f"model{rank}.pt")
"""


def launched(folder, mode, *, n_processes):
    folder.mkdir()
    script = folder / "script.py"
    script.write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    head = [sys.executable]
    if n_processes > 1:
        head += ["-m", "torch.distributed.run", f"--nproc-per-node={n_processes}", f"--master-port={port}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [*head, str(script), str(folder), mode], check=False, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in Path(folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["dense", "rows"])
def test_the_losses_of_two_processes_are_those_of_one(mode, tmp_path):
    import torch

    one = launched(tmp_path / "one", mode, n_processes=1)
    two = launched(tmp_path / "two", mode, n_processes=2)
    assert len(one) == len(two) > 9
    for name in ("next_item", "next_action", "next_order_time"):
        np.testing.assert_allclose([line[name] for line in two], [line[name] for line in one], rtol=2e-3)
    ranks = [torch.load(tmp_path / "two" / f"model{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert all(torch.equal(value, ranks[1][name]) for name, value in ranks[0].items())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_piece_is_counted_by_one_process(size):
    for n in (1, 2, 7):
        which = np.arange(10, 10 + n)
        parts = [Team(rank, size).part(which) for rank in range(size)]
        assert sorted(np.concatenate([part for part, counts in parts if counts]).tolist()) == which.tolist()
        assert all(len(part) for part, _ in parts)


def test_alone_this_process_writes():
    assert Team.present() == Team(0, 1)
    assert Team.present().writes
