"""Forecasts of many series by Nixtla's libraries: seasonal naive, AutoETS, and LightGBM through mlforecast.

Run by ``benchmarks/walmart.py`` in an environment of its own:

    python -m venv ENV && ENV/bin/pip install statsforecast mlforecast lightgbm polars pyarrow
    ENV/bin/python benchmarks/peers/nixtla_demand.py FOLDER

``FOLDER`` has ``series.parquet`` (``unique_id, ds, y``, numbered and known-ahead columns from the fourth on; evenly
spaced, gaps filled with 0) and ``asked.json``: ``season``, ``horizon``, ``origins`` and ``validation`` (positions of
the last known step), ``levels`` (quantiles, symmetric), ``static`` (columns that never change), ``lags``, ``windows``,
``frequency``, ``sample`` (how many series those models are asked for that learn one series at a time).
``forecasts.parquet`` (``model, unique_id, origin, step`` and one column a level) and ``told.json`` are written beside
them. AutoETS and seasonal naive are fitted anew at every origin; LightGBM is fitted once, on all before the first
origin, its loss and scaling chosen on the validation, its intervals conformal.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean
from mlforecast.target_transforms import LocalStandardScaler
from mlforecast.utils import PredictionIntervals
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS, SeasonalNaive

CONFORMAL_WINDOWS = 3


def intervals(levels: list[float]) -> list[float]:
    """The central intervals, in percent, whose ends are the quantiles below and above the middle."""
    return [round(100 * (1 - 2 * level), 6) for level in levels if level < 0.5]


def quantiles(found: pd.DataFrame, model: str, levels: list[float]) -> pd.DataFrame:
    """One column a level, read off the interval columns of a model."""
    said = {}
    for level in levels:
        name = f"{model}-{'lo' if level < 0.5 else 'hi'}-{100 * abs(1 - 2 * level):g}"
        at = model if level == 0.5 else next(column for column in (name, f"{name}.0") if column in found.columns)
        said[str(level)] = found[at].to_numpy()
    return pd.DataFrame(said)


def local_models(series: pd.DataFrame, asked: dict[str, Any], *, origin: int) -> dict[str, pd.DataFrame]:
    """Every series by itself, from what was known at the origin."""
    season = asked["season"]
    models = [
        SeasonalNaive(season_length=season, alias="seasonal_naive"),
        AutoETS(season_length=season, alias="auto_ets"),
        MSTL(season_length=season, trend_forecaster=AutoETS(model="ZZN"), alias="stl_auto_ets"),
    ]
    dates = np.sort(series["ds"].unique())
    known = series.loc[series["ds"] <= dates[origin], ["unique_id", "ds", "y"]]
    # A series that is younger than two seasons has no seasonal parts to take out: AutoETS alone is asked.
    lengths = known.groupby("unique_id")["y"].transform("size")
    found = {}
    for part, chosen in ((known[lengths > 2 * season], models), (known[lengths <= 2 * season], models[:2])):
        if part.empty:
            continue
        forecaster = StatsForecast(
            models=chosen, freq=asked["frequency"], n_jobs=2, fallback_model=SeasonalNaive(season_length=1)
        )
        table = forecaster.forecast(df=part, h=asked["horizon"], level=intervals(asked["levels"])).reset_index(
            drop=True
        )
        for model in models:
            name = model.alias if model.alias in table.columns else "auto_ets"
            rows = quantiles(table, name, asked["levels"]).assign(unique_id=table["unique_id"], ds=table["ds"])
            found.setdefault(model.alias, []).append(rows)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def boosted(asked: dict[str, Any], *, objective: str, scaled: bool) -> MLForecast:
    """LightGBM on lags, rolling means, dates and what is known ahead."""
    model = LGBMRegressor(
        objective=objective, n_estimators=400, learning_rate=0.05, num_leaves=63, verbosity=-1, random_state=0, n_jobs=2
    )
    return MLForecast(
        models={"lightgbm": model},
        freq=asked["frequency"],
        lags=asked["lags"],
        lag_transforms={1: [RollingMean(window_size=size, min_samples=1) for size in asked["windows"]]},
        date_features=asked["dates"],
        target_transforms=[LocalStandardScaler()] if scaled else [],
    )


def by_trees(
    series: pd.DataFrame,
    asked: dict[str, Any],
    *,
    fitted_until: int,
    origins: list[int],
    **settings: Any,  # noqa: ANN401
) -> dict[int, pd.DataFrame]:
    """Forecasts of one fit at several origins, later ones told what has become known since."""
    dates = np.sort(series["ds"].unique())
    forecaster = boosted(asked, **settings)
    forecaster.fit(
        series[series["ds"] <= dates[fitted_until]],
        static_features=asked["static"],
        prediction_intervals=PredictionIntervals(n_windows=CONFORMAL_WINDOWS, h=asked["horizon"]),
    )
    ahead = series.drop(columns=["y", *asked["static"]])
    found, known = {}, fitted_until
    for origin in origins:
        if origin > known:
            forecaster.update(series[(series["ds"] > dates[known]) & (series["ds"] <= dates[origin])])
            known = origin
        coming = ahead[(ahead["ds"] > dates[origin]) & (ahead["ds"] <= dates[origin + asked["horizon"]])]
        table = forecaster.predict(
            h=asked["horizon"], X_df=coming if coming.shape[1] > 2 else None, level=intervals(asked["levels"])
        )
        found[origin] = quantiles(table, "lightgbm", asked["levels"]).assign(
            unique_id=table["unique_id"].to_numpy(), ds=table["ds"].to_numpy()
        )
    return found


def loss(found: dict[int, pd.DataFrame], series: pd.DataFrame, levels: list[float]) -> float:
    """Pinball loss over all levels and origins."""
    table = pd.concat(found.values()).merge(series[["unique_id", "ds", "y"]], on=["unique_id", "ds"])
    gap = table["y"].to_numpy()[:, None] - table[[str(level) for level in levels]].to_numpy()
    return float(np.maximum(np.array(levels) * gap, (np.array(levels) - 1) * gap).mean())


def main() -> None:
    """Read, fit, forecast, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    asked = json.loads((arguments.folder / "asked.json").read_text())
    series = pd.read_parquet(arguments.folder / "series.parquet")
    told: dict[str, Any] = {"seconds": {}, "validation_pinball": {}}
    parts: list[pd.DataFrame] = []

    def keep(model: str, origin: int, table: pd.DataFrame) -> None:
        step = table.groupby("unique_id")["ds"].rank(method="first").astype(int)
        parts.append(table.assign(model=model, origin=origin, step=step).drop(columns="ds"))

    began = time.perf_counter()
    ids = series["unique_id"].drop_duplicates().to_numpy()
    drawn = np.random.default_rng(0).choice(ids, size=min(asked["sample"], len(ids)), replace=False)
    alone = series[series["unique_id"].isin(drawn)]
    for origin in asked["origins"]:
        for model, table in local_models(alone, asked, origin=origin).items():
            keep(model, origin, table)
        print(f"origin {origin}: {time.perf_counter() - began:.0f} s", flush=True)
    told["seconds"]["statsforecast"] = time.perf_counter() - began
    began = time.perf_counter()
    choices = [{"objective": objective, "scaled": scaled} for objective in ("l1", "l2") for scaled in (False, True)]
    losses = []
    for choice in choices:
        first = asked["validation"][0]
        found = by_trees(series, asked, fitted_until=first, origins=asked["validation"], **choice)
        losses.append(loss(found, series, asked["levels"]))
        told["validation_pinball"][json.dumps(choice)] = losses[-1]
        print(choice, losses[-1], f"{time.perf_counter() - began:.0f} s", flush=True)
    best = choices[int(np.argmin(losses))]
    for origin, table in by_trees(
        series, asked, fitted_until=asked["origins"][0], origins=asked["origins"], **best
    ).items():
        keep("lightgbm", origin, table)
    told["lightgbm"], told["seconds"]["mlforecast"] = best, time.perf_counter() - began
    pd.concat(parts, ignore_index=True).to_parquet(arguments.folder / "forecasts.parquet")
    (arguments.folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
