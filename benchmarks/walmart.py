"""Weekly sales of Walmart's departments: foretell's demand head beside seasonal naive, AutoETS and LightGBM of Nixtla.

Usage: python -m benchmarks.walmart FOLDER --python ENV/bin/python --out benchmarks/results/walmart.json

``FOLDER`` holds Kaggle's Walmart recruiting files (``train.parquet``, ``features.parquet``): weekly sales of 3,331
series, a department of a store each, with markdowns and holidays known ahead. The last 13 weeks are held out. From four
origins, 0, 3, 6 and 9 weeks into them, the next four weeks are forecast: quantiles, of which the middle one is the
point. Judged are the weeks the file has, every series from the first origin that knows it.

foretell's trees (``features.demand``, ``model.quantile_head``, the demand task's own settings) are fitted once: trained
on weeks up to 26 before the end, stopped and corrected on the 13 after these. Each department number is a category;
markdowns and holidays are its promotions. No customer is known, so there is no signal from them. The peers are what
``benchmarks/peers/nixtla_demand.py`` says, LightGBM with the same knowledge of markdowns, holidays, stores and
departments. Models that learn one series at a time take about a third of a second for each and origin: they are asked
for 800 series drawn by chance, and everyone is judged on these. A department's returns may exceed its sales: such weeks
(0.3 %) are judged as they are.

``order_cost`` is what an order of a week's goods costs where a missing piece costs three times (or nine times) a piece
left over: the quantile .75 (or .9) is ordered. Intervals: 1,000 paired bootstrap resamples of series.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from benchmarks.machine import machine, write_result
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.time import DAY
from foretell.features.categories import CategoryMap
from foretell.features.demand import demand_features
from foretell.model.quantile_head import QuantileHead, fit_quantile_head
from foretell.predictor.demand_inputs import DemandInputs

LEVELS: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
WEEKS: Final = 4
HELD_OUT: Final = 13
OFFSETS: Final = (0, 3, 6, 9)
REPLICATES: Final = 1_000
SAMPLE: Final = 800
MARKDOWN_UNIT: Final = 10_000.0

Floats = NDArray[np.float64]


class Shop:
    """The file as foretell sees it: sales as purchases of items (a store's department), one a week.

    Attributes:
        rows: ``item_id, Store, Dept, Date, units`` as the file has them.
        dates: Every Friday, in order.
        promotions: Markdowns (in ten thousands) and holidays by item and week, known ahead.
    """

    def __init__(self, folder: Path) -> None:
        sales = pl.read_parquet(folder / "train.parquet").with_columns(
            pl.format("{}_{}", "Store", "Dept").alias(columns.ITEM_ID), pl.col("Weekly_Sales").alias("units")
        )
        self.rows = sales.select(columns.ITEM_ID, "Store", "Dept", "Date", "units")
        self.dates = sales["Date"].unique().sort()
        known = pl.read_parquet(folder / "features.parquet")
        self.marks = [name for name in known.columns if name.startswith("MarkDown")]
        self.known = known.select(
            "Store",
            "Date",
            *(
                pl.col(mark).cast(pl.Float64, strict=False).fill_null(0.0).clip(0.0) / MARKDOWN_UNIT
                for mark in self.marks
            ),
            pl.col("IsHoliday").cast(pl.Float64).alias("holiday"),
        )
        items = self.rows.select(columns.ITEM_ID, "Store", "Dept").unique(maintain_order=True)
        end = _moment("Date") + DAY - 1
        self.items = items[columns.ITEM_ID]
        self.categories = CategoryMap.of(
            items.select(columns.ITEM_ID, pl.col("Dept").cast(pl.String).alias("category"))
        )
        self.promotions = items.join(self.known, on="Store").select(
            columns.ITEM_ID,
            (end - 7 * DAY).alias(columns.START),
            end.alias(columns.END),
            *self.marks,
            "holiday",
        )
        self.ends = [moment + DAY - 1 for moment in self.dates.to_frame("Date").select(_moment("Date")).to_series()]

    def inputs(self, origins: list[int]) -> tuple[DemandInputs, pl.DataFrame]:
        """What the head reads at origins (positions of the last known week), and what was sold then."""
        events = self.rows.select(
            columns.ITEM_ID,
            (_moment("Date") + DAY // 2).alias(columns.TIME),
            pl.lit(columns.PURCHASE).alias(columns.ACTION),
            pl.col("units").alias(columns.QUANTITY),
        )
        frame = demand_features(
            events,
            cutoffs=[self.ends[origin] for origin in origins],
            item_ids=self.items,
            categories=self.categories,
            promotions=self.promotions,
            weeks=WEEKS,
            log_end=self.ends[-1],
        )
        sold = self.rows.select(
            columns.ITEM_ID, (_moment("Date") + DAY - 1).alias(columns.END), pl.col("units").alias("sold")
        )
        frame = frame.join(sold, on=[columns.ITEM_ID, columns.END], how="inner", maintain_order="left")
        return DemandInputs.of(frame.drop("sold")), frame.select(columns.ITEM_ID, columns.CUTOFF, "week", "sold")

    def series(self) -> pl.DataFrame:
        """The same for the peers: evenly spaced from each series' first week, gaps filled with 0."""
        first = self.rows.group_by(columns.ITEM_ID).agg(pl.col("Date").min().alias("first"))
        grid = first.join(self.dates.to_frame("Date"), how="cross").filter(pl.col("Date") >= pl.col("first"))
        filled = grid.join(self.rows.select(columns.ITEM_ID, "Date", "units"), on=[columns.ITEM_ID, "Date"], how="left")
        place = pl.col(columns.ITEM_ID).str.split("_")
        return (
            filled.with_columns(
                place.list.get(0).cast(pl.Int64).alias("Store"), place.list.get(1).cast(pl.Int64).alias("Dept")
            )
            .join(self.known, on=["Store", "Date"], how="left")
            .select(
                pl.col(columns.ITEM_ID).alias("unique_id"),
                pl.col("Date").cast(pl.Datetime("ns")).alias("ds"),
                pl.col("units").fill_null(0.0).alias("y"),
                "Store",
                "Dept",
                *self.marks,
                "holiday",
            )
            .sort("unique_id", "ds")
        )


def _moment(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Datetime("us")).cast(pl.Int64)


def by_foretell(shop: Shop, *, first: int, seed: int) -> QuantileHead:
    """The head, learned from all before the held-out weeks."""
    learned, _ = shop.inputs(list(range(52, first - HELD_OUT - WEEKS + 1)))
    later, _ = shop.inputs([first - HELD_OUT + offset for offset in OFFSETS])
    return fit_quantile_head(
        (learned.without_intent(), learned.units, learned.scale),
        validation=(later.without_intent(), later.units, later.scale),
        names=learned.names[:-1],
        levels=LEVELS,
        seed=seed,
    )


def by_peers(shop: Shop, *, python: str, first: int, folder: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Forecasts of Nixtla's libraries and what there is to say of them; those already in the folder stand."""
    asked = {
        "season": 52,
        "horizon": WEEKS,
        "sample": SAMPLE,
        "origins": [first + offset for offset in OFFSETS],
        "validation": [first - HELD_OUT + offset for offset in OFFSETS],
        "levels": LEVELS,
        "static": ["Store", "Dept"],
        "lags": [1, 2, 3, 4, 8, 13, 26, 51, 52, 53],
        "windows": [4, 13, 26],
        "dates": ["week", "month"],
        "frequency": "W-FRI",
    }
    if not (folder / "told.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shop.series().write_parquet(folder / "series.parquet")
        (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        script = Path(__file__).with_name("peers") / "nixtla_demand.py"
        subprocess.run([python, str(script), str(folder)], check=True, stdout=sys.stderr)
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return pl.read_parquet(folder / "forecasts.parquet"), told


def measures(sold: Floats, quantiles: Floats) -> dict[str, Floats]:
    """Every measure's sum by row: errors over units, so that totals divide."""
    gap = sold[:, None] - quantiles
    level = np.asarray(LEVELS)
    pinball = np.maximum(level * gap, (level - 1) * gap)
    return {
        "wape": np.abs(gap[:, LEVELS.index(0.5)]),
        "wql": 2 * pinball.mean(axis=1),
        "order_cost_3_to_1": 4 * pinball[:, LEVELS.index(0.75)],
        "order_cost_9_to_1": 10 * pinball[:, LEVELS.index(0.9)],
    }


def judged(sold: Floats, answers: dict[str, Floats], owners: NDArray[np.int64], *, seed: int) -> dict[str, Any]:
    """Each model's measures per unit sold, and foretell less each peer with a paired interval over series.

    References:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
    """
    n = int(owners.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=REPLICATES)
    units = np.bincount(owners, weights=sold, minlength=n)
    sums = {
        model: {name: np.bincount(owners, weights=rows, minlength=n) for name, rows in measures(sold, said).items()}
        for model, said in answers.items()
    }
    found: dict[str, Any] = {"models": {}, "foretell_less": {}}
    for model, said in answers.items():
        inside = (sold >= said[:, 0]) & (sold <= said[:, -1])
        figures = {name: round(float(by_owner.sum() / units.sum()), 5) for name, by_owner in sums[model].items()}
        bias = round(float(said[:, LEVELS.index(0.5)].sum() / sold.sum() - 1), 4)
        found["models"][model] = figures | {"bias_of_median": bias, "covered_80": round(float(inside.mean()), 4)}
        if model != "foretell":
            found["foretell_less"][model] = {}
            for name, theirs in sums[model].items():
                gaps = (drawn @ (sums["foretell"][name] - theirs)) / (drawn @ units)
                low, high = np.quantile(gaps, [0.025, 0.975])
                value = float((sums["foretell"][name] - theirs).sum() / units.sum())
                found["foretell_less"][model][name] = [round(float(one), 5) for one in (value, low, high)]
    return found


def main() -> None:
    """Read, fit, forecast, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", help="an environment with Nixtla's libraries; without it foretell stands alone")
    parser.add_argument("--peers", type=Path, help="where the libraries' forecasts lie or will lie; they take an hour")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    shop = Shop(arguments.folder)
    first = len(shop.dates) - 1 - HELD_OUT
    began = time.perf_counter()
    head = by_foretell(shop, first=first, seed=arguments.seed)
    inputs, rows = shop.inputs([first + offset for offset in OFFSETS])
    said = head.quantiles(inputs.without_intent(), inputs.scale)
    seconds: dict[str, float] = {"foretell": time.perf_counter() - began}
    origin = pl.col(columns.CUTOFF).replace_strict({end: place for place, end in enumerate(shop.ends)})
    table = rows.with_columns(
        origin.alias("origin"), pl.Series("foretell", said, dtype=pl.Array(pl.Float64, len(LEVELS)))
    )
    peers: dict[str, Any] = {}
    if arguments.python:
        folder = arguments.peers or Path(tempfile.mkdtemp())
        forecasts, peers = by_peers(shop, python=arguments.python, first=first, folder=folder)
        seconds |= peers.pop("seconds")
        for (model,), part in forecasts.partition_by("model", as_dict=True).items():
            answers = pl.concat_arr([pl.col(str(level)) for level in LEVELS]).alias(str(model))
            keys = part.select(
                pl.col("unique_id").alias(columns.ITEM_ID), "origin", pl.col("step").alias("week"), answers
            )
            table = table.join(
                keys.with_columns(pl.col("origin").cast(pl.Int64), pl.col("week").cast(pl.Int32)),
                on=[columns.ITEM_ID, "origin", "week"],
                how="left",
                maintain_order="left",
            )
    models = [name for name in table.columns if name not in (columns.ITEM_ID, columns.CUTOFF, "week", "sold", "origin")]
    everywhere = table.drop_nulls(models)
    owners = everywhere[columns.ITEM_ID].rank("dense").to_numpy().astype(np.int64) - 1
    answers = {name: np.sort(everywhere[name].to_numpy(), axis=1) for name in models}
    result = {
        "version": 1,
        "data": "Walmart recruiting, weekly sales by store and department",
        "protocol": "see benchmarks/walmart.py",
        "series": int(owners.max()) + 1,
        "rows": everywhere.height,
        "rows_without_every_forecast": table.height - everywhere.height,
        "levels": LEVELS,
        "seed": arguments.seed,
        **judged(everywhere["sold"].to_numpy(), answers, owners, seed=arguments.seed),
        "peers": peers,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "machine": machine(),
    }
    write_result(result, out=arguments.out)


if __name__ == "__main__":
    main()
