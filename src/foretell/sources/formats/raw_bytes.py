"""Bytes on disk: whether they are text, and the lines in them.

This module owns encodings and the detection of garbage. It refuses to parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from foretell.core.errors import SourceError
from foretell.sources.formats.compression import guarded_read, opened
from foretell.sources.formats.printable import first_line, printable

__all__ = ["all_bytes", "head_of", "is_plain_utf_8", "lines_of", "peek", "readable"]

_HEAD_BYTES: Final = 1 << 16
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"
_SEPARATOR_LINE: Final = re.compile(rb'"?sep=[^\r\n]"?\r?\n', re.IGNORECASE)
"""What spreadsheets put before the line of names."""
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\x1b\x01")
"""Control characters that text files hold: Hive parts cells with the first of them."""
_GARBAGE_SHARE: Final = 0.01
"""More control characters than this among the first bytes: not a text file."""


def readable(path: Path) -> Path:
    """``path`` if it is a file with something in it that may be read.

    Raises:
        SourceError: If it is missing, empty, not a file, or may not be read.
    """
    try:
        if not path.exists():
            raise SourceError("There is no such file or folder.", received=_shown(path), remedy="Check the path.")
        if not path.is_file():
            raise SourceError("This is not a file.", received=_shown(path), remedy="Give a file or a folder of files.")
        with path.open("rb") as stream:
            is_empty = not stream.read(1)
    except OSError as error:
        raise SourceError(
            "The file cannot be opened.",
            received=f"{_shown(path)}: {error.strerror or error}",
            remedy="Check its permissions.",
        ) from error
    except ValueError as error:  # a path with a NUL in it
        raise SourceError("This is not a path.", received=repr(str(path)), remedy="Check the path.") from error
    if is_empty:
        raise SourceError("The file is empty.", received=f"{path}: 0 bytes", remedy="Check the export that wrote it.")
    return path


def _shown(path: Path) -> str:
    return printable(str(path), limit=1000)


def peek(path: Path) -> bytes:
    """The first bytes, decompressed, whatever they are; nothing where the compression is broken from the start."""
    try:
        with opened(path) as stream:
            return guarded_read(path, stream, _HEAD_BYTES)
    except (SourceError, OSError):
        return b""


def head_of(path: Path) -> bytes:
    """The first bytes as UTF-8 text without a byte-order mark.

    Raises:
        SourceError: If they are not text, or the compression is broken.
    """
    with _opened(path) as stream:
        head = guarded_read(path, stream, _HEAD_BYTES)
    if not head:
        raise SourceError("The file is empty.", received=str(path), remedy="Check the export that wrote it.")
    head = _as_utf_8(head)
    if not head.strip():
        raise SourceError("The file holds no text.", received=str(path), remedy="Check the export that wrote it.")
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    if controls > max(8, _GARBAGE_SHARE * len(head)):
        raise SourceError(
            "The file is not text, and no known table format either.",
            received=f"{path}, starting with {head[:16]!r}",
            remedy="Give CSV, TSV, JSON lines, Parquet or Arrow; text may be compressed with gzip or zstd.",
        )
    return head


def all_bytes(path: Path) -> bytes:
    """The whole file, decompressed, as UTF-8 wherever it was UTF-16.

    Raises:
        SourceError: If the compression is broken or the file cannot be read.
    """
    with _opened(path) as stream:
        return _as_utf_8(guarded_read(path, stream))


def is_plain_utf_8(path: Path) -> bool:
    """True unless the file starts with a mark of UTF-16 or a line of its separator, or ends lines as old Macs did."""
    head = peek(path)
    is_odd = head.startswith(_UTF_16) or _SEPARATOR_LINE.match(head.removeprefix(_BOM)) is not None
    return not is_odd and not _ends_lines_by_cr(head)


def lines_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every line with its end, and whether it was valid UTF-8; others are read as Windows-1252."""
    for line in all_bytes(path).splitlines(keepends=True):
        try:
            yield line.decode(), True
        except UnicodeDecodeError:
            yield line.decode("cp1252", errors="replace"), False


def _opened(path: Path) -> IO[bytes]:
    try:
        return opened(path)
    except OSError as error:
        raise SourceError(
            "The file cannot be opened.", received=f"{path}: {first_line(error)}", remedy="Check its permissions."
        ) from error


def _as_utf_8(content: bytes) -> bytes:
    if content.startswith(_UTF_16):
        content = content[: len(content) // 2 * 2].decode("utf-16", errors="replace").encode()
    content = content.removeprefix(_BOM)
    if said := _SEPARATOR_LINE.match(content):
        content = content[said.end() :]
    return content.replace(b"\r", b"\n") if _ends_lines_by_cr(content) else content


def _ends_lines_by_cr(content: bytes) -> bool:
    """True for the line ends of old Macs, which some spreadsheets still write: to others such a file is one line."""
    head = content[:_HEAD_BYTES]
    return b"\r" in head and b"\n" not in head
