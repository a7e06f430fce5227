"""Scoring a finished run once more.

This module owns finding what a run was made of. It refuses runs whose tasks were never fitted.
"""

from __future__ import annotations

from pathlib import Path

from foretell.config import RunConfig
from foretell.core.errors import RunError
from foretell.core.memory import freed_memory_kept
from foretell.core.task import Task
from foretell.dataset.dataset import Dataset
from foretell.dataset.log_folder import load_log
from foretell.dataset.windows import Windows
from foretell.evaluate import Report
from foretell.predictor.predictor import Predictor
from foretell.run.evaluation import evaluate
from foretell.run.folder import RunFolder
from foretell.run.narrator import Narrator

__all__ = ["evaluate_again", "load_dataset"]


def load_dataset(folder: RunFolder) -> Dataset:
    """The dataset a run was made on, from the run's own folder."""
    tasks = {name: Task.model_validate(body) for name, body in folder.facts["tasks"].items()}
    return Dataset(load_log(folder.path / "data"), tasks, Windows(**folder.facts["windows"]))


def evaluate_again(run: Path, *, narrator: Narrator) -> Report:
    """Score the test window of a run again; the report is written anew.

    Raises:
        RunError: If there is no run, or it was interrupted before its tasks were fitted.
    """
    folder = RunFolder.existing(run)
    if not folder.is_done("fit"):
        raise RunError(
            "This run was interrupted before its tasks were fitted.",
            received=run,
            remedy="Run the training command again to continue it.",
        )
    config = RunConfig.model_validate_json((run / "config.json").read_text(encoding="utf-8"))
    with freed_memory_kept(), narrator as talk:
        return evaluate(
            folder, dataset=load_dataset(folder), predictor=Predictor.load(run), config=config, narrator=talk
        )
