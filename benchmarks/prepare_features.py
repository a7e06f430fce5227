"""Cleaning and features of a large log, side by side with what people use: seconds and peak memory.

    python benchmarks/prepare_features.py --events 20000000 --peers peers/bin/python --out FILE
    python benchmarks/prepare_features.py --sizes 10000000 20000000 50000000 100000000 --out FILE

The first compares, the second measures how cost grows; both write into the same file, and what is measured anew takes
the place of what stood there (``benchmarks/results/prepare_features.json``; ``scale_plot`` draws the second).

Every job is a process of its own that starts from the same Parquet files (``scale_log``), one after another; seconds
are those inside the process after its imports, memory is its largest resident set.

- ``foretell``: ``features_of_log``: every cleaning rule, 78 features of every user at one cutoff, written as Parquet.
- ``pandas``: the same job as a careful pandas user writes it: the rules that can fire on such a log, then the same
  features, which are compared one by one.
- ``rectools``: ``Dataset.construct`` and a split by time. ``recbole``: dataset creation and a split from its own
  atomic file. Both do far less: they clean nothing and compute no features.

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
COUNTED = ("_count_", "purchase_value_", "purchase_quantity_", "active_days_", "distinct_")
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
    rows = _pandas_cleaned(rows).sort_values(["user_id", "time"], kind="stable")
    features = _pandas_features(rows, rows["time"].max())
    features.to_parquet(out / "pandas.parquet")
    return {**since(begun), "rows": n_rows, "features": features.shape[1]}


def _pandas_cleaned(rows: Any) -> Any:  # noqa: ANN401 (pandas frames)
    """The rules of ``foretell.prepare`` that can fire on such a log; netting and event ids have nothing to look at."""
    rows = rows[rows["user_id"].notna() & rows["time"].notna() & rows["action"].notna()]
    rows = rows[~(rows["price"] <= 0) & ~(rows["quantity"] <= 0)]
    rows = rows.drop_duplicates()
    bought = rows[rows["action"] == "purchase"]
    line = ["user_id", "order_id", "item_id", "quantity", "price"]
    first = bought.groupby(line)["time"].transform("min")
    gap = bought["time"] - first
    rows = rows.drop(bought.index[(gap > 0) & (gap <= 60 * 60_000_000)])
    bought = rows[rows["action"] == "purchase"]
    ratio = bought["value"] / (bought["price"] * bought["quantity"])
    rows = rows.drop(bought.index[((ratio / 100 - 1).abs() <= 1e-3) | ((ratio * 100 - 1).abs() <= 1e-3)])
    prices = rows.groupby("item_id")["price"].agg(["min", "max", "count"])
    wide = prices.index[(prices["count"] >= 5) & (prices["max"] >= prices["min"] * 99.9)]
    if len(wide):
        seen = rows[rows["item_id"].isin(wide)]
        ratio = seen["price"] / seen.groupby("item_id")["price"].transform("median")
        rows = rows.drop(seen.index[((ratio / 100 - 1).abs() <= 1e-3) | ((ratio * 100 - 1).abs() <= 1e-3)])
    for column in ("price", "quantity"):
        if (rows[column] > 1000).any():
            rows = rows[~(rows[column] > 10_000 * rows[column].median())]
    for span, limit in ((DAY // 24, 1000), (DAY, 5000)):
        busy = rows.groupby(["user_id", rows["time"] // span]).size()
        rows = rows[~rows["user_id"].isin(busy[busy > limit].index.get_level_values(0).unique())]
    hours = (rows["time"] // (DAY // 24)).value_counts().sort_index()
    if hours.index[-1] - hours.index[0] < 72:
        return rows
    few = hours.cumsum() <= 1e-4 * len(rows)
    days = hours.groupby(hours.index // 24).sum()
    jumps = days[days >= 100 * days.cummax().shift(1, fill_value=days.iloc[0])]
    begin = jumps.index[0] * 24 if len(jumps) and few.any() else hours.index[0]
    return rows[rows["time"] // (DAY // 24) >= begin]


def _pandas_features(rows: Any, cutoff: int) -> Any:  # noqa: ANN401 (pandas frames)
    """Counts, sums, recencies, variety, orders and habits of every user."""
    import numpy as np
    import pandas as pd

    found = pd.DataFrame(index=pd.Index(rows["user_id"].unique(), name="user_id"))
    seconds = 1_000_000
    for action, mine in rows.groupby("action"):
        users = mine["user_id"]
        for days in WINDOWS:
            inside = mine["time"] > cutoff - days * DAY
            found[f"{action}_count_{span(days)}"] = inside.groupby(users).sum()
            if action == "purchase":
                for column in ("value", "quantity"):
                    found[f"purchase_{column}_{span(days)}"] = mine[column].where(inside, 0).groupby(users).sum()
        if action != "purchase":
            found[f"{action}_recency_days"] = (cutoff - mine["time"].groupby(users).max()) // seconds / 86_400
        else:
            found["purchase_value_all_time"] = mine["value"].groupby(users).sum()
            before = (mine["time"] > cutoff - 56 * DAY) & (mine["time"] <= cutoff - 28 * DAY)
            found["purchase_value_29_to_56_days"] = mine["value"].where(before, 0).groupby(users).sum()
    users = rows["user_id"]
    found["activity_recency_days"] = (cutoff - rows["time"].groupby(users).max()) // seconds / 86_400
    found["tenure_days"] = (cutoff - rows["time"].groupby(users).min()) // seconds / 86_400
    for days in WINDOWS:
        inside = rows["time"] > cutoff - days * DAY
        found[f"activity_count_{span(days)}"] = inside.groupby(users).sum()
    for days in (28, 91):
        recent = rows[rows["time"] > cutoff - days * DAY]
        found[f"active_days_{span(days)}"] = (recent["time"] // DAY).groupby(recent["user_id"]).nunique()
        bought = recent[recent["action"] == "purchase"]
        found[f"distinct_items_{span(days)}"] = bought.groupby("user_id")["item_id"].nunique()
    _pandas_orders(found, rows, cutoff)
    counted = [name for name in found if any(part in name for part in COUNTED)]
    found = found.fillna(dict.fromkeys(counted, 0))
    # A log without discounts, categories and queries has none of each.
    for days in WINDOWS:
        found[f"purchase_discount_{span(days)}"] = 0.0
    for name in ("distinct_categories_28_days", "distinct_categories_91_days", "distinct_queries_28_days"):
        found[name] = 0.0
    for days in (28, 91):
        orders, value = found[f"order_count_{span(days)}"].replace(0, np.nan), found[f"purchase_value_{span(days)}"]
        found[f"order_value_mean_{span(days)}"] = value / orders
        found[f"order_size_mean_{span(days)}"] = found[f"purchase_count_{span(days)}"] / orders
        off = found[f"purchase_discount_{span(days)}"]
        found[f"discount_share_{span(days)}"] = off / (off + value).replace(0, np.nan)
    late, early = found["purchase_value_28_days"], found["purchase_value_29_to_56_days"]
    found["spend_trend_28_days"] = (late - early) / (late + early).replace(0, np.nan)
    found["spend_share_7_of_28_days"] = found["purchase_value_7_days"] / late.replace(0, np.nan)
    moment = pd.Timestamp(cutoff, unit="us")
    angle = 2 * np.pi * (moment.day_of_year - 1) / 366
    found["year_sine"], found["year_cosine"] = np.sin(angle), np.cos(angle)
    found["days_to_christmas"] = float((pd.Timestamp(moment.year, 12, 25) - moment.normalize()).days)
    found["month_day"] = float(moment.day)
    return found


def _pandas_orders(found: Any, rows: Any, cutoff: int) -> None:  # noqa: ANN401 (pandas frames)
    """How many orders, how far apart, and when."""
    import numpy as np

    seconds = 1_000_000
    orders = rows[rows["action"] == "purchase"].groupby(["user_id", "order_id"])["time"].min().reset_index()
    orders = orders.sort_values(["user_id", "time"], kind="stable")
    users = orders["user_id"]
    for days in WINDOWS:
        inside = orders["time"] > cutoff - days * DAY
        found[f"order_count_{span(days)}"] = inside.groupby(users).sum()
    found["order_count_all_time"] = orders.groupby("user_id").size()
    previous = orders.groupby("user_id")["time"].shift(1)
    gaps = (orders["time"] - previous) // seconds / 86_400
    found["order_gap_mean_days"] = gaps.groupby(users).mean()
    found["order_gap_std_days"] = gaps.groupby(users).std()
    found["order_recency_days"] = (cutoff - orders.groupby("user_id")["time"].max()) // seconds / 86_400
    found["second_order_recency_days"] = (cutoff - previous.groupby(users).max()) // seconds / 86_400
    usual = found["order_gap_mean_days"].replace(0, np.nan)
    found["order_gap_variation_ratio"] = found["order_gap_std_days"] / usual
    found["order_overdue_ratio"] = found["order_recency_days"] / usual
    found["order_last_gap_days"] = found["second_order_recency_days"] - found["order_recency_days"]
    recent = orders[orders["time"] > cutoff - 91 * DAY]
    day, hour = recent["time"] // DAY, recent["time"] % DAY // (DAY // 24)
    found["weekend_order_share_91_days"] = ((day + 3) % 7 >= 5).groupby(recent["user_id"]).mean()
    found["evening_order_share_91_days"] = ((hour >= 18) & (hour < 23)).groupby(recent["user_id"]).mean()
    hours = recent.assign(hour=hour).groupby(["user_id", "hour"]).size().rename("n").reset_index()
    hours = hours.sort_values(["user_id", "n", "hour"], ascending=[True, False, True], kind="stable")
    found["order_hour_mode_91_days"] = hours.drop_duplicates("user_id").set_index("user_id")["hour"]


def span(days: int) -> str:
    """How a window is called in the names of features."""
    return f"{days}_day{'s' if days > 1 else ''}"


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
    """RecBole's dataset and its split, from the atomic file it reads; writing that file is not counted."""
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
    from recbole.data import create_dataset

    begun = clock()
    sys.argv = sys.argv[:1]
    settings = {
        "data_path": str(folder.parent),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full"},
        "train_neg_sample_args": None,
    }
    config = Config(model="BPR", dataset="log", config_dict=settings)
    create_dataset(config).build()
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
    load = [round(value, 2) for value in os.getloadavg()]
    return {**found, "seconds": round(found["seconds"], 2), "events_per_second": round(rate), "load_after": load}


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
    parser.add_argument("--events", type=int, default=None, help="size of the log for the comparison")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="sizes of logs for foretell alone")
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
    from machine import machine

    result: dict[str, Any] = {"jobs": {}, "by_size": {}}
    if chosen.out is not None and chosen.out.is_file():
        result = json.loads(chosen.out.read_text(encoding="utf-8"))
    result |= {
        "version": 2,
        "protocol": "each job in a process of its own, one after another, from the same Parquet files; seconds after "
        f"imports; foretell the median of {chosen.repeats} runs, pandas and peers once",
        "seed": chosen.seed,
        "machine": machine(),
    }
    if chosen.events:
        compare(result, events=chosen.events, peers=chosen.peers, repeats=chosen.repeats, seed=chosen.seed)
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as place:
            log, folder = simulated(Path(place), size, chosen.seed), Path(place) / "out"
            folder.mkdir()
            result["by_size"][str(size)] = run("foretell", log, folder, python=sys.executable)
    text = json.dumps(result, indent=1) + "\n"
    if chosen.out is None:
        sys.stdout.write(text)
    else:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text, encoding="utf-8")


def compare(result: dict[str, Any], *, events: int, peers: str | None, repeats: int, seed: int) -> None:
    """All jobs on one log, into ``result``."""
    with tempfile.TemporaryDirectory() as place:
        log, folder = simulated(Path(place), events, seed), Path(place) / "out"
        runs = []
        for _ in range(repeats):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            runs.append(run("foretell", log, folder, python=sys.executable))
        middle = sorted(runs, key=lambda one: one.get("seconds", float("inf")))[len(runs) // 2]
        result["jobs"]["foretell"] = {**middle, "all_seconds": [one.get("seconds") for one in runs]}
        result["jobs"]["pandas"] = run("pandas", log, folder, python=sys.executable)
        if "failed" not in result["jobs"]["pandas"]:
            result["agreement"] = agreement(folder)
            result["times_pandas"] = round(result["jobs"]["pandas"]["seconds"] / middle["seconds"], 2)
        for job in ("rectools", "recbole") if peers else ():
            (Path(place) / job).mkdir()
            result["jobs"][job] = run(job, log, Path(place) / job, python=str(peers))


def simulated(place: Path, events: int, seed: int) -> Path:
    """A log of so many events."""
    from scale_log import write_log

    return write_log(place / "log", n_events=events, seed=seed)


if __name__ == "__main__":
    main()
