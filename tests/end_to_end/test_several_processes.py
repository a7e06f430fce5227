"""`torchrun -m foretell train`: two processes make one run, talk with one voice, and learn what one process learns."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

CONFIG = """
bootstrap_replicates = 20

[data]
log = {log}

[split]
test_days = 24
validation_days = 30
warmup_days = 14

[model]
size = "nano"
epochs = 1
n_negatives = 32
dropout = 0.0
precision = "float32"
parallel = "{parallel}"

[task.churn]
kind = "churn"
horizon_days = 14
active_days = 28
"""


def command(n_processes, *arguments):
    head = [sys.executable, "-m", "foretell"]
    if n_processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        head = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={n_processes}"]
        head += [f"--master-port={port}", "-m", "foretell"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return subprocess.run(
        [*head, *map(str, arguments)], check=False, capture_output=True, text=True, env=environment, timeout=600
    )


@pytest.fixture(scope="module")
def home(tiny_log_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    for parallel in ("ddp", "fsdp"):
        text = CONFIG.format(log=json.dumps(str(tiny_log_folder)), parallel=parallel)
        (folder / f"{parallel}.toml").write_text(text, encoding="utf-8")
    done = command(1, "train", folder / "ddp.toml", "--out", folder / "one")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def losses(run):
    lines = (run / "pretraining" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [[json.loads(line)[name] for name in ("next_item", "next_action", "next_order_time")] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_make_the_run_that_one_makes(parallel, home):
    out = home / parallel
    done = command(2, "train", home / f"{parallel}.toml", "--out", out, "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["tasks"]  # one document: one process prints
    assert done.stderr.count("Reading and cleaning the log") == 1
    np.testing.assert_allclose(losses(out), losses(home / "one"), rtol=2e-3)
    assert (out / "predictions" / "churn.parquet").exists()
    assert not list((out / "pretraining").glob("packed*"))
    again = command(2, "train", home / f"{parallel}.toml", "--out", out, "--json")
    assert again.returncode == 0, again.stderr[-3000:]
    assert json.loads(again.stdout) == json.loads(done.stdout)


@pytest.mark.slow
def test_bad_input_ends_all_processes_with_one_message(home):
    (home / "bad.toml").write_text('[data]\nlog = "nowhere.csv"\n', encoding="utf-8")
    done = command(2, "train", home / "bad.toml", "--out", home / "bad")
    assert done.returncode != 0
    assert done.stderr.count("What to do:") == 1
    assert "[rank1]" not in done.stderr, "one that waits in vain has nothing to trace back"
    assert not (home / "bad").exists()
