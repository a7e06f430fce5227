"""Points and commas in numbers: which of them sets thousands apart, decided by the whole column.

This module owns that decision and the note where a column leaves a doubt. It refuses to turn text into numbers.
"""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["with_decimal_points"]

_BY_COMMAS: Final = r"^-?\d{1,3}(,\d{3})+\.\d+$"
_BY_POINTS: Final = r"^-?\d{1,3}(\.\d{3})+,\d+$"
"""Thousands set apart by the one sign, decimals by the other: read without doubt."""
_GROUPED: Final = {",": r"^-?[1-9]\d{0,2}(,\d{3})+$", ".": r"^-?[1-9]\d{0,2}(\.\d{3})+$"}
_TWICE: Final = {",": r"^-?[1-9]\d{0,2}(,\d{3}){2,}$", ".": r"^-?[1-9]\d{0,2}(\.\d{3}){2,}$"}
"""Groups of three digits, and two groups or more: a number has one decimal sign at most."""


def with_decimal_points(words: pl.Series) -> tuple[pl.Series, str | None]:
    """Numbers as text with decimal points and nothing between thousands; and a note where that was a guess.

    A cell with both signs tells which is which. So does one with two groups of three digits (``1,234,567``), and a
    comma before any other number of digits (``2,55``) is a decimal one. Where all that is known is that three digits
    follow every comma, the commas set thousands apart, and the note says so.

    Example:
        >>> with_decimal_points(pl.Series("paid", ["1,234", "500"]))[0].to_list()
        ['1234', '500']
        >>> with_decimal_points(pl.Series("paid", ["1,234", "2,5"]))
        (shape: (2,)
        Series: 'paid' [str]
        [
            "1.234"
            "2.5"
        ], None)
    """
    by_commas, by_points = _are(words, _BY_COMMAS), _are(words, _BY_POINTS)
    others = words.filter(~by_commas & ~by_points)
    commas, points = (others.filter(others.str.contains(sign, literal=True).fill_null(False)) for sign in (",", "."))
    plain = words.zip_with(~by_commas, words.str.replace_all(",", "", literal=True))
    plain = plain.zip_with(~by_points, plain.str.replace_all(".", "", literal=True).str.replace(",", "."))
    if bool(by_points.any()) or _all_and_any(points, "."):
        plain = _joined(plain, ".", but_not=by_points)
        points = points.filter(~_are(points, _GROUPED["."]))
    # One comma before other than three digits is a decimal comma, unless the column has decimal points.
    is_sure = bool(by_commas.any()) or len(points) > 0 or bool(_are(commas, _TWICE[","]).any())
    is_grouped = bool(_are(commas, _GROUPED[","]).all()) and not by_points.any()
    if len(commas) and (is_sure or is_grouped):
        note = None if is_sure else _note(words.name, str(commas[0]))
        return _joined(plain, ",", but_not=by_points), note
    return plain.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}"), None


def _are(words: pl.Series, pattern: str) -> pl.Series:
    return words.str.contains(pattern).fill_null(False)


def _all_and_any(words: pl.Series, sign: str) -> bool:
    """True if every cell has groups of three digits, and one has two of them."""
    return bool(_are(words, _GROUPED[sign]).all()) and bool(_are(words, _TWICE[sign]).any())


def _joined(words: pl.Series, sign: str, *, but_not: pl.Series) -> pl.Series:
    """The cells that are groups of three digits without the sign between them."""
    grouped = _are(words, _GROUPED[sign]) & ~but_not
    return words.zip_with(~grouped, words.str.replace_all(sign, "", literal=True))


def _note(name: str, example: str) -> str:
    read = example.replace(",", "")
    return (
        f"The commas in {name!r} were taken to set thousands apart ({example} is {read}), because three digits follow "
        "each; if they are decimal commas, export that column with decimal points."
    )
