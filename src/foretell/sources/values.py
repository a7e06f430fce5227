"""Python values, as JSON and databases give them, become columns of one type.

This module owns that one step. It refuses to lose a value: where types have nothing in common, all become text.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

__all__ = ["column_of", "parse_json_lines", "text_of", "written"]

_VALUE: Final = "value"
_WHOLE: Final = (-(2**63), 2**63)


def column_of(name: str, values: Sequence[Any]) -> pl.Series:
    """A column of one type: that of its values, numbers of several kinds as floats, anything else mixed as text.

    Lists and mappings stay nested where their parts fit one another.

    Example:
        >>> column_of("a", [1, None, 2]).to_list(), column_of("a", [1, "x", {"b": 2}]).to_list()
        ([1, None, 2], ['1', 'x', '{"b": 2}'])
    """
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.Null)
    try:
        if kinds == {int} and all(value is None or _WHOLE[0] <= value < _WHOLE[1] for value in values):
            return pl.Series(name, values, dtype=pl.Int64)
        if kinds == {str}:
            return pl.Series(name, values, dtype=pl.String)
        if kinds == {bool}:
            return pl.Series(name, values, dtype=pl.Boolean)
        if kinds == {float} or (kinds == {int, float} and _are_exact(values)):
            return pl.Series(name, values, dtype=pl.Float64)
        if kinds <= {dict, list}:
            return _nested(name, values)
    except (OverflowError, TypeError, ValueError, pl.exceptions.PolarsError):
        pass  # values that do not fit their kind's column are kept as text
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def parse_json_lines(content: bytes) -> pl.DataFrame:
    """Sound JSON lines as a frame, types inferred from all of them.

    Raises:
        polars.exceptions.PolarsError: If they are not sound, or their values have no common type.
    """
    return pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)


def written(objects: Iterable[Mapping[str, Any]]) -> bytes:
    """Objects as sound JSON lines; half a character (a lone surrogate) becomes a question mark."""
    lines = (json.dumps(_finite(row), ensure_ascii=False) for row in objects)
    return "\n".join(lines).encode(errors="replace")


def text_of(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON or a database holds
    """A value as text: plain ones as they are written, nested ones as JSON, bytes as the text they hold.

    Example:
        >>> text_of(1.5), text_of([1, None]), text_of(b"abc"), text_of(None)
        ('1.5', '[1, null]', 'abc', None)
    """
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode(errors="replace")
    if isinstance(value, str):
        text = value
    elif isinstance(value, (dict, list, bool)):
        text = json.dumps(value, default=str)
    else:
        text = str(value)
    return text.encode(errors="replace").decode()


def _nested(name: str, values: Sequence[Any]) -> pl.Series:
    column = parse_json_lines(written({_VALUE: value} for value in values))[_VALUE]
    if len(column) != len(values):
        raise ValueError("a value was lost on the way")
    return column.alias(name)


def _are_exact(values: Sequence[Any]) -> bool:
    """True if no whole number among them is too large for a float."""
    return all(not isinstance(value, int) or abs(value) <= 2**53 for value in values)


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """``value`` with NaN and infinities, which are no JSON, as the words that say so."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, dict):
        return {str(text_of(key)): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else text_of(value)
