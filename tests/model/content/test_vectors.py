"""Several kinds of vectors of an items table become one."""

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import SchemaError
from foretell.model.content.vectors import ContentConfig, content_vectors


def table(**more):
    return pl.DataFrame({"item_id": ["a", "b", "c"], **more})


def read(items, **settings):
    return content_vectors(items, config=ContentConfig(**settings), seed=0)


def test_without_titles_asked_for_or_vectors_given_there_is_nothing():
    assert read(None, text="tfidf") is None
    assert read(table(title=["x", "y", "z"])) is None
    assert read(table(image_vector=[[1.0], [2.0], None]), vectors=False) is None


def test_each_kind_is_centred_and_of_unit_length():
    images = [[5.0, 1.0, 0.0], [5.0, 0.0, 1.0], None]
    found = read(table(image_vector=images, text_vector=[[1.0, 0.0], None, [0.0, 0.0]]))
    half = 0.5**0.5
    # text_vector first; an item without a kind, or alone in having it, says nothing by it.
    np.testing.assert_allclose(found, [[0, 0, 0, half, -half], [0, 0, 0, -half, half], [0, 0, 0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([[1.0, 2.0], [3.0, 1.0], None], dtype=pl.List(pl.Float64)),
        pl.Series([[1.0, 2.0], [3.0, 1.0], None], dtype=pl.Array(pl.Float32, 2)),
        pl.Series([[1, 2], [3, 1], None], dtype=pl.List(pl.Int64)),
        pl.Series(["[1, 2.0]", "[3, 1]", None]),
    ],
)
def test_vectors_come_as_lists_arrays_or_text(column):
    np.testing.assert_allclose(
        read(table(image_vector=column)), read(table(image_vector=[[1.0, 2.0], [3.0, 1.0], None])), atol=1e-6
    )


def test_titles_and_images_stand_beside_each_other():
    titles = ["red polish", "red tea", "tea polish"]
    both = read(table(title=titles, image_vector=[[1.0, 0.0], [0.0, 1.0], [0.3, 0.2]]), text="tfidf")
    assert both.shape == (3, 128 + 2)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 2**0.5, rtol=1e-5)


def test_wide_vectors_keep_their_main_directions():
    random = np.random.default_rng(0)
    hidden = random.normal(size=(300, 3)) @ random.normal(size=(3, 50))
    items = pl.DataFrame({"item_id": [str(row) for row in range(300)], "image_vector": hidden.tolist()})
    narrow, wide = read(items, width=3), read(items, width=50)
    assert narrow.shape == (300, 3)
    np.testing.assert_allclose(narrow @ narrow.T, wide @ wide.T, atol=1e-3)


@pytest.mark.parametrize(
    "column",
    [[[1.0], [1.0, 2.0], None], [[float("nan")], [1.0], [2.0]], ["[1]", "x", None], [1.0, 2.0, 3.0], [[], [], None]],
)
def test_what_is_no_vector_is_refused(column):
    with pytest.raises(SchemaError, match="image_vector"):
        read(table(image_vector=pl.Series(column, strict=False)))


def test_titles_that_are_asked_for_must_be_there():
    with pytest.raises(SchemaError, match="title"):
        read(table(), text="tfidf")
