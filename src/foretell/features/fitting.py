"""What features take from a training log: which there are, which values they are of, what things usually cost.

This module owns that reading, done once; afterwards features need one user's events only. It refuses to look at
anything but the rows it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import numpy as np
import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError
from foretell.features.aggregates import COMBINATIONS
from foretell.features.categories import CATEGORY_LEVELS, CategoryMap
from foretell.features.declaration import QUERY_TERMS, Declaration, unfold, with_words
from foretell.features.defaults import default_features
from foretell.features.definition import SHOP_ACTIONS, Feature
from foretell.features.language import COLUMN_KIND, TEXTS, check_columns, check_definitions
from foretell.features.price_levels import LOG, PriceLevels
from foretell.features.settings import FeatureConfig

__all__ = ["READ_BY_DEFAULTS", "fitted_parts"]

READ_BY_DEFAULTS: Final = (columns.TIME, columns.ACTION, columns.ITEM_ID, columns.VALUE)
"""What is read of a log whose features are the default ones."""

N_TOP_CATEGORIES: Final = 8
_NOT_COLUMNS: Final = ("weekday", "action", QUERY_TERMS)


def fitted_parts(
    seen: pl.DataFrame, *, items: pl.DataFrame | None, config: FeatureConfig
) -> tuple[tuple[Feature, ...], CategoryMap, PriceLevels]:
    """The definitions, the attributes of items and the usual prices that features of this log need.

    Args:
        seen: ``HISTORY_SCHEMA``, training rows only; without declared features ``READ_BY_DEFAULTS`` suffice.
        items: The items side table, or None.
        config: The ``[features]`` section.

    Raises:
        ConfigError: If a declaration names a column that does not exist, or unfolds into nothing.
    """
    asked = {name for body in config.define.values() for name in _columns_of(body)}
    attributes = sorted(asked - {*TEXTS, *_NOT_COLUMNS, *CATEGORY_LEVELS})
    categories = CategoryMap.of(items, attributes=attributes)
    definitions: tuple[Feature, ...] = ()
    if not config.replace_defaults:
        top = _top_categories(seen, categories)
        definitions = default_features(seen[columns.ACTION].unique().sort(), categories=top)
    declared = unfold(config.define, values=_Values(seen, categories))
    check_definitions((*definitions, *declared), combinations=COMBINATIONS)
    check_columns(declared, attributes=categories.names)
    _check_values(declared, seen=seen, categories=categories)
    definitions += with_words(declared, earlier=definitions)
    levels = sorted({feature.relative_to for feature in declared if feature.aggregate == "price_level"})
    absent = [level for level in levels if level not in (LOG, *categories.names)]
    if absent:
        raise ConfigError(
            "Prices are to be compared within a category that items do not have.",
            received=", ".join(absent),
            remedy='Say relative_to = "log", or bring items with that column.',
        )
    return definitions, categories, PriceLevels.of(seen, levels=levels, categories=categories)


def _columns_of(body: Declaration) -> set[str]:
    """Every column that a declaration groups or filters by."""
    named = {*body.where, *([body.each] if body.each else [])}
    if COLUMN_KIND.get(body.aggregate) == "text" and body.column:
        named.add(body.column)
    return named


def _top_categories(seen: pl.DataFrame, categories: CategoryMap) -> list[str]:
    """The categories most money was spent on."""
    if columns.CATEGORY not in categories.names:
        return []
    bought = seen.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    worth = bought.group_by(columns.ITEM_ID).agg(pl.col(columns.VALUE).fill_null(0).sum().alias("worth"))
    codes = categories.of_items(worth[columns.ITEM_ID], level=columns.CATEGORY)
    known = codes >= 0
    totals = np.bincount(codes[known], weights=np.rint(worth["worth"].to_numpy()[known]))
    names = categories.names[columns.CATEGORY]
    ranked = sorted(range(len(totals)), key=lambda code: (-totals[code], names[code]))
    return [names[code] for code in ranked[:N_TOP_CATEGORIES] if totals[code] > 0]


def _check_values(declared: Sequence[Feature], *, seen: pl.DataFrame, categories: CategoryMap) -> None:
    """Refuse actions and values that never occur in training: such a feature would be 0 for everybody."""
    asked = {(feature.name, columns.ACTION, action) for feature in declared for action in feature.actions}
    asked |= {
        (feature.name, column, v) for feature in declared for column, values in feature.where.items() for v in values
    }
    known: dict[str, set[str]] = {
        column: set(categories.names[column] if column in categories.names else seen[column].drop_nulls().unique())
        for column in {column for _, column, _ in asked}
    }
    for name, column, value in sorted(asked):
        if value not in known[column]:
            near = get_close_matches(value, known[column], n=3) or sorted(known[column])[:12]
            raise ConfigError(
                f"The feature {name!r} counts only events whose {column} never occurs in training.",
                received=f"{column} {value!r}",
                remedy=f"There is, for one, {', '.join(near)}." if near else "No event has it filled: leave it out.",
            )


class _Values:
    """The commonest values of a column among rows of some actions."""

    def __init__(self, seen: pl.DataFrame, categories: CategoryMap) -> None:
        self.seen, self.categories = seen, categories

    def __call__(self, column: str, actions: tuple[str, ...], at_most: int) -> Sequence[str]:
        is_one = pl.col(columns.ACTION).is_in(actions) if actions else ~pl.col(columns.ACTION).is_in(SHOP_ACTIONS)
        rows = self.seen.filter(is_one)
        if column in self.categories.names:
            codes = self.categories.of_items(rows[columns.ITEM_ID], level=column)
            names = self.categories.names[column]
            counts = np.bincount(codes[codes >= 0], minlength=len(names))
            ranked = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
            found = [names[code] for code in ranked[:at_most] if counts[code] > 0]
        elif column in (*TEXTS, columns.ACTION):
            counted = rows.select(pl.col(column).alias("value")).drop_nulls().group_by("value").len()
            found = counted.sort(["len", "value"], descending=[True, False])["value"].head(at_most).to_list()
        else:
            raise ConfigError(
                "A feature is to be made for each value of a column that neither events nor items have.",
                received=f"each = {column!r}",
                remedy=f"Use one of {', '.join(sorted({*TEXTS, *self.categories.names, *_NOT_COLUMNS}))}.",
            )
        if not found:
            raise ConfigError(
                "A feature is to be made for each value of a column that has none in training.",
                received=f"each = {column!r}, actions {', '.join(actions) or 'all'}",
                remedy="Name other actions or another column.",
            )
        return found
