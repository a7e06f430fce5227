"""Pre-training: it learns, the same every time, and goes on after any interruption as if there had been none."""

import json
import shutil

import pytest
import torch
from pydantic import ValidationError

from foretell.train.settings import ModelConfig


class KilledError(Exception):
    """Stands for a kill: nothing in the loop may catch it."""


def killing(at):
    def progress(done, total):
        assert total > at
        if done == at:
            raise KilledError

    return progress


def assert_same(one, other):
    assert one[1] == other[1]
    for name, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[name]), name


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Where the unbroken run of the module is kept, made by whoever comes first."""
    return {"folder": tmp_path_factory.mktemp("unbroken")}


@pytest.fixture
def whole(unbroken, train_small):
    if "result" not in unbroken:
        unbroken["result"] = train_small(unbroken["folder"], every_step=False)
    return unbroken["result"]


def n_steps(folder):
    return len((folder / "metrics.jsonl").read_text().splitlines())


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(whole, train_small, tmp_path):
    assert_same(train_small(tmp_path / "again"), whole)
    assert train_small(tmp_path / "other", seed=1)[1] != whole[1]


@pytest.mark.parametrize("at", [2, 5, 13])
def test_killed_and_continued_it_ends_bit_identical(whole, train_small, tmp_path, at):
    with pytest.raises(KilledError):
        train_small(tmp_path, progress=killing(at))
    done = []
    result = train_small(tmp_path, progress=lambda step, _: done.append(step))
    assert done[0] == at  # the step whose end was not yet written is done again
    assert_same(result, whole)


def test_killed_twice_and_from_an_old_checkpoint(whole, train_small, tmp_path, unbroken):
    with pytest.raises(KilledError):
        train_small(tmp_path, progress=killing(4))
    old = shutil.copy(tmp_path / "checkpoint.pt", tmp_path / "old")
    with pytest.raises(KilledError):
        train_small(tmp_path, progress=killing(11))
    shutil.copy(old, tmp_path / "checkpoint.pt")
    assert_same(train_small(tmp_path), whole)
    assert (tmp_path / "metrics.jsonl").read_text() == (unbroken["folder"] / "metrics.jsonl").read_text()


def test_a_checkpoint_half_written_is_not_looked_at(whole, train_small, tmp_path):
    with pytest.raises(KilledError):
        train_small(tmp_path, progress=killing(6))
    (tmp_path / "checkpoint.pt.partial").write_bytes(b"half")
    assert_same(train_small(tmp_path), whole)


def test_a_finished_pretraining_has_nothing_left_to_do(whole, train_small, tmp_path):
    with pytest.raises(KilledError):
        train_small(tmp_path, progress=lambda done, total: killing(total - 1)(done, total))
    done = []
    assert_same(train_small(tmp_path, progress=lambda step, _: done.append(step)), whole)
    assert len(done) <= 2


def test_it_learns_what_follows(train_small, tmp_path):
    """Item k is followed by item k + 1: the loss falls far below that of guessing."""
    train_small(tmp_path, epochs=12)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    first, last = lines[0]["next_item"], sum(line["next_item"] for line in lines[-5:]) / 5
    assert last < 0.5 * first


def test_the_losses_are_the_mean_of_the_last_epoch(whole, unbroken):
    lines = [json.loads(line) for line in (unbroken["folder"] / "metrics.jsonl").read_text().splitlines()]
    last = lines[-(len(lines) // 3) :]
    assert set(whole[1]) == {"next_item", "next_action", "next_order_time"}
    for name, value in whole[1].items():
        assert value == pytest.approx(sum(line[name] for line in last) / len(last))


def test_it_leaves_the_model_ready_to_answer(whole):
    assert not whole[0].training


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"epochs": 0}, {"dropout": 1.0}, {"n_negatives": 0}, {"width": 3}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValidationError):
        ModelConfig(**wrong)
