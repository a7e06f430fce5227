"""A log in every dialect goes through inspect, init and train: a larger one than the samples, in the same columns."""

import pytest
from dialect_writers import WRITTEN

from foretell.config import load_config, parse_config
from foretell.run.inspection import inspect_log
from foretell.run.starting_config import write_starting_config
from foretell.sources import DIALECTS


def test_every_dialect_is_trained_on():
    """A new dialect without a way of writing it fails here, before anybody runs the slow test."""
    assert {way.dialect for way in WRITTEN} == set(DIALECTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_goes_through_inspect_init_and_train(written, larger_shop, sayable, tmp_path):
    from foretell.predictor.predictor import Predictor
    from foretell.run.pipeline import train

    place, toml = tmp_path / written.file, tmp_path / "foretell.toml"
    events, items = larger_shop
    written.write(sayable(written, events), items, place)
    inspected = inspect_log(str(place))
    assert inspected["recognised"]["dialect"] == written.dialect
    asked = write_starting_config(str(place), out=toml)["tasks"]
    assert asked
    assert inspect_log(str(toml))["recognised"]["mapping"] == inspected["recognised"]["mapping"]
    settings = load_config(toml).model_dump(mode="json", exclude_none=True)
    # The config as written, but for a size that a test can afford.
    settings["model"] = {"size": "nano", "epochs": 1, "n_negatives": 32}
    settings["bootstrap_replicates"] = 20
    for name, task in settings["task"].items():
        task.pop("name", None)
        settings["task"][name] = task
    train(None, out=tmp_path / "run", config=parse_config(settings))
    predictor = Predictor.load(tmp_path / "run")
    assert set(predictor.tasks) <= set(asked)
    assert predictor.tasks
