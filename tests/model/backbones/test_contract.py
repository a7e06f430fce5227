"""What every backbone promises, tried on every entry of the register."""

import pytest
import torch
from torch.nn import functional

from foretell.model.backbones import BACKBONES, Backbone, Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.size import SIZES

CLOSE = {"atol": 2e-6, "rtol": 1e-5}
A, B = 2, 5
EVERY = pytest.mark.parametrize("backbone", BACKBONES)


@pytest.fixture
def made(vocabulary):
    """From a backbone's name to a tiny model whose biases and tables are large enough to matter."""

    def make(backbone, **settings):
        torch.manual_seed(1)
        model = BehaviourModel(vocabulary, size="nano", backbone=backbone, **settings).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name.startswith("embedding") or ".bias." in name:
                    parameter.normal_(0, 0.5)
        return model

    return make


def drawn(lengths, *, seed=0):
    """Random fields of sequences of these lengths, and their packing."""
    torch.manual_seed(seed)
    n = sum(lengths)
    fields = {name: torch.randint(1, 3, (n,)) for name in ("action", "price", "content_0", "content_1")}
    fields |= {"item": torch.randint(1, 9, (n,)), "gap": torch.randint(0, 20, (n,))}
    fields |= {"calendar": torch.randint(0, 56, (n,)), "order_start": torch.randint(0, 2, (n,))}
    gaps = torch.rand(n, dtype=torch.float64) * 2
    days = [20_000 + part.cumsum(0) for part in gaps.split(lengths)]
    return fields, Packing.of_lengths(torch.tensor(lengths), days=torch.cat(days))


def cut(fields, packing, rows):
    """Some of the positions of one sequence as a sequence of their own."""
    own = Packing.of_lengths(torch.tensor([len(packing.sequence[rows])]), days=packing.days[rows])
    return {name: values[rows] for name, values in fields.items()}, own


@torch.no_grad()
def states(model, asked):
    return model(*asked)


@EVERY
def test_it_is_a_backbone_that_says_how_far_it_sees(backbone):
    made = BACKBONES[backbone](SIZES["nano"], dropout=0.0)
    assert isinstance(made, Backbone)
    assert isinstance(made.causal, bool)
    assert made.receptive_events is None or made.receptive_events > 1


@EVERY
@pytest.mark.parametrize("row", [0, 1, 31, 32, 70])
def test_later_events_change_no_earlier_state(backbone, row, made):
    model, (fields, packing) = made(backbone), drawn([90])
    before = states(model, (fields, packing))
    later, _ = drawn([90], seed=7)
    changed = {name: torch.cat([values[: row + 1], later[name][row + 1 :]]) for name, values in fields.items()}
    moved = torch.cat([packing.days[: row + 1], packing.days[row + 1 :] + 3])
    after = states(model, (changed, Packing(packing.sequence, moved, packing.longest)))
    torch.testing.assert_close(after[: row + 1], before[: row + 1], **CLOSE)
    assert not torch.allclose(after[row + 1 :], before[row + 1 :], atol=1e-3)
    ended = states(model, cut(fields, packing, slice(0, row + 1)))
    torch.testing.assert_close(ended, before[: row + 1], **CLOSE)


@EVERY
def test_a_state_depends_on_as_many_events_as_it_says_and_on_no_more(backbone, made):
    """Also where the history is longer than any window."""
    model, (fields, packing) = made(backbone), drawn([150])
    reach = model.backbone.receptive_events
    before = states(model, (fields, packing))[-1]
    backs = {0: True, 2: True, 149: reach is None}
    if reach is not None:
        backs |= {reach - 1: True, reach: False}
    for back, matters in backs.items():
        changed = {name: values.clone() for name, values in fields.items()}
        changed["item"][149 - back] = 0
        changed["action"][149 - back] = 3 - changed["action"][149 - back]
        moved = (states(model, (changed, packing))[-1] - before).abs().max()
        # A recurrent cell may have all but forgotten what it saw first; then it is at least not forbidden.
        assert bool(moved > 1e-7) is matters or (reach is None and back == 149), back
    if reach is not None:
        read = states(model, cut(fields, packing, slice(150 - reach, 150)))[-1]
        torch.testing.assert_close(read, before, **CLOSE)


@EVERY
def test_batch_mates_and_their_order_do_not_matter(backbone, made):
    model, lengths = made(backbone), [5, 1, 40, 0, 2]
    fields, packing = drawn(lengths)
    together = states(model, (fields, packing)).split(lengths)
    rows = torch.arange(len(packing)).split(lengths)
    for number in (0, 1, 2, 4):
        torch.testing.assert_close(states(model, cut(fields, packing, rows[number])), together[number], **CLOSE)
    backwards = torch.cat(rows[::-1])
    turned = Packing.of_lengths(torch.tensor(lengths[::-1]), days=packing.days[backwards])
    again = states(model, ({name: values[backwards] for name, values in fields.items()}, turned))
    torch.testing.assert_close(again, torch.cat(together[::-1]), **CLOSE)


@EVERY
@pytest.mark.parametrize("lengths", [[], [0, 0], [1], [1, 1, 1]])
def test_nothing_and_single_events(backbone, lengths, made):
    model, asked = made(backbone), drawn(lengths) if lengths else nothing()
    found = states(model, asked)
    assert found.shape == (sum(lengths), 32)
    assert found.isfinite().all()


def nothing():
    fields, packing = drawn([1])
    empty = Packing(packing.sequence[:0], packing.days[:0], 0)
    return {name: values[:0] for name, values in fields.items()}, empty


@EVERY
def test_without_times(backbone, made):
    """Where nothing is known of time, order alone is read."""
    fields, packing = drawn([3, 40])
    found = states(made(backbone), (fields, Packing(packing.sequence, None, 40)))
    assert found.isfinite().all()


def with_next_items(fields, lengths):
    following = [torch.cat([items[1:], torch.zeros(1, dtype=torch.long)]) for items in fields["item"].split(lengths)]
    return {**fields, "next_item": torch.cat(following)}


def item_loss(model, fields, packing):
    targets, found = model.learn(fields, packing)
    named = targets["next_item"] > 0
    scores = model.item_scores(found[named], torch.arange(1, 9))
    return functional.cross_entropy(scores, targets["next_item"][named] - 1)


@EVERY
def test_gradients_reach_every_parameter(backbone, made):
    model = made(backbone).train()
    lengths = [5, 1, 40, 2]
    fields, packing = drawn(lengths)
    item_loss(model, with_next_items(fields, lengths), packing).backward()
    idle = [name for name, value in model.backbone.named_parameters() if value.grad is None or not value.grad.any()]
    assert not idle


def planted(seed):
    """Sixteen histories of twelve events in which B comes after every A, and all else is chance."""
    lengths = [12] * 16
    fields, packing = drawn(lengths, seed=seed)
    items = fields["item"].view(16, 12)
    items[torch.rand(16, 12) < 0.3] = A
    for place in range(1, 12):
        items[:, place] = torch.where(items[:, place - 1] == A, B, items[:, place])
    return with_next_items(fields, lengths), packing


@EVERY
def test_it_learns_that_b_follows_a(backbone, vocabulary):
    torch.manual_seed(4)
    model = BehaviourModel(vocabulary, size="nano", backbone=backbone, dropout=0.0).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for step in range(50):
        loss = item_loss(model, *planted(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    other, packing = planted(1000)
    other["item"].view(16, 12)[:, -1] = A
    found = states(model.eval(), (other, packing)).view(16, 12, -1)[:, -1]
    chosen = model.item_scores(found, torch.arange(1, 9)).argmax(1) + 1
    assert (chosen == B).float().mean() > 0.8


@EVERY
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_activation_is_used(backbone, activation, made):
    asked = drawn([12])
    found, default = states(made(backbone, activation=activation), asked), states(made(backbone), asked)
    assert (found - default).abs().max() > 1e-4
