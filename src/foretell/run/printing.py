"""What the command line prints: data on stdout, notes and errors on stderr.

This module owns that text. It refuses exit codes (``cli``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

__all__ = ["print_data", "say_failure", "say_misuse", "say_note", "typed_command"]


def print_data(value: Any, *, as_json: bool, text: Callable[[Any], str]) -> None:  # noqa: ANN401 (any JSON value)
    """Data on stdout: JSON, or the text made of it.

    Example:
        >>> print_data({"rows": 2}, as_json=False, text=lambda found: f"{found['rows']} rows")
        2 rows
    """
    shown = json.dumps(value, indent=1, ensure_ascii=False, default=str) if as_json else text(value)
    sys.stdout.write(shown.rstrip("\n") + "\n")


def typed_command() -> str:
    """The command as it was typed, without the path of the program and the passwords of URLs: a report is passed on."""
    from foretell.sources.secrets import redacted  # here, for its package brings Polars, which no help needs

    return redacted(" ".join(["foretell", *sys.argv[1:]]))


def say_note(text: str) -> None:
    """A note on stderr."""
    Console(stderr=True, highlight=False).print(f"[yellow]Note:[/] {_plain(text)}", soft_wrap=True)


def say_failure(talk: Console, problem: str, received: object, remedy: str | None) -> None:
    """An error's three parts."""
    talk.print(f"[red bold]Error:[/] {_plain(problem)}", soft_wrap=True)
    if received is not None:
        talk.print(f"Received: {_plain(str(received))}", soft_wrap=True)
    if remedy:
        talk.print(f"What to do: {_plain(remedy)}", soft_wrap=True)


def say_misuse(talk: Console, error: Any, *, typed: str) -> None:  # noqa: ANN401 (click's own, of whichever click)
    """What is wrong with a command as typed, and whose help to ask for: the verb's, where one was understood.

    Args:
        talk: Where to.
        error: Click's usage error; it has no message where no verb was given, for the help was shown then.
        typed: The command, as ``typed_command`` gives it.
    """
    message = error.format_message()
    if not message:
        return
    context = getattr(error, "ctx", None)
    verb = f"{context.info_name} " if context is not None and context.parent is not None else ""
    say_failure(talk, message, typed, f"foretell {verb}--help")


def _plain(text: str) -> str:
    """Text without console markup, so that brackets in data show as they are."""
    return text.replace("[", r"\[")
