"""The one configuration of a run: a frozen model, read from one TOML file, unknown keys refused.

This module owns the settings a user may choose and their defaults. It refuses settings that nothing reads.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_serializer, model_validator
from pydantic_core import ErrorDetails

from foretell.core.errors import ConfigError, SourceError
from foretell.core.events import SIDE_TABLES
from foretell.core.task import Task
from foretell.core.time import parse_time
from foretell.dataset.windows import SplitConfig
from foretell.features import FeatureConfig
from foretell.prepare.rules import CleaningRules
from foretell.sources.hints import Stitch
from foretell.sources.reading import ReadingConfig, SideTableConfig
from foretell.sources.secrets import hidden, redacted
from foretell.train.settings import ModelConfig

__all__ = [
    "CleaningRules",
    "DataConfig",
    "FeatureConfig",
    "ModelConfig",
    "RunConfig",
    "SplitConfig",
    "TuneConfig",
    "TuneRange",
    "load_config",
    "parse_config",
]

_STRICT = ConfigDict(extra="forbid", frozen=True)


def _as_table(value: object) -> object:
    """A side table given by its place alone."""
    return {"source": value} if isinstance(value, str) else value


SideTable = Annotated[SideTableConfig | None, BeforeValidator(_as_table)]

_KIND: Final = re.compile(r"constrained-|literal\[|(int|float|str|bool)$")
"""What pydantic puts behind the name of a setting that may be of several kinds."""


class DataConfig(ReadingConfig):
    """Where the log is and how to read it.

    Example:
        >>> parse_config({"data": {"log": "events.csv", "items": "items.csv"}}).data.items.source
        'items.csv'
    """

    model_config = _STRICT

    log: str | None = None
    """Path of the log (file, folder or pattern), URL of a database or of a file elsewhere, or ``complete-journey`` for
    the public demo log. ``${NAME}`` in a URL comes from the environment."""

    dialect: str | None = None
    """The dialect to read it in; None recognises it."""

    mapping: dict[str, str] = Field(default_factory=dict)
    """The shop's column name for each canonical one, where recognition needs help."""

    zone: str | None = None
    """The time zone of moments that name none, for example ``Europe/Berlin``; None takes UTC."""

    identities: str | None = None
    """Where the table from ``anonymous_id`` to ``user_id`` lies."""

    stitch: Stitch = "as_known"
    """Which anonymous rows a login takes over: ``as_known``, ``whole`` or ``never``."""

    items: SideTable = None
    """Where the items lie: a path or URL, or a table of settings."""

    users: SideTable = None
    """Where the users lie."""

    campaigns: SideTable = None
    """Where the campaigns lie."""

    treatments: SideTable = None
    """Where it lies which campaign reached whom."""

    exposures: SideTable = None
    """Where it lies what was shown to whom."""

    promotions: SideTable = None
    """Where the promotions known ahead lie."""

    @field_serializer("log", "identities")
    def _without_password(self, place: str | None) -> str | None:
        """What a run writes down about itself holds no password."""
        return None if place is None else redacted(place)

    def choices(self) -> dict[str, Any]:
        """The arguments of ``read_events`` and ``recognise`` beside the log itself; what was not chosen is absent."""
        plain = ("dialect", "mapping", "zone", "identities", *ReadingConfig.model_fields)
        chosen = {name: value for name in plain if (value := getattr(self, name)) not in (None, {})}
        if self.stitch != "as_known":
            chosen["stitch"] = self.stitch
        side_tables = {name: table for name in SIDE_TABLES if (table := getattr(self, name)) is not None}
        return chosen | ({"side_tables": side_tables} if side_tables else {})


class TuneRange(BaseModel):
    """Numbers that ``foretell tune`` may try for a setting; whole ones where both ends are whole.

    Example:
        >>> TuneRange(low=1, high=8).ends(), TuneRange(low=0.1, high=0.5).is_whole
        ((1, 8), False)
    """

    model_config = _STRICT

    low: int | float
    """The least."""

    high: int | float
    """The most."""

    log: bool = False
    """Whether steps are even in the logarithm: 1 to 10 is then as far as 10 to 100."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def ends(self) -> tuple[int | float, int | float]:
        """The least and the most."""
        return self.low, self.high

    @model_validator(mode="after")
    def _rises(self) -> TuneRange:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must lie below high, and above zero for log = true")
        return self


class TuneConfig(BaseModel):
    """What ``foretell tune`` may try; nothing else reads it."""

    model_config = _STRICT

    space: dict[str, Annotated[tuple[str | int | float | bool, ...], Field(min_length=2)] | TuneRange] | None = None
    """By the path of a setting the values it may take, a list or ``{ low = 1, high = 8, log = true }``; None tries the
    built-in space."""


class RunConfig(BaseModel):
    """Everything that decides a run.

    Example:
        >>> RunConfig(seed=1).model.size
        'tiny'
    """

    model_config = _STRICT

    data: DataConfig = DataConfig()
    """Where the log is."""

    clean: CleaningRules = CleaningRules()
    """What is set aside, and what becomes of refunds and sales without a customer."""

    split: SplitConfig = SplitConfig()
    """How time is cut."""

    features: FeatureConfig = FeatureConfig()
    """Which features, how they are selected and how scaled."""

    model: ModelConfig = ModelConfig()
    """The sequence model."""

    task: dict[str, Task] | None = None
    """The questions by name; None asks the built-in six."""

    tune: TuneConfig = TuneConfig()
    """What a search may try."""

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
        place = _place(first)
        # A setting of several kinds is refused once for each.
        ways = [other["msg"] for other in error.errors() if _place(other) == place and other["input"] is first["input"]]
        raise ConfigError(
            f"{place}: {', or '.join(dict.fromkeys(ways))}.",
            received=repr(hidden(first.get("input"))),
            remedy="See docs/reference/config.md; unknown keys are refused.",
        ) from error
    if config.split.end is not None:
        parse_time(config.split.end)
    return config


def _place(error: ErrorDetails) -> str:
    """Where in the config an error is, as the user would write it."""
    loc = list(error["loc"])
    if error["type"] not in ("missing", "extra_forbidden") and _KIND.match(str(loc[-1] if loc else "")):
        loc = loc[:-1]
    # A declared feature is a table of the section itself, whatever the model keeps it under.
    kept = [part for part in loc if part != "define" or loc[0] != "features"]
    return ".".join(str(part) for part in kept) or "the config"


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
