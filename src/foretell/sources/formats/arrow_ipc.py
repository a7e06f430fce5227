"""Arrow IPC: files (Feather version 2) and streams, plain or compressed.

This module owns opening them and explaining what is wrong with one. It refuses Feather version 1, which nothing
has written by default since 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import polars as pl
import pyarrow as pa

from foretell.core.errors import SourceError
from foretell.sources.formats.compression import compression_of, guarded_read, opened
from foretell.sources.formats.printable import first_line
from foretell.sources.formats.raw_bytes import readable
from foretell.sources.frames import from_arrow
from foretell.sources.table import SAMPLE_ROWS, Rows

__all__ = ["FILE_MAGIC", "STREAM_MAGIC", "ArrowFile"]

FILE_MAGIC: Final = b"ARROW1"
STREAM_MAGIC: Final = b"\xff\xff\xff\xff"
_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_NO_END: Final = "The Arrow stream has no mark of its end: if its writer was interrupted, its last rows are missing."
_DAMAGE: Final = (
    pa.ArrowException,
    OSError,
    ValueError,
    KeyError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)
T = TypeVar("T")


@dataclass(frozen=True)
class ArrowFile:
    """One file of Arrow record batches."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> ArrowFile:
        """Check that the file is there and its schema is sound.

        Raises:
            SourceError: If it is missing, empty, damaged or cut short.
        """
        table = cls(readable(path))
        table.columns()
        return table

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def columns(self) -> list[str]:
        """The names in the schema."""
        return self._guarded(lambda: [str(name) for name in self._reader()[0].schema.names])

    def sample(self) -> pl.DataFrame:
        """The first rows."""
        return self._guarded(lambda: from_arrow(self._head()))

    def read(self, columns: Sequence[str]) -> Rows:
        """The named columns."""
        frame, is_ended = self._guarded(lambda: self._all(columns))
        return Rows(frame, notes=() if is_ended else (_NO_END,))

    def scan(self) -> pl.LazyFrame | None:
        """All columns, lazily; None for a stream and for a compressed file."""
        if not self._is_mapped_file():
            return None
        return self._guarded(lambda: pl.scan_ipc(self.path, glob=False, hive_partitioning=False))

    def _is_mapped_file(self) -> bool:
        if compression_of(self.path) is not None:
            return False
        with self.path.open("rb") as stream:
            return stream.read(len(FILE_MAGIC)) == FILE_MAGIC

    def _reader(self) -> tuple[pa.RecordBatchFileReader | pa.RecordBatchStreamReader, bool]:
        """A reader, and whether the last rows are known to be the last ones written."""
        if self._is_mapped_file():
            return pa.ipc.open_file(pa.memory_map(str(self.path))), True
        with opened(self.path) as stream:
            content = guarded_read(self.path, stream)
        if content.startswith(FILE_MAGIC):
            return pa.ipc.open_file(content), True
        return pa.ipc.open_stream(content), content.endswith(_END)

    def _head(self) -> pa.Table:
        reader, _ = self._reader()
        batches: list[pa.RecordBatch] = []
        for batch in _batches(reader):
            batch.validate(full=True)
            batches.append(batch)
            if sum(known.num_rows for known in batches) >= SAMPLE_ROWS:
                break
        return pa.Table.from_batches(batches, schema=reader.schema).slice(0, SAMPLE_ROWS)

    def _all(self, columns: Sequence[str]) -> tuple[pl.DataFrame, bool]:
        reader, is_ended = self._reader()
        table = reader.read_all().select(list(columns))
        # What Polars is given must be sound: a damaged offset would take the process down.
        table.validate(full=True)
        return from_arrow(table), is_ended

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except SourceError:
            raise
        except _DAMAGE as error:
            raise SourceError(
                "The Arrow file is damaged or cut short.",
                received=f"{self.path}: {first_line(error)}",
                remedy="Copy or export it again; nothing of it was used.",
            ) from error


def _batches(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    """A file's batches lie anywhere in it, a stream's come one after another."""
    if isinstance(reader, pa.RecordBatchFileReader):
        return (reader.get_batch(number) for number in range(reader.num_record_batches))
    return iter(reader)
