"""What is held out, and when it is enough."""

import numpy as np
import pytest
import torch
from torch import nn

from foretell.core.batch import Batch
from foretell.train.stopping import Watch, held_out


def test_every_history_is_either_trained_on_or_watched():
    lengths = np.arange(1, 30)
    batch = Batch({"item": np.arange(lengths.sum())}, np.concatenate([[0], np.cumsum(lengths)]))
    kept, watched = held_out(batch, share=0.25, seed=3)
    assert len(watched) == 8
    assert sorted([*kept.values["item"], *watched.values["item"]]) == list(range(lengths.sum()))
    again = held_out(batch, share=0.25, seed=3)[1]
    assert again.values["item"].tolist() == watched.values["item"].tolist()
    assert held_out(batch, share=0.25, seed=4)[1].values["item"].tolist() != watched.values["item"].tolist()


@pytest.mark.parametrize(
    ("losses", "enough", "best"),
    [([], False, 0), ([3, 2, 1], False, 2), ([3, 2, 2.5], False, 1), ([3, 2, 2.5, 2.1], True, 1)],
)
def test_it_is_enough_when_the_last_epochs_brought_nothing(losses, enough, best):
    model, watch = nn.Linear(1, 1), Watch(patience_epochs=2)
    for epoch, loss in enumerate(losses):
        nn.init.constant_(model.weight, epoch)
        watch.see(loss, model)
    assert (watch.enough, watch.best_epoch) == (enough, best)
    if losses:
        assert watch.best["weight"].item() == best


def test_a_saved_watch_goes_on():
    model, watch = nn.Linear(1, 1), Watch(patience_epochs=1)
    watch.see(1.0, model)
    other = Watch(patience_epochs=1)
    other.load_state_dict(watch.state_dict())
    other.see(2.0, model)
    assert other.enough
    assert torch.equal(other.best["weight"], model.weight)
