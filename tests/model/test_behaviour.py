"""The states: no matter how histories are packed, and never ahead of their time."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.model.backbones import BACKBONES, Packing
from foretell.model.behaviour import TEMPERATURE, BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.size import SIZES
from foretell.predictor.encoder import fields_of

CLOSE = {"atol": 1e-6, "rtol": 1e-5}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_packing_and_batch_mates_do_not_matter(backbone, histories, vocabulary):
    torch.manual_seed(2)
    model = BehaviourModel(vocabulary, size="nano", backbone=backbone).eval()
    _, batch = encode_histories(histories, vocabulary=vocabulary)

    def states(which):
        part = batch.select(np.array(which))
        with torch.no_grad():
            return model(fields_of(part), Packing.of(part)), part

    alone = {number: states([number])[0] for number in range(5)}
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [3, 3, 3], [1, 4]):
        together, part = states(order)
        for place, number in enumerate(order):
            found = together[part.offsets[place] : part.offsets[place + 1]]
            torch.testing.assert_close(found, alone[number], **CLOSE)


def test_what_fills_up_the_last_block_does_not_matter(model, histories, vocabulary):
    """75 events are padded to 96; the states are those of the same events in an exactly full pack."""
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    part = batch.select(np.array([3]))
    fields, packing = fields_of(part), Packing.of(part)
    filled = {name: torch.cat([value, value[:21]]) for name, value in fields.items()}
    with torch.no_grad():
        plain = model(fields, packing)
        more = Packing(
            torch.cat([packing.sequence, torch.full((21,), 7)]), torch.cat([packing.days, packing.days[:21]]), 75
        )
        full = model(filled, more)[:75]
    torch.testing.assert_close(plain, full, **CLOSE)


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 33, 74])
def test_later_events_change_no_earlier_state(cut, states_of, histories):
    """Causality: whatever happens after an event, its state stays."""
    mine = histories.filter(pl.col("user_id") == "d")
    _, before = states_of(mine)
    random = np.random.default_rng(9)
    later = mine[cut + 1 :].with_columns(
        pl.lit("other").alias("item_id"),
        pl.lit("purchase").alias("action"),
        pl.col("time") + 7,
        pl.lit(99.0).alias("price"),
    )
    changed = pl.concat([mine[: cut + 1], later[random.permutation(len(later))].sort("time")])
    for other in (changed, mine[: cut + 1]):
        _, after = states_of(other)
        torch.testing.assert_close(after[: cut + 1], before[: cut + 1], **CLOSE)
    if cut + 1 < len(mine):
        assert not torch.allclose(states_of(changed)[1][cut + 1 :], before[cut + 1 :], atol=1e-3)


def test_a_state_depends_on_its_receptive_field_and_on_no_more(states_of, histories, model):
    """Tiny: one layer of window 32, so the 33rd event back is out of sight, the 32nd is not."""
    mine = histories.filter(pl.col("user_id") == "e")
    last = len(mine) - 1
    reach = model.backbone.receptive_events
    assert reach == 32
    _, states = states_of(mine)
    for back, matters in ((reach - 1, True), (reach, False)):
        row = pl.int_range(len(mine)) == last - back
        changed = mine.with_columns(pl.when(row).then(pl.lit(500.0)).otherwise("price").alias("price"))
        changed = changed.with_columns(pl.when(row).then(pl.lit("cart2")).otherwise("action").alias("action"))
        moved = (states_of(changed)[1][last] - states[last]).abs().max()
        assert bool(moved > 1e-5) is matters


def test_heads_divide_the_width():
    assert all(one.width % one.n_heads == 0 for one in SIZES.values())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_states_at_are_the_states_at(backbone, histories, vocabulary):
    model = BehaviourModel(vocabulary, size="nano", backbone=backbone).eval()
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    fields, packing = fields_of(batch), Packing.of(batch)
    rows = torch.tensor([278, 0, 44])
    with torch.no_grad():
        torch.testing.assert_close(model.states_at(fields, packing, rows), model(fields, packing)[rows], **CLOSE)
    assert model.states_at(fields, packing, rows[:0]).shape == (0, 32)


def test_every_field_of_an_event_is_read(states_of, histories):
    """Changing the item, its action, its price, its hour or the gap before it moves the state."""
    mine = histories.filter(pl.col("user_id") == "c")
    _, states = states_of(mine)
    last = pl.int_range(len(mine)) == len(mine) - 1
    changes = {
        "item_id": pl.lit("i7" if mine["item_id"][-1] != "i7" else "i1"),
        "action": pl.lit("cart" if mine["action"][-1] != "cart" else "view"),
        "price": pl.lit(None, dtype=pl.Float64),
        "time": pl.col("time") + 10**12,
    }
    for name, value in changes.items():
        changed = mine.with_columns(pl.when(last).then(value).otherwise(name).alias(name))
        assert (states_of(changed)[1][-1] - states[-1]).abs().max() > 1e-4, name


def test_item_scores_are_cosines_over_a_temperature(model):
    states = torch.randn(3, 32)
    codes = torch.tensor([1, 4, 2])
    with torch.no_grad():
        query = states @ model.item_query.weight.T + model.item_query.bias
        query = query / query.norm(dim=1, keepdim=True) / TEMPERATURE
        vectors = model.embedding.items(codes)
        expected = torch.stack([torch.stack([q @ v for v in vectors]) for q in query])
        torch.testing.assert_close(model.item_scores(states, codes), expected)


def test_a_model_without_items_and_prices_still_reads():
    """A log of searches alone has no items, no content and no prices."""
    from foretell.model.vocabulary import Vocabulary

    table = pl.DataFrame({"user_id": ["a"] * 3, "time": [1, 2, 3], "action": ["search"] * 3})
    histories = history_frame(EventLog(table))
    vocabulary = Vocabulary.build(histories)
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    model = BehaviourModel(vocabulary, size="nano").eval()
    with torch.no_grad():
        states = model(fields_of(batch), Packing.of(batch))
    assert states.shape == (3, 32)
    assert states.isfinite().all()


def test_parameters_are_counted(model):
    assert model.n_parameters() == sum(value.numel() for value in model.state_dict().values())
