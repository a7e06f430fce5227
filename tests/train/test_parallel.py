"""Two processes train as one does."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch

from foretell.train.parallel import Team

SCRIPT = """
import json
import os
import shutil
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
from foretell.train.parallel import joined
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData, with_targets
from foretell.train.settings import ModelConfig

class Killed(Exception):
    pass

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

def run(folder, settings, kill_at=None):
    settings = dict(settings)
    stepper._DENSE_ROWS_A_TOUCHED_ONE = 0 if settings.pop("rows", False) else 4
    torch.manual_seed(0)
    model = BehaviourModel(vocabulary, size="nano", dropout=0.0, backbone=settings.get("backbone", "transformer"))
    common = {"size": "nano", "epochs": 2, "n_negatives": 8, "precision": "float32", "item_loss": "sampled_softmax"}
    config = ModelConfig.model_validate(common | {"checkpoint_seconds": 1e9} | settings)
    data = PretrainingData.cut(batch, events_per_step=90, seed=0)
    def progress(done, total):
        if done == kill_at:
            raise Killed
    pretrain(model, data=data, config=config, seed=0, folder=folder, progress=progress)
    return model

with joined() as team:
    for name, settings in json.loads(sys.argv[2]).items():
        folder = Path(sys.argv[1]) / name
        model = run(folder, settings)
        torch.save(model.state_dict(), folder / f"model{team.rank}.pt")
        if settings.get("parallel"):
            try:
                run(folder / "killed", {**settings, "checkpoint_seconds": 1e-9}, kill_at=4)
            except Killed:
                pass
            team.wait()
            if team.writes:
                shutil.copy(folder / "killed" / "checkpoint.pt", folder / "left.pt")
            model = run(folder / "killed", settings)
            torch.save(model.state_dict(), folder / "killed" / f"model{team.rank}.pt")
        del model
"""

DDP, FSDP = {"parallel": "ddp"}, {"parallel": "fsdp"}
RUNS = {
    "ddp": DDP,
    "rows": DDP | {"rows": True},
    "fsdp": FSDP,
    "full": FSDP | {"item_loss": "full_softmax"},
    "muon": FSDP | {"optimisation": {"optimiser": "muon", "l1": 0.01}},
    "average": FSDP | {"average_decay": 0.8, "backbone": "gru"},
    "held_out": FSDP | {"stopping": {"held_out_share": 0.2}, "backbone": "hstu"},
}


def launched(folder, *, n_processes):
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
        [*head, str(script), str(folder), json.dumps(RUNS)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory):
    home = tmp_path_factory.mktemp("parallel")
    return launched(home / "one", n_processes=1), launched(home / "two", n_processes=2)


def losses(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def weights(folder, rank=0):
    return torch.load(folder / f"model{rank}.pt", weights_only=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_losses_of_two_processes_are_those_of_one(name, one_and_two):
    one, two = (losses(home / name) for home in one_and_two)
    assert len(one) == len(two) > 6
    for loss in ("next_item", "next_action", "next_order_time"):
        np.testing.assert_allclose([line[loss] for line in two], [line[loss] for line in one], rtol=2e-3)
    if name == "held_out":
        at_ends = [[line["held_out"] for line in found if "held_out" in line] for found in (one, two)]
        np.testing.assert_allclose(*at_ends, rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_all_processes_end_with_the_same_whole_weights(name, one_and_two):
    one, two = one_and_two
    first, second, alone = weights(two / name), weights(two / name, 1), weights(one / name)
    for part, value in first.items():
        assert torch.equal(value, second[part])
        assert value.shape == alone[part].shape
        assert float((value - alone[part]).abs().max()) < 0.02, part


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_killed_together_and_started_again_they_end_bit_identical(name, one_and_two):
    _, two = one_and_two
    whole, again = weights(two / name), weights(two / name / "killed")
    assert all(torch.equal(value, again[part]) for part, value in whole.items())
    assert losses(two / name) == losses(two / name / "killed")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fsdp", "muon", "average"])
def test_what_several_processes_left_in_parts_one_continues(name, one_and_two):
    one, two = (torch.load(home / name / "left.pt", weights_only=True) for home in one_and_two)
    assert {part: value.shape for part, value in one["model"].items()} == {
        part: value.shape for part, value in two["model"].items()
    }
    for state, other in zip(one["optimiser"]["parts"], two["optimiser"]["parts"], strict=True):
        assert state["state"].keys() == other["state"].keys()
        for number, kept in state["state"].items():
            for what, value in kept.items():
                torch.testing.assert_close(other["state"][number][what], value, rtol=0.1, atol=0.02)


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
