"""The ranking of the next item over the whole catalogue."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.history import HISTORY_SCHEMA
from foretell.core.time import DAY
from foretell.model.next_item import NextItemMixture
from foretell.predictor.next_item import NextItemRanker
from foretell.predictor.ranker_storage import load_ranker, save_ranker
from foretell.train.next_item import Continued, continued_after, fit_next_item
from foretell.train.settings import ModelConfig

N_GROUPS, N_IN_GROUP = 6, 5


def frame(lists):
    rows = [
        {"user_id": f"{user:05}", "time": 10**15 + place * DAY, "action": "view", "item_id": item}
        for user, one in enumerate(lists)
        for place, item in enumerate(one)
    ]
    table = pl.DataFrame(
        rows, schema={"user_id": pl.String, "time": pl.Int64, "action": pl.String, "item_id": pl.String}
    )
    return table.select(
        pl.col(name) if name in table.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in HISTORY_SCHEMA.items()
    )


def walks(n, *, seed):
    """Each user stays within a group of items and walks through it in order, from anywhere."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        group, first = random.integers(N_GROUPS), random.integers(N_IN_GROUP)
        found.append([f"g{group}i{(first + step) % N_IN_GROUP}" for step in range(4)])
    return found


@pytest.fixture(scope="module")
def ranker(tmp_path_factory):
    later = walks(60, seed=1)
    found, _ = fit_next_item(
        frame(walks(400, seed=0)),
        later=Continued(frame([one[:-1] for one in later]), pl.Series([one[-1] for one in later])),
        config=ModelConfig(size="nano", epochs=12, min_item_count=1),
        seed=0,
        folder=tmp_path_factory.mktemp("next_item"),
        progress=lambda *_: None,
    )
    return found


def encoded(ranker, lists):
    return Continued(frame(lists), pl.Series([], dtype=pl.String)).encoded(ranker.encoder.vocabulary)


def test_finds_what_comes_next(ranker):
    asked = walks(50, seed=2)
    codes, scores = ranker.best(encoded(ranker, [one[:-1] for one in asked]), k=3)
    names = np.array(["", *ranker.encoder.vocabulary.items])
    assert np.mean([names[code[0]] == one[-1] for code, one in zip(codes, asked, strict=True)]) > 0.9
    assert (np.diff(scores, axis=1) <= 0).all()


def test_new_only_leaves_out_what_the_history_holds(ranker):
    asked = [one[:-1] for one in walks(20, seed=3)]
    codes, _ = ranker.best(encoded(ranker, asked), k=10, new_only=True)
    names = np.array(["", *ranker.encoder.vocabulary.items])
    assert not any(set(names[code]) & set(one) for code, one in zip(codes, asked, strict=True))


def test_batch_mates_do_not_matter(ranker):
    batch = encoded(ranker, [one[:-1] for one in walks(9, seed=4)])
    together = ranker.scores(batch)
    for place in range(len(batch)):
        alone = ranker.scores(batch.select(np.array([place])))
        torch.testing.assert_close(alone[0], together[place], rtol=1e-4, atol=1e-4)


def test_items_never_seen_are_met_with_a_full_list(ranker):
    codes, scores = ranker.best(encoded(ranker, [["never seen"]]), k=5)
    assert (codes > 0).all()
    assert np.isfinite(scores).all()


def test_both_parts_can_be_asked_alone(ranker):
    asked = encoded(ranker, [["g0i0", "g0i1"]])
    for mixture in (NextItemMixture(), NextItemMixture(sequence=0.0, graph=1.0)):
        best, _ = NextItemRanker(ranker.encoder, ranker.graph, mixture).best(asked, k=1)
        assert ranker.encoder.vocabulary.items[best[0, 0] - 1].startswith("g0")


def test_a_saved_ranker_gives_the_same_scores(ranker, tmp_path):
    save_ranker(ranker, tmp_path)
    batch = encoded(ranker, [one[:-1] for one in walks(9, seed=5)])
    torch.testing.assert_close(load_ranker(tmp_path).scores(batch), ranker.scores(batch), rtol=0, atol=0)


def test_what_users_did_next_after_a_moment():
    histories = frame([["a", "b", "c"], ["d"], ["e", "f"]])
    found = continued_after(histories, after=10**15, until=10**15 + DAY, seed=0)
    assert found.histories["item_id"].to_list() == ["a", "e"]
    assert found.targets.to_list() == ["b", "f"]


@pytest.fixture(scope="module")
def trio(tmp_path_factory):
    """Three sequence models, two of them companions."""
    later = walks(60, seed=1)
    found, _ = fit_next_item(
        frame(walks(100, seed=0)),
        later=Continued(frame([one[:-1] for one in later]), pl.Series([one[-1] for one in later])),
        config=ModelConfig(size="nano", epochs=2, min_item_count=1, companions=("transformer", "gru")),
        seed=0,
        folder=tmp_path_factory.mktemp("trio"),
        progress=lambda *_: None,
    )
    return found


def test_companions_are_models_of_their_own_and_their_mean_is_the_opinion(trio):
    names = [one.model.backbone_name for one in (trio.encoder, *trio.companions)]
    assert names == ["transformer", "transformer", "gru"]
    assert not torch.equal(trio.encoder.every_item_vector, trio.companions[0].every_item_vector)
    asked = encoded(trio, walks(20, seed=3))
    alone = [
        NextItemRanker(one, trio.graph, NextItemMixture()).evidence(asked).sequence
        for one in (trio.encoder, *trio.companions)
    ]
    mean = torch.stack([torch.log_softmax(one, dim=1) for one in alone]).mean(dim=0)
    torch.testing.assert_close(trio.evidence(asked).sequence, mean)


def test_companions_are_saved(trio, tmp_path):
    save_ranker(trio, tmp_path)
    asked = encoded(trio, walks(20, seed=3))
    assert torch.equal(load_ranker(tmp_path).scores(asked), trio.scores(asked))


def test_distilled_one_model_answers_and_is_taught_by_the_others(trio, tmp_path):
    told = []
    found, fitting = fit_next_item(
        frame(walks(100, seed=0)),
        config=ModelConfig(size="nano", epochs=2, min_item_count=1, companions=("gru",), distil=0.5),
        seed=0,
        folder=tmp_path,
        progress=lambda done, of: told.append((done, of)),
    )
    assert found.companions == ()
    assert found.encoder.model.backbone_name == "transformer"
    assert not torch.equal(found.encoder.every_item_vector, trio.encoder.every_item_vector)
    assert (tmp_path / "student" / "metrics.jsonl").exists()
    assert told[-1][0] == told[-1][1]  # the student's steps are part of the work that was announced
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert fitting.losses["next_item"] > 0


def test_a_mixture_that_is_given_is_kept(tmp_path):
    given, paces = NextItemMixture(sequence=0.3, graph=0.4), []
    found, _ = fit_next_item(
        frame(walks(30, seed=0)),
        mixture=given,
        config=ModelConfig(size="nano", epochs=1, min_item_count=1),
        seed=0,
        folder=tmp_path,
        progress=lambda *_: None,
        on_pace=lambda pace: paces.append(pace.events_per_second),
    )
    assert found.mixture == given
    assert paces
    assert min(paces) > 0
