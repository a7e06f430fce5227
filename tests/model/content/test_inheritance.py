"""Content explains vectors: known items stay, new ones inherit."""

import numpy as np
import polars as pl
import pytest
import torch
from scipy import sparse

from foretell.model.content.inheritance import Design, _ridge, explain_by_content
from foretell.model.embedding import ItemVectors
from foretell.model.vocabulary import Vocabulary

WIDTH, N_BRANDS, N_ITEMS = 8, 6, 120


@pytest.fixture
def world():
    """Items whose trained vectors are that of their brand, a turned image and noise; one in ten has no events."""
    random = np.random.default_rng(3)
    names = [f"i{number:03}" for number in range(N_ITEMS)]
    brand = random.integers(N_BRANDS, size=N_ITEMS)
    image = random.normal(size=(N_ITEMS, 4)).astype(np.float32)
    truth = random.normal(size=(N_BRANDS, WIDTH))[brand] + image @ random.normal(size=(4, WIDTH))
    items = pl.DataFrame({"item_id": names, "brand": [f"b{number}" for number in brand]})
    seen = pl.DataFrame(
        {"item_id": [name for name in names if not name.endswith("9")]},
    ).with_columns(pl.lit("view").alias("action"), pl.lit(None, dtype=pl.Float64).alias("price"))
    vocabulary = Vocabulary.build(seen, items=items, vectors=image, min_count=1)
    torch.manual_seed(0)
    module = ItemVectors(vocabulary, width=WIDTH)
    with torch.no_grad():
        place = [names.index(name) for name in vocabulary.items]
        noisy = truth[place] + 0.1 * random.normal(size=(len(place), WIDTH))
        module.identity.weight[1:] = torch.from_numpy(noisy.astype(np.float32))
        module.identity.weight[0] = torch.from_numpy(random.normal(size=WIDTH).astype(np.float32))
    return vocabulary, module, pl.Series(names), truth


def vectors_of(vocabulary, module, names):
    with torch.no_grad():
        codes, content = vocabulary.item_codes(names), vocabulary.content_codes(names)
        return module(torch.from_numpy(codes), torch.from_numpy(content)).numpy()


def test_known_items_stay_and_new_ones_inherit(world):
    vocabulary, module, names, truth = world
    before = vectors_of(vocabulary, module, names)
    new = names.str.ends_with("9").to_numpy()
    cosine = explain_by_content(module, seed=0)
    after = vectors_of(vocabulary, module, names)
    np.testing.assert_allclose(after[~new], before[~new], atol=2e-5)
    right = truth / np.linalg.norm(truth, axis=1, keepdims=True)
    assert (before[new] * right[new]).sum(axis=1).mean() < 0.5
    assert (after[new] * right[new]).sum(axis=1).mean() > 0.95
    assert cosine > 0.9


def test_an_item_that_nothing_is_known_of_stays_the_unknown_one(world):
    vocabulary, module, _, _ = world
    nobody = pl.Series(["nobody"])
    before = vectors_of(vocabulary, module, nobody)
    assert explain_by_content(module, seed=0) is not None
    np.testing.assert_array_equal(vectors_of(vocabulary, module, nobody), before)


def test_content_that_foretells_nothing_moves_nothing(world):
    vocabulary, module, _, _ = world
    with torch.no_grad():
        torch.manual_seed(4)
        # A common direction that the unknown item has too, and nothing but noise beside it.
        module.identity.weight[:] = torch.ones(WIDTH)
        module.identity.weight[1:] += 0.5 * torch.randn(len(vocabulary.items), WIDTH)
    before = {name: values.clone() for name, values in module.state_dict().items()}
    assert explain_by_content(module, seed=0) is None
    for name, values in module.state_dict().items():
        assert torch.equal(values, before[name]), name


def test_items_without_content_are_left_alone():
    seen = pl.DataFrame({"item_id": [str(number) for number in range(40)]})
    seen = seen.with_columns(pl.lit("view").alias("action"), pl.lit(None, dtype=pl.Float64).alias("price"))
    assert explain_by_content(ItemVectors(Vocabulary.build(seen, min_count=1), width=4), seed=0) is None


def test_the_solution_is_the_closed_form(monkeypatch):
    monkeypatch.setattr("foretell.model.content.inheritance._CLOSE_ENOUGH", 1e-4)
    random = np.random.default_rng(1)
    design = random.normal(size=(50, 7)).astype(np.float32)
    wanted = random.normal(size=(50, 3)).astype(np.float32)
    expected = np.linalg.solve(design.T @ design + 2.0 * np.eye(7), design.T @ wanted)
    parts = Design(sparse.csr_array(design[:, :4]), design[:, 4:])
    np.testing.assert_allclose(_ridge(parts, wanted, strength=2.0), expected, atol=1e-3)
