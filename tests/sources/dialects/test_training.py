"""A model trains on a log in every dialect, from the config that init writes."""

import pytest

from foretell.config import load_config, parse_config
from foretell.run.starting_config import write_starting_config


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_model_trains_on_it(written, tiny_shop, sayable, tmp_path):
    from foretell.predictor.predictor import Predictor
    from foretell.run.pipeline import train

    place, toml = tmp_path / written.file, tmp_path / "foretell.toml"
    written.write(sayable(written, tiny_shop.log().events), tiny_shop.tables["items"], place)
    asked = write_starting_config(str(place), out=toml)["tasks"]
    assert asked
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
