"""The article's table, simulated: what is planted is known, so what must be found is too."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest


def simulate_visitors(n: int, *, seed: int = 0) -> pl.DataFrame:
    """Visitors whose purchases depend on page views, on past purchases and on what they searched for."""
    generator = np.random.default_rng(seed)
    page_views = generator.poisson(8, n)
    purchase_frequency = generator.gamma(2.0, 0.5, n).round(3)
    words = np.array(["red shoes", "winter coat", "gift card", "blue shoes", "cheap phone"])
    term = generator.integers(0, len(words), n)
    score = 0.25 * (page_views - 8) + 1.2 * (purchase_frequency - 1) + 1.5 * (term == 2) - 0.8
    bought = generator.random(n) < 1 / (1 + np.exp(-score))
    day = np.datetime64("2025-01-01") + np.sort(generator.integers(0, 200, n))
    return pl.DataFrame(
        {
            "user": [f"u{number:05d}" for number in range(n)],
            "day": day.astype(str),
            "page_views": page_views,
            "search_terms": words[term],
            "purchase_frequency": purchase_frequency,
            "shop": ["main"] * n,
            "made_purchase": np.where(bought, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def visitors() -> pl.DataFrame:
    """1,200 visitors."""
    return simulate_visitors(1200)


@pytest.fixture(scope="session")
def visitors_file(visitors, tmp_path_factory) -> Path:
    """The same as a CSV file, a few rows without an answer."""
    path = tmp_path_factory.mktemp("tabular") / "visitors.csv"
    some = visitors.with_row_index().with_columns(
        made_purchase=pl.when(pl.col("index") % 100 == 0).then(None).otherwise("made_purchase")
    )
    some.drop("index").write_csv(path)
    return path


@pytest.fixture(scope="session")
def trained(visitors_file, tmp_path_factory):
    """Folder, predictor and report of every model trained on the file, once for the session; read-only."""
    from foretell.tabular import train_table

    out = tmp_path_factory.mktemp("tabular") / "run"
    predictor, report = train_table(visitors_file, target="made_purchase", out=out, command="foretell tabular")
    return out, predictor, report
