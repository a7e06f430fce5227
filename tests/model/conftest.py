"""A small vocabulary and random histories for the tests of the model."""

import numpy as np
import polars as pl
import pytest
import torch

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.time import HOUR
from foretell.model.backbones import Packing
from foretell.model.behaviour import BehaviourModel
from foretell.model.encoding import encode_histories
from foretell.model.vocabulary import Vocabulary

ITEMS = [f"i{number}" for number in range(8)]


@pytest.fixture
def items():
    """An items table: i0 .. i7 and one, ``new``, that nobody has touched yet."""
    return pl.DataFrame(
        {
            "item_id": [*ITEMS, "new"],
            "category": ["tea", "tea", "tea", "cups", "cups", "cups", None, "tins", "tea"],
            "brand": ["A", "B", "A", "B", "A", "B", "A", "B", "B"],
        }
    )


@pytest.fixture
def histories():
    """Five customers with 1, 3, 40, 75 and 160 events; times of one customer differ."""
    random = np.random.default_rng(5)
    frames = []
    for user, n in zip("abcde", (1, 3, 40, 75, 160), strict=True):
        frames.append(
            pl.DataFrame(
                {
                    "user_id": [user] * n,
                    "time": np.cumsum(random.integers(1, 60 * HOUR, size=n)) + 10**15,
                    "action": random.choice(["view", "cart", "purchase"], size=n),
                    "item_id": random.choice([*ITEMS, "rare", ""], size=n),
                    "price": random.uniform(1, 30, size=n),
                }
            ).with_columns(pl.col("item_id").replace({"": None}))
        )
    return history_frame(EventLog(pl.concat(frames)))


@pytest.fixture
def vocabulary(histories, items):
    return Vocabulary.build(histories.filter(pl.col("item_id") != "rare"), items=items, min_count=1)


@pytest.fixture
def model(vocabulary):
    """A tiny model in evaluation mode whose tables are large enough to matter."""
    torch.manual_seed(1)
    model = BehaviourModel(vocabulary, size="nano").eval()
    with torch.no_grad():
        for parameter in model.embedding.parameters():
            parameter.normal_(0, 0.5)
        for block in model.backbone.blocks:
            block.attention.bias.distance.normal_(0, 1.0)
            block.attention.bias.time.normal_(0, 0.3)
    return model


@pytest.fixture
def states_of(model, vocabulary):
    """From histories to (users, states) as the model sees them, packed in one piece."""
    from foretell.predictor.encoder import fields_of

    def encode(histories):
        users, batch = encode_histories(histories, vocabulary=vocabulary)
        with torch.no_grad():
            return users, model(fields_of(batch), Packing.of(batch))

    return encode
