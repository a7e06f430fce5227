"""The two verbs of the plain case: train on a table, predict on another.

This module owns the way from a file to a folder with a predictor and a report. The command line adds arguments and
printing only.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from foretell.core.errors import ConfigError, UnknownNameError
from foretell.core.memory import peak_memory_mib
from foretell.sources.table import Rows
from foretell.tabular.choose import Step, choose_and_fit
from foretell.tabular.classification import classification_text
from foretell.tabular.leakage import suspicions
from foretell.tabular.models import MODELS
from foretell.tabular.network import NetworkConfig
from foretell.tabular.predictor import TabularPredictor, target_words
from foretell.tabular.reading import read_table
from foretell.tabular.recognise import recognise_columns
from foretell.tabular.report import TabularReport, Tested, build_tabular_report
from foretell.tabular.split import Split, order_in_time, split_rows
from foretell.tabular.target import Target, read_target

__all__ = [
    "about_run",
    "fit_predictor",
    "names_of",
    "predict_table",
    "result_text",
    "train_table",
    "where_saved",
]

_SHOWN: Final = 5


def fit_predictor(
    frame: pl.DataFrame,
    *,
    target: str,
    time_column: str | None = None,
    drop: Sequence[str] = (),
    categories: Sequence[str] = (),
    models: Sequence[str] = tuple(MODELS),
    seed: int = 0,
) -> TabularPredictor:
    """Train on all rows of a frame that have a label, without setting test rows aside.

    Example:
        >>> frame = pl.DataFrame({"views": [1, 9] * 100, "bought": ["no", "yes"] * 100})
        >>> fit_predictor(frame, target="bought", models=("logistic",)).choice.chosen
        'logistic'
    """
    read = read_target(_column(frame, target))
    frame = frame.filter(pl.Series(read.known))
    label = read.values[read.known]
    order = None if time_column is None else order_in_time(_column(frame, time_column))
    rows = np.arange(len(label)) if order is None else np.argsort(order.values, kind="stable")
    if order is not None:
        rows = rows[np.isfinite(order.values[rows])]
    split = Split(rows, rows[:0], order, "All rows train.")
    return _fit(frame, label, read, split, (target, time_column), (drop, categories), models, None, seed, None)[0]


def train_table(
    source: object,
    *,
    target: str,
    out: Path | None = None,
    time_column: str | None = None,
    test_from: str | None = None,
    drop: Sequence[str] = (),
    categories: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    yes: str | None = None,
    models: Sequence[str] = tuple(MODELS),
    network: NetworkConfig | None = None,
    seed: int = 0,
    command: str = "",
    step: Step | None = None,
) -> tuple[TabularPredictor, TabularReport]:
    """Read a table, split it, train every model, choose, calibrate, test, and save predictor and report.

    Args:
        source: A file or frame with one row per user.
        target: The column with the label.
        out: Where predictor, ``report.json`` and ``report.html`` go; nothing is written without it.
        time_column: The column that puts rows in order; later rows are test, and it is no feature.
        test_from: The time (month, date, number) from which rows are tested on, with ``time_column``.
        drop: Columns to leave out.
        categories: Columns whose numbers are codes.
        columns: Names of the columns of a file without a line of names.
        yes: The target's word for yes, where it is none that foretell knows.
        models: Which of ``MODELS``.
        network: The dense network's activation, loss and optimiser.
        seed: Decides every random choice.
        command: How it was called, for the report.
        step: Told how many fits are done, of how many.

    Returns:
        The predictor and its report.

    Raises:
        SourceError: If the file cannot be read.
        UnknownNameError: If a named column does not exist.
        TargetError: If the target has not two classes.
        InsufficientDataError: If there are too few rows.
    """
    seconds: dict[str, float] = {}
    clock = _clock(seconds)
    rows = read_table(source, columns=columns)
    read = read_target(_column(rows.frame, target), yes=yes)
    frame = rows.frame.filter(pl.Series(read.known))
    label = read.values[read.known]
    split = _split(frame, label, time_column, test_from, seed)
    clock("read")
    predictor, order_notes = _fit(
        frame, label, read, split, (target, time_column), (drop, categories), models, network, seed, step
    )
    clock("train")
    train = frame[split.train]
    found = suspicions(
        train,
        label[split.train],
        recognition=predictor.fitted.preparation.encoder.recognition,
        preparation=predictor.fitted.preparation,
        rounds=predictor.fitted.rounds.get("lightgbm", 100),
        seed=seed,
    )
    clock("suspect")
    tested = Tested(
        frame[split.test],
        label[split.test],
        _about_table(rows, read, split, predictor, order_notes),
        split.windows(),
        found,
    )
    report = build_tabular_report(
        predictor,
        tested=tested,
        run=about_run(source, in_memory="A table in memory", command=command, seconds=seconds),
        seed=seed,
    )
    if out is not None:
        predictor.save(out)
        report.save(out)
    return predictor, report


def predict_table(folder: Path, source: object, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Answer for every row of a new table, its own columns kept beside the answers.

    Args:
        folder: What ``train_table`` wrote.
        source: A file or frame with the training table's columns; the target may be absent.
        columns: Names of the columns of a file without a line of names.

    Raises:
        RunError: If there is no predictor.
        SchemaError: If a column is missing.
    """
    predictor = TabularPredictor.load(folder)
    rows = read_table(source, columns=columns)
    answers = predictor.predict(rows.frame)
    kept = rows.frame.select(name for name in rows.frame.columns if name not in answers.columns)
    return pl.concat([kept, answers], how="horizontal")


def result_text(document: dict[str, Any], *, folder: Path | None = None) -> str:
    """What the command prints: split, models side by side, the chosen one's classification report, warnings."""
    (name, task), table = next(iter(document["tasks"].items())), document["table"]
    lines = [
        f"{table['rows']:,} rows with a label, {table['without_target']:,} without, {table['rejected']:,} unreadable.",
        table["split"],
        *(f"Left out: {column} ({reason})." for column, reason in table["dropped"].items()),
        "",
        f"{'model':<18} {'AUC':<24} {'accuracy':<24} {'log loss':<10} {'Brier':<8} ECE",
    ]
    for model, found in task["classification"].items():
        overall = found["overall"]
        chosen = "*" if model == task["chosen"] else " "
        cells = [_interval(overall[metric]) for metric in ("auc", "accuracy")]
        points = [_point(overall[metric]) for metric in ("logloss", "brier", "ece")]
        lines.append(f"{chosen}{model:<17} {cells[0]:<24} {cells[1]:<24} {points[0]:<10} {points[1]:<8} {points[2]}")
    chosen_report = task["classification"][task["chosen"]]
    lines += ["", f"{name}, by {task['chosen']} (chosen inside training):", classification_text(chosen_report), ""]
    strongest = [f"{one['name']} {one['association']:.2f}" for one in task["features"][:_SHOWN]]
    lines.append(f"Strongest features ({task['features'][0]['measure']}): {', '.join(strongest)}." if strongest else "")
    lines += [f"Warning: {one['message']}" for one in task["suspicions"]]
    lines += [f"Check {one['code']} {one['status']}: {one['message']}" for one in task["checks"] if _bad(one)]
    return "\n".join([*lines, *where_saved(folder, verb="tabular-predict", answers="answers.csv")])


def about_run(source: object, *, in_memory: str, command: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    """What a report says of the run itself.

    Args:
        source: The file or frame.
        in_memory: What a frame is called.
        command: How the run was called.
        seconds: How long each stage took.
    """
    return {
        "title": Path(source).name if isinstance(source, str | Path) else in_memory,
        "command": command,
        "seconds": seconds,
        "peak_memory_mib": peak_memory_mib(),
        "environment": {"python": platform.python_version(), "system": platform.system()},
    }


def where_saved(folder: str | Path | None, *, verb: str, answers: str) -> list[str]:
    """The closing lines of what is printed: where report and predictor are, and what to do with them.

    Example:
        >>> where_saved(None, verb="tabular-predict", answers="answers.csv")[-1]
        'Nothing was saved: add --out DIR for the predictor and the page.'
    """
    if folder is None:
        return ["", "Nothing was saved: add --out DIR for the predictor and the page."]
    return [
        "",
        f"Report:    {Path(folder) / 'report.html'} (open it in a browser)",
        f"Predictor: {folder} (foretell {verb} {folder} FILE --out {answers})",
    ]


def names_of(values: Sequence[str]) -> list[str]:
    """Names as a command line gives them: repeated, or with commas between.

    Example:
        >>> names_of(["a,b", "c"])
        ['a', 'b', 'c']
    """
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def _bad(check: dict[str, str]) -> bool:
    return check["status"] != "pass" and check["code"] != "TB001"


def _interval(figure: dict[str, float] | None) -> str:
    return "-" if figure is None else f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def _point(figure: dict[str, float] | None) -> str:
    return "-" if figure is None else f"{figure['value']:.4f}"


def _split(
    frame: pl.DataFrame, label: np.ndarray[Any, Any], time_column: str | None, test_from: str | None, seed: int
) -> Split:
    if time_column is None:
        if test_from is not None:
            raise ConfigError(
                "--test-from needs a column of times.", received=test_from, remedy="Name it with --time COLUMN."
            )
        return split_rows(label, seed=seed)
    series = _column(frame, time_column)
    order = order_in_time(series)
    start = None
    if test_from is not None:
        # Read together with the column, so that it is understood the same way.
        asked = pl.concat([series.cast(pl.String), pl.Series(series.name, [test_from])])
        start = float(order_in_time(asked).values[-1])
        if not np.isfinite(start):
            raise UnknownNameError.among("time", test_from, series.cast(pl.String).drop_nulls().unique().to_list()[:40])
    return split_rows(label, order=order, test_from=start, seed=seed)


def _fit(
    frame: pl.DataFrame,
    label: np.ndarray[Any, Any],
    read: Target,
    split: Split,
    names: tuple[str, str | None],
    columns: tuple[Sequence[str], Sequence[str]],
    models: Sequence[str],
    network: NetworkConfig | None,
    seed: int,
    step: Step | None,
) -> tuple[TabularPredictor, list[str]]:
    target, time_column = names
    used = frame.drop([name for name in (target, time_column) if name is not None])
    recognition = recognise_columns(used[split.train], drop=columns[0], categories=columns[1])
    times = None if split.order is None else split.order.values[split.train]
    fitted, choice = choose_and_fit(
        used[split.train],
        label[split.train],
        recognition=recognition,
        names=tuple(models),
        times=times,
        network=network,
        seed=seed,
        step=step,
    )
    facts = {
        "seed": seed,
        "split": split.note,
        "train_rows": len(split.train),
        "train_rate": float(label[split.train].mean()),
        "time": time_column,
    }
    if "dense_64_32_1" in models:
        facts["network"] = (network or NetworkConfig()).model_dump()
    predictor = TabularPredictor(fitted, choice, target_words(target, read), facts)
    noted = [f"{one.name}: {one.note}." for one in recognition.columns if "count as missing" in one.note]
    return predictor, noted


def _about_table(
    rows: Rows, read: Target, split: Split, predictor: TabularPredictor, noted: list[str]
) -> dict[str, Any]:
    n_timeless = int(read.known.sum()) - len(split.train) - len(split.test)
    notes = [read.note, *rows.notes, *noted]
    if n_timeless:
        notes.append(f"{n_timeless:,} rows without a time were left out.")
    return {
        "rows": len(split.train) + len(split.test),
        "without_target": int((~read.known).sum()),
        "without_time": n_timeless,
        "rejected": rows.rejected.height,
        "dropped": predictor.fitted.preparation.encoder.recognition.dropped,
        "notes": notes,
    }


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        raise UnknownNameError.among("column", name, frame.columns)
    return frame[name]


def _clock(seconds: dict[str, float]) -> Callable[[str], None]:
    started = time.perf_counter()
    passed = 0.0

    def lap(stage: str) -> None:
        nonlocal passed
        now = time.perf_counter() - started
        seconds[stage] = round(now - passed, 2)
        passed = now

    return lap
