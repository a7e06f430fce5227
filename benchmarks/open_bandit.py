"""Open Bandit: what Thompson sampling earns, foretold from the log of a random policy, beside what it did earn.

Usage: pip download --no-deps obp==0.4.1 && python -m benchmarks.open_bandit obp-0.4.1-py3-none-any.whl --out FILE.json

The package holds 10,000 impressions of a fashion shop's front page for each of three campaigns and two policies, with
the chance each item was shown with (Saito, Aihara, Matsutani and Narita, 2020). Thompson sampling was fixed before, and
looks at nothing but the position, so its chance of an item at a position is what its own log says; of an item its log
never shows at a position it is 0. That chance is the target; reward is the click; propensity is the random policy's.
``direct`` and ``doubly_robust`` take the click rates of items in the other half of the random log, pulled towards the
mean by 200 impressions. ``holds`` says whether the mean click of Thompson sampling's own log lies in the estimate's
95 % interval, ``gap`` is the difference of the two with an interval of its own (both logs vary).
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from benchmarks.machine import machine, write_result

from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.off_policy import off_policy_value
from foretell.evaluate.resampled import MeanStatistic

CAMPAIGNS: Final = ("all", "men", "women")
PULL: Final = 200.0
NEEDED: Final = ["item_id", "position", "click", "propensity_score"]

Floats = np.ndarray[Any, np.dtype[np.float64]]


def log_of(package: zipfile.ZipFile, policy: str, campaign: str) -> pl.DataFrame:
    """One policy's impressions in one campaign."""
    content = package.read(f"obp/dataset/obd/{policy}/{campaign}/{campaign}.csv")
    return pl.read_csv(io.BytesIO(content), columns=NEEDED)


def chances(log: pl.DataFrame) -> pl.DataFrame:
    """What a log says of its policy's chance of each item at each position; all chances at a position sum to one."""
    pairs = log.group_by("item_id", "position").agg(pl.col("propensity_score").mean().alias("target"))
    total = pl.col("target").sum().over("position")
    return pairs.with_columns(pl.col("target") / total)


def rates(log: pl.DataFrame) -> pl.DataFrame:
    """Click rates of items, pulled towards the mean."""
    mean = float(log["click"].to_numpy().mean())
    rate = (pl.col("click").sum() + PULL * mean) / (pl.len() + PULL)
    return log.group_by("item_id").agg(rate.alias("predicted"))


def with_model(log: pl.DataFrame, target: pl.DataFrame) -> pl.DataFrame:
    """Each half of the log with the expectations of the other half's model: of the item shown, and of the policy."""
    parts = []
    halves = [log.filter(pl.int_range(pl.len()) % 2 == half) for half in (0, 1)]
    for half, other in ((halves[0], halves[1]), (halves[1], halves[0])):
        mean = float(other["click"].to_numpy().mean())
        model = rates(other)
        of_policy = target.join(model, on="item_id", how="left").with_columns(pl.col("predicted").fill_null(mean))
        of_policy = of_policy.group_by("position").agg((pl.col("target") * pl.col("predicted")).sum().alias("expected"))
        joined = half.join(model, on="item_id", how="left").with_columns(pl.col("predicted").fill_null(mean))
        parts.append(joined.join(of_policy, on="position", how="left"))
    return (
        pl.concat(parts)
        .join(target, on=["item_id", "position"], how="left")
        .with_columns(pl.col("target").fill_null(0.0))
    )


def campaign_figures(package: zipfile.ZipFile, campaign: str, *, replicates: int) -> dict[str, Any]:
    """One campaign: the estimates beside the truth."""
    ran, thompson = (log_of(package, policy, campaign) for policy in ("random", "bts"))
    target = chances(thompson)
    rows = with_model(ran, target)
    clicks = thompson["click"].to_numpy().astype(np.float64)
    own = MeanStatistic({"click": clicks}, clusters=clusters(None, n_rows=len(clicks)))
    truth = bootstrap(own, resamples=Resamples(len(clicks), replicates=replicates, seed=1)).interval("click")
    assert truth is not None
    found = off_policy_value(
        rows["click"].to_numpy(),
        propensity=rows["propensity_score"].to_numpy(),
        target=rows["target"].to_numpy(),
        predicted=rows["predicted"].to_numpy(),
        expected=rows["expected"].to_numpy(),
        replicates=replicates,
    )
    estimates = {}
    for name, one in found["estimates"].items():
        spread = np.hypot(one["high"] - one["low"], truth.high - truth.low) / 2
        gap = one["value"] - truth.value
        estimates[name] = {
            **{end: round(value, 6) for end, value in one.items()},
            "holds": bool(one["low"] <= truth.value <= one["high"]),
            "gap": [round(value, 6) for value in (gap, gap - spread, gap + spread)],
        }
    return {
        "impressions": {"random": ran.height, "thompson": thompson.height},
        "on_policy": {"value": round(truth.value, 6), "low": round(truth.low, 6), "high": round(truth.high, 6)},
        "estimates": estimates,
        "weights": found["weights"],
        "checks": {check["code"]: check["status"] for check in found["checks"]},
    }


def main() -> None:
    """Read the arguments, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the wheel of obp")
    parser.add_argument("--out", type=Path, help="where to write the JSON; standard output if absent")
    parser.add_argument("--replicates", type=int, default=1000)
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.package) as package:
        result = {
            "data": "Open Bandit Dataset, the sample in obp 0.4.1 (CC BY 4.0)",
            "protocol": "see benchmarks/open_bandit.py",
            "machine": machine(),
            "campaigns": {name: campaign_figures(package, name, replicates=arguments.replicates) for name in CAMPAIGNS},
        }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
