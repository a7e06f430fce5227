"""The ``[features]`` section of a config: what it becomes, and where a mistake in it is said to lie."""

import tomllib

import pytest

from foretell.config import RunConfig, parse_config
from foretell.core.errors import ConfigError


def test_tables_declare_and_keys_set():
    text = """
        [features]
        select = "association"
        keep = 30
        scale = "robust"
        [features.night_views]
        aggregate = "count"
        actions = "view"
        hours = [22, 6]
        windows_days = [7, 28]
    """
    config = parse_config(tomllib.loads(text))
    assert (config.features.keep, config.features.scale) == (30, "robust")
    assert config.features.define["night_views"].actions == ("view",)
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ({"selct": "association"}, "features.selct"),
        ({"select": "lasso"}, "features.select"),
        ({"scale": "minmax"}, "features.scale"),
        ({"keep": 4}, "features"),
        ({"replace_defaults": True}, "features"),
        ({"night": {"aggregate": "count", "hour": [22, 6]}}, "features.night.hour"),
        ({"night": {"aggregate": "count", "hours": [22, 22]}}, "features.night.hours"),
        ({"night": {"actions": "view"}}, "features.night.aggregate"),
        ({"night": {"aggregate": "count", "windows_days": [0]}}, "features.night.windows_days.0"),
    ],
)
def test_mistakes_are_named_with_their_place(section, place):
    with pytest.raises(ConfigError) as caught:
        parse_config({"features": section})
    assert caught.value.problem.startswith(f"{place}: ")
    assert caught.value.remedy
