"""Compression: gzip and zstd, told by a file's first bytes whatever its name says.

This module owns opening compressed files and explaining what is wrong with one. It refuses archives of several
files, such as zip and tar.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final, Literal, cast

import pyarrow as pa

from foretell.core.errors import SourceError
from foretell.sources.formats.printable import first_line

__all__ = ["SUFFIXES", "Compression", "compression_of", "guarded_read", "opened", "start_of"]

Compression = Literal["gzip", "zstd"]
_MAGIC: Final[dict[bytes, Compression]] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
SUFFIXES: Final = (".gz", ".gzip", ".zst", ".zstd")
"""What compressed files' names end in, after the ending of their format."""


def start_of(path: Path, size: int = 8) -> bytes:
    """The first bytes as they lie on disk."""
    with path.open("rb") as stream:
        return stream.read(size)


def compression_of(path: Path) -> Compression | None:
    """How the file is compressed, by its first bytes; None where it is not."""
    start = start_of(path)
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), None)


def opened(path: Path) -> IO[bytes]:
    """The file's content as a stream, decompressed; members that follow one another are one stream."""
    compression = compression_of(path)
    if compression is None:
        return path.open("rb")
    return cast(IO[bytes], pa.input_stream(str(path), compression=compression))


def guarded_read(path: Path, stream: IO[bytes], size: int = -1) -> bytes:
    """``size`` bytes of an opened file, all of them for -1.

    Raises:
        SourceError: If the compression is broken or the disk fails.
    """
    try:
        return stream.read() if size < 0 else stream.read(size)
    except OSError as error:
        if compression_of(path) is None:
            raise SourceError(
                "The file cannot be read.", received=f"{path}: {first_line(error)}", remedy="Check the disk."
            ) from error
        raise SourceError(
            "The compressed file is cut short or damaged.",
            received=f"{path}: {first_line(error)}",
            remedy="Copy or export it again; nothing of it was used.",
        ) from error
