"""How negatives are drawn."""

import numpy as np
import pytest
import torch

from foretell.train.negatives import Negatives
from foretell.train.settings import ModelConfig

COUNTS = np.array([50, 0, 16, 1, 81])


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        ("uniform", [0, 0.25, 0.25, 0.25, 0.25]),
        ("popularity", [0, 0, 8 / 36, 1 / 36, 27 / 36]),
        ("mixed", [0, 0.05, 0.05 + 0.8 * 8 / 36, 0.05 + 0.8 / 36, 0.05 + 0.8 * 27 / 36]),
    ],
)
def test_items_are_drawn_as_often_as_is_said(drawing, expected):
    negatives = Negatives.of(COUNTS, n=20_000, drawing=drawing)
    torch.manual_seed(0)
    shares = np.bincount(negatives.draw(), minlength=5) / 20_000
    np.testing.assert_allclose(shares, expected, atol=0.015)
    known = np.array(expected) > 0
    np.testing.assert_allclose(
        negatives.log_expected_count[known], np.log(20_000 * np.array(expected)[known]), rtol=1e-5
    )


def test_the_unknown_item_is_never_drawn():
    for drawing in ("uniform", "popularity", "mixed"):
        torch.manual_seed(1)
        assert (Negatives.of(COUNTS, n=5_000, drawing=drawing).draw() > 0).all()


def test_the_loss_left_to_foretell_goes_by_the_size_of_the_catalogue():
    assert ModelConfig().chosen_item_loss(100) == "full_softmax"
    assert ModelConfig().chosen_item_loss(100_000) == "sampled_softmax"
    assert ModelConfig(item_loss="full_softmax").chosen_item_loss(100_000) == "full_softmax"
