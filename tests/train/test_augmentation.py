"""Each change of the histories: what it does, how often, and that targets stay true."""

import numpy as np
import pytest
from pydantic import ValidationError

from foretell.core.batch import Batch
from foretell.train.augmentation import Augmentation, AugmentationConfig, similar_items

N_ITEMS = 50
LENGTHS = np.tile(np.arange(1, 21), 30)


@pytest.fixture(scope="module")
def batch():
    """Item codes count upwards within a history; the next item is the one after it."""
    offsets = np.concatenate([[0], np.cumsum(LENGTHS)])
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], LENGTHS)
    start = np.repeat(np.arange(len(LENGTHS)) % 25 + 1, LENGTHS)
    item = (start + place).astype(np.int32)
    last = np.zeros(len(item), dtype=bool)
    last[offsets[1:] - 1] = True
    values = {
        "item": item,
        "content_0": item * 2,
        "action": np.ones(len(item), dtype=np.int32),
        "next_item": np.where(last, 0, item + 1),
        "next_action": np.where(last, 0, 1),
        "wait_days": np.full(len(item), 4.0, dtype=np.float32),
    }
    return Batch(values, offsets)


def changed(batch, seed=0, **switches):
    content = np.arange(N_ITEMS)[:, None] * 2
    config = AugmentationConfig(**switches)
    alike = similar_items(batch, n_items=N_ITEMS) if config.needs_similar else None
    return Augmentation(config, alike, content).applied(batch, random=np.random.default_rng(seed))


def test_event_dropout_leaves_out_its_share_and_keeps_targets(batch):
    found = changed(batch, event_dropout=0.3)
    assert len(found.values["item"]) / LENGTHS.sum() == pytest.approx(0.7, abs=0.03)
    named = found.values["next_item"] > 0
    assert (found.values["next_item"][named] == found.values["item"][named] + 1).all()
    assert len(found) == len(batch)
    assert (found.lengths <= batch.lengths).all()


def test_crop_reads_a_stretch(batch):
    found = changed(batch, crop=0.5)
    shorter = found.lengths < batch.lengths
    assert 0.2 < shorter.mean() < 0.5  # a stretch may be all of it
    assert (found.lengths >= np.ceil(batch.lengths / 2)).all()
    for first, last in zip(found.offsets[:-1], found.offsets[1:], strict=True):
        assert (np.diff(found.values["item"][first:last]) == 1).all()


def test_mask_hides_item_and_content_and_nothing_else(batch):
    found = changed(batch, mask=0.2)
    hidden = found.values["item"] == 0
    assert hidden.mean() == pytest.approx(0.2, abs=0.02)
    assert (found.values["content_0"][hidden] == 0).all()
    assert (found.values["item"][~hidden] == batch.values["item"][~hidden]).all()
    assert (found.values["next_item"] == batch.values["next_item"]).all()


def test_substitutes_stand_near_the_item_and_bring_their_content(batch):
    found = changed(batch, substitute=0.25)
    other = found.values["item"] != batch.values["item"]
    assert other.mean() == pytest.approx(0.25, abs=0.03)
    apart = np.abs(found.values["item"][other].astype(int) - batch.values["item"][other])
    assert set(apart.tolist()) <= {1, 2, 3}
    assert (found.values["content_0"] == found.values["item"] * 2).all()
    assert (found.values["next_item"] == batch.values["next_item"]).all()


def test_what_is_inserted_has_no_target_and_is_none(batch):
    found = changed(batch, insert=0.2)
    n_new = len(found.values["item"]) - LENGTHS.sum()
    assert n_new / LENGTHS.sum() == pytest.approx(0.2, abs=0.02)
    new = (found.values["wait_days"] == -1) & (found.values["next_item"] == 0) & (found.values["next_action"] == 0)
    assert new.sum() == n_new
    for name in ("item", "next_item", "content_0"):
        assert (found.values[name][~new] == batch.values[name]).all()
    assert not new[found.offsets[:-1]].any()  # always behind an event


def test_the_given_histories_are_left_as_they_were(batch):
    before = {name: array.copy() for name, array in batch.values.items()}
    changed(batch, event_dropout=0.2, crop=0.2, mask=0.2, substitute=0.2, insert=0.2)
    for name, array in before.items():
        assert (batch.values[name] == array).all()


def test_the_generator_decides(batch):
    one, again, other = (changed(batch, seed, mask=0.3).values["item"].tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_similar_items_are_those_that_stand_near():
    batch = Batch({"item": np.array([1, 2, 1, 2, 5, 3, 4])}, np.array([0, 2, 5, 7]))
    found = similar_items(batch, n_items=7)
    assert found.shape == (7, 5)
    assert found[1].tolist() == [2, 5, 2, 2, 2]
    assert set(found[4]) == {3}
    assert set(found[6]) == {6}


@pytest.mark.parametrize("wrong", [{"mask": 1.0}, {"crop": -0.1}, {"reverse": 0.1}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValidationError):
        AugmentationConfig(**wrong)
