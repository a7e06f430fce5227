"""A small packed batch with targets, and a pre-training that takes a second."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import HOUR
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData, with_targets
from foretell.train.settings import ModelConfig


@pytest.fixture(scope="package")
def small():
    """Vocabulary and targets of 30 customers with up to 40 events; item ``k`` is followed by item ``k + 1``."""
    random = np.random.default_rng(8)
    frames = []
    for user in range(30):
        n = int(random.integers(1, 40))
        frames.append(
            pl.DataFrame(
                {
                    "user_id": [f"u{user:02}"] * n,
                    "time": np.cumsum(random.integers(HOUR, 60 * HOUR, size=n)) + 10**15,
                    "action": random.choice(["view", "purchase"], size=n, p=[0.7, 0.3]),
                    "item_id": [f"i{(user + step) % 6}" for step in range(n)],
                }
            )
        )
    histories = history_frame(EventLog(pl.concat(frames)))
    vocabulary = Vocabulary.build(histories, min_count=1)
    _, batch = encode_histories(histories, vocabulary=vocabulary)
    end = int(histories["time"].max())
    return vocabulary, with_targets(batch, actions=histories["action"], observed_until=end)


@pytest.fixture
def train_small(small):
    """From a folder (and how to interrupt) to the trained model and its losses."""
    vocabulary, batch = small

    def train(folder, *, progress=lambda *_: None, seed=0, epochs=3, every_step=True):
        torch.manual_seed(seed)
        model = BehaviourModel(vocabulary, size="nano", dropout=0.2)
        losses = pretrain(
            model,
            data=PretrainingData.cut(batch, events_per_step=60, seed=seed),
            config=ModelConfig(
                size="nano", epochs=epochs, n_negatives=8, checkpoint_seconds=1e-9 if every_step else 1e9
            ),
            seed=seed,
            folder=folder,
            progress=progress,
        )
        return model, losses

    return train
