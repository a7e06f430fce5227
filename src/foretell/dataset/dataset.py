"""A clean log with its tasks and windows: where labelled examples come from.

This module owns the pairing of tasks with windows. It refuses examples whose answer is not fully observed inside
their window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from foretell.core.errors import UnknownNameError
from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.task import Task
from foretell.dataset.windows import SplitName, Windows
from foretell.tasks import build_examples

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """Everything needed to ask a log's tasks at past cutoffs.

    Attributes:
        log: The clean log.
        tasks: The questions by name.
        windows: Train, validation and test.
    """

    log: EventLog
    tasks: Mapping[str, Task]
    windows: Windows

    @cached_property
    def histories(self) -> pl.DataFrame:
        """Everyone's histories (``history_frame``), the whole log: readers look no later than a cutoff."""
        return history_frame(self.log)

    def task(self, name: str) -> Task:
        """The task of that name.

        Raises:
            UnknownNameError: If there is none.
        """
        if name not in self.tasks:
            raise UnknownNameError.among("task", name, self.tasks)
        return self.tasks[name]

    def cutoffs(self, task: Task, split: SplitName, *, stride_days: int | None = None) -> list[int]:
        """The cutoffs of a grid task in a split."""
        return self.windows.cutoffs(split, horizon_days=task.horizon_days, stride_days=stride_days)

    def examples(self, name: str, split: SplitName, *, stride_days: int | None = None) -> pl.DataFrame:
        """The labelled examples of a task in a split, in a fixed order."""
        task = self.task(name)
        start, end = self.windows.bounds(split)
        return build_examples(
            self.log,
            task,
            cutoffs=self.cutoffs(task, split, stride_days=stride_days),
            start=start,
            end=end,
            known_until=self.windows.train_end,
        )
