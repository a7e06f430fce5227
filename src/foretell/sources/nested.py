"""Nested cells become plain columns: structures dotted, lists one row an element, JSON text parsed first.

This module owns unfolding. It refuses to know what any field means.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

__all__ = ["PART", "ROW", "as_structure", "exploded", "plain", "unnested"]

ROW: Final = "_row"
"""The number of the row in the log that an unfolded row came from."""
PART: Final = "_part"
"""The number of the element within that row, from 0."""


def as_structure(series: pl.Series) -> pl.Series:
    """The column with JSON text parsed; every other column as it is. Text that is no JSON becomes null.

    Example:
        >>> as_structure(pl.Series("p", ['{"id": 1}', "oops"])).to_list()
        [{'id': 1}, None]
    """
    if series.dtype != pl.String:
        return series
    trimmed = series.str.strip_chars()
    trimmed = trimmed.set(~trimmed.str.contains(r"^[\[{]").fill_null(False), None)
    if trimmed.null_count() == len(trimmed):
        return series
    try:
        return trimmed.str.json_decode(infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return _row_by_row(trimmed)


def unnested(frame: pl.DataFrame, *, parse: Sequence[str] = ()) -> pl.DataFrame:
    """Structures as columns of dotted names, however deep; lists stay as they are.

    Args:
        frame: The rows.
        parse: Columns, or dotted paths, whose text may be JSON.

    Example:
        >>> unnested(pl.DataFrame({"a": [{"b": {"c": 1}, "d": 2}]})).columns
        ['a.b.c', 'a.d']
    """
    result: list[pl.Series] = []
    waiting = list(frame)
    while waiting:
        series = waiting.pop(0)
        if series.name in parse:
            series = as_structure(series)
        if isinstance(series.dtype, pl.Struct):
            inner = series.struct.unnest()
            fields = [inner[name].alias(f"{series.name}.{name}") for name in inner.columns]
            waiting = [*fields, *waiting]
        else:
            result.append(series)
    # Two paths can end in one name ("a.b" beside {"a": {"b"}}): the first wins.
    by_name: dict[str, pl.Series] = {}
    for series in result:
        by_name.setdefault(series.name, series)
    return pl.DataFrame(list(by_name.values())) if by_name else frame.select(pl.all())


def exploded(frame: pl.DataFrame, name: str | None) -> pl.DataFrame:
    """One row an element of the list column ``name``, its fields dotted; ``ROW`` and ``PART`` say where from.

    A row without elements stays one row. Without a name every row stays as it is.

    Example:
        >>> rows = pl.DataFrame({"u": [7, 8], "items": [[{"id": 1}, {"id": 2}], []]})
        >>> exploded(rows, "items").select("u", "items.id", PART).rows()
        [(7, 1, 0), (7, 2, 1), (8, None, 0)]
    """
    numbered = frame.with_row_index(ROW)
    if name is None or name not in frame.columns:
        return numbered.with_columns(pl.lit(0, dtype=pl.UInt32).alias(PART))
    numbered = numbered.with_columns(as_structure(numbered[name]))
    if isinstance(numbered.schema[name], pl.Array):
        numbered = numbered.with_columns(pl.col(name).arr.to_list())
    if isinstance(numbered.schema[name], pl.List):
        # Whether an empty list leaves a row depends on the version of Polars; a null does.
        filled = pl.when(pl.col(name).list.len() > 0).then(pl.col(name)).alias(name)
        numbered = numbered.with_columns(filled).explode(name)
    part = pl.int_range(pl.len(), dtype=pl.UInt32).over(ROW).alias(PART)
    return unnested(numbered.with_columns(part))


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Only the columns that hold one plain value a row."""
    return frame.select(
        name for name, kind in frame.schema.items() if not kind.is_nested() and kind not in (pl.Object, pl.Null)
    )


def _row_by_row(series: pl.Series) -> pl.Series:
    """JSON whose rows do not fit one another: every leaf as text, so that they do."""
    values = [None if cell is None else _leaves_as_text(_loaded(cell)) for cell in series]
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1:  # objects and lists mixed: an object is a list of one
        values = [[value] if isinstance(value, dict) else value for value in values]
    if not kinds:
        return series.set(series.is_not_null(), None)
    for written in (values, [_one_level(value) for value in values]):
        text = [None if value is None else json.dumps(value) for value in written]
        try:
            return pl.Series(series.name, text, dtype=pl.String).str.json_decode(infer_schema_length=None)
        except pl.exceptions.PolarsError:
            continue  # one row holds a list where another holds an object, say
    return series


def _loaded(cell: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _one_level(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The outermost fields only, what is in them as JSON text."""
    if isinstance(value, dict):
        return {key: inner if isinstance(inner, str | None) else json.dumps(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_one_level(inner) if isinstance(inner, dict) else json.dumps(inner) for inner in value]
    return value


def _leaves_as_text(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return {key: _leaves_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_leaves_as_text(inner) for inner in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)
