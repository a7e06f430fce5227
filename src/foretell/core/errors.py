"""Every error foretell raises on purpose, in one tree.

This module owns the exception classes and the three-part message (what is wrong, what was received, what to
do). It refuses to know who raises them.

    ForetellError                 anything foretell raises on purpose
    ├── InputError                the user's input is at fault (the command line exits with 2)
    │   ├── SourceError           a file or table is missing, empty or unreadable
    │   ├── SchemaError           columns or types are not what is needed
    │   ├── InsufficientDataError the log is too small for what was asked
    │   ├── ConfigError           a setting is unknown, missing or out of range
    │   └── UnknownNameError      a task, dialect or user that does not exist
    ├── RunError                  a saved run is missing, incomplete or of another version
    └── MissingExtraError         an optional dependency is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ConfigError",
    "ForetellError",
    "InputError",
    "InsufficientDataError",
    "MissingExtraError",
    "RunError",
    "SchemaError",
    "SourceError",
    "UnknownNameError",
]


class ForetellError(Exception):
    """Anything foretell raises on purpose: what is wrong, what was received, what to do.

    Args:
        problem: One sentence saying what is wrong.
        received: What was received instead, shown as given.
        remedy: What the user can do about it.

    Example:
        >>> print(ForetellError("The log is empty.", received="0 rows", remedy="Check the export."))
        The log is empty.
        Received: 0 rows
        What to do: Check the export.
    """

    exit_code = 1

    def __init__(self, problem: str, *, received: object = None, remedy: str | None = None) -> None:
        self.problem = problem
        self.received = received
        self.remedy = remedy
        lines = [problem]
        if received is not None:
            lines.append(f"Received: {received}")
        if remedy is not None:
            lines.append(f"What to do: {remedy}")
        super().__init__("\n".join(lines))


class InputError(ForetellError):
    """The user's input is at fault; the command line exits with code 2."""

    exit_code = 2


class SourceError(InputError):
    """A file, folder or table is missing, empty or unreadable."""


class SchemaError(InputError):
    """Columns or types are not what is needed."""


class InsufficientDataError(InputError):
    """The log is too small, too short or too one-sided for what was asked."""


class ConfigError(InputError):
    """A setting is unknown, missing or out of range."""


class UnknownNameError(InputError):
    """A name that does not exist was asked for; the nearest existing ones are offered.

    Example:
        >>> print(UnknownNameError.among("task", "purchse", ["purchase", "churn"]))
        There is no task named 'purchse'.
        Received: 'purchse'
        What to do: Did you mean 'purchase'? Known: churn, purchase.
    """

    @classmethod
    def among(cls, noun: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """Build the error for ``name``, offering the closest of the ``known`` names."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        return cls(
            f"There is no {noun} named {name!r}.",
            received=repr(name),
            remedy=f"{hint}Known: {', '.join(names) or 'none'}.",
        )


class RunError(ForetellError):
    """A saved run is missing, incomplete, damaged or of another version."""

    exit_code = 2


class MissingExtraError(ForetellError):
    """An optional dependency is not installed; the message names the extra that brings it.

    Example:
        >>> print(MissingExtraError("starlette", extra="live"))
        This needs the package 'starlette', which is not installed.
        What to do: pip install 'foretell[live]'
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"This needs the package {package!r}, which is not installed.",
            remedy=f"pip install 'foretell[{extra}]'",
        )
        self.package = package
        self.extra = extra
