"""Talk while working: one line per stage and a progress bar on long ones, on stderr only.

This module owns what a person sees during a run. It refuses stdout, which belongs to data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["Narrator", "Stage"]


class Stage:
    """The bar of one stage; call it with (done, in all) to move it.

    Args:
        progress: The bars of all stages.
        task: Which of them this is.
    """

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int) -> None:
        """Move the bar: so much is done, of so much in all."""
        self._progress.update(self._task, completed=done, total=total)

    def note(self, text: str) -> None:
        """A few words beside the bar."""
        self._progress.update(self._task, note=text)


class Narrator:
    """Tells a person what is going on.

    Args:
        quiet: Say nothing at all.
        console: Where to talk; stderr by default.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, quiet=quiet, highlight=False)
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=quiet,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line of talk."""
        self._progress.console.print(text)

    @contextmanager
    def stage(self, title: str, *, note: str = "") -> Iterator[Stage]:
        """A stage with a bar; call what is yielded with (done, in all) to move it. One that fails leaves no line."""
        task = self._progress.add_task(title, total=None, note=note)
        try:
            yield Stage(self._progress, task)
        except BaseException:
            self._progress.remove_task(task)
            raise
        total = self._progress.tasks[task].total or 1
        self._progress.update(task, completed=total, total=total)
