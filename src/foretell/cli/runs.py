"""The verbs about runs: demo, train, predict, evaluate, report, explain, serve.

This module owns their arguments and output. It refuses logic of its own: each is one call that Python users can make.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from foretell.cli.options import (
    AsJson,
    At,
    Out,
    Run,
    Seed,
    Source,
    log_and_config,
    moment,
)
from foretell.cli.program import app
from foretell.core.errors import InputError
from foretell.run.printing import print_data, say_note, typed_command


@app.command()
def demo(out: Out = Path("runs/demo"), seed: Seed = None, as_json: AsJson = False) -> None:
    """Run everything on a real log: dunnhumby's Complete Journey (extra 'demo')."""
    from foretell.run.demo import run_demo
    from foretell.run.narrator import Narrator
    from foretell.run.summary import summary_rows, summary_text

    report = run_demo(out, seed=seed, command=typed_command(), narrator=Narrator())
    print_data(summary_rows(report, out), as_json=as_json, text=summary_text)


@app.command()
def train(
    source: Source,
    out: Out,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train the model and every task the log suffices for; predict; evaluate. Run again to continue."""
    from foretell.evaluate import Report
    from foretell.run.narrator import Narrator
    from foretell.run.pipeline import train as train_run
    from foretell.run.summary import summary_rows, summary_text
    from foretell.train.parallel import Team

    log, config = log_and_config(source, seed=seed)
    narrator = Narrator(quiet=not (first := Team.announced().writes))  # of the processes of torchrun, one talks
    train_run(log, out=out, config=config, command=typed_command(), narrator=narrator)
    if first:
        print_data(summary_rows(Report.load(out), out), as_json=as_json, text=summary_text)


@app.command()
def predict(
    run: Run,
    task: Annotated[str, typer.Option("--task", help="The task to answer.")],
    out: Annotated[Path, typer.Option("--out", help="A .parquet or .csv file.")],
    users: Annotated[Path | None, typer.Option("--users", help="A file with one user id a line.")] = None,
    at: At = None,
    new_only: Annotated[bool, typer.Option("--new-only", help="Recommend only items the user has not bought.")] = False,
    horizon_days: Annotated[
        int | None, typer.Option("--horizon-days", help="Another horizon than the task's own (purchase and churn).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a task for everyone, or for the users in a file, into a Parquet or CSV file."""
    from foretell.predictor.predictor import Predictor
    from foretell.run.notes import gathered_notes
    from foretell.run.outputs import check_output, read_users, write_answers

    check_output(out)
    with gathered_notes(say_note) as notes:
        names = None if users is None else read_users(users)
        answers = Predictor.load(run).predict(
            task, users=names, at=moment(at), new_only=new_only, horizon_days=horizon_days
        )
        write_answers(answers, out)
    result = {"task": task, "rows": answers.height, "columns": answers.columns, "file": str(out), "notes": notes}
    print_data(result, as_json=as_json, text=lambda found: f"{found['rows']:,} answers in {found['file']}")


@app.command()
def evaluate(run: Run, as_json: AsJson = False) -> None:
    """Score a run's test window again and write report.json and report.html anew."""
    from foretell.run.again import evaluate_again
    from foretell.run.narrator import Narrator
    from foretell.run.summary import summary_rows, summary_text

    report = evaluate_again(run, narrator=Narrator())
    print_data(report.document if as_json else summary_rows(report, run), as_json=as_json, text=summary_text)


@app.command()
def report(
    run: Run,
    out: Annotated[
        Path | None, typer.Option("--out", help="Copy report.html and report.json into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's report; with --out, write its page elsewhere."""
    from foretell.run.reports import load_report, report_summary, report_text

    found = load_report(run)
    place = run if out is None else out
    found.save(place)
    summary = report_summary(found, place, run=run)
    print_data(found.document if as_json else summary, as_json=as_json, text=report_text)


@app.command()
def explain(
    run: Run,
    task: Annotated[str, typer.Option("--task", help="The task whose answer is to be explained.")],
    user: Annotated[str | None, typer.Option("--user", help="Whose answer; demand takes an item instead.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="Which item, for ad, recommend and demand.")] = None,
    at: At = None,
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Name the events and features that moved a prediction, in words."""
    from foretell.explain import explain as explain_answer
    from foretell.predictor.predictor import Predictor
    from foretell.run.notes import gathered_notes

    if language not in ("en", "zh"):
        raise InputError("This language is not spoken here.", received=language, remedy="Use en or zh.")
    with gathered_notes(say_note) as notes:
        found = explain_answer(
            Predictor.load(run),
            task=task,
            user=user,
            item=item,
            at=moment(at),
            language="zh" if language == "zh" else "en",
        )
    print_data(json.loads(found.json()) | {"notes": notes}, as_json=as_json, text=lambda _: found.text())


@app.command()
def serve(
    run: Run,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    state: Annotated[Path | None, typer.Option(help="Where live events are kept; by default inside the run.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve live predictions over HTTP: POST /v1/events, GET /v1/users/{id}/predictions, GET /health."""
    from foretell.serve import serve as serve_run

    def announce(url: str) -> None:
        """Say where, once requests are taken."""
        said = {"url": url, "run": str(run)}
        print_data(said, as_json=as_json, text=lambda found: f"Serving {found['run']} at {found['url']} (Ctrl-C stops)")
        sys.stdout.flush()

    serve_run(run, host=host, port=port, state=state, announce=announce)
