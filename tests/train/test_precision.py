"""The precision by name, and what it changes."""

import torch

from foretell.train import precision
from foretell.train.precision import Precision


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
