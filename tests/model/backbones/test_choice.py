"""What ``auto`` takes: a function of the log's size, its histories, its items and the device, with the reason."""

import pytest

from foretell.model.backbones import BACKBONES
from foretell.model.backbones.choice import Evidence, choose_backbone

AMPLE = {"n_events": 400_000, "n_histories": 4_000, "n_items": 2_000}


@pytest.mark.parametrize(
    ("changed", "name", "reason"),
    [
        ({}, "transformer", "400,000 events in histories of 100"),
        ({"n_events": 12_000, "n_histories": 100}, "pooled", "12,000 events are too few"),
        ({"n_histories": 180_000}, "pooled", "2.2 events on average"),
        ({"n_items": 200_000}, "pooled", "2.0 events per item"),
        ({"n_events": 30_000_000, "n_items": 50_000}, "convolution", "on a CPU"),
        ({"n_events": 30_000_000, "n_items": 50_000, "device": "cuda"}, "hstu", "on a GPU"),
        ({"n_events": 0, "n_histories": 0, "n_items": 0}, "pooled", "0 events"),
    ],
)
def test_auto(changed, name, reason):
    choice = choose_backbone("auto", evidence=Evidence(**AMPLE | changed))
    assert choice.name == name
    assert reason in choice.reason


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_named_is_taken(backbone):
    choice = choose_backbone(backbone, evidence=Evidence(**AMPLE))
    assert choice.name == backbone
    assert "config" in choice.reason
