"""The canonical dialect: foretell's own columns, or columns whose names say what they are.

This module owns recognition by name. It refuses logs that need more than renaming, which have dialects of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.sources.conform import conform
from foretell.sources.dialects.dialect import Dialect, Plan
from foretell.sources.names import declared, infer_mapping, shown
from foretell.sources.translation import Column, Translation

__all__ = ["CANONICAL"]

_EXACT: Final = 1.0
_SYNONYM: Final = 0.8
_SIGNS_OF_PURCHASE: Final = (columns.ORDER_ID, columns.PRICE, columns.VALUE, columns.QUANTITY)


def _recognise(names: Sequence[str], _: pl.DataFrame) -> float:
    """1 if the required columns have foretell's names, 0.8 for synonyms only, 0 if one cannot be found."""
    mapping = _inferred(names)
    if columns.USER_ID not in mapping or columns.TIME not in mapping:
        return 0.0
    if columns.ACTION not in mapping and not set(_SIGNS_OF_PURCHASE) & set(mapping):
        return 0.0
    scores = [_certainty(name, mapping[name]) for name in columns.REQUIRED if name in mapping]
    if columns.ACTION not in mapping:
        scores.append(_SYNONYM)
    return round(sum(scores) / len(scores), 2)


def _certainty(canonical: str, own: str) -> float:
    """1 for foretell's own name, 0.8 for a synonym; another name can only have been declared, which is certain."""
    is_synonym = own != canonical and bool(_inferred([own]))
    return _SYNONYM if is_synonym else _EXACT


def _inferred(names: Sequence[str]) -> dict[str, str]:
    """What names tell; a log that knows nobody's name is a log of anonymous visitors."""
    mapping = infer_mapping(names)
    if columns.USER_ID not in mapping and columns.ANONYMOUS_ID in mapping:
        mapping[columns.USER_ID] = mapping.pop(columns.ANONYMOUS_ID)
    return mapping


def _plan(names: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    chosen = declared(mapping, names)
    inferred = infer_mapping([name for name in names if name not in chosen.values()])
    found = {**{canonical: own for canonical, own in inferred.items() if canonical not in chosen}, **chosen}
    if columns.USER_ID not in found and columns.ANONYMOUS_ID in found:
        found[columns.USER_ID] = found.pop(columns.ANONYMOUS_ID)
    missing = [name for name in (columns.USER_ID, columns.TIME) if name not in found]
    if columns.ACTION not in found and not set(_SIGNS_OF_PURCHASE) & set(found):
        missing.append(columns.ACTION)
    if missing:
        free = [name for name in names if name not in found.values()]
        if not free:
            raise SchemaError(
                f"The columns do not say which is {' and which is '.join(missing)}, and none is left to be it.",
                received=shown(names) or "no columns",
                remedy="Export the log with all its columns; if the separator is another one, declare it.",
            )
        own = next((name for name in free if name.isprintable() and len(name) <= 40), "your column")
        raise SchemaError(
            f"The columns do not say which is {' and which is '.join(missing)}.",
            received=shown(names) or "no columns",
            remedy=(
                f"Declare a mapping: foretell init LOG --mapping {quote(f'{missing[0]}={own}')} writes it into a TOML "
                "file for foretell train (foretell inspect takes it too); in Python "
                f"mapping={{{missing[0]!r}: {own!r}}}, or in the TOML file, under [data]: "
                f'mapping = {{ {missing[0]} = "{own}" }}.'
            ),
        )
    ordered: dict[str, str] = {name: found[name] for name in columns.READABLE if name in found}
    return Plan(ordered, tuple(dict.fromkeys(ordered.values())))


def _translate(frame: pl.DataFrame, mapping: Mapping[str, str], zone: str | None) -> Translation:
    translation = conform(frame, mapping, zone=zone)
    found = {
        name: Column(column.own, round(column.confidence * _certainty(name, column.own), 2))
        for name, column in translation.columns.items()
    }
    translation = replace(translation, columns=found)
    if columns.ACTION in mapping:
        return translation
    signs = [mapping[name] for name in _SIGNS_OF_PURCHASE if name in mapping]
    note = f"No column names the action; with {', '.join(signs)} every row is taken as a purchase"
    note += ", and as a refund where quantity or value is negative."
    rows = translation.frame.with_columns(
        pl.when(gives_back(translation.frame))
        .then(pl.lit(columns.REFUND))
        .otherwise(pl.col(columns.ACTION))
        .alias(columns.ACTION)
    )
    return replace(translation, frame=rows, notes=(*translation.notes, note))


def gives_back(frame: pl.DataFrame) -> pl.Expr:
    """True where goods or money flow back; a negative price is an accounting entry rather than a refund."""
    negative = [
        (pl.col(name) < 0).fill_null(False) for name in (columns.QUANTITY, columns.VALUE) if name in frame.columns
    ]
    if not negative:
        return pl.lit(False)
    is_entry = (pl.col(columns.PRICE) < 0).fill_null(False) if columns.PRICE in frame.columns else pl.lit(False)
    return pl.any_horizontal(negative) & ~is_entry


CANONICAL: Final = Dialect(
    name="canonical",
    description="foretell's own column names, or common synonyms such as customer_id, timestamp, product_id",
    recognise=_recognise,
    plan=_plan,
    translate=_translate,
)
