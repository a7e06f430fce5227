"""The demo: one real log, every task, from raw data to report.

This module owns the demo's settings. It refuses settings made for its test window: they were chosen on validation
data, or follow from the data's own calendar.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from foretell.config import RunConfig, parse_config
from foretell.evaluate import Report
from foretell.run.narrator import Narrator
from foretell.run.pipeline import train

__all__ = ["demo_config", "run_demo"]


def demo_config() -> RunConfig:
    """The config of the demo, ``foretell/run/demo.toml``."""
    return parse_config(tomllib.loads(files("foretell.run").joinpath("demo.toml").read_text(encoding="utf-8")))


def run_demo(out: Path, *, seed: int | None = None, command: str = "foretell demo", narrator: Narrator) -> Report:
    """Train and judge the six tasks on the Complete Journey log.

    Raises:
        MissingExtraError: If the data package (extra ``demo``) is not installed.
    """
    config = demo_config()
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    train(None, out=out, config=config, command=command, narrator=narrator)
    return Report.load(out)
