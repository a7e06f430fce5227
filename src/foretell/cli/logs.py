"""The verbs about logs: inspect, init, prepare, features, simulate.

This module owns their arguments and output. It refuses logic of its own: each is one call that Python users can make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli.options import (
    AsJson,
    Log,
    Mapping,
    OfDialect,
    Out,
    Zone,
)
from foretell.cli.program import app
from foretell.core.time import from_microseconds, parse_time
from foretell.run.printing import print_data


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
