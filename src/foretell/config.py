"""The one configuration of a run: a frozen model, read from one TOML file, unknown keys refused.

This module owns the settings a user may choose and their defaults. It refuses settings that nothing reads.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foretell.core.errors import ConfigError, SourceError
from foretell.core.task import Task
from foretell.core.time import parse_time
from foretell.dataset.windows import SplitConfig
from foretell.train.pretraining import ModelConfig

__all__ = ["DataConfig", "ModelConfig", "RunConfig", "SplitConfig", "load_config"]

_STRICT = ConfigDict(extra="forbid", frozen=True)


class DataConfig(BaseModel):
    """Where the log is and how to read it."""

    model_config = _STRICT

    log: str | None = None
    """Path of the log (file or folder), or ``complete-journey`` for the public demo log."""

    dialect: str | None = None
    """The dialect to read it in; None recognises it."""

    mapping: dict[str, str] = Field(default_factory=dict)
    """The shop's column name for each canonical one, where recognition needs help."""


class RunConfig(BaseModel):
    """Everything that decides a run.

    Example:
        >>> RunConfig(seed=1).model.size
        'small'
    """

    model_config = _STRICT

    data: DataConfig = DataConfig()
    """Where the log is."""

    split: SplitConfig = SplitConfig()
    """How time is cut."""

    model: ModelConfig = ModelConfig()
    """The sequence model."""

    task: dict[str, Task] | None = None
    """The questions by name; None asks the built-in six."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Decides every random choice."""

    bootstrap_replicates: Annotated[int, Field(ge=20)] = 200
    """Resamples behind every interval."""


def load_config(path: Path) -> RunConfig:
    """Read a run's configuration from TOML.

    Raises:
        SourceError: If the file is missing.
        ConfigError: If it is no TOML, or has an unknown key or a value out of range.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError("The config cannot be read.", received=path, remedy="Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("The config is not valid TOML.", received=error, remedy="Mend that line.") from error
    return parse_config(raw)


def parse_config(raw: dict[str, Any]) -> RunConfig:
    """Validate a configuration given as plain values; a task's name is its table's name.

    Raises:
        ConfigError: If a key is unknown or a value is out of range.

    Example:
        >>> parse_config({"task": {"soon": {"kind": "purchase", "horizon_days": 7}}}).task["soon"].name
        'soon'
    """
    tasks = raw.get("task")
    if isinstance(tasks, dict):
        raw = {**raw, "task": {name: _named(name, body) for name, body in tasks.items()}}
    try:
        config = RunConfig.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the config"
        raise ConfigError(
            f"{place}: {first['msg']}.",
            received=repr(first.get("input")),
            remedy="See docs/reference/config.md; unknown keys are refused.",
        ) from error
    if config.split.end is not None:
        parse_time(config.split.end)
    return config


def _named(name: str, body: object) -> object:
    """A task's table with its name; what is no table is left for the validation to refuse.

    Raises:
        ConfigError: If the table gives itself another name.
    """
    if not isinstance(body, dict):
        return body
    if body.get("name", name) != name:
        raise ConfigError(
            f"task.{name}: a task's name is its table's name.",
            received=repr(body["name"]),
            remedy="Leave the name out, or rename the table.",
        )
    return {**body, "name": name}
