"""Packed on disk is packed in memory, however many blocks it is made in."""

import numpy as np
import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import DAY, HOUR
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train.packing import packed_on_disk
from foretell.train.pretraining_data import PretrainingData, with_targets


@pytest.fixture(scope="module")
def histories():
    random = np.random.default_rng(5)
    n = 400
    frame = pl.DataFrame(
        {
            "user_id": [f"u{user:02}" for user in random.integers(0, 30, n)],
            "time": random.integers(0, 900, n) * HOUR + 10**15,
            "action": random.choice(["view", "purchase", "search"], n),
            "item_id": [f"i{item}" for item in random.integers(0, 9, n)],
            "price": random.random(n) * 10,
        }
    )
    return history_frame(EventLog(frame))


@pytest.mark.parametrize("block_rows", [1, 37, 10**6])
def test_blocks_change_no_value(histories, tmp_path, block_rows):
    until = 10**15 + 700 * HOUR
    known = histories.filter(pl.col("time") <= until)
    vocabulary = Vocabulary.build(known, min_count=1)
    _, batch = encode_histories(known, vocabulary=vocabulary)
    expected = with_targets(batch, actions=known["action"], observed_until=until)
    made = packed_on_disk(
        histories, vocabulary=vocabulary, observed_until=until, folder=tmp_path, block_rows=block_rows
    )
    assert made.offsets.tolist() == expected.offsets.tolist()
    assert set(made.values) == set(expected.values) - {"time"} | {"day"}
    assert all(isinstance(array, np.memmap) for array in made.values.values())
    which = np.array([3, 0, 5])
    for batches in (PretrainingData(made, 50, 0), PretrainingData(expected, 50, 0)):
        assert batches.take(which).values["item"].dtype == np.int64
    mine, theirs = PretrainingData(made, 50, 0).take(which), PretrainingData(expected, 50, 0).take(which)
    days = np.asarray(expected.values["time"]) // DAY
    np.testing.assert_array_equal(made.values["day"], days)
    for name, array in mine.values.items():
        if name == "day":
            continue
        assert array.dtype == theirs.values[name].dtype
        np.testing.assert_array_equal(array, theirs.values[name])


def test_nothing_known_is_packed_as_nothing(histories, tmp_path):
    vocabulary = Vocabulary.build(histories)
    made = packed_on_disk(histories, vocabulary=vocabulary, observed_until=0, folder=tmp_path)
    assert (len(made), int(made.offsets[-1])) == (0, 0)
    assert PretrainingData.cut(made, events_per_step=5, seed=0).steps(0)[0].tolist() == []
