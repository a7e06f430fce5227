"""The arguments that several verbs share, and how they are read.

This module owns their names and help. It refuses to know any one verb.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretell.core.time import from_microseconds, parse_time

if TYPE_CHECKING:
    from foretell.config import RunConfig

__all__ = [
    "AsJson",
    "At",
    "Log",
    "Mapping",
    "OfDialect",
    "Out",
    "Run",
    "Seed",
    "Source",
    "Zone",
    "log_and_config",
    "moment",
]

Log = Annotated[str, typer.Argument(metavar="LOG", help="A log: a file, a folder, a store, or 'complete-journey'.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of text.")]
At = Annotated[str | None, typer.Option("--at", help="The cutoff, ISO 8601; by default the end of the log.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Decides every random choice.")]
OfDialect = Annotated[str | None, typer.Option("--dialect", help="The dialect to read the log in.")]
Mapping = Annotated[list[str] | None, typer.Option("--mapping", help="canonical=own, once for each column.")]
Zone = Annotated[str | None, typer.Option("--zone", help="Where clocks stood that name no zone, as Europe/Berlin.")]
Source = Annotated[str, typer.Argument(metavar="LOG_OR_CONFIG", help="A log, a store, or a TOML config naming one.")]


def moment(at: str | None) -> datetime | None:
    """The cutoff asked about, None for the end of the log."""
    return None if at is None else from_microseconds(parse_time(at))


def log_and_config(source: str, *, seed: int | None) -> tuple[str | None, RunConfig]:
    """The log to train on (None where the config names it) and every setting."""
    from foretell.config import RunConfig, load_config

    is_config = source.endswith(".toml")
    config = load_config(Path(source)) if is_config else RunConfig()
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    return None if is_config else source, config
