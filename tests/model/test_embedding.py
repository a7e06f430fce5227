"""Item vectors: an id plus its content, so that an item nobody has seen has a vector too."""

import polars as pl
import torch

from foretell.model.embedding import ItemVectors


def vectors_of(module, vocabulary, ids):
    ids = pl.Series(ids)
    with torch.no_grad():
        return module(torch.from_numpy(vocabulary.item_codes(ids)), torch.from_numpy(vocabulary.content_codes(ids)))


def test_a_vector_is_the_direction_of_the_sum_of_id_and_content(vocabulary):
    torch.manual_seed(0)
    module = ItemVectors(vocabulary, width=6)
    code = vocabulary.items.index("i1") + 1
    category, brand = vocabulary.item_content[code]
    expected = module.identity.weight[code] + module.content[0].weight[category] + module.content[1].weight[brand]
    expected = expected / expected.norm()
    torch.testing.assert_close(vectors_of(module, vocabulary, ["i1"])[0], expected)
    torch.testing.assert_close(module(torch.tensor([code]))[0], expected)


def test_an_unseen_item_with_content_has_the_vector_of_its_content(vocabulary):
    torch.manual_seed(0)
    module = ItemVectors(vocabulary, width=6)
    with torch.no_grad():  # ``new`` and ``i1`` are both tea of brand B: without an id of its own, i1 would be the same
        module.identity.weight[vocabulary.items.index("i1") + 1].zero_()
    new, nameless, kin = vectors_of(module, vocabulary, ["new", "nobody", "i1"])
    assert new.norm() > 0.99
    assert not torch.equal(new, nameless)
    torch.testing.assert_close(kin, new)


def test_the_unknown_rows_start_at_zero(vocabulary):
    module = ItemVectors(vocabulary, width=6)
    assert vectors_of(module, vocabulary, ["nobody"]).abs().max() == 0


def test_training_starts_from_given_vectors_where_there_are_any(vocabulary):
    module = ItemVectors(vocabulary, width=6)
    before = module.identity.weight.detach().clone()
    given = torch.zeros_like(before)
    given[2] = torch.arange(6.0)
    module.start_from(given)
    torch.testing.assert_close(module.identity.weight[2].detach(), given[2])
    torch.testing.assert_close(module.identity.weight[3].detach(), before[3])
