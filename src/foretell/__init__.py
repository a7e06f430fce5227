"""foretell: a shop's event log goes in, predictions of what each customer does next come out, with the evidence.

This module owns the front door: the names most users need, loaded when first used. It refuses side effects.

Example:
    >>> import foretell
    >>> foretell.EventLog.__name__
    'EventLog'
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from foretell.config import RunConfig, load_config
    from foretell.core.errors import ForetellError
    from foretell.core.events import EventLog
    from foretell.core.history import History
    from foretell.core.task import Task
    from foretell.evaluate import Report
    from foretell.explain import explain
    from foretell.predictor.predictor import Predictor
    from foretell.prepare import clean
    from foretell.run.pipeline import train
    from foretell.run.preparation import prepare
    from foretell.simulate import simulate
    from foretell.sources import read_events
    from foretell.tabular import TabularClassifier

__all__ = [
    "EventLog",
    "ForetellError",
    "History",
    "Predictor",
    "Report",
    "RunConfig",
    "TabularClassifier",
    "Task",
    "clean",
    "explain",
    "load_config",
    "prepare",
    "read_events",
    "simulate",
    "train",
]

try:
    __version__ = version("foretell")
except PackageNotFoundError:  # used from a source tree that was never installed
    __version__ = "0+unknown"

_HOMES: Final = {
    "EventLog": "foretell.core.events",
    "ForetellError": "foretell.core.errors",
    "History": "foretell.core.history",
    "Predictor": "foretell.predictor.predictor",
    "Report": "foretell.evaluate",
    "RunConfig": "foretell.config",
    "TabularClassifier": "foretell.tabular",
    "Task": "foretell.core.task",
    "clean": "foretell.prepare",
    "explain": "foretell.explain",
    "load_config": "foretell.config",
    "prepare": "foretell.run.preparation",
    "read_events": "foretell.sources",
    "simulate": "foretell.simulate",
    "train": "foretell.run.pipeline",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the names above)
    """Load a name when it is first asked for, so that importing foretell costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'foretell' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _FrontDoor(ModuleType):
    """The package as a module on which a verb keeps its name when the room of the same name is loaded.

    ``foretell.train(...)`` is the function although ``foretell.train.context`` is a module: importing a room would
    otherwise put the room in the function's place.
    """

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 (a module takes anything)
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _FrontDoor
