"""A first configuration for a log: what was recognised in it, and the questions it suffices for, with comments.

This module owns ``foretell init``. What it writes is accepted by ``foretell train`` as it stands; it refuses to write
over a file and to put a password into one.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError, InsufficientDataError, SourceError
from foretell.core.events import EventLog
from foretell.core.question import write_question
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.dataset.windows import SplitConfig, Windows
from foretell.prepare import clean
from foretell.prepare.gates import Gate
from foretell.run.enough import judged
from foretell.sources import DIALECTS, Recognition, read_events, recognise
from foretell.sources.secrets import redacted
from foretell.tasks import default_tasks, response_action

__all__ = ["starting_config", "starting_text", "toml_value", "write_starting_config"]

_HORIZONS: Final = (56, 28, 14, 7, 3, 2, 1)
_NAMED_COLUMNS: Final = "canonical"
"""The dialect that has nothing but names to go by, so that its mapping belongs into the config."""
_STRAYS: Final = 0.005
"""So small a share of the events at the early end does not count as the log's length."""
_EVERYDAY: Final = (columns.PURCHASE, columns.CLICK, columns.VIEW, columns.CART)


def write_starting_config(
    log: str,
    *,
    out: str | Path = "foretell.toml",
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - passed to read_events, checked there
) -> dict[str, Any]:
    """Write the first configuration of ``log`` into ``out``.

    Args:
        log: The place of the log, as ``foretell train`` takes it.
        out: The TOML file to write.
        dialect: One of ``DIALECTS``; None recognises it.
        mapping: From canonical column to the shop's, where recognition needs help.
        **settings: Further settings of ``[data]``, such as ``zone``.

    Returns:
        ``file``, ``dialect``, ``confidence``, and ``tasks``: those the log suffices for.

    Raises:
        ConfigError: If ``out`` exists, or the place holds a password.
        InsufficientDataError: If the log suffices for no task.
    """
    out = Path(out)
    if out.exists():
        raise ConfigError(
            "The file exists, and what you wrote into it would be lost.",
            received=str(out),
            remedy="Give another name with --out, or move that file away.",
        )
    if not out.parent.is_dir():
        raise SourceError("There is no such folder.", received=str(out.parent), remedy="Create it first.")
    text, found, asked = starting_config(log, dialect=dialect, mapping=mapping, **settings)
    out.write_text(text, encoding="utf-8")
    return {"file": str(out), "dialect": found.dialect, "confidence": found.confidence, "tasks": asked}


def starting_config(
    log: str,
    *,
    dialect: str | None = None,
    mapping: Mapping[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - passed to read_events, checked there
) -> tuple[str, Recognition, list[str]]:
    """The text of a first configuration, what was recognised, and the tasks it asks.

    Raises:
        ConfigError: If the place holds a password.
        InsufficientDataError: If the log suffices for no task.
    """
    if redacted(log) != log:
        raise ConfigError(
            "A config is no place for a password.",
            received=redacted(log),
            remedy="Write ${NAME} in its place and set that variable in the environment.",
        )
    settings = {name: value for name, value in settings.items() if value is not None}
    of_sample = {name: value for name, value in settings.items() if name not in ("identities", "stitch")}
    found = recognise(log, dialect=dialect, mapping=mapping, **of_sample)
    read = read_events(log, dialect=dialect, mapping=mapping, **settings)
    cleaned = clean(read).log
    days, longest = _length(cleaned)
    tasks = _suggested(cleaned, longest)
    split = _split_config(days, longest)
    _, verdicts = judged(cleaned, tasks=tasks, split=split)
    asked = [gate.task for gate in verdicts if gate.status != "refused"]
    if not asked:
        raise InsufficientDataError(
            "The log is not enough for any of the tasks, so there is nothing to configure.",
            received=f"{len(cleaned):,} events in {days:.1f} days",
            remedy="Run foretell inspect: it says what each task lacks.",
        )
    # What is written must be accepted as it stands: a log that cannot be cut is told here, not in training.
    horizons = [tasks[name].horizon_days for name in asked if tasks[name].kind != "promotion"]
    Windows.plan(cleaned, longest_horizon_days=max(horizons, default=1), config=split)
    parts = [
        *_head(found),
        *_data(log, found, read, declared=mapping, settings=settings),
        *_split(split, days),
        *_model(),
        *(line for gate in verdicts for line in _task(tasks[gate.task], gate)),
        *_of_your_own(cleaned, max(horizons, default=1)),
    ]
    return "\n".join(parts) + "\n", found, asked


def starting_text(written: Mapping[str, Any]) -> str:
    """What was written, for people."""
    return (
        f"{written['file']} is written: a {written['dialect']} log (confidence {written['confidence']:.0%}) that "
        f"suffices for {', '.join(written['tasks'])}.\n"
        f"Look through it, then: foretell train {written['file']} --out RUN"
    )


def _length(log: EventLog) -> tuple[float, int]:
    """Days of the log without a few stray early events, and the longest horizon they allow."""
    times = log.events.filter(~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))[columns.TIME]
    if times.is_empty():
        return 0.0, 1
    first, last = times.quantile(_STRAYS, "lower"), times.max()
    days = (int(str(last)) - int(float(str(first)))) / DAY
    fitting = [horizon for horizon in _HORIZONS if _needed_days(horizon, days) <= days]
    return days, fitting[0] if fitting else 1


def _needed_days(horizon_days: int, days: float) -> int:
    """How long a log must be so that learning, choosing and testing have room for the horizon."""
    return _warmup(days) + horizon_days + 2 * _window(horizon_days, days)


def _warmup(days: float) -> int:
    return min(28, int(days / 6))


def _stride(horizon_days: int) -> int:
    return max(1, min(7, horizon_days // 2))


def _window(horizon_days: int, days: float) -> int:
    """Days of the test window, as ``SplitConfig`` would choose them."""
    stride = _stride(horizon_days)
    return max(horizon_days + stride, int(days / 6) // stride * stride)


def _suggested(log: EventLog, longest: int) -> dict[str, Task]:
    """The built-in tasks with horizons the log has room for, about an action it has."""
    counts = dict(log.events[columns.ACTION].value_counts().iter_rows())
    tasks = {}
    for name, task in default_tasks(response=response_action(log)).items():
        changes: dict[str, Any] = {"horizon_days": min(task.horizon_days, longest)}
        if task.active_days is not None:
            changes["active_days"] = 2 * changes["horizon_days"]
        if name == "recommend" and not counts.get(columns.PURCHASE):
            common = [action for action in _EVERYDAY if counts.get(action)]
            changes["action"] = max(common, key=lambda action: counts[action]) if common else task.action
        tasks[name] = task.model_copy(update=changes)
    return tasks


def _head(found: Recognition) -> list[str]:
    return [
        "# Written by foretell init; edit it, then: foretell train THIS_FILE --out RUN",
        "# Every key is described in docs/reference/config.md; one that foretell does not know is refused.",
        f"# Recognised as {found.dialect} with confidence {found.confidence:.0%}; times in {found.time_unit}.",
        "",
        "seed = 0  # decides every random choice",
        "",
    ]


def _data(
    log: str, found: Recognition, read: EventLog, *, declared: Mapping[str, str] | None, settings: Mapping[str, Any]
) -> list[str]:
    lines = ["[data]", f"log = {toml_value(log)}  # a relative path starts where the command is run"]
    if found.dialect in DIALECTS:
        lines.append(f"dialect = {toml_value(found.dialect)}")
    lines += [f"{name} = {toml_value(value)}" for name, value in settings.items()]
    notes = read.notes or found.notes
    lines += [line for note in notes for line in _comment(note)]
    if "zone" not in settings and any("without a zone" in note for note in notes):
        lines.append('# zone = "Europe/Berlin"  # where the clocks stood that wrote the times')
    lines.append("")
    active = dict(declared or {})
    if found.dialect == _NAMED_COLUMNS:
        active = found.mapping
    if found.mapping and found.dialect != "sequences":
        lines.append("[data.mapping]  # foretell's column = yours" + ("" if active else "; uncomment to change one"))
        for name, column in found.columns.items():
            mark = "" if name in active else "# "
            lines.append(f"{mark}{name} = {toml_value(column.own)}  # confidence {column.confidence:.0%}")
        lines.append("")
    return lines


def _split_config(days: float, longest: int) -> SplitConfig:
    """Windows for the longest of the tasks asked at cutoffs, which is four weeks at most."""
    horizon = min(longest, 28)
    window = _window(horizon, days)
    return SplitConfig(
        test_days=window, validation_days=window, stride_days=_stride(horizon), warmup_days=_warmup(days)
    )


def _split(split: SplitConfig, days: float) -> list[str]:
    return [
        f"[split]  # {days:.0f} days: a past to learn from, then a window to choose by, then one to test on",
        f"test_days = {split.test_days}",
        f"validation_days = {split.validation_days}",
        f"stride_days = {split.stride_days}  # days between two cutoffs",
        f"warmup_days = {split.warmup_days}  # days of history before the first cutoff that is learned from",
        "",
    ]


def _model() -> list[str]:
    return [
        "[model]",
        'size = "tiny"  # nano, tiny, small, base, large, xl',
        'backbone = "transformer"  # or auto, hstu, gru, lstm, convolution, masked, pooled',
        'epochs = "auto"',
        "",
    ]


def _task(task: Task, gate: Gate) -> list[str]:
    """A task's table; as comments, with the reason, where the log does not suffice for it."""
    body = [f"[task.{task.name}]", f"kind = {toml_value(task.kind)}", f"horizon_days = {task.horizon_days}"]
    if task.action != columns.PURCHASE:
        body.append(f"action = {toml_value(task.action)}")
    if task.active_days is not None:
        body.append(f"active_days = {task.active_days}  # asked of customers who did it within so many days")
    reason = _comment(gate.message) if gate.status != "ok" else []
    return [*reason, *(body if gate.status != "refused" else [f"# {line}" for line in body]), ""]


def _of_your_own(log: EventLog, horizon_days: int) -> list[str]:
    """A question that only a sentence asks, of what the log holds most of, as a comment to begin from."""
    actions = log.events.filter(~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))[columns.ACTION]
    bought = log.events.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    has_money = columns.VALUE in bought.columns and bool((bought[columns.VALUE] > 0).any())
    action = columns.PURCHASE if bought.height else str(actions.mode().sort()[0])
    name = "spend" if has_money else "how_often"
    predict = write_question(
        kind="amount", action=action, horizon_days=horizon_days, measure="value" if has_money else "count"
    )
    return [
        "# A question of your own is one sentence:",
        f"# [task.{name}]",
        f"# predict = {toml_value(predict)}",
    ]


def _comment(text: str) -> list[str]:
    """A sentence as lines of comment."""
    return textwrap.wrap(text, 110, initial_indent="# ", subsequent_indent="#   ", break_long_words=False)


def toml_value(value: object) -> str:
    """A value as TOML writes it; JSON's strings, numbers and lists are TOML's too, its surrogate pairs are not."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(inner) for inner in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
