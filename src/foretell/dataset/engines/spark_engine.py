"""Spark: the same plans on a cluster, or on a machine that acts as one.

This module owns the session and the few calls that Narwhals does not cover. It refuses to be imported without
being asked for: ``pyspark`` (the extra ``spark``) loads when the engine is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import narwhals as nw
import polars as pl

from foretell.core.errors import MissingExtraError
from foretell.dataset.engines.engine import Rows
from foretell.prepare.group_rule import ROW, crowded_rows

__all__ = ["SparkEngine"]

_LOCAL: Final = "local[*]"
_FILE: Final = "_file"
_AT: Final = "_at"

_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
# Where the driver is all there is: its default of 1 GiB is too little for the plans alone, a full heap ends the
# process with an error instead of leaving it waiting for ever, and 200 partitions of a small table cost minutes.
_ON_THIS_MACHINE: Final = {
    "spark.driver.memory": "4g",
    "spark.driver.extraJavaOptions": "-XX:+ExitOnOutOfMemoryError",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@dataclass(frozen=True)
class SparkEngine:
    """Runs plans with Spark.

    Attributes:
        session: The ``pyspark.sql.SparkSession``.
        is_own: Whether the session was begun here, and so ends here.
    """

    session: Any
    is_own: bool = True

    @classmethod
    def open(cls, master: str | None) -> SparkEngine:
        """A session on ``master``; on all cores of this machine by default. A session that is there already is joined.

        Raises:
            MissingExtraError: If pyspark is not installed.
        """
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise MissingExtraError("pyspark", extra="spark") from error
        running = SparkSession.getActiveSession()
        if running is not None:
            session = running.newSession()  # its own settings on the same cluster
            for name, value in _SETTINGS.items():
                session.conf.set(name, value)
            return cls(session, is_own=False)
        where = master or _LOCAL
        builder = SparkSession.builder.master(where).appName("foretell")
        for name, value in (_SETTINGS | (_ON_THIS_MACHINE if where.startswith("local") else {})).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return cls(session)

    @property
    def name(self) -> str:
        """``spark``."""
        return "spark"

    def scan(self, files: Sequence[Path], *, row_number: str) -> Rows:
        """The rows of Parquet files; a row's number is that of its file and its place in it, as on one machine."""
        from pyspark.sql import functions

        paths = [str(path) for path in files]
        begins = self._beginnings(files)
        frame = self.session.read.parquet(*paths).select(
            "*",
            functions.element_at(functions.split("_metadata.file_path", "/"), -1).alias(_FILE),
            functions.col("_metadata.row_index").alias(_AT),
        )
        known = self.session.createDataFrame(begins, schema=f"{_FILE} string, {row_number} bigint")
        joined = frame.join(functions.broadcast(known), on=_FILE, how="left")
        number = functions.col(row_number) + functions.col(_AT)
        return _plan(joined.withColumn(row_number, number).drop(_FILE, _AT))

    def _beginnings(self, files: Sequence[Path]) -> list[tuple[str, int]]:
        """The number of the first row of each file."""
        begin, found = 0, []
        for path in files:
            found.append((path.name, begin))
            begin += int(pl.scan_parquet(path).select(pl.len()).collect().item())
        return found

    def from_frame(self, frame: pl.DataFrame) -> Rows:
        """The table, sent to the cluster."""
        return _plan(self.session.createDataFrame(frame.to_arrow()))

    def keep(self, rows: Rows) -> Rows:
        """Compute and cut the plan, so that later steps do not compute it again."""
        return _plan(nw.to_native(rows).localCheckpoint())

    def without(self, rows: Rows, claims: Sequence[Rows]) -> Rows:
        """An anti-join, computed."""
        gone = [part.select(ROW) for part in claims]
        return self.keep(rows.join(nw.concat(gone, how="vertical"), on=ROW, how="anti")) if gone else rows

    def crowded(self, rows: Rows, keys: Sequence[str]) -> Rows:
        """By counting."""
        return crowded_rows(rows, keys)

    def gather(self, rows: Rows) -> Rows:
        """Nothing: Spark brings users together when it groups."""
        return rows

    def shorten(self, rows: Rows) -> Rows:
        """Compute: Spark's planner takes minutes over the expressions of eighty features in one plan."""
        return self.keep(rows)

    def shares(self, rows: Rows, *, n_rows: int) -> Sequence[Rows]:  # noqa: ARG002 (the cluster knows its own)
        """All of them: Spark divides them among its workers itself."""
        return (rows,)

    def collect(self, rows: Rows) -> pl.DataFrame:
        """Compute and bring home through Arrow."""
        frame = pl.from_arrow(nw.to_native(rows).toArrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def write(self, rows: Rows, folder: Path, *, part: int = 0) -> None:
        """Every worker writes its files."""
        nw.to_native(rows).write.mode("append" if part else "overwrite").parquet(str(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_own:
            self.session.stop()


def _plan(frame: Any) -> Rows:  # noqa: ANN401 (a pyspark frame, whose package may be absent)
    rows: Rows = nw.from_native(frame)
    return rows
