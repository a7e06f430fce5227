"""The vocabulary: which items, categories, brands, actions and prices the model knows, as integer codes.

This module owns the mapping from the shop's values to codes (0 is always "unknown") and its saved form. It
refuses to look at anything after the time it was built for: unseen values share the unknown code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns

__all__ = ["CONTENT_FIELDS", "UNKNOWN", "Vocabulary"]

UNKNOWN: Final = 0
CONTENT_FIELDS: Final = (columns.CATEGORY, columns.CATEGORY_2, columns.CATEGORY_3, columns.BRAND)
DESCRIPTION: Final = "description"
"""The catalogue's column with the row of ``vectors`` that describes an item; 0 is one that nothing describes."""

_PRICE_BUCKETS: Final = 16
_FEW: Final = 10_000
_STREAMING: Final = "streaming"


@dataclass(frozen=True)
class Vocabulary:
    """Codes for every categorical value the model embeds.

    Attributes:
        items: Item ids; item k has code k + 1, code 0 is any unknown item.
        actions: Action names, likewise from code 1.
        content: For each content field (category levels, brand) its known values, likewise from code 1.
        price_edges: Increasing prices that separate the price buckets; bucket 0 is "no price".
        item_content: int32 ``[len(items) + 1, n_fields]``: the content codes of each item code.
        catalogue: item id -> content codes for items outside ``items`` (too rare or too new to have an id
            embedding) that the items table describes. Where there are vectors their row is in ``description``.
        vectors: float32 ``[R, K]``: vectors of texts and images; row 0 is zero. K is 0 where items have none.
    """

    items: tuple[str, ...]
    actions: tuple[str, ...]
    content: Mapping[str, tuple[str, ...]]
    price_edges: tuple[float, ...]
    item_content: NDArray[np.int32]
    catalogue: pl.DataFrame
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((1, 0), dtype=np.float32))

    @classmethod
    def build(
        cls,
        histories: pl.DataFrame | pl.LazyFrame,
        *,
        items: pl.DataFrame | None = None,
        vectors: NDArray[np.float32] | None = None,
        min_count: int = 5,
        max_items: int = 200_000,
    ) -> Vocabulary:
        """Learn the vocabulary from the histories of the training window.

        Args:
            histories: A ``history_frame`` cut at the end of the training window, whole or as a plan.
            items: The items side table, read for content (category levels, brand).
            vectors: A vector of each row of ``items``, ``[n, K]``; a zero one describes nothing.
            min_count: Items seen less often get no code of their own, only their content.
            max_items: At most so many items, the most frequent, get a code.
        """
        rows = histories.lazy()
        counts = (
            rows.filter(pl.col(columns.ITEM_ID).is_not_null())
            .group_by(columns.ITEM_ID)
            .len()
            .filter(pl.col("len") >= min_count)
            .sort(["len", columns.ITEM_ID], descending=[True, False])
            .head(max_items)
            .collect(engine=_STREAMING)
        )
        names = tuple(counts[columns.ITEM_ID].to_list())
        actions = tuple(rows.select(pl.col(columns.ACTION).unique()).collect(engine=_STREAMING).to_series().sort())
        catalogue, content = _content_codes(items)
        if vectors is not None and items is not None:
            catalogue, vectors = _described(catalogue, items, vectors)
        prices = rows.select(columns.PRICE).filter(pl.col(columns.PRICE) > 0).collect(engine=_STREAMING).to_series()
        levels = np.linspace(0, 1, _PRICE_BUCKETS)[1:-1]
        edges = np.unique(np.quantile(prices.to_numpy(), levels)) if len(prices) else np.empty(0)
        return cls.assemble(
            names,
            actions=actions,
            content=content,
            price_edges=edges.tolist(),
            catalogue=catalogue,
            vectors=vectors if items is not None else None,
        )

    @classmethod
    def assemble(
        cls,
        items: Sequence[str],
        *,
        actions: Sequence[str],
        content: Mapping[str, Sequence[str]],
        price_edges: Sequence[float],
        catalogue: pl.DataFrame,
        vectors: NDArray[np.float32] | None = None,
    ) -> Vocabulary:
        """Put a vocabulary together from its saved parts."""
        fields = [*content, DESCRIPTION] if vectors is not None else list(content)
        table = np.zeros((len(items) + 1, max(len(fields), 1)), dtype=np.int32)
        if fields:
            known = pl.DataFrame({columns.ITEM_ID: list(items)}, schema={columns.ITEM_ID: pl.String})
            joined = known.join(catalogue, on=columns.ITEM_ID, how="left", maintain_order="left")
            table[1:] = joined.select(fields).fill_null(UNKNOWN).to_numpy().astype(np.int32)
        return cls(
            items=tuple(items),
            actions=tuple(actions),
            content={name: tuple(values) for name, values in content.items()},
            price_edges=tuple(price_edges),
            item_content=table,
            catalogue=catalogue,
            vectors=np.zeros((1, 0), dtype=np.float32) if vectors is None else vectors,
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """What the content codes of an item are of, in their order."""
        return (*self.content, DESCRIPTION) if self.vectors.shape[1] else tuple(self.content)

    @property
    def content_of_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """What is said of each item code: the codes of its content fields ``[V, F]``, and its vector ``[V, K]``."""
        n_fields = len(self.content)
        if not self.vectors.shape[1]:
            return self.item_content[:, :n_fields], np.zeros((self.n_items, 0), dtype=np.float32)
        return self.item_content[:, :n_fields], self.vectors[self.item_content[:, n_fields]]

    def with_items(self, names: Sequence[str]) -> Vocabulary:
        """The same with codes for more items, behind those it has; what it knows already is left out."""
        known = set(self.items)
        new = [name for name in dict.fromkeys(names) if name not in known]
        return Vocabulary.assemble(
            [*self.items, *new],
            actions=self.actions,
            content=self.content,
            price_edges=self.price_edges,
            catalogue=self.catalogue,
            vectors=self.vectors if self.vectors.shape[1] else None,
        )

    @property
    def n_items(self) -> int:
        """Number of item codes, the unknown one included."""
        return len(self.items) + 1

    def item_codes(self, item_ids: pl.Series) -> NDArray[np.int64]:
        """The code of each item id, 0 where unknown or null."""
        if len(item_ids) <= _FEW:
            names, codes = self._item_index
            at = _places(item_ids, names=names)
            return np.where(at < 0, UNKNOWN, codes[at])
        return _codes(item_ids, self.items)

    def action_codes(self, actions: pl.Series) -> NDArray[np.int64]:
        """The code of each action name, 0 where unknown."""
        return _codes(actions, self.actions)

    def content_codes(self, item_ids: pl.Series) -> NDArray[np.int64]:
        """Content codes ``[n, n_fields]`` of any items the items table describes, 0 where it does not."""
        fields = list(self.fields)
        if not fields:
            return np.zeros((len(item_ids), 1), dtype=np.int64)
        if len(item_ids) <= _FEW:
            names, codes = self._content_index
            at = _places(item_ids, names=names)
            return np.where((at < 0)[:, None], UNKNOWN, codes[at])
        frame = pl.DataFrame({columns.ITEM_ID: item_ids.cast(pl.String)})
        joined = frame.join(self.catalogue, on=columns.ITEM_ID, how="left", maintain_order="left")
        return joined.select(fields).fill_null(UNKNOWN).to_numpy().astype(np.int64)

    @cached_property
    def _item_index(self) -> tuple[pl.Series, NDArray[np.int64]]:
        """The item ids in order and their codes, one more code behind them for items that are not there."""
        names = pl.Series(columns.ITEM_ID, list(self.items), dtype=pl.String)
        order = names.arg_sort().to_numpy().astype(np.int64)
        return names.gather(order), np.append(order + 1, UNKNOWN)

    @cached_property
    def _content_index(self) -> tuple[pl.Series, NDArray[np.int64]]:
        """The item ids of the catalogue in order and their content codes ``[n + 1, n_fields]``."""
        ordered = self.catalogue.sort(columns.ITEM_ID)
        codes = ordered.select(list(self.fields)).fill_null(UNKNOWN).to_numpy().astype(np.int64)
        return ordered[columns.ITEM_ID], np.concatenate([codes, np.full((1, codes.shape[1]), UNKNOWN)])

    def price_buckets(self, prices: pl.Series) -> NDArray[np.int64]:
        """Price bucket of each price: 0 where there is none, else 1 .. len(price_edges) + 1."""
        values = prices.cast(pl.Float64).fill_null(np.nan).to_numpy()
        buckets = np.searchsorted(np.asarray(self.price_edges), values, side="right") + 1
        return np.where(np.isnan(values), 0, buckets).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Everything but catalogue and vectors, as plain JSON types (those are saved as Parquet and safetensors)."""
        return {
            "items": list(self.items),
            "actions": list(self.actions),
            "content": {name: list(values) for name, values in self.content.items()},
            "price_edges": list(self.price_edges),
        }

    @classmethod
    def from_dict(
        cls, saved: Mapping[str, Any], *, catalogue: pl.DataFrame, vectors: NDArray[np.float32] | None = None
    ) -> Vocabulary:
        """Rebuild a vocabulary from ``to_dict``, its catalogue and its vectors."""
        return cls.assemble(
            saved["items"],
            actions=saved["actions"],
            content=saved["content"],
            price_edges=saved["price_edges"],
            catalogue=catalogue,
            vectors=vectors,
        )


def _codes(values: pl.Series, known: Sequence[str]) -> NDArray[np.int64]:
    table = pl.DataFrame(
        {"value": list(known), "code": np.arange(1, len(known) + 1)}, schema={"value": pl.String, "code": pl.Int64}
    )
    frame = pl.DataFrame({"value": values.cast(pl.String)})
    codes = frame.join(table, on="value", how="left", maintain_order="left")["code"]
    return codes.fill_null(UNKNOWN).to_numpy().astype(np.int64)


def _places(values: pl.Series, *, names: pl.Series) -> NDArray[np.int64]:
    """Where each value is among the ordered ``names``, -1 where it is not: for few values faster than a join."""
    if not len(names):
        return np.full(len(values), -1, dtype=np.int64)
    asked = values.cast(pl.String)
    at = np.minimum(names.search_sorted(asked).to_numpy().astype(np.int64), len(names) - 1)
    found = (names.gather(at) == asked).fill_null(False).to_numpy()
    return np.where(found, at, -1)


def _content_codes(items: pl.DataFrame | None) -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """Replace the content columns of the items table by codes; return it and each field's values."""
    if items is None:
        return pl.DataFrame(schema={columns.ITEM_ID: pl.String}), {}
    fields = [name for name in CONTENT_FIELDS if name in items.columns]
    content: dict[str, tuple[str, ...]] = {}
    table = items.select(columns.ITEM_ID, *fields).unique(columns.ITEM_ID, keep="first", maintain_order=True)
    for name in fields:
        content[name] = tuple(table[name].drop_nulls().cast(pl.String).unique().sort().to_list())
        table = table.with_columns(pl.Series(name, _codes(table[name], content[name]).astype(np.int32)))
    return table, content


def _described(
    catalogue: pl.DataFrame, items: pl.DataFrame, vectors: NDArray[np.float32]
) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """The catalogue with the row of each item's vector, and the vectors that say something, a zero one before them."""
    says = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    row = np.zeros(len(vectors), dtype=np.int32)
    row[says] = np.arange(1, len(says) + 1)
    of_items = items.select(columns.ITEM_ID).with_columns(pl.Series(DESCRIPTION, row))
    described = catalogue.join(
        of_items.unique(columns.ITEM_ID, keep="first"), on=columns.ITEM_ID, how="left", maintain_order="left"
    )
    kept = np.concatenate([np.zeros((1, vectors.shape[1]), dtype=np.float32), vectors[says].astype(np.float32)])
    return described, kept
