"""How long trees and a network take on two threads, on an idle and on a busy machine, by how threads wait.

    python -m benchmarks.waiting_threads --out benchmarks/results/waiting_threads.json

Each setting of GNU OpenMP runs in a process of its own; "busy" has one other process for each processor that computes
without end. The shorter of two runs counts. ``foretell`` is what the command line sets (``core/threads.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import machine

SETTINGS = {
    "default": {},
    "passive": {"OMP_WAIT_POLICY": "passive"},
    "spins 1,000": {"GOMP_SPINCOUNT": "1000"},
    "foretell (spins 10,000)": {"GOMP_SPINCOUNT": "10000"},
    "spins 50,000": {"GOMP_SPINCOUNT": "50000"},
}
WORK = """
import json, time
import lightgbm, numpy as np, torch
torch.set_num_threads(2)
random = np.random.default_rng(0)
features = random.normal(size=(20_000, 100)).astype(np.float32)
label = (features[:, 0] + random.normal(size=len(features)) > 0) * 1.0
settings = dict(objective="binary", num_threads=2, deterministic=True, force_row_wise=True, verbosity=-1)
started = time.perf_counter()
lightgbm.train(settings, lightgbm.Dataset(features, label), 100)
trees = time.perf_counter() - started
weights, states = torch.randn(128, 128), torch.randn(4096, 128)
started = time.perf_counter()
for _ in range(600):
    (torch.nn.functional.gelu(states @ weights).softmax(-1) + states) * 2
print(json.dumps({"trees": round(trees, 2), "network": round(time.perf_counter() - started, 2)}))
"""


def seconds(setting: dict[str, str], *, tries: int) -> dict[str, float]:
    """The shortest time of each kind of work under one setting."""
    known = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    found = []
    for _ in range(tries):
        ran = subprocess.run(
            [sys.executable, "-c", WORK], env={**known, **setting}, capture_output=True, text=True, check=True
        )
        found.append(json.loads(ran.stdout))
    return {kind: min(one[kind] for one in found) for kind in found[0]}


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    parser.add_argument("--tries", type=int, default=2)
    arguments = parser.parse_args()
    result = {"version": 1, "machine": machine(), "seconds": {}}
    for load, n_others in (("idle", 0), ("busy", os.cpu_count() or 1)):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n_others)]
        try:
            result["seconds"][load] = {
                name: seconds(setting, tries=arguments.tries) for name, setting in SETTINGS.items()
            }
        finally:
            for other in others:
                other.kill()
                other.wait()
    text = json.dumps(result, indent=1) + "\n"
    if arguments.out is None:
        sys.stdout.write(text)
    else:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
