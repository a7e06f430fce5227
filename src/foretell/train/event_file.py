"""Event files that TensorBoard reads, written without TensorBoard.

This module owns the format: records with checksums, each one Event message with scalars. It refuses everything but
scalars; whoever wants to look at them installs TensorBoard (extra ``track``).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["EventFile", "checksum"]

_POLYNOMIAL: Final = 0x82F63B78
_MASK: Final = 0xA282EAD8
_WORD: Final = 0xFFFFFFFF


class EventFile:
    """A file of scalars by step, appended to and flushed at every call.

    Args:
        folder: Where it is made; a resumed run makes another beside it, and TensorBoard shows them as one.

    References:
        TensorFlow, ``event.proto``, ``summary.proto`` and the TFRecord format.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 1_000_000_000:010}.{socket.gethostname()}.{os.getpid()}"
        number = len(list(folder.glob("events.out.tfevents.*")))
        self.path = folder / f"{name}.{number}"
        self._append(_double(1, time.time()) + _bytes(3, b"brain.Event:2"))

    def write(self, values: Mapping[str, float], *, step: int) -> None:
        """Scalars of one step."""
        summary = b"".join(
            _bytes(1, _bytes(1, name.encode()) + _key(2, 5) + struct.pack("<f", value))
            for name, value in values.items()
        )
        self._append(_double(1, time.time()) + _key(2, 0) + _varint(step) + _bytes(5, summary))

    def _append(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        record = length + struct.pack("<I", checksum(length)) + event + struct.pack("<I", checksum(event))
        with self.path.open("ab") as file:
            file.write(record)


def checksum(data: bytes) -> int:
    """The masked CRC-32C of a record.

    Example:
        >>> hex((checksum(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF)  # CRC-32C of it is e3069283, turned by 15 bits
        '0x2507c60d'
    """
    value, table = _WORD, _table()
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= _WORD
    return (((value >> 15) | (value << 17)) + _MASK) & _WORD


@cache
def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value
