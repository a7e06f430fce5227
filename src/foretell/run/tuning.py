"""The search for better settings: trials on rolling origins before the test window, pruned, resumable, shared.

This module owns the study: what a trial is worth, when it is given up, what is written of it. It refuses the test
window: the last fold of every trial ends where the test window of a plain training begins.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from foretell.config import RunConfig, TuneRange
from foretell.core.errors import ConfigError, InputError, InsufficientDataError, MissingExtraError
from foretell.core.events import EventLog
from foretell.core.files import appearing_whole, write_json
from foretell.evaluate import Report
from foretell.evaluate.definitions import improvement
from foretell.run.narrator import Narrator
from foretell.run.outputs import check_folder
from foretell.run.pipeline import train
from foretell.run.rolling import Folds, plan_folds
from foretell.run.search_space import DEFAULT_SPACE, Space, check_space, setting, with_settings
from foretell.run.starting_config import toml_value

if TYPE_CHECKING:
    from optuna import Study, Trial

__all__ = ["tune", "tuning_text"]

_JOURNAL: Final = "trials.journal"
_FILE: Final = "tuning.json"
_BEST: Final = "best.toml"
_STUDY: Final = "foretell"
_TRIALS_BEFORE_PRUNING: Final = 4


def tune(
    log: EventLog | str | Path | None = None,
    *,
    out: str | Path,
    config: RunConfig | None = None,
    trials: int = 20,
    folds: int = 2,
    task: str | None = None,
    storage: str | None = None,
    narrator: Narrator | None = None,
) -> dict[str, Any]:
    """Search the settings of ``config.tune.space`` for those that answer best on rolling origins.

    The same call continues a search, also while other processes work on the same one: all of them together make
    ``trials`` trials. The settings as they are come first, so that the search ends with nothing worse.

    Args:
        log: A log, or where one or a store lies; by default ``config.data.log``.
        out: The folder of the search.
        config: The settings to start from; ``seed`` decides what is tried.
        trials: How many, finished or given up, over all processes.
        folds: On how many test windows each is judged, all before the test window of a plain training.
        task: Only this task's headline counts; by default the mean of all.
        storage: URL of a database that several machines share the search in, as SQLAlchemy writes it; by default a
            journal in ``out``, which several processes of one machine may share.
        narrator: Who talks; silent by default.

    Returns:
        ``best`` (settings, ``score``), ``start`` (the score of the settings as they are), ``trials`` (of each:
        ``number``, ``settings``, ``score``, ``by_task``, ``state``) and ``importance`` of each setting.

    Raises:
        MissingExtraError: If Optuna is not installed.
        InputError: If a setting cannot be tried, the log is too short, or no trial could be finished.

    References:
        Akiba et al., Optuna, KDD 2019; Watanabe, Tree-Structured Parzen Estimator, arXiv 2304.11127; Tashman, 2000
        (rolling origins).

    Example:
        >>> tune("events.parquet", out="runs/search", trials=10)  # doctest: +SKIP
    """
    optuna = _optuna()
    config = config or RunConfig()
    if isinstance(log, (str, Path)):  # so that the best settings name the log they are the best for
        config = config.model_copy(update={"data": config.data.model_copy(update={"log": str(log)})})
    space = config.tune.space or DEFAULT_SPACE
    check_space(config, space)
    if trials < 1:
        raise InputError("The number of trials is not usable.", received=trials, remedy="Give 1 or more.")
    place = Path(out)
    check_folder(place)
    plan = plan_folds(log, config=config, n_folds=folds, before_test=True)
    place.mkdir(parents=True, exist_ok=True)
    study = _study(optuna, place, storage=storage, seed=config.seed)
    if not study.trials:
        study.enqueue_trial(_start(config, space))
    talk = narrator or Narrator(quiet=True)

    def objective(trial: Trial) -> float:
        settings = {path: _suggested(trial, path, values) for path, values in space.items()}
        told = ", ".join(f"{path} = {_shown(value)}" for path, value in settings.items())
        talk.say(f"Trial {trial.number + 1} of {trials}: {told}.")
        folder = place / f"trial-{trial.number:04d}"
        try:
            return _judge(optuna, trial, settings, plan=plan, folder=folder, task=task, narrator=narrator)
        finally:  # a trial's runs are made again from its settings, if anybody wants them
            shutil.rmtree(folder, ignore_errors=True)

    done = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL)
    enough = optuna.study.MaxTrialsCallback(trials, states=done)
    if sum(trial.state in done for trial in study.trials) < trials:
        study.optimize(objective, callbacks=[enough], catch=(InsufficientDataError, MemoryError))
    found = _found(optuna, study)
    write_json(place / _FILE, found)
    _write_best(place / _BEST, config, found["best"]["settings"])
    return found | {"folder": str(place)}


def tuning_text(found: Mapping[str, Any]) -> str:
    """The search as a table, best first."""
    finished = sorted(
        (trial for trial in found["trials"] if trial["score"] is not None), key=lambda trial: -trial["score"]
    )
    lines = [f"{'trial':>6} {'score':>9}  settings"]
    for trial in finished[:10]:
        told = ", ".join(f"{path} = {_shown(value)}" for path, value in trial["settings"].items())
        lines.append(f"{trial['number'] + 1:>6} {trial['score']:>9.4f}  {told}")
    given_up = sum(trial["state"] == "PRUNED" for trial in found["trials"])
    lines.append("")
    if found["start"] is not None:
        gain = found["best"]["score"] - found["start"]
        lines.append(f"The best is {gain:+.4f} above the settings as they were ({found['start']:.4f}).")
    if found["importance"]:
        ranked = ", ".join(f"{path} {share:.0%}" for path, share in found["importance"].items())
        lines.append(f"What decided: {ranked}.")
    lines += [
        f"{len(finished)} trials finished, {given_up} given up early.",
        f"Train with the best: foretell train {Path(found['folder']) / _BEST} --out RUN",
    ]
    return "\n".join(lines)


def _optuna() -> Any:  # noqa: ANN401 (a module)
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("optuna", extra="tune") from error
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna


def _study(optuna: Any, place: Path, *, storage: str | None, seed: int) -> Study:  # noqa: ANN401
    if storage is None:
        kept: Any = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(place / _JOURNAL)))
    else:
        try:
            kept = optuna.storages.RDBStorage(storage)
        except Exception as error:  # SQLAlchemy's many, and those of each driver
            raise ConfigError(
                "The shared storage of the search cannot be opened.",
                received=str(error).splitlines()[0][:200],
                remedy="Give a URL as SQLAlchemy writes it, for example postgresql+psycopg://user@host/name.",
            ) from None
    study: Study = optuna.create_study(
        study_name=_STUDY,
        storage=kept,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_TRIALS_BEFORE_PRUNING),
    )
    return study


def _start(config: RunConfig, space: Space) -> dict[str, Any]:
    """The settings as they are, as far as they may be tried."""
    start = {}
    for path, values in space.items():
        value = setting(config, path)
        if isinstance(values, TuneRange):
            fits = isinstance(value, (int, float)) and values.low <= value <= values.high
        else:
            fits = value in values
        if fits:
            start[path] = value
    return start


def _suggested(trial: Trial, path: str, values: tuple[Any, ...] | TuneRange) -> Any:  # noqa: ANN401
    if not isinstance(values, TuneRange):
        return trial.suggest_categorical(path, list(values))
    if values.is_whole:
        return trial.suggest_int(path, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(path, float(values.low), float(values.high), log=values.log)


def _judge(
    optuna: Any,  # noqa: ANN401
    trial: Trial,
    settings: Mapping[str, Any],
    *,
    plan: Folds,
    folder: Path,
    task: str | None,
    narrator: Narrator | None,
) -> float:
    """The mean score over the folds, given up after a fold that leaves it below the median of the trials before."""
    config = with_settings(plan.config, settings)
    scores: list[float] = []
    by_task: list[dict[str, float]] = []
    latest_first = Folds(plan.log, plan.ends[::-1], config)
    for number, (known, fold) in enumerate(latest_first.each()):
        run = folder / f"fold-{number}"
        train(known, out=run, config=fold, command="foretell tune", narrator=narrator)
        headlines = _headlines(Report.load(run), task)
        by_task.append(headlines)
        scores.append(sum(headlines.values()) / len(headlines))
        mean = sum(scores) / len(scores)
        trial.set_user_attr("by_task", {name: sum(h[name] for h in by_task) / len(by_task) for name in headlines})
        trial.report(mean, step=number)
        if number + 1 < len(plan.ends) and trial.should_prune():
            raise optuna.TrialPruned
    return mean


def _headlines(report: Report, task: str | None) -> dict[str, float]:
    """Each task's headline, turned so that higher is better."""
    tasks = report.document["tasks"]
    if task is not None:
        if task not in tasks:
            raise InputError(
                f"The log does not suffice for task {task!r} in every fold.",
                received=f"answered: {', '.join(tasks)}",
                remedy="Name another task, or ask for fewer folds.",
            )
        tasks = {task: tasks[task]}
    return {
        name: improvement(body["headline"], difference=body["metrics"][body["headline"]]["value"])
        for name, body in tasks.items()
    }


def _found(optuna: Any, study: Study) -> dict[str, Any]:  # noqa: ANN401
    complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        raise InsufficientDataError(
            "No trial of the search could be finished.",
            received=f"{len(study.trials)} trials",
            remedy="Ask for fewer folds, or for settings that need less memory.",
        )
    importance: dict[str, float] = {}
    if len(complete) >= _TRIALS_BEFORE_PRUNING and len({trial.value for trial in complete}) > 1:
        importance = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
        )
    first = study.trials[0]
    return {
        "best": {"settings": study.best_trial.params, "score": study.best_trial.value},
        "start": first.value if first.state == optuna.trial.TrialState.COMPLETE else None,
        "trials": [
            {
                "number": trial.number,
                "settings": trial.params,
                "score": trial.value if trial.state == optuna.trial.TrialState.COMPLETE else None,
                "by_task": trial.user_attrs.get("by_task", {}),
                "state": trial.state.name,
            }
            for trial in study.trials
        ],
        "importance": {path: round(float(share), 4) for path, share in importance.items()},
    }


def _write_best(path: Path, config: RunConfig, settings: Mapping[str, Any]) -> None:
    """A config to train with: what differs from the defaults, with the best settings in it."""
    best = _said(with_settings(config, settings).model_dump(mode="json", exclude_defaults=True))
    plain = {name: value for name, value in best.items() if not isinstance(value, dict)}
    lines = [f"# The best of a search: {', '.join(settings)}.", ""]
    lines += [f"{name} = {toml_value(value)}" for name, value in plain.items()]
    for name, body in best.items():
        if name == "task":
            for task, declared in body.items():
                lines += ["", f"[task.{task}]"]
                lines += [f"{key} = {toml_value(value)}" for key, value in declared.items() if key != "name"]
        elif isinstance(body, dict):
            lines += ["", f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in body.items())]
    with appearing_whole(path) as place:
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _said(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that say something; TOML has no word for nothing."""
    kept = {name: _said(value) if isinstance(value, dict) else value for name, value in settings.items()}
    return {name: value for name, value in kept.items() if value is not None and value != {}}


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
