"""The verbs about several trainings: compare, cross-validate, tune.

This module owns their arguments and output. It refuses logic of its own: each is one call that Python users can make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli.options import (
    AsJson,
    Out,
    Seed,
    Source,
    log_and_config,
)
from foretell.cli.program import app
from foretell.run.printing import print_data


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of a finished run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of another.")],
    task: Annotated[str | None, typer.Option("--task", help="Only this task; by default all that both have.")] = None,
    replicates: Annotated[int, typer.Option(min=20, help="Resamples and permutations.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides both.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two runs on the test rows both have answered: paired intervals, a permutation test, a verdict."""
    from foretell.run.compare import compare_runs, comparison_text

    found = compare_runs(first, second=second, task=task, replicates=replicates, seed=seed)
    print_data(found, as_json=as_json, text=comparison_text)


@app.command(name="cross-validate")
def cross_validate(
    source: Source,
    out: Out,
    folds: Annotated[int, typer.Option(min=1, help="How many test windows, one after another.")] = 3,
    step_days: Annotated[
        int | None, typer.Option("--step-days", help="Days from one to the next; by default a window's length.")
    ] = None,
    gap_days: Annotated[
        int | None, typer.Option("--gap-days", min=0, help="Days left out between windows; by default the config's.")
    ] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train and judge on rolling origins: how well, and how much it varies from one window to the next."""
    from foretell.run.narrator import Narrator
    from foretell.run.rolling import cross_validate as validate_folds
    from foretell.run.rolling import cross_validation_text

    log, config = log_and_config(source, seed=seed)
    if gap_days is not None:
        config = config.model_copy(update={"split": config.split.model_copy(update={"gap_days": gap_days})})
    found = validate_folds(log, out=out, config=config, folds=folds, step_days=step_days, narrator=Narrator())
    print_data(found, as_json=as_json, text=cross_validation_text)


@app.command()
def tune(
    source: Source,
    out: Out,
    trials: Annotated[int, typer.Option(min=1, help="How many, over all processes that share the search.")] = 20,
    folds: Annotated[int, typer.Option(min=1, help="Test windows each trial is judged on.")] = 2,
    task: Annotated[str | None, typer.Option("--task", help="Only this task counts; by default all.")] = None,
    storage: Annotated[
        str | None, typer.Option("--storage", help="URL of a database that several machines share the search in.")
    ] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Search the settings named in tune.space on windows before the test window. Run again, or beside, to go on."""
    from foretell.run.narrator import Narrator
    from foretell.run.tuning import tune as search
    from foretell.run.tuning import tuning_text

    log, config = log_and_config(source, seed=seed)
    found = search(
        log, out=out, config=config, trials=trials, folds=folds, task=task, storage=storage, narrator=Narrator()
    )
    print_data(found, as_json=as_json, text=tuning_text)
