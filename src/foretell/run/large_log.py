"""A log of any size from Parquet files to clean rows and features, on one machine or on a cluster.

This module owns that walk: scan, rename, clean, compute, write; nothing of the log is brought into memory as a whole
where the engine can help it. It refuses logs that need more than renaming: ``read_events`` reads those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError, InputError, RunError, SchemaError, SourceError
from foretell.core.files import write_json
from foretell.core.memory import freed_memory_kept
from foretell.core.time import from_microseconds, to_microseconds
from foretell.dataset.engines import Engine, open_engine
from foretell.dataset.store import HistoryStore
from foretell.dataset.store.arrival import refuse_currencies
from foretell.features import Feature, default_features
from foretell.features.plan import is_planned, plan_features
from foretell.prepare.group_rule import ROW, Rows
from foretell.prepare.plan import RULE, PlannedCleaning, plan_cleaning
from foretell.prepare.rules import CleaningRules
from foretell.run.narrator import Narrator
from foretell.sources import recognise

__all__ = ["LargeLog", "account_text", "features_of_log", "features_of_run"]

_FACTORS: Final = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
_DONE: Final = "features.json"
_MOST_CUTOFFS: Final = 60


@dataclass(frozen=True)
class LargeLog:
    """Parquet files whose columns have only to be renamed.

    Attributes:
        files: The files, in the order of their names.
        mapping: From canonical column to the shop's.
        time_factor: How many microseconds one unit of time is; moments of receipt are in the same.
        items: The file of the items beside the events, or None.
    """

    files: tuple[Path, ...]
    mapping: Mapping[str, str]
    time_factor: int
    items: Path | None = None

    @classmethod
    def of(cls, source: str | Path, *, mapping: Mapping[str, str] | None = None) -> LargeLog:
        """Find the files and recognise their columns by a sample.

        Raises:
            SourceError: If there are no Parquet files.
            SchemaError: If the rows need more than renaming.
        """
        if HistoryStore.is_one(source):
            raise SourceError(
                "This is a store, whose rows are clean already.",
                received=str(source),
                remedy="Give the log it was made from; foretell train computes features from the store itself.",
            )
        files, items = _files(Path(source))
        found = recognise(files[0], mapping=dict(mapping) if mapping else None)
        if found.dialect != "canonical":
            raise SchemaError(
                "A log of this dialect needs more than renaming its columns.",
                received=found.dialect,
                remedy="Read it with foretell.read_events, and write its events as Parquet.",
            )
        time = pl.scan_parquet(files[0]).collect_schema()[found.mapping[columns.TIME]]
        if not time.is_integer() or found.time_unit not in _FACTORS:
            raise SchemaError(
                "Times have to be whole numbers since 1970, which every engine counts alike.",
                received=f"{time} in {found.time_unit}",
                remedy="Write the column as int64 microseconds UTC.",
            )
        if columns.ACTION not in found.mapping:
            raise SchemaError(
                "No column names the action.", received=str(source), remedy="Write one, for example 'purchase'."
            )
        return cls(tuple(files), found.mapping, _FACTORS[found.time_unit], items)

    def rows(self, engine: Engine) -> Rows:
        """The rows in canonical columns and types; identifiers stay the shop's own."""
        rows = engine.scan(self.files, row_number=ROW)
        schema = rows.collect_schema()
        return rows.select(ROW, *(self._column(name, own, schema) for name, own in self._cleaned(schema)))

    def currencies(self) -> pl.LazyFrame:
        """The column of currencies alone, or none."""
        rows, own = pl.scan_parquet(list(self.files)), self.mapping.get(columns.CURRENCY)
        return rows.select([] if own is None else pl.col(own).alias(columns.CURRENCY))

    def _cleaned(self, schema: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What rules and features read: when a row was received only where it is a count, as times have to be."""
        own = dict(self.mapping)
        own.pop(columns.CURRENCY, None)
        if columns.RECEIVED_TIME in own and not schema[own[columns.RECEIVED_TIME]].is_integer():
            del own[columns.RECEIVED_TIME]
        return list(own.items())

    def _column(self, name: str, own: str, schema: Mapping[str, Any]) -> nw.Expr:
        cells = nw.col(own)
        if name in (columns.TIME, columns.RECEIVED_TIME):
            return (cells.cast(nw.Int64) * self.time_factor).alias(name)
        if name in columns.NUMBERS:
            return cells.cast(nw.Float64).alias(name)
        if name in columns.IDENTIFIERS and schema[own].is_integer():
            return cells.alias(name)
        return cells.cast(nw.String).alias(name)


def features_of_log(
    source: str | Path,
    *,
    out: str | Path,
    cutoffs: Sequence[datetime] = (),
    definitions: Sequence[Feature] | None = None,
    mapping: Mapping[str, str] | None = None,
    rules: CleaningRules | None = None,
    engine: str = "polars",
    master: str | None = None,
    narrator: Narrator | None = None,
) -> dict[str, Any]:
    """Clean a log and write the features of all its users, as Parquet.

    Args:
        source: A Parquet file, or a folder of part files (with ``items.parquet`` beside ``events.parquet`` or a folder
            ``events`` if there are items).
        out: The folder to make: ``features/``, ``quarantine/`` and ``features.json``, which comes last.
        cutoffs: Aware moments; the last moment of the log where none is given.
        definitions: What is computed; None takes the default features of the log's actions.
        mapping: From canonical column to yours, where recognition needs help.
        rules: The thresholds of cleaning.
        engine: ``polars`` or ``spark``.
        master: The cluster's URL, for Spark.
        narrator: Who talks; silent by default.

    Returns:
        ``rows_in``, ``rows_out``, ``kept_apart``, ``removed`` by rule, ``users``, ``cutoffs`` and ``features``.

    Raises:
        InputError: If source, columns, cutoffs or engine are at fault; nothing is left in ``out`` then.
        RunError: If ``out`` holds something already.

    Example:
        >>> features_of_log("events/", out="features/", engine="spark", master="local[4]")  # doctest: +SKIP
    """
    folder = Path(out)
    if folder.exists() and any(folder.iterdir()):
        raise RunError("The folder is not empty.", received=str(folder), remedy="Choose another.")
    log = LargeLog.of(source, mapping=mapping)
    refuse_currencies(log.currencies(), rules=rules or CleaningRules())
    with (
        freed_memory_kept(),
        narrator or Narrator(quiet=True) as talk,
        open_engine(engine, master=master) as running,
    ):
        with talk.stage("Cleaning the log"):
            rows = log.rows(running)
            n_rows, last = _size(rows, running)
            moments = _moments(cutoffs, last=last)
            cleaned = plan_cleaning(rows, rules=rules or CleaningRules(), bench=running)
            account = _account(cleaned, running, n_rows=n_rows)
        with talk.stage("Computing features"):
            asked = tuple(definitions) if definitions is not None else _defaults(cleaned.rows, running)
            items = None if log.items is None else running.scan([log.items], row_number=ROW).drop(ROW)
            planned = partial(
                plan_features,
                definitions=asked,
                cutoffs=moments,
                items=items,
                shorten=running.shorten,
                gather=running.gather,
            )
            for part, share in enumerate(running.shares(cleaned.rows, n_rows=n_rows)):
                # No name for the plan: it holds the rows of its share, which must not outlive their turn.
                running.write(planned(share), folder / "features", part=part)
            _write_quarantine(cleaned, running, folder / "quarantine")
    users = pl.scan_parquet(folder / "features" / "*.parquet").select(pl.col(columns.USER_ID).n_unique()).collect()
    account |= {
        "users": int(users.item()),
        "cutoffs": [from_microseconds(moment).isoformat() for moment in moments],
        "features": [feature.name for feature in asked],
        "engine": engine,
        "folder": str(folder),
    }
    write_json(folder / _DONE, account)
    return account


def features_of_run(run: str | Path) -> tuple[Feature, ...]:
    """The features that a finished run's heads read, as far as a plan can compute them.

    Raises:
        RunError: If there is no finished run in the folder.
    """
    from foretell.predictor.predictor import Predictor

    definitions = Predictor.load(run).reader.user_features.definitions
    chosen: dict[str, Feature] = {}
    for feature in definitions:
        if is_planned(feature) and all(part in chosen for part in feature.of):
            chosen[feature.name] = feature
    return tuple(chosen.values())


def account_text(made: Mapping[str, Any]) -> str:
    """What ``features_of_log`` gave, for people."""
    removed = ", ".join(f"{rule} {count:,}" for rule, count in made["removed"].items()) or "nothing"
    return (
        f"{made['rows_in']:,} rows in, {made['rows_out']:,} kept, {made['kept_apart']:,} without a user kept apart; "
        f"removed: {removed}.\n{len(made['features'])} features of {made['users']:,} users at "
        f"{len(made['cutoffs'])} cutoffs in {made['folder']}/features"
    )


def _files(place: Path) -> tuple[list[Path], Path | None]:
    """The Parquet files of the events, and that of the items."""
    if not place.exists():
        raise SourceError("There is no such file or folder.", received=str(place), remedy="Check the path.")
    if place.is_file():
        files, items = [place], place.with_name("items.parquet")
    else:
        inner = place / "events" if (place / "events").is_dir() else place
        alone = place / "events.parquet"
        files = [alone] if alone.is_file() else sorted(inner.glob("*.parquet"))
        items = place / "items.parquet"
    if not files or any(path.suffix != ".parquet" for path in files):
        raise SourceError(
            "There are no Parquet files here.",
            received=str(place),
            remedy="Give a Parquet file or a folder of them; read_events reads other formats.",
        )
    return files, items if items.is_file() and items not in files else None


def _size(rows: Rows, engine: Engine) -> tuple[int, int]:
    found = engine.collect(rows.select(nw.len().alias("n"), nw.col(columns.TIME).max().alias("last")))
    n_rows, last = found.row(0)
    if not n_rows or last is None:
        raise SourceError("There are no events.", received="0 rows", remedy="Check the export that wrote it.")
    return int(n_rows), int(last)


def _moments(cutoffs: Sequence[datetime], *, last: int) -> list[int]:
    moments = sorted({to_microseconds(cutoff) for cutoff in cutoffs}) or [last]
    if len(moments) > _MOST_CUTOFFS:
        raise ConfigError(
            "So many cutoffs make too large a plan.",
            received=f"{len(moments)} cutoffs",
            remedy=f"Ask at most {_MOST_CUTOFFS} at a time.",
        )
    return moments


def _account(cleaned: PlannedCleaning, engine: Engine, *, n_rows: int) -> dict[str, Any]:
    removed: dict[str, int] = {}
    for claims in cleaned.claims:
        counts = engine.collect(claims.group_by(RULE).agg(nw.len().alias("n")))
        for rule, count in counts.select(RULE, "n").iter_rows():
            removed[rule] = removed.get(rule, 0) + int(count)
    apart = int(engine.collect(cleaned.apart.select(nw.len().alias("n"))).item())
    rows_out = n_rows - sum(removed.values()) - apart
    if rows_out == 0:
        raise InputError("No row is left after cleaning.", received=str(removed), remedy="Look at the rules.")
    return {"rows_in": n_rows, "rows_out": rows_out, "kept_apart": apart, "removed": dict(sorted(removed.items()))}


def _defaults(rows: Rows, engine: Engine) -> tuple[Feature, ...]:
    actions = engine.collect(rows.select(columns.ACTION).unique())[columns.ACTION]
    return default_features(sorted(actions))


def _write_quarantine(cleaned: PlannedCleaning, engine: Engine, folder: Path) -> None:
    """The claimed rows as they were read, with their rule."""
    if cleaned.claims:
        claims = cleaned.claims[0] if len(cleaned.claims) == 1 else nw.concat(cleaned.claims, how="vertical")
        engine.write(cleaned.read.join(claims, on=ROW, how="inner").drop(ROW), folder)
