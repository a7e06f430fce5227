"""Which questions a run would ask of a log, and for which of them the log is enough.

This module owns that one answer, for training, inspection and first configs alike, and the windows that follow from it.
It refuses to count (``prepare``).
"""

from __future__ import annotations

from collections.abc import Mapping

from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.dataset.windows import SplitConfig, Windows
from foretell.prepare.gates import Gate, gates, require_any
from foretell.tasks import default_tasks, response_action

__all__ = ["judged", "longest_horizon_days", "planned"]


def judged(
    log: EventLog, *, tasks: Mapping[str, Task] | None, split: SplitConfig
) -> tuple[dict[str, Task], list[Gate]]:
    """The questions by name, and the verdict on each: data there is enough of, in a log that can be cut for it.

    Args:
        log: A clean log.
        tasks: The questions; None asks the built-in six.
        split: How time is cut.
    """
    asked = dict(tasks) if tasks is not None else default_tasks(response=response_action(log))
    verdicts = gates(
        log,
        list(asked.values()),
        days_to_split=lambda horizon_days: Windows.days_needed(horizon_days, config=split),
    )
    return asked, verdicts


def planned(
    log: EventLog, *, tasks: Mapping[str, Task] | None, split: SplitConfig
) -> tuple[dict[str, Task], list[Gate], Windows]:
    """The questions that a log is enough for, the verdict on each asked, and the windows for those.

    Args:
        log: A clean log.
        tasks: The questions; None asks the built-in six.
        split: How time is cut.

    Raises:
        InsufficientDataError: If it is enough for none, or too short.
        ConfigError: If a window is shorter than the longest horizon.
    """
    asked, found = judged(log, tasks=tasks, split=split)
    require_any(found)
    kept = {gate.task: asked[gate.task] for gate in found if gate.status != "refused"}
    windows = Windows.plan(log, longest_horizon_days=longest_horizon_days(kept), config=split)
    return kept, found, windows


def longest_horizon_days(tasks: Mapping[str, Task]) -> int:
    """The longest horizon that a window has to hold; a campaign is followed to its own end."""
    return max((task.horizon_days for task in tasks.values() if task.kind != "promotion"), default=1)
