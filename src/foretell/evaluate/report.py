"""The report: one document, kept as ``report.json`` and shown as ``report.html``.

This module owns the document's form, its reading and its writing (both files appear whole or not at all). It
refuses to compute figures and to draw (``render``).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core.errors import RunError
from foretell.evaluate.definitions import definition
from foretell.evaluate.inputs import EvaluationError
from foretell.evaluate.plain import plain
from foretell.evaluate.render import render

__all__ = ["Report", "build_report"]

VERSION: Final = 1
REQUIRED: Final = ("version", "model", "data", "windows", "seconds", "peak_memory_mib", "tasks")
_TASK_REQUIRED: Final = ("kind", "horizon_days", "n", "positives", "metrics", "baselines", "checks")
JSON_NAME: Final = "report.json"
HTML_NAME: Final = "report.html"


class Report:
    """What a run's predictions are worth.

    The document holds, by the contract of ``report.json``:

    - ``version`` (1), ``model`` (``size``, ``parameters``, ``seed``, ``device``), ``data`` (``events``,
      ``users``, ``items``, ``removed`` by rule), ``windows`` (``train``, ``validation``, ``test``: ISO start
      and end), ``seconds`` by stage, ``peak_memory_mib``;
    - ``tasks``, by name: ``kind``, ``horizon_days``, ``n``, ``positives``, ``metrics`` and ``baselines``
      (each figure with ``value``, ``low``, ``high``), ``checks`` (``code``, ``name``, ``status``,
      ``message``).

    and beyond it, for the page:

    - of a task: ``answer`` (probability, ranking or quantiles), ``question``, ``unit`` (what a row is),
      ``headline`` (the metric verdicts go by), ``verdict`` (``baseline``, ``metric``, ``value``, ``low``, ``high``,
      ``outcome``), ``undefined`` (metric to reason), ``paired`` (baseline, metric: difference mine - baseline
      with ``outcome``), ``curves``, ``slices``, ``features`` (``measure`` says what ``association`` is: ``auc`` of
      the feature alone, ``spearman`` for amounts), ``selection`` (how many features are ``read``,
      and ``left_out`` with ``name`` and ``reason``; null where all are read), ``blend``, ``notes``,
      ``examples_of_answers``,
      ``validation_rate``, ``unknown_share``, ``do_not_use_for``, ``variants`` (further task dictionaries),
      and by answer ``base_rate``, ``threshold``, ``calibration``, ``randomised``, ``responses``, ``k``, ``catalogue``,
      ``without_wants``, ``popularity``, ``levels``, ``nominal_coverage``, ``bias_of`` (``mean`` or ``median``: what
      totals and bias are those of, for the model and every baseline), and of promotions ``effect`` (money per
      customer reached: ``value``, ``low``, ``high``, ``raw_difference``, ``share_without_overlap``, ``n_treated``);
    - of the run: ``model.backbone`` and ``model.backbone_reason`` (how it was chosen),
      ``title``, ``gates`` (rows of ``task``, ``name``, ``needed``, ``found``, ``status``,
      ``message``), ``left_out`` (task to reason, where no answer is given),
      ``quality`` (``rows_in``, ``rows_out``, ``kept_apart``, ``noted`` in sentences, ``meaning`` by rule,
      ``quarantine``), ``command``,
      ``environment``, ``do_not_use_for``, ``definitions`` (``label``, ``better``, ``meaning``, ``formula`` by
      metric).

    Args:
        document: A dictionary of that form; it is made plain (rounded, finite) on the way in.

    Raises:
        EvaluationError: If a key of the contract is missing.

    Example:
        >>> report = build_report({}, model={}, data={}, windows={}, seconds={}, peak_memory_mib=1)
        >>> report.document["version"]
        1
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        missing = [key for key in REQUIRED if key not in document]
        for name, task in document.get("tasks", {}).items():
            missing += [f"tasks.{name}.{key}" for key in _TASK_REQUIRED if key not in task]
        if missing:
            raise EvaluationError(
                "This is no complete report.",
                received=f"a document without {', '.join(missing)}",
                remedy="Build it with build_report and the evaluate functions, or load one with Report.load.",
            )
        self.document: dict[str, Any] = plain(document)

    def json(self) -> str:
        """The document as JSON text, keys in the order given, without NaN or infinity."""
        return json.dumps(self.document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def frame(self) -> pl.DataFrame:
        """One row per task, model and metric.

        Returns:
            Columns ``task``, ``model`` (``foretell`` or the baseline's name), ``metric``, ``value``, ``low``,
            ``high``.
        """
        rows = [
            (name, model, metric, figure["value"], figure["low"], figure["high"])
            for name, task in self.document["tasks"].items()
            for model, metrics in {"foretell": task["metrics"], **task["baselines"]}.items()
            for metric, figure in metrics.items()
        ]
        schema = {
            "task": pl.String,
            "model": pl.String,
            "metric": pl.String,
            "value": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def html(self) -> str:
        """The page: one file that needs nothing else, not even a network."""
        return render(self.document)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``report.json`` and ``report.html``; neither is ever seen half-written.

        Args:
            folder: Where to; it is made when missing.

        Returns:
            The path of ``report.json``.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        pages = {HTML_NAME: self.html(), JSON_NAME: self.json()}
        written: list[tuple[Path, Path]] = []
        try:
            for name, content in pages.items():
                written.append((_write_beside(target, content), target / name))
            for temporary, final in written:
                temporary.replace(final)
        finally:
            for temporary, _ in written:
                temporary.unlink(missing_ok=True)
        return target / JSON_NAME

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Report:
        """Read the report of a run.

        Args:
            folder: The run's folder, or the path of a ``report.json``.

        Returns:
            The report.

        Raises:
            RunError: If there is none, or it cannot be read.
            EvaluationError: If it lacks a key of the contract.
        """
        path = Path(folder)
        if not path.exists() and path.suffix != ".json":
            raise RunError(
                "There is no run here: the folder does not exist.",
                received=str(path),
                remedy="Check the path, or train a run: foretell train LOG --out DIR.",
            )
        path = path / JSON_NAME if path.is_dir() else path
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(
                "There is no report here.",
                received=str(path),
                remedy="Run `foretell evaluate` on this run first.",
            ) from error
        except ValueError as error:
            raise RunError(
                "The report is damaged.",
                received=f"{path}: {error}",
                remedy="Make it again with `foretell evaluate`.",
            ) from error
        if not isinstance(document, dict):
            raise RunError(
                "The report is damaged.",
                received=f"{path}: not an object",
                remedy="Make it again with `foretell evaluate`.",
            )
        return cls(document)


def build_report(
    tasks: Mapping[str, Mapping[str, Any]],
    *,
    model: Mapping[str, Any],
    data: Mapping[str, Any],
    windows: Mapping[str, Sequence[Any]],
    seconds: Mapping[str, float],
    peak_memory_mib: float,
    title: str = "",
    gates: Sequence[Mapping[str, Any]] = (),
    left_out: Mapping[str, str] | None = None,
    quality: Mapping[str, Any] | None = None,
    command: str = "",
    environment: Mapping[str, Any] | None = None,
    do_not_use_for: Sequence[str] = (),
) -> Report:
    """Put the parts of a run into one report.

    Args:
        tasks: The dictionaries of the ``evaluate`` functions, by task name, in the order shown.
        model: ``size``, ``parameters``, ``seed``, ``device``.
        data: ``events``, ``users``, ``items``, ``removed`` (rule to count).
        windows: Start and end of ``train``, ``validation`` and ``test`` as ISO texts or datetimes.
        seconds: Wall time of each stage.
        peak_memory_mib: Largest memory in use, in MiB.
        title: What the data is, for the head of the page.
        gates: Whether the data suffices, a row per task and rule: ``task``, ``name``, ``needed``, ``found``,
            ``status`` (``pass``, ``warn``, ``fail``), ``message``.
        left_out: The questions that are not answered, with the reason.
        quality: ``rows_in``, ``rows_out``, ``kept_apart`` (sales without a customer), ``noted`` (what was seen or
            changed, in sentences), ``meaning`` (rule to sentence), ``quarantine`` (where removed rows are).
        command: How the run was made.
        environment: Versions and hardware, name to text.
        do_not_use_for: Uses the evidence does not carry, of the whole run.

    Returns:
        The report, with the definitions of every metric that appears.

    Raises:
        EvaluationError: If a task lacks a key of the contract.
    """
    used: dict[str, Any] = {}
    for task in _with_variants(tasks):
        for metric in task.get("metrics", {}):
            found = definition(metric)
            used[metric] = {
                "label": found.label,
                "better": found.better,
                "meaning": found.meaning,
                "formula": found.formula,
            }
    return Report(
        {
            "version": VERSION,
            "title": title,
            "model": model,
            "data": data,
            "windows": {name: list(ends) for name, ends in windows.items()},
            "seconds": seconds,
            "peak_memory_mib": peak_memory_mib,
            "tasks": tasks,
            "gates": list(gates),
            "left_out": dict(left_out or {}),
            "quality": quality or {},
            "command": command,
            "environment": environment or {},
            "do_not_use_for": list(do_not_use_for),
            "definitions": used,
        }
    )


def _with_variants(tasks: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [part for task in tasks.values() for part in (task, *task.get("variants", {}).values())]


def _write_beside(folder: Path, content: str) -> Path:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".report-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
