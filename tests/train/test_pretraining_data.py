"""Targets against a walk through each history, and steps that are a function of seed and epoch alone."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.batch import Batch
from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import DAY
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train.pretraining_data import PretrainingData, with_targets

EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 9),
        st.sampled_from(["view", "purchase"]),
        st.sampled_from(["x", "y", None]),
    ),
    min_size=1,
    max_size=14,
)


@given(EVENTS)
def test_targets_are_what_a_walk_through_the_history_finds(events):
    schema = {"user_id": pl.String, "time": pl.Int64, "action": pl.String, "item_id": pl.String}
    table = pl.DataFrame([(user, day * DAY, *rest) for user, day, *rest in events], schema=schema, orient="row")
    histories = history_frame(EventLog(table))
    vocabulary = Vocabulary.build(histories, min_count=1)
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    end = 12 * DAY
    values = with_targets(batch, actions=histories["action"], observed_until=end).values
    for start, stop in zip(batch.offsets[:-1], batch.offsets[1:], strict=True):
        rows = histories[int(start) : int(stop)].rows(named=True)
        for place, row in enumerate(rows):
            at = int(start) + place
            following = rows[place + 1] if place + 1 < len(rows) else None
            item, action = (0, 0)
            if following:
                item = vocabulary.item_codes(pl.Series([following["item_id"]], dtype=pl.String))[0]
                action = vocabulary.action_codes(pl.Series([following["action"]]))[0]
            assert (values["next_item"][at], values["next_action"][at]) == (item, action)
            ends_its_moment = following is None or following["time"] != row["time"]
            orders = [one["time"] for one in rows[place + 1 :] if one["action"] == "purchase"]
            if not ends_its_moment:
                assert values["wait_days"][at] == -1
            elif orders:
                assert values["wait_days"][at] == pytest.approx((orders[0] - row["time"]) / DAY)
                assert values["wait_observed"][at] == 1
            else:
                assert values["wait_days"][at] == pytest.approx((end - row["time"]) / DAY)
                assert values["wait_observed"][at] == 0


def test_without_purchases_every_wait_is_censored():
    table = pl.DataFrame({"user_id": ["a", "a"], "time": [0, DAY], "action": ["view", "view"]})
    histories = history_frame(EventLog(table))
    _, batch = encode_histories(histories, vocabulary=Vocabulary.build(histories))
    values = with_targets(batch, actions=histories["action"], observed_until=3 * DAY).values
    assert values["wait_days"].tolist() == [3.0, 2.0]
    assert values["wait_observed"].tolist() == [0.0, 0.0]


LENGTHS = st.lists(st.integers(0, 23), min_size=1, max_size=12).filter(any)


def packed(lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Batch({"item": np.arange(offsets[-1])}, offsets)


@given(lengths=LENGTHS, events_per_step=st.integers(1, 12))
def test_cutting_loses_nothing_and_leaves_no_piece_too_large(lengths, events_per_step):
    data = PretrainingData.cut(packed(lengths), events_per_step=events_per_step, seed=0)
    assert data.batch.values["item"].tolist() == list(range(sum(lengths)))
    assert data.batch.lengths.max() <= events_per_step
    assert set(np.cumsum(lengths)) <= set(data.batch.offsets.tolist())


@given(lengths=LENGTHS, events_per_step=st.integers(1, 12), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_an_epoch_serves_every_piece_once_in_steps_of_about_one_size(lengths, events_per_step, seed, epoch):
    data = PretrainingData.cut(packed(lengths), events_per_step=events_per_step, seed=seed)
    steps = data.steps(epoch)
    assert sorted(np.concatenate(steps).tolist()) == list(range(len(data.batch)))
    assert all(len(step) for step in steps)
    assert max(data.batch.lengths[step].sum() for step in steps) < 2 * events_per_step


@given(lengths=LENGTHS, multiple=st.integers(1, 7))
def test_a_step_is_packed_short_ones_first_and_filled_with_events_that_teach_nothing(lengths, multiple):
    batch = packed(lengths)
    values = {**batch.values, "next_item": batch.values["item"] + 1, "wait_days": np.zeros(len(batch.values["item"]))}
    data = PretrainingData.cut(Batch(values, batch.offsets), events_per_step=5, seed=0)
    which = np.arange(len(data.batch))
    step = data.take(which, multiple=multiple)
    n_fill = len(step.values["item"]) - sum(lengths)
    assert len(step.values["item"]) % multiple == 0
    assert n_fill < multiple
    assert (step.lengths[:n_fill] == 1).all()
    assert (np.diff(step.lengths[n_fill:]) >= 0).all()
    assert (step.values["next_item"][:n_fill] == 0).all()
    assert (step.values["wait_days"][:n_fill] == -1).all()
    assert sorted(step.values["item"][n_fill:].tolist()) == list(range(sum(lengths)))
    assert (step.values["next_item"][n_fill:] == step.values["item"][n_fill:] + 1).all()


def test_the_order_depends_on_seed_and_epoch_alone():
    batch = packed([3] * 40)

    def order(seed, epoch):
        return [step.tolist() for step in PretrainingData.cut(batch, events_per_step=9, seed=seed).steps(epoch)]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
