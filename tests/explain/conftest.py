"""A run small enough to train within seconds: the simulated shop, the tiny model, few trees."""

from typing import Any

import polars as pl
import pytest

from foretell.config import ModelConfig, RunConfig
from foretell.core import columns
from foretell.core.events import EventLog
from foretell.model import probability_head
from foretell.model.boosting import fit_boosting
from foretell.predictor.predictor import Predictor
from foretell.run.pipeline import train
from foretell.simulate import Shop, ShopConfig, simulate


@pytest.fixture(scope="session")
def shop() -> Shop:
    return simulate(ShopConfig(n_users=200, n_items=60, days=170))


@pytest.fixture(scope="session")
def predictor(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    def fit_few(*args: Any, objective: dict[str, Any], **others: Any) -> Any:
        return fit_boosting(*args, objective={**objective, "num_iterations": 40, "learning_rate": 0.2}, **others)

    config = RunConfig(model=ModelConfig(size="nano", epochs=1), bootstrap_replicates=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probability_head, "fit_boosting", fit_few)
        return train(shop.log(), out=tmp_path_factory.mktemp("explain") / "run", config=config)


@pytest.fixture(scope="session")
def log(predictor: Predictor) -> EventLog:
    """The clean log of the run."""
    return predictor.own_log()


@pytest.fixture(scope="session")
def buyer(log: EventLog) -> str:
    """Somebody with many events."""
    bought = log.events.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    return str(bought[columns.USER_ID].value_counts(sort=True, name="n").sort("n", "user_id", descending=True)[0, 0])
