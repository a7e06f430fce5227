"""A simulated campaign: whom each arm moves is planted, so what must be found is known."""

import numpy as np
import polars as pl
import pytest

from foretell.uplift import Columns, train_uplift

COLUMNS = Columns("arm", "none", "bought", "spend")


def simulate_campaign(n: int, *, seed: int = 0, chosen_by_age: float = 0.0) -> pl.DataFrame:
    """A letter that adds .4 to buying for the over-forties only; spend is about 20 a purchase.

    With ``chosen_by_age`` the shop prefers the old (the larger, the more) and the old buy more anyway.
    """
    random = np.random.default_rng(seed)
    age = random.normal(40, 10, n)
    segment = random.choice(["new", "regular", "gone"], n)
    chance = 1 / (1 + np.exp(-chosen_by_age * (age - 40) / 10))
    treated = random.random(n) < chance
    level = 0.2 + 0.1 * (segment == "regular") + 0.4 * (treated & (age > 40))
    if chosen_by_age:
        level = level + 0.1 * np.clip((age - 40) / 10, -1, 1)
    bought = random.random(n) < level
    return pl.DataFrame(
        {
            "customer": [f"c{number:05d}" for number in range(n)],
            "age": age.round(1),
            "segment": segment,
            "arm": np.where(treated, "letter", "none"),
            "bought": bought.astype(int),
            "spend": np.where(bought, random.gamma(4, 5, n), 0.0).round(2),
        }
    )


@pytest.fixture(scope="session")
def campaign_frame():
    """1,600 people, half of them treated by chance."""
    return simulate_campaign(1600)


@pytest.fixture(scope="session")
def trained(campaign_frame, tmp_path_factory):
    """Folder, predictor and report of a training that the room's tests share."""
    folder = tmp_path_factory.mktemp("uplift")
    predictor, report = train_uplift(
        campaign_frame, columns=COLUMNS, out=folder, randomised=True, cost=2.0, budget=0.3, replicates=60
    )
    return folder, predictor, report


@pytest.fixture(scope="session")
def columns():
    """Which column of the simulated campaign is what."""
    return COLUMNS


@pytest.fixture(scope="session")
def simulated():
    """``simulate_campaign``, for tests that need another campaign."""
    return simulate_campaign
