"""Cutting a text into the pieces a BERT-like model was trained on.

This module owns the greedy WordPiece algorithm and the basic cuts before it. It refuses other tokenisers
(SentencePiece, byte pairs).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["WordPiece"]

_LONGEST_WORD: Final = 100
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
_SYMBOLS: Final = ((33, 47), (58, 64), (91, 96), (123, 126))
"""ASCII that is cut off like punctuation, whatever Unicode calls it."""


@dataclass(frozen=True)
class WordPiece:
    """A vocabulary of pieces; pieces within a word begin with ``##``.

    Attributes:
        pieces: In the order of their ids; ``[UNK]``, ``[CLS]`` and ``[SEP]`` are among them.
        lower_case: Whether case and accents are dropped first.

    Example:
        >>> cutter = WordPiece(("[UNK]", "[CLS]", "[SEP]", "nail", "##s", "!"))
        >>> cutter.ids("Nails! xyz", most=8)
        [1, 3, 4, 5, 0, 2]

    References:
        Wu et al., Google's Neural Machine Translation System, 2016, section 4.1; Devlin et al., BERT, 2019.
    """

    pieces: tuple[str, ...]
    lower_case: bool = True

    @cached_property
    def _id(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}

    def ids(self, text: str, *, most: int) -> list[int]:
        """The ids of a text's pieces between those of ``[CLS]`` and ``[SEP]``, at most so many in all."""
        found: list[int] = []
        for word in _words(text, lower_case=self.lower_case):
            found += self._pieces(word)
            if len(found) >= most - 2:
                break
        return [self._id["[CLS]"], *found[: most - 2], self._id["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        """The longest piece first, then the longest of what is left; a word that cannot be cut up is unknown."""
        unknown = [self._id["[UNK]"]]
        if len(word) > _LONGEST_WORD:
            return unknown
        found, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            ends = (end for end in range(len(word), start, -1) if mark + word[start:end] in self._id)
            end = next(ends, None)
            if end is None:
                return unknown
            found.append(self._id[mark + word[start:end]])
            start = end
        return found


def _words(text: str, *, lower_case: bool) -> Iterator[str]:
    """Runs of letters and digits; every punctuation mark and every ideograph by itself."""
    if lower_case:
        decomposed = unicodedata.normalize("NFD", text.lower())
        text = "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn")
    word = ""
    for letter in text:
        if _is_space(letter) or _stands_alone(letter):
            if word:
                yield word
            word = ""
            if _stands_alone(letter):
                yield letter
        elif not _is_control(letter):
            word += letter
    if word:
        yield word


def _is_space(letter: str) -> bool:
    return letter in " \t\n\r" or unicodedata.category(letter) == "Zs"


def _is_control(letter: str) -> bool:
    return letter in "\0\ufffd" or unicodedata.category(letter).startswith("C")


def _stands_alone(letter: str) -> bool:
    code = ord(letter)
    if any(first <= code <= last for first, last in (*_SYMBOLS, *_IDEOGRAPHS)):
        return True
    return unicodedata.category(letter).startswith("P")
