"""What a search may try: settings of a config by their path, each with the values it may take.

This module owns the paths and the configs that come of them. It refuses a path that is no setting and a value that
the setting refuses, before any trial is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foretell.config import RunConfig, TuneRange, parse_config
from foretell.core.errors import ConfigError

__all__ = ["DEFAULT_SPACE", "Space", "check_space", "setting", "with_settings"]

Space = Mapping[str, tuple[Any, ...] | TuneRange]

DEFAULT_SPACE: Final[dict[str, tuple[Any, ...] | TuneRange]] = {
    "model.size": ("nano", "tiny", "small"),
    "model.backbone": ("transformer", "hstu", "gru", "convolution"),
    "model.epochs": TuneRange(low=1, high=12, log=True),
    "model.dropout": TuneRange(low=0.05, high=0.5),
    "model.optimisation.learning_rate": TuneRange(low=5e-4, high=8e-3, log=True),
    "features.select": ("none", "association"),
}
"""What is tried where the config has no ``[tune.space]``."""


def setting(config: RunConfig, path: str) -> Any:  # noqa: ANN401 (a setting is of any type)
    """The value of a setting.

    Raises:
        ConfigError: If there is no such setting.

    Example:
        >>> setting(RunConfig(), "model.size")
        'tiny'
    """
    value: Any = config
    for name in path.split("."):
        if name not in getattr(type(value), "model_fields", {}):
            raise ConfigError(
                f"There is no setting {path!r} to search over.",
                received=path,
                remedy="Name settings by their path, as model.size; docs/reference/config.md has them all.",
            )
        value = getattr(value, name)
    return value


def with_settings(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """The config with other values at some paths, checked like one from a file.

    Raises:
        ConfigError: If there is no such setting, or a value is out of its range.

    Example:
        >>> with_settings(RunConfig(), {"model.size": "nano"}).model.size
        'nano'
    """
    changed: dict[str, Any] = config.model_dump(mode="json", exclude={"tune"})
    for path, value in values.items():
        setting(config, path)
        *above, last = path.split(".")
        place = changed
        for name in above:
            place = place[name]
        place[last] = value
    return parse_config(changed)


def check_space(config: RunConfig, space: Space) -> None:
    """Go on if every value that may be tried is one its setting takes.

    Raises:
        ConfigError: If one is not, or nothing may be tried.
    """
    if not space:
        raise ConfigError("There is nothing to search over.", remedy="Name settings in [tune.space], or leave it out.")
    for path, value in _corners(space):
        with_settings(config, {path: value})


def _corners(space: Space) -> Iterator[tuple[str, Any]]:
    for path, values in space.items():
        yield from ((path, value) for value in (values.ends() if isinstance(values, TuneRange) else values))
