"""One currency for all amounts: converted by declared rates, or refused.

This module owns that conversion. It refuses to look rates up, and to add pounds to euros: a log that mixes currencies
without saying what they are worth is not cleaned.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.prepare.rules import CleaningRules

__all__ = ["convert", "in_one_currency", "own_currency", "rates_of"]

_MONEY: Final = (columns.PRICE, columns.VALUE, columns.DISCOUNT)


def in_one_currency(events: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, int]:
    """The rows with all amounts in one currency, and how many were converted.

    A log without the column ``currency``, or with one currency alone, is left as it is. A row that names none is taken
    to be in the log's own.

    Raises:
        ConfigError: If the rows name several currencies and the rules do not say what they are worth.

    Example:
        >>> frame = pl.DataFrame({"price": [2.0, 2.0], "currency": ["EUR", "usd"]})
        >>> rules = CleaningRules(currency="EUR", currency_rates={"USD": 0.5})
        >>> in_one_currency(frame, rules)[0].rows()
        [(2.0, 'EUR'), (1.0, 'EUR')]
    """
    if columns.CURRENCY not in events.columns:
        return events, 0
    words = events.select(_word().alias(columns.CURRENCY))[columns.CURRENCY]
    counts = Counter({str(word): count for word, count in words.value_counts().iter_rows() if word})
    own, rates = rates_of(rules)
    if own is None and len(counts) <= 1:
        return events, 0
    foreign = [word for word, _ in counts.most_common() if word != own]
    unknown = [word for word in foreign if word not in rates]
    if own is None or unknown:
        listed = ", ".join(f"{word} {count:,}" for word, count in counts.most_common(8))
        example = ", ".join(f"{word} = ..." for word in (unknown or foreign[1:])[:3])
        raise ConfigError(
            "The log mixes currencies." if own is None else f"There is no rate from {unknown[0]} to {own}.",
            received=f"rows by currency: {listed}",
            remedy=f"Set clean.currency, and clean.currency_rates = {{ {example} }} to what one unit of each is worth.",
        )
    used = {word: rates[word] for word in foreign}
    converted = sum(counts[word] for word in foreign)
    lazy = nw.from_native(events.lazy())
    return lazy.with_columns(convert(events.columns, used, own)).to_native().collect(), converted


def rates_of(rules: CleaningRules) -> tuple[str | None, dict[str, float]]:
    """The currency of all amounts, and what one unit of each other is worth in it.

    Example:
        >>> rates_of(CleaningRules(currency="eur", currency_rates={"usd": 0.5}))
        ('EUR', {'USD': 0.5})
    """
    own = rules.currency.strip().upper() if rules.currency else None
    return own, {word.strip().upper(): rate for word, rate in rules.currency_rates.items()}


def own_currency(events: pl.DataFrame, rules: CleaningRules) -> str | None:
    """The currency of a clean log's amounts: what the rules ask for, else the one its rows name; None if none does.

    Example:
        >>> own_currency(pl.DataFrame({"currency": ["EUR", None]}), CleaningRules())
        'EUR'
    """
    if rules.currency is not None or columns.CURRENCY not in events.columns:
        return rates_of(rules)[0]
    named = events.select(_word().drop_nulls().unique()).to_series()
    return str(named[0]) if len(named) == 1 else None


def convert(names: list[str], rates: dict[str, float], own: str) -> list[nw.Expr]:
    """The expressions that convert the money columns among ``names`` and say so in the currency column."""
    word = nw.col(columns.CURRENCY).str.strip_chars().str.to_uppercase()
    rate = nw.lit(1.0)
    for foreign, worth in rates.items():
        rate = nw.when(word == foreign).then(nw.lit(worth)).otherwise(rate)
    money = [(nw.col(name) * rate).alias(name) for name in _MONEY if name in names]
    return [*money, nw.lit(own).alias(columns.CURRENCY)]


def _word() -> pl.Expr:
    return pl.col(columns.CURRENCY).cast(pl.String).str.strip_chars().str.to_uppercase()
