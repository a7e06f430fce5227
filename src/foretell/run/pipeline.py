"""Training a run: read, clean, pre-train, fit each task, answer, evaluate; resumable at every stage.

This module owns the order of the stages. It refuses to leave a half-written run behind on bad input: the folder
is made only once the log was read and found sufficient.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from foretell.config import RunConfig
from foretell.core import columns
from foretell.core.errors import InputError, InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.memory import freed_memory_kept
from foretell.dataset.dataset import Dataset
from foretell.dataset.windows import SplitName
from foretell.features import FeatureConfig, UserFeatures
from foretell.predictor.next_item import NextItemRanker
from foretell.predictor.predictor import Predictor
from foretell.predictor.ranker_storage import load_ranker, save_ranker
from foretell.predictor.reader import Reader
from foretell.predictor.remembering import RememberingReader
from foretell.predictor.storage import load_fitted, save_fitted
from foretell.predictor.view import ShopView
from foretell.run.again import load_dataset
from foretell.run.clean_log import clean_log, with_rules_of_store
from foretell.run.enough import planned
from foretell.run.evaluation import evaluate
from foretell.run.folder import RunFolder, fingerprint_of
from foretell.run.narrator import Narrator
from foretell.run.outputs import check_folder, write_answers
from foretell.run.titles import title_of
from foretell.train.context import FitContext
from foretell.train.examples import points_to_read
from foretell.train.fit_tasks import fit_task
from foretell.train.next_item import accompany_next_item, continued_after, fit_next_item
from foretell.train.parallel import Team, joined

__all__ = ["train"]

_YEAR_DAYS = 366
_CALENDAR = ("year_sine", "year_cosine", "days_to_christmas", "month_day")


def train(
    log: EventLog | str | Path | None = None,
    *,
    out: str | Path,
    config: RunConfig | None = None,
    command: str = "foretell.train",
    narrator: Narrator | None = None,
) -> Predictor:
    """Train a run: the sequence model and every task the data suffices for, with predictions and a report.

    The same call with the same ``out`` continues an interrupted run and ends with the same result. Started by
    ``torchrun``, several processes make one run: the first prepares, fits the tasks and writes, all pre-train together.

    Args:
        log: A log as ``read_events`` gives it, or where one (or the store of one) lies; by default
            ``config.data.log``.
        out: The folder of the run.
        config: Every setting; the defaults ask the built-in six tasks.
        command: How the run was asked for, for the report.
        narrator: Who talks; silent by default.

    Returns:
        The predictor, saved under ``out``.

    Raises:
        InputError: If the log or config is not usable; nothing is left in ``out`` then.
        RunError: If ``out`` holds something else.

    Example:
        >>> predictor = train("events.parquet", out="runs/shop")  # doctest: +SKIP
    """
    config = with_rules_of_store(config or RunConfig(), log)
    torch.use_deterministic_algorithms(True)
    with joined() as team:
        if not team.writes:
            return _accompanied(Path(out), config, team)
        predictor = _lead(log, Path(out), config, command, narrator or Narrator(quiet=True), team)
        team.wait()
        return predictor


def _lead(
    log: EventLog | str | Path | None, out: Path, config: RunConfig, command: str, narrator: Narrator, team: Team
) -> Predictor:
    """The whole run; the others join in pre-training."""
    folder = RunFolder(out)
    check_folder(out)
    with freed_memory_kept(), narrator as talk, _nothing_half_written(out):
        fingerprint = fingerprint_of(config.model_dump_json(exclude={"tune"}), _identity(log, config))
        dataset = _prepare(folder, log, config, fingerprint=fingerprint, command=command, talk=talk)
        team.wait()
        ranker = _pretrain(folder, dataset, config, talk=talk)
        predictor = _fit(folder, dataset, ranker, config, talk=talk)
        _answer(folder, predictor, dataset.log, talk=talk)
        if not folder.is_done("report"):
            evaluate(folder, dataset=dataset, predictor=predictor, config=config, narrator=talk)
    return predictor


def _accompanied(out: Path, config: RunConfig, team: Team) -> Predictor:
    """Join in the pre-training of a run that another process leads."""
    team.wait()  # until the log is prepared
    folder = RunFolder.existing(out)
    if not folder.is_done("pretrain"):
        dataset = load_dataset(folder)
        accompany_next_item(
            dataset.histories,
            until=dataset.windows.train_end,
            items=dataset.log.table("items"),
            config=config.model,
            seed=config.seed,
            folder=out / "pretraining",
        )
    team.wait()  # until the run is done
    return Predictor.load(out)


@contextmanager
def _nothing_half_written(out: Path) -> Iterator[None]:
    """Take away again what this call made, if the input turns out to be at fault; a folder that was there stays."""
    existed = out.exists()
    taken = existed and any(out.iterdir())
    try:
        yield
    except InputError:
        if not taken and out.exists():
            shutil.rmtree(out)
            if existed:
                out.mkdir()
        raise


def _identity(log: EventLog | str | Path | None, config: RunConfig) -> str:
    """What tells one log from another without reading all of it."""
    if isinstance(log, EventLog):
        frames = {"events": log.events, **log.tables}
        sums = [f"{name}:{frame.height}:{frame.hash_rows(seed=1).sum()}" for name, frame in sorted(frames.items())]
        return "|".join(["memory", *sums])
    place = str(log or config.data.log)
    path = Path(place)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [f"{file}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files if file.is_file()]
    return "|".join([place, *stats])


def _prepare(
    folder: RunFolder,
    log: EventLog | str | Path | None,
    config: RunConfig,
    *,
    fingerprint: str,
    command: str,
    talk: Narrator,
) -> Dataset:
    """Read, clean, gate and save the log, or load what was saved."""
    if folder.is_done("prepare"):
        folder.begin(fingerprint=fingerprint, command=command)
        talk.say("Continuing an interrupted run." if not folder.is_done("report") else "This run is finished.")
        return load_dataset(folder)
    with folder.stage("prepare"), talk.stage("Reading and cleaning the log"):
        ready = clean_log(log, config=config)
        tasks, found, windows = planned(ready.log, tasks=config.task, split=config.split)
        folder.begin(fingerprint=fingerprint, command=command)
        kept = ready.keep(folder.path)
        (folder.path / "config.json").write_text(config.model_dump_json(indent=1), encoding="utf-8")
        folder.remember(
            gates=[vars(gate) for gate in found],
            tasks={name: task.model_dump(mode="json") for name, task in tasks.items()},
            windows=vars(windows),
            title=title_of(
                None if isinstance(log, EventLog) else str(log or config.data.log),
                table=config.data.table,
                dialect=kept.dialect,
                run=folder.path,
            ),
            **ready.account,
        )
    _say_gates(talk, folder.facts["gates"])
    return Dataset(kept, tasks, windows)


def _say_gates(talk: Narrator, found: list[dict[str, Any]]) -> None:
    for gate in found:
        if gate["status"] == "refused":
            talk.say(f"[yellow]{gate['task']} is left out:[/] {gate['message']}")


def _pretrain(folder: RunFolder, dataset: Dataset, config: RunConfig, *, talk: Narrator) -> NextItemRanker:
    home, windows = folder.path / "predictor", dataset.windows
    if folder.is_done("pretrain"):
        return load_ranker(home)
    with folder.stage("pretrain"), talk.stage("Pre-training the sequence model") as step:
        ranker, found = fit_next_item(
            dataset.histories,
            until=windows.train_end,
            later=continued_after(
                dataset.histories, after=windows.train_end, until=windows.validation_end, seed=config.seed
            ),
            items=dataset.log.table("items"),
            config=config.model,
            seed=config.seed,
            folder=folder.path / "pretraining",
            progress=step,
            on_pace=lambda pace: step.note(f"{pace.events_per_second:,.0f} events/s"),
        )
        if config.model.backbone == "auto":
            talk.say(f"The backbone is {found.backbone.name}: {found.backbone.reason}.")
        save_ranker(ranker, home)
        folder.remember(
            parameters=ranker.encoder.model.n_parameters(),
            losses=found.losses,
            backbone=found.backbone.name,
            backbone_reason=found.backbone.reason,
        )
    return ranker


def _fit(
    folder: RunFolder, dataset: Dataset, ranker: NextItemRanker, config: RunConfig, *, talk: Narrator
) -> Predictor:
    if folder.is_done("fit"):
        return Predictor.load(folder.path)
    home = folder.path / "predictor" / "heads"
    with folder.stage("fit"):
        reader = make_reader(dataset, ranker, config=config.features)
        context = FitContext.of(dataset, reader, seed=config.seed, features=config.features)
        with talk.stage("Reading features and states") as step:
            splits: tuple[SplitName, ...] = ("train", "validation")
            for done, split in enumerate(splits, start=1):
                context.read_ahead(points_to_read(context, split))
                step(done, len(splits))
        fitted, left_out = {}, {}
        with talk.stage("Fitting the tasks") as step:
            for done, (name, task) in enumerate(dataset.tasks.items(), start=1):
                target = home / name
                if not (target / "head.json").exists():
                    try:
                        save_fitted(fit_task(context, task), target)
                    except InsufficientDataError as error:
                        left_out[name] = (
                            error.problem if error.received is None else f"{error.problem} Received: {error.received}."
                        )
                        talk.say(f"[yellow]{name} is left out:[/] {error.problem}")
                        continue
                    finally:
                        step(done, len(dataset.tasks))
                fitted[name] = load_fitted(target)
        if not fitted:
            raise InsufficientDataError(
                "No task could be fitted.", received="; ".join(left_out), remedy="Bring a longer log."
            )
        folder.remember(left_out=left_out)
        predictor = Predictor(
            reader=reader,
            tasks=fitted,
            windows=dataset.windows.describe(),
            id_types=dataset.log.id_types,
        )
        predictor.save(folder.path)
    return Predictor.load(folder.path)


def make_reader(dataset: Dataset, ranker: NextItemRanker, *, config: FeatureConfig | None = None) -> Reader:
    """The reader of a dataset: features chosen from the training window; no calendar where no year was seen."""
    windows, items = dataset.windows, dataset.log.table("items")
    features = UserFeatures.fit(dataset.histories, items=items, cutoff=windows.train_end, config=config)
    seen_days = (windows.train_end - windows.start) / 86_400e6
    dropped: tuple[str, ...] = ()
    if seen_days < _YEAR_DAYS:
        # A tree that has seen spring only would take the season for the cause.
        # Whoever declares such a feature has asked for it.
        declared = config.define if config else {}
        dropped = tuple(name for name in _CALENDAR if name in features.names and name not in declared)
    return Reader(ranker, features, dropped)


def _answer(folder: RunFolder, predictor: Predictor, log: EventLog, *, talk: Narrator) -> None:
    """Every task's answers at the end of the log, as Parquet."""
    if folder.is_done("predict"):
        return
    target = folder.path / "predictions"
    with folder.stage("predict"), talk.stage("Writing predictions") as step:
        target.mkdir(exist_ok=True)
        view = ShopView.of(log)
        predictor = replace(predictor, reader=RememberingReader.of(predictor.reader, view=view))
        cutoff = int(str(log.events[columns.TIME].max()))
        for done, (name, fitted) in enumerate(predictor.tasks.items(), start=1):
            try:
                write_answers(predictor.answer(fitted, view, cutoff=cutoff), target / f"{name}.parquet")
            except InsufficientDataError as error:  # nobody active at the end, say: the task may be asked later
                talk.say(f"[yellow]No answers of {name} at the end of the log:[/] {error.problem}")
            step(done, len(predictor.tasks))
