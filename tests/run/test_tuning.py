"""The search: what may be tried, that it goes on where it stopped, and that the best is a config to train with."""

import pytest

from foretell.config import RunConfig, TuneRange, load_config, parse_config
from foretell.core.errors import ConfigError, InputError
from foretell.run.search_space import DEFAULT_SPACE, check_space, setting, with_settings
from foretell.run.tuning import tune, tuning_text
from foretell.simulate import ShopConfig, simulate

SETTINGS = {
    "model": {"size": "nano", "epochs": 1},
    "split": {"test_days": 28, "validation_days": 28},
    "bootstrap_replicates": 20,
    "task": {"purchase": {"predict": "any purchase within 7 days for users"}},
    "tune": {"space": {"model.epochs": [1, 2], "features.select": ["none", "association"]}},
}


def test_the_built_in_space_holds_settings_that_exist():
    check_space(RunConfig(), DEFAULT_SPACE)


def test_settings_are_changed_by_path_and_checked():
    config = with_settings(RunConfig(), {"model.size": "nano", "model.optimisation.learning_rate": 0.01})
    assert (setting(config, "model.size"), config.model.optimisation.learning_rate) == ("nano", 0.01)
    assert config.model.backbone == RunConfig().model.backbone
    with pytest.raises(ConfigError, match=r"model\.size"):
        with_settings(RunConfig(), {"model.size": "vast"})
    for path in ("model.width", "nothing", "model.size.more", ""):
        with pytest.raises(ConfigError, match="no setting"):
            with_settings(RunConfig(), {path: 1})


@pytest.mark.parametrize(
    "space",
    [{"model.dropout": {"low": 0.5, "high": 0.5}}, {"model.dropout": {"low": 0, "high": 1, "log": True}},
     {"model.size": ["nano"]}, {"model.size": {"least": 1}}],
)  # fmt: skip
def test_a_space_without_a_choice_is_refused(space):
    with pytest.raises(ConfigError, match=r"tune\.space"):
        parse_config({"tune": {"space": space}})


def test_a_value_that_its_setting_refuses_is_refused_before_any_trial(tmp_path):
    config = parse_config(SETTINGS | {"tune": {"space": {"model.dropout": {"low": 0.1, "high": 1.5}}}})
    with pytest.raises(ConfigError, match="dropout"):
        tune(None, out=tmp_path / "search", config=config)
    assert not (tmp_path / "search").exists()


def test_whole_ends_give_whole_numbers():
    assert TuneRange(low=1, high=9).is_whole
    assert not TuneRange(low=1, high=9.5).is_whole


@pytest.mark.slow
def test_a_search_goes_on_and_ends_with_a_config(tmp_path):
    shop = simulate(ShopConfig(n_users=150, n_items=60, days=200, seed=3)).log()
    config, place = parse_config(SETTINGS), tmp_path / "search"
    first = tune(shop, out=place, config=config, trials=1, folds=1)
    assert first["start"] == first["best"]["score"]
    assert first["trials"][0]["settings"] == {"model.epochs": 1, "features.select": "none"}
    found = tune(shop, out=place, config=config, trials=3, folds=2)
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2]
    assert found["trials"][0] == first["trials"][0]
    assert found["best"]["score"] >= found["start"]
    best = load_config(place / "best.toml")
    for path, value in found["best"]["settings"].items():
        assert setting(best, path) == value
    assert best.task == config.task
    assert not list(place.glob("trial-*"))
    assert "foretell train" in tuning_text(found)
    with pytest.raises(InputError, match="'churn'"):
        tune(shop, out=tmp_path / "other", config=config, trials=1, folds=1, task="churn")
