"""The words of searches, hashed: which of k buckets a search has a word in.

This module owns how a search is cut into words and where a word belongs. Hashing needs no vocabulary, so a word
never seen in training has its place too. It refuses to count.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["bucket_of", "bucket_table", "terms"]

_CHARACTERS: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_PIECES: Final = re.compile(rf"[{_CHARACTERS}]+|[^\W{_CHARACTERS}]+")
_WRITTEN_TOGETHER: Final = re.compile(rf"[{_CHARACTERS}]")


def terms(query: str) -> tuple[str, ...]:
    """The distinct words of a search, sorted: lower case, without signs; text without spaces as pairs of characters.

    Example:
        >>> terms("Green TEA, green"), terms("绿茶杯")
        (('green', 'tea'), ('绿茶', '茶杯'))
    """
    found: set[str] = set()
    for piece in _PIECES.findall(unicodedata.normalize("NFKC", query).casefold()):
        if _WRITTEN_TOGETHER.match(piece) and len(piece) > 1:
            found.update(piece[at : at + 2] for at in range(len(piece) - 1))
        else:
            found.add(piece)
    return tuple(sorted(found))


def bucket_of(term: str, *, n_buckets: int) -> int:
    """The bucket of a word: its CRC-32 modulo the number of buckets, the same on every machine.

    Example:
        >>> bucket_of("tea", n_buckets=16)
        2

    References:
        Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning, ICML.
    """
    return zlib.crc32(term.encode("utf-8", "surrogatepass")) % n_buckets


def bucket_table(queries: Iterable[str], *, n_buckets: int) -> NDArray[np.bool_]:
    """For each query, in which buckets it has a word; a last row, all False, for no query. ``[Q + 1, n_buckets]``.

    Example:
        >>> bucket_table(["tea", "?"], n_buckets=16).sum(axis=1).tolist()
        [1, 0, 0]
    """
    rows = [[bucket_of(term, n_buckets=n_buckets) for term in terms(query)] for query in queries]
    table = np.zeros((len(rows) + 1, n_buckets), dtype=np.bool_)
    for number, buckets in enumerate(rows):
        table[number, buckets] = True
    return table
