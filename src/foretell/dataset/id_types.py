"""The types that a shop's identifiers have, as text and back.

This module owns that spelling, which every saved log and predictor shares. It refuses values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

__all__ = ["type_names", "types_of"]

_TYPES: Final[dict[str, pl.DataType]] = {
    str(kind): kind
    for kind in (
        pl.Int8(),
        pl.Int16(),
        pl.Int32(),
        pl.Int64(),
        pl.UInt8(),
        pl.UInt16(),
        pl.UInt32(),
        pl.UInt64(),
        pl.Float32(),
        pl.Float64(),
        pl.String(),
        pl.Boolean(),
    )
}


def type_names(types: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Column types as text.

    Example:
        >>> type_names({"user_id": pl.Int64()})
        {'user_id': 'Int64'}
    """
    return {name: str(kind) for name, kind in types.items()}


def types_of(names: Mapping[str, str]) -> dict[str, pl.DataType]:
    """Column types from their text; unknown ones are left as text ids.

    Example:
        >>> types_of({"user_id": "Int64", "item_id": "no type"})
        {'user_id': Int64, 'item_id': String}
    """
    return {name: _TYPES.get(kind, pl.String()) for name, kind in names.items()}
