"""The command line's two verbs for campaigns: uplift and uplift-predict.

This module owns their arguments and output. It refuses logic of its own: each is one call that Python users can make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretell.run.printing import print_data, typed_command

__all__ = ["add_uplift_commands"]


def uplift(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with one row per person of a campaign.")],
    treatment: Annotated[str, typer.Option("--treatment", help="The column that says which arm a person received.")],
    control: Annotated[str, typer.Option("--control", help="The word in it for those who received nothing.")],
    outcome: Annotated[str, typer.Option("--outcome", help="The column with what came of it.")],
    value: Annotated[str | None, typer.Option("--value", help="A column with money, to decide in money.")] = None,
    cost: Annotated[float, typer.Option("--cost", help="What treating one person costs.")] = 0.0,
    budget: Annotated[float, typer.Option("--budget", help="The share of people that may be treated.")] = 0.2,
    randomised: Annotated[bool, typer.Option("--randomised", help="Chance decided who was treated.")] = False,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="Columns to leave out: a,b or repeated.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where predictor and report go.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of text.")] = False,
) -> None:
    """Learn whom a campaign changed and whom to treat next; save the answer with its evidence."""
    from foretell.run.narrator import Narrator
    from foretell.tabular.run import names_of
    from foretell.uplift import Columns, train_uplift
    from foretell.uplift.words import result_text

    with Narrator() as narrator, narrator.stage("Folds scored by models that did not see them") as step:
        _, found = train_uplift(
            file,
            columns=Columns(treatment, control, outcome, value, tuple(names_of(drop or ()))),
            out=out,
            randomised=randomised,
            cost=cost,
            budget=budget,
            seed=seed,
            command=typed_command(),
            step=step,
        )
    print_data(found.document, as_json=as_json, text=lambda document: result_text(document, folder=out))


def uplift_predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What foretell uplift wrote.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with the same columns.")],
    out: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    budget: Annotated[float, typer.Option("--budget", help="The share of these people that may be treated.")] = 1.0,
    cost: Annotated[float | None, typer.Option("--cost", help="What treating one costs; by default as told.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of text.")] = False,
) -> None:
    """Say of every row of a new table whether to treat, with which arm, and the expected gain."""
    from foretell.run.outputs import check_output, write_answers
    from foretell.uplift import predict_uplift
    from foretell.uplift.words import targets_text

    check_output(out)
    answers, summed = predict_uplift(run, file, budget=budget, cost=cost)
    write_answers(answers, out)
    print_data({**summed, "columns": answers.columns, "file": str(out)}, as_json=as_json, text=targets_text)


def add_uplift_commands(app: typer.Typer) -> None:
    """Register both verbs."""
    app.command()(uplift)
    app.command(name="uplift-predict")(uplift_predict)
