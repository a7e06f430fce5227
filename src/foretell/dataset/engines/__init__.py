"""The engines that run the plans of ``prepare`` and ``features``: Polars on one machine, Spark on many.

This package owns how a plan is started from files, kept between two steps and brought home. It refuses rules and
features: both engines run the same plans. A new engine is one module and one line in ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from foretell.core.errors import UnknownNameError
from foretell.dataset.engines.engine import Engine
from foretell.dataset.engines.polars_engine import PolarsEngine
from foretell.dataset.engines.spark_engine import SparkEngine

__all__ = ["ENGINES", "Engine", "open_engine"]

ENGINES: Final[dict[str, Callable[[str | None], Engine]]] = {
    "polars": PolarsEngine.open,
    "spark": SparkEngine.open,
}
"""From an engine's name to how it is opened; the argument is the master URL of a cluster, or None."""


def open_engine(name: str, *, master: str | None = None) -> Engine:
    """The engine called ``name``.

    Args:
        name: A key of ``ENGINES``.
        master: The cluster's URL, for engines that have one (``local[2]``, ``spark://host:7077``).

    Raises:
        UnknownNameError: If there is no such engine.
        ConfigError: If a master is given to an engine that has none.
        MissingExtraError: If the engine's package is not installed.

    Example:
        >>> open_engine("polars").name
        'polars'
    """
    if name not in ENGINES:
        raise UnknownNameError.among("engine", name, ENGINES)
    return ENGINES[name](master)
