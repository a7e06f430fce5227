"""Cleaning and features of a large log, side by side with what people use: seconds and peak memory.

    python benchmarks/prepare_features.py --events 20000000 --out benchmarks/results/prepare_features.json
    python benchmarks/prepare_features.py --peers /path/to/python --sizes 10000000 50000000 ...

Every job is a process of its own that starts from the same Parquet files (``scale_log``), one after another; seconds
are those inside the process after its imports, memory is its largest resident set.

- ``foretell``: ``features_of_log``: every cleaning rule, 80 features of every user at one cutoff, written as Parquet.
- ``pandas``: the same job as a careful pandas user writes it: rows without a user, exact duplicates, impossible values
  and robots removed, then the same features but for the rarer ones (it computes fewer, not more). The features both
  have are compared.
- ``rectools``: ``Dataset.construct`` and a split by time. ``recbole``: dataset creation from its own atomic file. Both
  do far less: they clean nothing and compute no features.

The peers run with ``--peers``, the Python of an environment of their own (RecTools wants NumPy below 2, and so an older
PyArrow)::

    python -m venv peers
    peers/bin/pip install torch==2.13.0 pandas rectools recbole 'pyarrow<24'

``cpu_seconds`` is the processor time of all threads: other than ``seconds`` it hardly depends on the machine's load.
This script refuses to judge the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DAY = 86_400_000_000
WINDOWS = (1, 7, 28, 91)
HERE = Path(__file__).resolve()


def clock() -> tuple[float, float]:
    """The time, and the processor time of all threads so far."""
    return time.perf_counter(), time.process_time()


def since(begun: tuple[float, float]) -> dict[str, float]:
    """Both since then."""
    return {"seconds": time.perf_counter() - begun[0], "cpu_seconds": round(time.process_time() - begun[1], 2)}


def foretell(log: Path, out: Path) -> dict[str, Any]:
    """The product."""
    from foretell.run.large_log import features_of_log

    begun = clock()
    made = features_of_log(log, out=out / "features")
    return {**since(begun), "rows": made["rows_in"], "features": len(made["features"])}


def by_pandas(log: Path, out: Path) -> dict[str, Any]:
    """The same job in pandas."""
    import pandas as pd

    begun = clock()
    rows = pd.read_parquet(log)
    n_rows = len(rows)
    rows = rows[rows["user_id"].notna() & rows["time"].notna() & rows["action"].notna()]
    rows = rows[~(rows["price"] <= 0) & ~(rows["quantity"] <= 0)]
    rows = rows.drop_duplicates()
    hours = rows.groupby(["user_id", rows["time"] // (DAY // 24)]).size()
    robots = hours[hours > 1000].index.get_level_values(0).unique()
    rows = rows[~rows["user_id"].isin(robots)].sort_values(["user_id", "time"], kind="stable")
    cutoff = rows["time"].max()
    features = _pandas_features(rows, cutoff)
    features.to_parquet(out / "pandas.parquet")
    return {**since(begun), "rows": n_rows, "features": features.shape[1]}


def _pandas_features(rows: Any, cutoff: int) -> Any:  # noqa: ANN401 (pandas frames)
    """Counts, sums, recencies, variety and orders of every user."""
    import pandas as pd

    found = pd.DataFrame(index=pd.Index(rows["user_id"].unique(), name="user_id"))
    seconds = 1_000_000
    for action, mine in rows.groupby("action"):
        users = mine["user_id"]
        for days in WINDOWS:
            inside = mine["time"] > cutoff - days * DAY
            name = f"{days}_day{'s' if days > 1 else ''}"
            found[f"{action}_count_{name}"] = inside.groupby(users).sum()
            if action == "purchase":
                for column in ("value", "quantity"):
                    found[f"purchase_{column}_{name}"] = mine[column].where(inside, 0).groupby(users).sum()
        if action != "purchase":
            found[f"{action}_recency_days"] = (cutoff - mine["time"].groupby(users).max()) // seconds / 86_400
    users = rows["user_id"]
    found["activity_recency_days"] = (cutoff - rows["time"].groupby(users).max()) // seconds / 86_400
    found["tenure_days"] = (cutoff - rows["time"].groupby(users).min()) // seconds / 86_400
    for days in WINDOWS:
        inside = rows["time"] > cutoff - days * DAY
        found[f"activity_count_{days}_day{'s' if days > 1 else ''}"] = inside.groupby(users).sum()
    for days in (28, 91):
        recent = rows[rows["time"] > cutoff - days * DAY]
        found[f"active_days_{days}_days"] = (recent["time"] // DAY).groupby(recent["user_id"]).nunique()
        bought = recent[recent["action"] == "purchase"]
        found[f"distinct_items_{days}_days"] = bought.groupby("user_id")["item_id"].nunique()
    orders = rows[rows["action"] == "purchase"].groupby(["user_id", "order_id"])["time"].min().reset_index()
    orders = orders.sort_values(["user_id", "time"], kind="stable")
    for days in WINDOWS:
        inside = orders["time"] > cutoff - days * DAY
        found[f"order_count_{days}_day{'s' if days > 1 else ''}"] = inside.groupby(orders["user_id"]).sum()
    gaps = orders.groupby("user_id")["time"].diff() // seconds / 86_400
    found["order_gap_mean_days"] = gaps.groupby(orders["user_id"]).mean()
    found["order_gap_std_days"] = gaps.groupby(orders["user_id"]).std()
    found["order_recency_days"] = (cutoff - orders.groupby("user_id")["time"].max()) // seconds / 86_400
    sums = ("_count_", "purchase_value_", "purchase_quantity_", "active_days_", "distinct_")
    counted = [name for name in found if any(part in name for part in sums)]
    return found.fillna(dict.fromkeys(counted, 0))


def by_rectools(log: Path, _: Path) -> dict[str, Any]:
    """RecTools' dataset and a split by time."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset, Interactions
    from rectools.model_selection import TimeRangeSplitter

    begun = clock()
    rows = pd.read_parquet(log, columns=["user_id", "item_id", "time"]).dropna()
    frame = pd.DataFrame(
        {
            Columns.User: rows["user_id"],
            Columns.Item: rows["item_id"],
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(rows["time"], unit="us"),
        }
    )
    dataset = Dataset.construct(frame)
    splitter = TimeRangeSplitter("14D", n_splits=1)
    for _train, _test, _info in splitter.split(Interactions(dataset.interactions.df)):
        pass
    return {**since(begun), "rows": len(frame)}


def by_recbole(log: Path, out: Path) -> dict[str, Any]:
    """RecBole's dataset, from the atomic file it reads; writing that file is not counted."""
    import pandas as pd

    folder = out / "recbole" / "log"
    folder.mkdir(parents=True)
    rows = pd.read_parquet(log, columns=["user_id", "item_id", "time"]).dropna()
    rows = rows.astype({"user_id": "int64", "item_id": "int64"})
    rows["time"] = rows["time"] / 1e6
    rows.columns = ["user_id:token", "item_id:token", "timestamp:float"]
    rows.to_csv(folder / "log.inter", sep="\t", index=False)
    n_rows = len(rows)
    del rows
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation

    begun = clock()
    sys.argv = sys.argv[:1]
    settings = {
        "data_path": str(folder.parent),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full"},
        "train_neg_sample_args": None,
    }
    config = Config(model="SASRec", dataset="log", config_dict=settings)
    data_preparation(config, create_dataset(config))
    return {**since(begun), "rows": n_rows}


JOBS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "foretell": foretell,
    "pandas": by_pandas,
    "rectools": by_rectools,
    "recbole": by_recbole,
}


def run(job: str, log: Path, out: Path, *, python: str) -> dict[str, Any]:
    """One job in a process of its own."""
    command = [python, str(HERE), "--job", job, "--log", str(log), "--folder", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        return {"failed": (ran.stderr.strip().splitlines() or ["ended without a word"])[-1][:300]}
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    rate = found["rows"] / found["seconds"]
    return {**found, "seconds": round(found["seconds"], 2), "events_per_second": round(rate)}


def agreement(folder: Path) -> dict[str, Any]:
    """How many of the features that both computed are equal for all users."""
    import polars as pl

    ours = pl.read_parquet(folder / "features" / "features" / "*.parquet").sort("user_id")
    theirs = pl.read_parquet(folder / "pandas.parquet").with_columns(pl.col("user_id").cast(pl.Int64)).sort("user_id")
    shared = [name for name in theirs.columns if name in ours.columns and name != "user_id"]
    same_users = ours["user_id"].equals(theirs["user_id"].rename("user_id"))
    differing = [] if not same_users else [name for name in shared if not _close(ours[name], theirs[name])]
    return {"same_users": same_users, "compared": len(shared), "differing": differing}


def _close(one: Any, other: Any) -> bool:  # noqa: ANN401 (Polars series)
    gap = (one.fill_null(-1.0) - other.cast(one.dtype).fill_nan(None).fill_null(-1.0)).abs()
    return bool((gap <= 1e-6 * (1 + one.fill_null(0.0).abs())).all())


def main() -> None:
    """Run all jobs on logs of all sizes and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000, help="size of the log for the comparison")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="further sizes, for foretell alone")
    parser.add_argument("--peers", default=None, help="a Python that has pandas, rectools and recbole")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.job:
        found = JOBS[chosen.job](chosen.log, chosen.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write("\n" + json.dumps({**found, "peak_memory_mib": round(peak)}) + "\n")
        return
    sys.path.insert(0, str(HERE.parent))
    from scale_log import write_log

    result: dict[str, Any] = {
        "version": 1,
        "protocol": "each job in a process of its own, one after another, from the same Parquet files; seconds after "
        f"imports; foretell and pandas: the median of {chosen.repeats} runs in turn, peers once",
        "seed": chosen.seed,
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": [round(value, 2) for value in os.getloadavg()],
        },
        "jobs": {},
        "by_size": {},
    }
    with tempfile.TemporaryDirectory() as place:
        log = write_log(Path(place) / "log", n_events=chosen.events, seed=chosen.seed)
        runs: dict[str, list[dict[str, Any]]] = {"foretell": [], "pandas": []}
        for _ in range(chosen.repeats):
            for job in runs:
                folder = Path(place) / "out"
                if job == "foretell":
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.mkdir()
                runs[job].append(run(job, log, folder, python=sys.executable))
        for job, found in runs.items():
            middle = sorted(found, key=lambda one: one.get("seconds", float("inf")))[len(found) // 2]
            result["jobs"][job] = {**middle, "all_seconds": [one.get("seconds") for one in found]}
        if "failed" not in result["jobs"]["pandas"]:
            result["agreement"] = agreement(Path(place) / "out")
        for job in ("rectools", "recbole") if chosen.peers else ():
            folder = Path(place) / job
            folder.mkdir()
            result["jobs"][job] = run(job, log, folder, python=chosen.peers)
            shutil.rmtree(folder)
        shutil.rmtree(log)
        for size in chosen.sizes:
            log = write_log(Path(place) / "log", n_events=size, seed=chosen.seed)
            folder = Path(place) / str(size)
            folder.mkdir()
            result["by_size"][str(size)] = run("foretell", log, folder, python=sys.executable)
            shutil.rmtree(folder)
            shutil.rmtree(log)
    result["machine"]["load_after"] = [round(value, 2) for value in os.getloadavg()]
    text = json.dumps(result, indent=1) + "\n"
    if chosen.out is None:
        sys.stdout.write(text)
    else:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
