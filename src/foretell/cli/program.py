"""The program: its name, its help, its version, and how every error becomes a message and an exit code.

This module owns exit codes (0 ok, 1 failed, 2 bad input) and the app that verbs register with. It refuses verbs.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from foretell import __version__
from foretell.core.errors import ForetellError
from foretell.core.system_errors import from_os_error
from foretell.core.threads import waiting_threads_sleep
from foretell.run.printing import say_failure, say_misuse, typed_command

__all__ = ["app", "main"]

app = typer.Typer(
    name="foretell",
    help="Turn a shop's event log into predictions of what each customer does next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line; every foretell error becomes a message and an exit code, never a traceback."""
    waiting_threads_sleep()
    _talk = Console(stderr=True, highlight=False)
    try:
        code = app(standalone_mode=False)  # a verb returns None; Ctrl-C comes back from typer as 130, not raised
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except (typer.Abort, KeyboardInterrupt):
        _talk.print("Stopped. Run the same command again to continue.")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        refused = error if isinstance(error, ForetellError) else from_os_error(error)
        if refused is not None:
            say_failure(_talk, refused.problem, refused.received, refused.remedy)
            sys.exit(refused.exit_code)
        if hasattr(error, "format_message"):  # click's own: an unknown option, a missing argument
            say_misuse(_talk, error, typed=typed_command())
            sys.exit(2)
        raise


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"foretell {__version__}\n")
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn a shop's event log into predictions of what each customer does next."""
