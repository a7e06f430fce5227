"""Which questions a run would ask of a log, and for which of them the log is enough.

This module owns that one answer, for training, inspection and first configs alike. It refuses to count (``prepare``).
"""

from __future__ import annotations

from collections.abc import Mapping

from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.dataset.windows import SplitConfig, Windows
from foretell.prepare.gates import Gate, gates
from foretell.tasks import default_tasks, response_action

__all__ = ["judged"]


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
