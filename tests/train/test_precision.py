"""The precision by name, and what it changes."""

import pytest
import torch

from foretell.model.backbones import BACKBONES
from foretell.model.behaviour import BehaviourModel
from foretell.train import precision
from foretell.train.precision import Precision
from foretell.train.pretraining import pretrain
from foretell.train.pretraining_data import PretrainingData
from foretell.train.settings import ModelConfig


def product(name):
    layer = torch.nn.Linear(4, 4)
    with Precision.chosen(name).products_of():
        return layer(torch.ones(2, 4)).dtype


def test_the_products_are_computed_as_is_said():
    assert product("float32") is torch.float32
    assert product("bfloat16") is torch.bfloat16


def test_auto_goes_by_what_the_processor_has(monkeypatch):
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(precision, "_multiplies_bfloat16", lambda _, has=has: has)
        assert Precision.chosen("auto").products is expected


def test_steps_are_filled_only_where_shapes_are_compiled():
    assert Precision.chosen("float32").rows_step == 1
    assert Precision.chosen("bfloat16").rows_step == 128
    assert Precision.chosen("bfloat16", device="cuda").rows_step == 1


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_learns_in_bfloat16(small, tmp_path, backbone):
    """Where norms and sums stay in float32, no warning is given, and warnings are errors here."""
    vocabulary, batch = small
    torch.manual_seed(0)
    losses = pretrain(
        BehaviourModel(vocabulary, size="nano", backbone=backbone, dropout=0.1),
        data=PretrainingData.cut(batch, events_per_step=60, seed=0),
        config=ModelConfig(size="nano", epochs=1, n_negatives=8, precision="bfloat16"),
        seed=0,
        folder=tmp_path,
        progress=lambda *_: None,
    )
    assert 0 < losses["next_item"] < 10
