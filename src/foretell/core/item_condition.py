"""A condition on the attributes of items, as a task declares it: which items fit.

This module owns the one meaning of ``Task.where``. It refuses to say what is wrong with a condition (``prepare``).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

__all__ = ["Where", "fits", "values_of"]

Where = Mapping[str, str | tuple[str, ...]]
"""A value, or several of which any will do, by attribute; all attributes have to fit."""


def values_of(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    """The values of an attribute that fit.

    Example:
        >>> values_of("TEA"), values_of(("TEA", "CUPS"))
        (('TEA',), ('TEA', 'CUPS'))
    """
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def fits(where: Where) -> pl.Expr:
    """Whether an item fits, for a frame that has the attributes as columns; a missing attribute fits nothing.

    Example:
        >>> items = pl.DataFrame({"item_id": ["1", "2"], "category": ["TEA", None]})
        >>> items.filter(fits({"category": ("TEA", "CUPS")}))["item_id"].to_list()
        ['1']
    """
    return pl.all_horizontal(
        pl.col(name).cast(pl.String).is_in(values_of(wanted)).fill_null(False) for name, wanted in where.items()
    )
