"""Content in the ranking of the next item: titles, given vectors, and items that came after the training."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY
from foretell.model.content.vectors import ContentConfig
from foretell.predictor.newcomers import undiscovered, with_newcomers
from foretell.predictor.ranker_storage import load_ranker, save_ranker
from foretell.train.next_item import Continued, fit_next_item
from foretell.train.settings import ModelConfig

GROUPS = (
    "tea green leaf",
    "nail polish red",
    "hair brush wood",
    "soap lemon bar",
    "candle wax rose",
    "wool scarf blue",
)
N_IN_GROUP = 6


def frame(lists):
    rows = [
        (f"{user:05}", 10**15 + place * DAY, "view", item)
        for user, one in enumerate(lists)
        for place, item in enumerate(one)
    ]
    table = pl.DataFrame(rows, schema=["user_id", "time", "action", "item_id"], orient="row")
    return table.select(
        pl.col(name) if name in table.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in HISTORY_SCHEMA.items()
    )


def walks(n, *, seed):
    """Each user stays within a group of items and walks through it in order, from anywhere."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        group, first = random.integers(len(GROUPS)), random.integers(N_IN_GROUP)
        found.append([f"g{group}i{(first + step) % N_IN_GROUP}" for step in range(4)])
    return found


def catalogue():
    """Every item's title names its group and one thing of its own; each group has an item that nobody has seen."""
    names = [
        f"g{group}{kind}" for group in range(len(GROUPS)) for kind in (*(f"i{n}" for n in range(N_IN_GROUP)), "new")
    ]
    titles = [f"{GROUPS[int(name[1])]} {name[2:]}" for name in names]
    return pl.DataFrame({"item_id": [*names, "bare"], "title": [*titles, None]})


def fit(folder, *, items, content=None):
    later = walks(60, seed=1)
    found, _ = fit_next_item(
        frame(walks(300, seed=0)),
        later=Continued(frame([one[:-1] for one in later]), pl.Series([one[-1] for one in later])),
        items=items,
        config=ModelConfig(size="nano", epochs=8, min_item_count=1, content=content or ContentConfig()),
        seed=0,
        folder=folder,
        progress=lambda *_: None,
    )
    return found


@pytest.fixture(scope="module")
def ranker(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("content"), items=catalogue(), content=ContentConfig(text="tfidf"))


def encoded(ranker, lists):
    return Continued(frame(lists), pl.Series([], dtype=pl.String)).encoded(ranker.encoder.vocabulary)


def test_new_items_are_the_described_ones_without_events(ranker):
    assert undiscovered(ranker.encoder.vocabulary) == [f"g{group}new" for group in range(len(GROUPS))]


def test_new_items_are_ranked_by_their_titles(ranker):
    wider = with_newcomers(ranker, undiscovered(ranker.encoder.vocabulary))
    asked = walks(60, seed=2)
    scores = wider.scores(encoded(wider, [one[:-1] for one in asked])).numpy()
    codes = wider.encoder.vocabulary.item_codes(pl.Series([f"g{group}new" for group in range(len(GROUPS))]))
    right = np.array([int(one[0][1]) for one in asked])
    assert (scores[:, codes].argmax(axis=1) == right).mean() > 0.9
    # Not only among each other: most other groups' known items stand behind the new one of the user's own group.
    other = np.array([int(name[1]) for name in wider.encoder.vocabulary.items])[None] != right[:, None]
    own = scores[np.arange(len(asked)), codes[right]]
    assert ((scores[:, 1:] < own[:, None]) | ~other).mean() > 0.9


def test_known_items_keep_their_scores_beside_new_ones(ranker):
    wider = with_newcomers(ranker, undiscovered(ranker.encoder.vocabulary))
    asked = [one[:-1] for one in walks(9, seed=3)]
    before, after = ranker.evidence(encoded(ranker, asked)), wider.evidence(encoded(wider, asked))
    n = ranker.graph.n_items
    torch.testing.assert_close(after.sequence[:, :n], before.sequence)
    np.testing.assert_allclose(wider.graph.links[:n, :n].toarray(), ranker.graph.links.toarray())
    assert wider.encoder.vocabulary.items[: n - 1] == ranker.encoder.vocabulary.items


def test_the_vocabulary_names_a_newcomer_once(ranker):
    wider = with_newcomers(ranker, ["g0new", "g0new", "g0i0"])
    assert wider.graph.n_items == ranker.graph.n_items + 1
    assert with_newcomers(ranker, []).graph.n_items == ranker.graph.n_items


def test_an_item_nothing_is_known_of_is_no_likelier_than_any(ranker):
    wider = with_newcomers(ranker, ["bare"])
    assert not wider.graph.links[-1:].toarray().any()
    codes, _ = wider.best(encoded(wider, [one[:-1] for one in walks(20, seed=4)]), k=3)
    assert not (codes == wider.graph.n_items - 1).any()


def test_the_settings_can_ask_for_newcomers(tmp_path):
    asked = ContentConfig(text="tfidf", newcomers=True)
    found = fit(tmp_path, items=catalogue(), content=asked)
    assert set(found.encoder.vocabulary.items) >= {f"g{group}new" for group in range(len(GROUPS))}
    assert undiscovered(found.encoder.vocabulary) == []


def test_a_ranker_with_content_is_saved(ranker, tmp_path):
    wider = with_newcomers(ranker, ["g1new"])
    save_ranker(wider, tmp_path)
    asked = encoded(wider, [one[:-1] for one in walks(9, seed=5)])
    assert torch.equal(load_ranker(tmp_path).scores(asked), wider.scores(asked))


def test_a_table_without_content_changes_nothing(tmp_path):
    plain = fit(tmp_path / "plain", items=None)
    named = fit(tmp_path / "named", items=catalogue().select("item_id", "title"))
    asked = encoded(plain, [one[:-1] for one in walks(9, seed=5)])
    assert torch.equal(plain.scores(asked), named.scores(asked))
