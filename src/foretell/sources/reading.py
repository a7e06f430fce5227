"""How to get at the rows of a place: the settings that only some kinds of places have a use for.

This module owns those settings. It refuses ones that have no effect on the place at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator

from foretell.core.errors import ConfigError, UnknownNameError
from foretell.core.events import SIDE_TABLES
from foretell.sources.access_logs.config import AccessLogConfig
from foretell.sources.formats.declared import Declared
from foretell.sources.secrets import hidden, redacted

__all__ = ["ReadingConfig", "SideTableConfig", "reading_of", "side_tables_of"]

_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
C = TypeVar("C", bound="ReadingConfig")


class ReadingConfig(BaseModel):
    """How to get at the rows of a place.

    Example:
        >>> ReadingConfig(columns=["user", "item"]).columns
        ('user', 'item')
    """

    model_config = _STRICT

    columns: tuple[str, ...] | None = None
    """The names of the columns, for delimited files without a line of names."""

    separator: str | None = None
    """What stands between the cells of delimited files; None finds it."""

    table: str | None = None
    """The table of a database, with its schema where it needs one (``shop.events``)."""

    query: str | None = None
    """A query on a database, in place of a table."""

    storage: dict[str, Any] = Field(default_factory=dict)
    """Options of the store behind a remote path, as fsspec names them (``endpoint_url``, ``key``, ``anon``, ...)."""

    access_log: AccessLogConfig | None = None
    """What the pages of a web shop mean; given, files are read as access logs."""

    @field_validator("columns")
    @classmethod
    def _has_names(cls, columns: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if columns is not None and (not columns or len(set(columns)) < len(columns)):
            raise ValueError("name every column once, from left to right")
        return columns

    @field_validator("separator")
    @classmethod
    def _is_one_character(cls, separator: str | None) -> str | None:
        if separator is not None and (len(separator.encode()) != 1 or separator in '"\r\n'):
            raise ValueError("a separator is one plain character, such as ',', ';', '|' or a tab")
        return separator

    @field_serializer("storage")
    def _without_secrets(self, storage: dict[str, Any]) -> dict[str, Any]:
        return cast(dict[str, Any], hidden(storage))

    @property
    def declared(self) -> Declared:
        """The part that is about files."""
        return Declared(self.columns, self.separator, self.access_log)

    def refuse_for(self, what: str, *, files: bool = False, database: bool = False, remote: bool = False) -> None:
        """Refuse settings that would have no effect.

        Args:
            what: What is being read, for the message.
            files: True if settings about files have an effect there.
            database: True if table and query have.
            remote: True if storage has.

        Raises:
            ConfigError: If one is set that has none.

        Example:
            >>> ReadingConfig().refuse_for("a table in memory")
        """
        if not files:
            self.declared.refuse_for(what)
        given = {
            "table": None if database else self.table,
            "query": None if database else self.query,
            "storage": None if remote else self.storage or None,
        }
        for name, value in given.items():
            if value is not None:
                raise ConfigError(
                    f"{name} has no effect on {what}.",
                    received=name if name == "storage" else f"{name}={value!r}",
                    remedy="Leave it out: table and query are for databases, storage for remote paths.",
                )


class SideTableConfig(ReadingConfig):
    """Where a side table lies and how to get at its rows.

    Example:
        >>> SideTableConfig(source="items.csv").source
        'items.csv'
    """

    source: str | None = None
    """A path, pattern or URL; None takes the log's own place, where that is a database."""

    mapping: dict[str, str] = Field(default_factory=dict)
    """The shop's column name for each canonical one, where recognition needs help."""

    @field_serializer("source")
    def _without_password(self, source: str | None) -> str | None:
        return None if source is None else redacted(source)


def reading_of(**settings: Any) -> ReadingConfig:  # noqa: ANN401 - checked by the model
    """The settings, checked.

    Raises:
        ConfigError: If one is unknown or out of range.

    Example:
        >>> reading_of(separator=";").separator
        ';'
    """
    return _checked(ReadingConfig, settings, "")


def side_tables_of(given: Mapping[str, object] | None) -> dict[str, tuple[object, SideTableConfig]]:
    """Side tables as a user gives them: by name a place, a table in memory, or settings; None names the log's place.

    Raises:
        UnknownNameError: If foretell knows no side table of that name.
        ConfigError: If a setting is unknown or out of range.

    Example:
        >>> side_tables_of({"items": "items.csv"})["items"][0]
        'items.csv'
    """
    found: dict[str, tuple[object, SideTableConfig]] = {}
    for name, value in (given or {}).items():
        if name not in SIDE_TABLES:
            raise UnknownNameError.among("side table", name, SIDE_TABLES)
        if isinstance(value, SideTableConfig):
            found[name] = (value.source, value)
        elif isinstance(value, Mapping):
            settings = dict(value)
            # A table in memory stands where a path could, and is no setting that could be written down.
            place = settings.get("source")
            if not isinstance(place, str):
                settings.pop("source", None)
            found[name] = (place, _checked(SideTableConfig, settings, f"{name}."))
        else:
            found[name] = (value, SideTableConfig())
    return found


def _checked(kind: type[C], settings: Mapping[str, Any], where: str) -> C:
    try:
        return kind.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        place = where + ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{place}: {first['msg']}.",
            received=repr(hidden(first.get("input"))),
            remedy="See docs/how-to/your_own_log.md for the settings of each kind of place.",
        ) from error
