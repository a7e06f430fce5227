"""Event files: by TensorBoard's own reader."""

import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from foretell.core.errors import MissingExtraError
from foretell.train.event_file import event_file


def test_tensorboard_reads_it(tmp_path):
    with event_file(tmp_path) as write:
        for step in (1, 2, 200):
            write({"loss/next_item": 1 / step, "loss/other": 3.0}, step)
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    assert sorted(found.Tags()["scalars"]) == ["loss/next_item", "loss/other"]
    scalars = found.Scalars("loss/next_item")
    assert [one.step for one in scalars] == [1, 2, 200]
    assert [one.value for one in scalars] == pytest.approx([1.0, 0.5, 0.005])


def test_a_resumed_run_writes_another_file(tmp_path):
    for _ in range(2):
        with event_file(tmp_path):
            pass
    assert len(list(tmp_path.glob("events.out.tfevents.*"))) == 2


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with event_file(None) as write:
        write({"loss/next_item": 1.0}, 1)
    assert not list(tmp_path.iterdir())


def test_without_tensorboard_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"foretell\[track\]"), event_file(tmp_path):
        pass
