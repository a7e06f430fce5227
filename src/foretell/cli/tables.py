"""The verbs about tables that are no event log: tabular, tabular-predict, uplift, uplift-predict, off-policy.

This module owns their arguments and output. It refuses logic of its own: each is one call that Python users can make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli.options import (
    AsJson,
    Seed,
)
from foretell.cli.program import app
from foretell.run.printing import print_data, typed_command

_OPTIMISER = typer.Option("--optimiser", "--optimizer", help="Dense network: adam, adamw, muon, sgd, gd.")


@app.command()
def tabular(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with one row per user and a label.")],
    target: Annotated[str, typer.Option("--target", help="The column with the label.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where predictor and report go.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="The column of time: later rows test.")] = None,
    test_from: Annotated[str | None, typer.Option("--test-from", help="The time the test part starts at.")] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="Columns to leave out: a,b or repeated.")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="Columns of codes, not amounts.")] = None,
    columns: Annotated[list[str] | None, typer.Option("--columns", help="Names, for a file without any.")] = None,
    yes: Annotated[str | None, typer.Option("--yes", help="The target's word for yes.")] = None,
    activation: Annotated[str | None, typer.Option(help="Dense network: relu, sigmoid, tanh, gelu, silu.")] = None,
    loss: Annotated[str | None, typer.Option(help="Dense network: cross_entropy, logistic, mse.")] = None,
    optimiser: Annotated[str | None, _OPTIMISER] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train and compare models on a table with one row per user; save the best with its report."""
    from foretell.run.narrator import Narrator
    from foretell.tabular.network import network_config
    from foretell.tabular.run import names_of, result_text, train_table

    with Narrator() as narrator, narrator.stage("Fits inside training, then on all of it") as step:
        _, found = train_table(
            file,
            target=target,
            out=out,
            time_column=time,
            test_from=test_from,
            drop=names_of(drop or ()),
            categories=names_of(category or ()),
            columns=names_of(columns) if columns else None,
            yes=yes,
            network=network_config(activation=activation, loss=loss, optimiser=optimiser),
            seed=seed or 0,
            command=typed_command(),
            step=step,
        )
    print_data(found.document, as_json=as_json, text=lambda document: result_text(document, folder=out))


@app.command(name="tabular-predict")
def tabular_predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What foretell tabular wrote.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with the same columns.")],
    out: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    columns: Annotated[list[str] | None, typer.Option("--columns", help="Names, for a file without any.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer for every row of a new table, into a Parquet or CSV file."""
    from foretell.run.outputs import check_output, write_answers
    from foretell.tabular import predict_table
    from foretell.tabular.run import names_of

    check_output(out)
    answers = predict_table(run, file, columns=names_of(columns) if columns else None)
    write_answers(answers, out)
    result = {"rows": answers.height, "columns": answers.columns, "file": str(out)}
    print_data(result, as_json=as_json, text=lambda found: f"{found['rows']:,} answers in {found['file']}")


@app.command()
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
    seed: Seed = None,
    as_json: AsJson = False,
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
            seed=seed or 0,
            command=typed_command(),
            step=step,
        )
    print_data(found.document, as_json=as_json, text=lambda document: result_text(document, folder=out))


@app.command(name="uplift-predict")
def uplift_predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What foretell uplift wrote.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with the same columns.")],
    out: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    budget: Annotated[float, typer.Option("--budget", help="The share of these people that may be treated.")] = 1.0,
    cost: Annotated[float | None, typer.Option("--cost", help="What treating one costs; by default as told.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say of every row of a new table whether to treat, with which arm, and the expected gain."""
    from foretell.run.outputs import check_output, write_answers
    from foretell.uplift import predict_uplift
    from foretell.uplift.words import targets_text

    check_output(out)
    answers, summed = predict_uplift(run, file, budget=budget, cost=cost)
    write_answers(answers, out)
    print_data({**summed, "columns": answers.columns, "file": str(out)}, as_json=as_json, text=targets_text)


@app.command(name="off-policy")
def off_policy(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table with one row per choice that was logged.")],
    reward: Annotated[str, typer.Option("--reward", help="The column with what came of it, a click for example.")],
    propensity: Annotated[str, typer.Option("--propensity", help="The column with the chance it was chosen with.")],
    target: Annotated[str, typer.Option("--target", help="The column with the chance the other policy gives it.")],
    predicted: Annotated[str | None, typer.Option("--predicted", help="A model's expectation of the choice.")] = None,
    expected: Annotated[str | None, typer.Option("--expected", help="Its expectation of the other policy.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="The column of customers, resampled whole.")] = None,
    largest_weight: Annotated[float | None, typer.Option("--largest-weight", help="Weights are cut here.")] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Say what another way of choosing would have earned, from a log that knows its chances."""
    from foretell.run.off_policy import judge_policy, policy_text

    found = judge_policy(
        file,
        reward=reward,
        propensity=propensity,
        target=target,
        predicted=predicted,
        expected=expected,
        user=user,
        largest_weight=largest_weight,
        seed=seed or 0,
    )
    print_data(found, as_json=as_json, text=policy_text)
