"""The small run's log, view and a few points to read."""

import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.dataset.log_folder import load_log
from foretell.predictor.view import ShopView


@pytest.fixture(scope="session")
def log(tiny_run):
    return load_log(tiny_run / "data")


@pytest.fixture(scope="session")
def view(log):
    return ShopView.of(log)


@pytest.fixture(scope="session")
def last(log):
    """The moment of the last event."""
    return int(log.events["time"].max())


@pytest.fixture(scope="session")
def points(log, last):
    """Twenty customers, and one never seen, at three moments each, in no particular order."""
    users = [*log.events["user_id"].unique().sort().gather_every(10), "nobody"]
    cutoffs = pl.DataFrame({"cutoff": [last, last - 40 * DAY, last - 70 * DAY + 7]})
    return pl.DataFrame({"user_id": users}).join(cutoffs, how="cross").sample(fraction=1.0, shuffle=True, seed=4)
