"""Features of users at points in time: one code path for a whole shop and for one live user.

This module owns the assembly: declarations and the category map in, one row a point out. It refuses to hold
histories; it is given them, whether one user's or everyone's, and reads nothing later than a point's cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.core.errors import ConfigError, SchemaError
from foretell.core.history import HISTORY_SCHEMA
from foretell.features.aggregates import AGGREGATES, COMBINATIONS
from foretell.features.blocks import blocks_of_users
from foretell.features.categories import CategoryMap
from foretell.features.definition import Feature
from foretell.features.fitting import READ_BY_DEFAULTS, fitted_parts
from foretell.features.language import check_definitions
from foretell.features.ledger import Ledger
from foretell.features.price_levels import PriceLevels
from foretell.features.settings import FeatureConfig

__all__ = ["UserFeatures", "check_points"]

_BLOCK_ROWS: Final = 2_000_000


@dataclass(frozen=True)
class UserFeatures:
    """The features of a shop's users, ready to be computed anywhere.

    Attributes:
        definitions: What is computed, in the order of the columns.
        categories: Which category each item belongs to.
        prices: What things usually cost, where a feature asks.
        block_rows: About how many events are worked on at a time, which bounds memory and changes no value.

    Raises:
        ConfigError: If the definitions contradict each other.

    Example:
        >>> from foretell.core.history import History
        >>> from foretell.features.defaults import default_features
        >>> event = {"time": 5, "action": "purchase", "item_id": "tea", "value": 2.5}
        >>> history = History.empty("ann").append([event])
        >>> features = UserFeatures(default_features(["purchase"]), CategoryMap.of(None))
        >>> points = pl.DataFrame({"user_id": ["ann", "bob"], "cutoff": [9, 9]})
        >>> frame = features.compute(history.events, points=points)
        >>> frame.select("user_id", "purchase_value_7_days", "order_recency_days").rows()
        [('ann', 2.5, 0.0), ('bob', 0.0, None)]
    """

    definitions: tuple[Feature, ...]
    categories: CategoryMap
    prices: PriceLevels = field(default_factory=PriceLevels)
    block_rows: int = field(default=_BLOCK_ROWS, kw_only=True)

    def __post_init__(self) -> None:
        check_definitions(self.definitions, combinations=COMBINATIONS)

    @classmethod
    def fit(
        cls,
        histories: pl.DataFrame,
        *,
        items: pl.DataFrame | None = None,
        cutoff: int | None = None,
        config: FeatureConfig | None = None,
    ) -> UserFeatures:
        """Choose the features from the actions and the top categories of the log up to ``cutoff``.

        Args:
            histories: ``HISTORY_SCHEMA``.
            items: The items side table, or None.
            cutoff: The last moment that may be looked at (int64 microseconds); None looks at everything.
            config: Declared features, beside the default ones or instead of them.

        Raises:
            ConfigError: If a declaration asks for what there is not.
        """
        config = config or FeatureConfig()
        # Features of a shop's own may be of any column; what the default ones are made of is little.
        seen = histories if config.define else histories.select(READ_BY_DEFAULTS)
        seen = seen if cutoff is None else seen.filter(pl.col(columns.TIME) <= cutoff)
        return cls(*fitted_parts(seen, items=items, config=config))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in the order of the columns."""
        return tuple(feature.name for feature in self.definitions)

    def __getitem__(self, name: str) -> Feature:
        """The definition called ``name``."""
        for feature in self.definitions:
            if feature.name == name:
                return feature
        raise ConfigError("There is no such feature.", received=name, remedy=f"Known: {', '.join(self.names)}.")

    def compute(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> pl.DataFrame:
        """The points with one Float64 column a feature, null where it is not defined.

        Args:
            histories: ``HISTORY_SCHEMA``, of one user or of many.
            points: ``user_id``, ``cutoff`` (int64 microseconds) and any other columns, which are kept.

        Raises:
            SchemaError: If a column is missing, or a point's column has the name of a feature.
        """
        matrix = self.matrix(histories, points=points)
        clash = [name for name in self.names if name in points.columns]
        if clash:
            raise SchemaError("A column of the points has the name of a feature.", received=", ".join(clash))
        values = pl.from_numpy(matrix, schema=list(self.names), orient="row")
        return points.hstack(values.select(pl.all().fill_nan(None)))

    def matrix(self, histories: pl.DataFrame, *, points: pl.DataFrame) -> NDArray[np.float64]:
        """The same values as float64 of shape ``[P, F]``, NaN where not defined, without building a frame."""
        check_points(histories, points=points)
        matrix = np.empty((points.height, len(self.definitions)), dtype=np.float64, order="F")
        for events, rows in blocks_of_users(histories, points=points, block_rows=self.block_rows):
            of_block = points if rows is None else points[rows]
            matrix[slice(None) if rows is None else rows] = self._block(events, of_block)
        return matrix

    def _block(self, events: pl.DataFrame, points: pl.DataFrame) -> NDArray[np.float64]:
        ledger = Ledger(events, points=points, categories=self.categories, prices=self.prices)
        values: dict[str, NDArray[np.float64]] = {}
        for feature in self.definitions:
            if feature.aggregate in AGGREGATES:
                values[feature.name] = AGGREGATES[feature.aggregate](ledger, feature)
            else:
                values[feature.name] = COMBINATIONS[feature.aggregate]([values[part] for part in feature.of])
        return np.column_stack(list(values.values())) if values else np.empty((points.height, 0))

    def to_json(self) -> dict[str, Any]:
        """Everything needed to compute the same features elsewhere, as JSON values."""
        definitions = [feature.model_dump(mode="json", exclude_defaults=True) for feature in self.definitions]
        saved = {"definitions": definitions, "categories": self.categories.to_json()}
        return saved | ({"prices": self.prices.to_json()} if self.prices.means else {})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> UserFeatures:
        """Read what ``to_json`` wrote."""
        definitions = tuple(Feature.model_validate(value) for value in values["definitions"])
        prices = PriceLevels.from_json(values["prices"]) if "prices" in values else PriceLevels()
        return cls(definitions, CategoryMap.from_json(values["categories"]), prices)


def check_points(histories: pl.DataFrame, *, points: pl.DataFrame) -> None:
    """Raise ``SchemaError`` unless the frames have the columns a computation at points reads."""
    needed: Sequence[tuple[str, pl.DataFrame, Sequence[str]]] = (
        ("points", points, (columns.USER_ID, columns.CUTOFF)),
        ("histories", histories, tuple(HISTORY_SCHEMA)),
    )
    for noun, frame, names in needed:
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise SchemaError(
                f"The {noun} lack {', '.join(missing)}.",
                received=", ".join(frame.columns) or "no columns",
                remedy="Give points with user_id and cutoff, and histories made by history_frame.",
            )
