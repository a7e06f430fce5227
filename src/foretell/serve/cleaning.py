"""Cleaning of arriving rows, by the single-row rules of batch.

This module owns the passage from checked values to clean rows. It refuses rules that compare rows: duplicates are
found where events are stored, while outliers and robots are judged over a whole log, in batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import ForetellError, InputError
from foretell.prepare.amounts import complete_amounts
from foretell.prepare.row_rules import ROW_RULES, claiming_rule
from foretell.prepare.rules import CleaningRules
from foretell.sources.words import actions, identifiers

__all__ = ["ROW_SCHEMA", "clean_rows", "rows_frame", "rules_of"]

ROW_SCHEMA: Final = pl.Schema(
    {
        name: pl.Int64() if name == columns.TIME else pl.Float64() if name in columns.NUMBERS else pl.String()
        for name in columns.CANONICAL
    }
)
"""Every canonical column with its type, as live events are stored."""

_RULE: Final = "_rule"
_REMEDIES: Final = {
    "missing_user": "Send the id of the customer, household or account.",
    "missing_time_or_action": "Send when it happened and what was done.",
    "impossible_time": "Whole numbers are read as microseconds since 1970 UTC; check the unit.",
    "future_time": "Send when it happened, in UTC; check the sender's clock and the unit.",
    "non_positive_price": "Leave the price out where there is none; a gift has value 0, not price 0.",
    "non_positive_quantity": "Send what was given back as action 'refund' with a positive quantity.",
}


def rules_of(run: Path) -> CleaningRules:
    """The cleaning rules a run was trained with; the defaults where it says nothing of them."""
    config = run / "config.json"
    if not config.is_file():
        return CleaningRules()
    return CleaningRules.model_validate(json.loads(config.read_text(encoding="utf-8")).get("clean", {}))


def rows_frame(rows: Sequence[Mapping[str, Any]], *, schema: pl.Schema = ROW_SCHEMA) -> pl.DataFrame:
    """Rows as a frame with every column of ``schema``, absent values null.

    Example:
        >>> rows_frame([{"user_id": "a", "time": 5, "action": "view"}]).shape == (1, len(columns.CANONICAL))
        True
    """
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)


def clean_rows(
    rows: Sequence[Mapping[str, Any]], *, rules: CleaningRules
) -> tuple[list[dict[str, Any]], list[ForetellError | None]]:
    """Read words as batch does, bring amounts into one shape, and judge each row.

    Every live row names its user: a sale that names none is refused, where batch would keep it for demand.

    Returns:
        The rows in canonical form, absent values left out, and for each the rule it breaks, or None.

    Example:
        >>> sent = {"user_id": "a", "time": 10**15, "action": "Add to Cart", "price": -1.0}
        >>> rows, broken = clean_rows([sent], rules=CleaningRules())
        >>> rows[0]["action"], broken[0].problem
        ('cart', 'The price is no number above zero.')
    """
    if not rows:
        return [], []
    present = {name for row in rows for name in row} | set(columns.REQUIRED)
    schema = pl.Schema({name: kind for name, kind in ROW_SCHEMA.items() if name in present})
    frame = rows_frame(rows, schema=schema)
    words = [identifiers(frame[name])[0] for name in columns.IDENTIFIERS if name in schema]
    frame = complete_amounts(frame.with_columns(*words, actions(frame[columns.ACTION])))
    verdict = claiming_rule(frame.columns, rules.model_copy(update={"keep_unattributed": False}))
    judged = nw.from_native(frame, eager_only=True).with_columns(verdict.alias(_RULE)).to_native()
    found = judged[_RULE].to_list()
    cleaned = [{k: v for k, v in row.items() if v is not None} for row in judged.drop(_RULE).iter_rows(named=True)]
    broken: list[ForetellError | None] = [
        None if rule is None else InputError(ROW_RULES[rule].reason, received=dict(row), remedy=_REMEDIES.get(rule))
        for rule, row in zip(found, rows, strict=True)
    ]
    return cleaned, broken
