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
from foretell.prepare.currency import convert, rates_of
from foretell.prepare.row_rules import ROW_RULES, claiming_rule
from foretell.prepare.rules import CleaningRules
from foretell.sources.words import actions, identifiers, text

__all__ = ["ROW_SCHEMA", "clean_rows", "rows_frame", "rules_of"]

ROW_SCHEMA: Final = pl.Schema(
    {
        name: pl.Int64() if name == columns.TIME else pl.Float64() if name in columns.NUMBERS else pl.String()
        for name in columns.CANONICAL
    }
)
"""Every canonical column with its type, as live events are stored."""

_READ: Final = pl.Schema({**ROW_SCHEMA, columns.RECEIVED_TIME: pl.Int64(), columns.CURRENCY: pl.String()})
"""The same with what cleaning reads and nothing else does: it is not stored."""

_MONEY: Final = (columns.PRICE, columns.VALUE, columns.DISCOUNT)
_RULE: Final = "_rule"
_REMEDIES: Final = {
    "missing_user": "Send the id of the customer, household or account.",
    "missing_time_or_action": "Send when it happened and what was done.",
    "impossible_time": "Whole numbers are read as microseconds since 1970 UTC; check the unit.",
    "clock_ahead": "Send when it happened and when it was received, in UTC; check the sender's clock.",
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
    schema = pl.Schema({name: kind for name, kind in _READ.items() if name in present})
    frame, foreign = _in_one_currency(rows_frame(rows, schema=schema), rules)
    words = [identifiers(frame[name])[0] for name in columns.IDENTIFIERS if name in schema]
    frame = complete_amounts(frame.with_columns(*words, actions(frame[columns.ACTION])))
    verdict = claiming_rule(frame.columns, rules.model_copy(update={"keep_unattributed": False}))
    judged = nw.from_native(frame, eager_only=True).with_columns(verdict.alias(_RULE)).to_native()
    found = judged[_RULE].to_list()
    judged = judged.drop(_RULE, columns.RECEIVED_TIME, strict=False)
    cleaned = [{k: v for k, v in row.items() if v is not None} for row in judged.iter_rows(named=True)]
    broken: list[ForetellError | None] = [
        _no_rate(word, rules)
        if word is not None
        else InputError(ROW_RULES[rule].reason, received=dict(row), remedy=_REMEDIES.get(rule))
        if rule is not None
        else None
        for rule, word, row in zip(found, foreign, rows, strict=True)
    ]
    return cleaned, broken


def _in_one_currency(frame: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, list[str | None]]:
    """The rows with their amounts converted as batch converts them, and of each the currency that nothing converts."""
    if columns.CURRENCY not in frame.columns:
        return frame, [None] * frame.height
    own, rates = rates_of(rules)
    word = text(frame[columns.CURRENCY]).str.to_uppercase()
    money = [name for name in _MONEY if name in frame.columns]
    has_money = frame.select(pl.any_horizontal(pl.lit(False), *(pl.col(name).is_not_null() for name in money)))
    is_known = word.is_null() | word.is_in([*rates, *([own] if own else [])]) | ~has_money.to_series()
    if own is not None:
        lazy = nw.from_native(frame, eager_only=True)
        frame = lazy.with_columns(convert(frame.columns, rates, own)).to_native()
    return frame.drop(columns.CURRENCY), word.set(is_known, None).to_list()


def _no_rate(word: str, rules: CleaningRules) -> ForetellError:
    own, rates = rates_of(rules)
    if own is None:
        return InputError(
            "The model was trained on amounts of no named currency, so that these cannot be compared with them.",
            received=f"currency {word}",
            remedy="Leave currency out where amounts are in the log's own; or set clean.currency and train again.",
        )
    return InputError(
        f"There is no rate from {word} to {own}.",
        received=f"currency {word}; known: {', '.join((own, *sorted(rates)))}",
        remedy=f"Send amounts in {own}, or set clean.currency_rates = {{ {word} = ... }} and train again.",
    )
