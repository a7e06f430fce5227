"""Evaluation of a run: the one look at the test window, and the report.

This module owns which scorer judges which kind of task and what goes into the report. It refuses to fit.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import lightgbm
import polars as pl
import torch

from foretell.config import RunConfig
from foretell.core import columns
from foretell.dataset.dataset import Dataset
from foretell.evaluate import Report, build_report
from foretell.predictor.demand_inputs import demand_points
from foretell.predictor.predictor import Predictor
from foretell.prepare import REASONS, noted
from foretell.run.effects import campaign_effect
from foretell.run.folder import RunFolder
from foretell.run.narrator import Narrator
from foretell.run.outputs import write_answers
from foretell.run.scoring import score_demand, score_probability
from foretell.run.scoring_amounts import score_amounts
from foretell.run.scoring_lists import score_lists
from foretell.train.context import FitContext
from foretell.train.examples import ranking_examples

__all__ = ["evaluate"]


def evaluate(
    folder: RunFolder, *, dataset: Dataset, predictor: Predictor, config: RunConfig, narrator: Narrator
) -> Report:
    """Judge every fitted task on the test window and write the report.

    Writes ``report.json`` and ``report.html`` into the run, and what was predicted beside what happened as
    ``predictions/TASK.test.parquet``.
    """
    with folder.stage("evaluate"), narrator.stage("Scoring the test window") as step:
        context = FitContext.of(dataset, predictor.reader, seed=config.seed)
        context.read_ahead(_points_to_score(context, predictor))
        tasks: dict[str, Any] = {}
        for done, (name, fitted) in enumerate(predictor.tasks.items(), start=1):
            result, scored = _score(context, fitted, config)
            tasks[name] = result
            target = folder.path / "predictions"
            target.mkdir(exist_ok=True)
            stamped = dataset.log.restore_ids(scored).with_columns(
                pl.lit(predictor.version).alias(columns.MODEL_VERSION)
            )
            write_answers(stamped, target / f"{name}.test.parquet")
            step(done, len(predictor.tasks))
    with folder.stage("report"):  # a stage of its own: an interrupted page is made again, not taken for finished
        report = _report(folder, dataset, predictor, config, tasks)
        report.save(folder.path)
    return report


def _points_to_score(context: FitContext, predictor: Predictor) -> Iterator[pl.DataFrame]:
    """The points that scoring asks about, to be read in one pass."""
    for fitted in predictor.tasks.values():
        task, dataset = fitted.task, context.dataset
        if task.kind == "demand":
            if fitted.quantiles is not None and fitted.quantiles.share > 0:
                yield demand_points(context.view, cutoffs=dataset.cutoffs(task, "test"))
        elif task.kind == "recommend":
            yield ranking_examples(dataset, task, "test")
        else:
            yield context.examples(task, "test")
        if task.kind == "promotion":  # what a campaign changes is learned from those of the training window
            yield context.examples(task, "train")


def _score(context: FitContext, fitted: Any, config: RunConfig) -> tuple[dict[str, Any], pl.DataFrame]:  # noqa: ANN401
    kind, replicates = fitted.task.kind, config.bootstrap_replicates
    if kind == "demand":
        return score_demand(context, fitted, replicates=replicates)
    if kind == "recommend":
        return score_lists(context, fitted, replicates=replicates)
    if kind == "amount":
        return score_amounts(context, fitted, replicates=replicates)
    if kind == "promotion":
        return score_probability(
            context, fitted, replicates=replicates, effect=campaign_effect(context, fitted, replicates=replicates)
        )
    return score_probability(context, fitted, replicates=replicates)


def _report(
    folder: RunFolder, dataset: Dataset, predictor: Predictor, config: RunConfig, tasks: dict[str, Any]
) -> Report:
    facts, log = folder.facts, dataset.log
    return build_report(
        tasks,
        model={
            "size": config.model.size,
            "backbone": facts.get("backbone"),
            "backbone_reason": facts.get("backbone_reason"),
            "parameters": facts.get("parameters"),
            "seed": config.seed,
            "device": "cpu",
            "version": predictor.version,
        },
        data={
            "events": len(log),
            "users": log.events[columns.USER_ID].n_unique(),
            "items": log.events[columns.ITEM_ID].drop_nulls().n_unique()
            if columns.ITEM_ID in log.events.columns
            else 0,
            "dialect": log.dialect,
            "removed": facts["removed"],
        },
        windows=dataset.windows.describe(),
        seconds=folder.seconds,
        peak_memory_mib=folder.peak_memory_mib,
        title=facts.get("title", ""),
        gates=_gate_rows(facts["gates"]),
        left_out=_left_out(facts),
        quality={
            "rows_in": facts["rows_in"],
            "rows_out": facts["rows_out"],
            "kept_apart": facts.get("kept_apart", 0),
            "noted": noted.in_words(facts.get("noted", {})),
            "meaning": dict(REASONS),
            "quarantine": "quarantine.parquet",
        },
        command=folder.state["command"],
        environment={
            "foretell": version("foretell"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "lightgbm": lightgbm.__version__,
            "polars": pl.__version__,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        },
    )


def _left_out(facts: dict[str, Any]) -> dict[str, str]:
    """The questions that are not answered, and why: refused by their gate, or given up while fitting."""
    refused = {gate["task"]: gate["message"] for gate in facts["gates"] if gate["status"] == "refused"}
    return {**refused, **facts.get("left_out", {})}


def _gate_rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = {"ok": "pass", "warn": "warn", "refused": "fail"}
    return [
        {
            "task": gate["task"],
            "name": name,
            "needed": needed,
            "found": gate["has"][name],
            "status": words[gate["status"]] if gate["has"][name] < needed else "pass",
            "message": gate["message"],
        }
        for gate in found
        for name, needed in gate["needs"].items()
    ]
