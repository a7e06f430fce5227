"""Bytes on disk: what they are, whether they are text, and the lines in them.

This module owns compression, encodings and the detection of garbage. It refuses to parse.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from foretell.core.errors import SourceError

__all__ = ["all_bytes", "head_of", "is_gzip", "is_parquet", "lines_of", "readable"]

_HEAD_BYTES: Final = 1 << 16
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\x1b")
_GARBAGE_SHARE: Final = 0.01
"""More control characters than this among the first bytes: not a text file."""


def readable(path: Path) -> Path:
    """``path`` if it is a file with something in it that may be read.

    Raises:
        SourceError: If it is missing, empty, not a file, or may not be read.
    """
    try:
        if not path.exists():
            raise SourceError("There is no such file or folder.", received=str(path), remedy="Check the path.")
        if not path.is_file():
            raise SourceError("This is not a file.", received=str(path), remedy="Give a file or a folder of files.")
        with path.open("rb") as stream:
            is_empty = not stream.read(1)
    except OSError as error:
        raise SourceError(
            "The file cannot be opened.",
            received=f"{path}: {error.strerror or error}",
            remedy="Check its permissions.",
        ) from error
    except ValueError as error:  # a path with a NUL in it
        raise SourceError("This is not a path.", received=repr(str(path)), remedy="Check the path.") from error
    if is_empty:
        raise SourceError("The file is empty.", received=f"{path}: 0 bytes", remedy="Check the export that wrote it.")
    return path


def is_gzip(path: Path) -> bool:
    """True if the file starts as gzip does, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def is_parquet(path: Path) -> bool:
    """True if the file starts as Parquet does, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def head_of(path: Path) -> bytes:
    """The first bytes as UTF-8 text without a byte-order mark.

    Raises:
        SourceError: If they are not text, or the compression is broken.
    """
    with _opened(path) as stream:
        head = _guarded(path, stream, _HEAD_BYTES)
    if head.startswith(_UTF_16):
        head = head[: len(head) // 2 * 2].decode("utf-16", errors="replace").encode()
    head = head.removeprefix(_BOM)
    if not head.strip():
        raise SourceError("The file holds no text.", received=str(path), remedy="Check the export that wrote it.")
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    if controls > max(8, _GARBAGE_SHARE * len(head)):
        raise SourceError(
            "The file is not text, and no known table format either.",
            received=f"{path}, starting with {head[:16]!r}",
            remedy="Give CSV, TSV, JSON lines or Parquet; text and JSON lines may be gzipped.",
        )
    return head


def all_bytes(path: Path) -> bytes:
    """The whole file, decompressed, as UTF-8 wherever it was UTF-16."""
    with _opened(path) as stream:
        content = _guarded(path, stream, -1)
    if content.startswith(_UTF_16):
        content = content[: len(content) // 2 * 2].decode("utf-16", errors="replace").encode()
    return content.removeprefix(_BOM)


def lines_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every line with its end, and whether it was valid UTF-8; others are read as Windows-1252."""
    for line in all_bytes(path).splitlines(keepends=True):
        try:
            yield line.decode(), True
        except UnicodeDecodeError:
            yield line.decode("cp1252", errors="replace"), False


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def _guarded(path: Path, stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            "The compressed file is cut short or damaged.",
            received=f"{path}: {error}",
            remedy="Copy or export it again; nothing of it was used.",
        ) from error
    except OSError as error:
        raise SourceError("The file cannot be read.", received=f"{path}: {error}", remedy="Check the disk.") from error
